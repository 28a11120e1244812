/* --output: the files of the built image, into a directory or as tar. */
#include <fcntl.h>

#include "base/fs.h"
#include "build/build_priv.h"

#include "base/banned.h"

static int to_dir(struct build *b, int root, const char *dest, struct err *err)
{
    const struct image_tree tree = { .root = root };
    int r = fs_mkdirs(AT_FDCWD, dest, 0755);

    if (r < 0)
        return err_sys(err, -r, "making %s", dest);
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, dest);
    const struct image_copy c = { .tree = &tree,
                                  .dir = dir,
                                  .in = -EBADF,
                                  .out = -EBADF,
                                  .prefix = dest,
                                  .overwrite = true,
                                  .no_devices = geteuid() != 0,
                                  .rootless = engine_rootless(b->e) };
    return dir < 0 ? err_sys(err, -dir, "opening %s", dest) : image_copy(&c, err);
}

static int to_tar(struct build *b, int root, const char *dest, struct err *err)
{
    const struct image_tree tree = { .root = root };

    if (STR_EQ(dest, "-"))
        return image_export(&tree, b->o->out, err);
    AUTO_CLOSE int fd = open(dest, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd < 0 ? err_sys(err, errno, "creating %s", dest) : image_export(&tree, fd, err);
}

int output_write(struct build *b, const struct stage *st, struct err *err)
{
    char **dirs = stage_dirs(st), *empty;
    int r = 0;

    if (!b->o->outputs.n)
        return 0;
    if (!dirs) { /* FROM scratch and nothing else */
        if ((r = build_tmp(b, "empty", &empty, err)) < 0)
            return r;
        dirs = strv_add(b->a, NULL, empty);
    }
    AUTO_CLOSE int root = transient_view(b->e, dirs, err);
    if (root < 0)
        return root;
    for (size_t i = 0; r == 0 && i < b->o->outputs.n; i++) {
        const struct build_output *o = &b->o->outputs.items[i];
        r = STR_EQ(o->type, "tar") ? to_tar(b, root, o->dest, err) : to_dir(b, root, o->dest, err);
    }
    return r;
}
