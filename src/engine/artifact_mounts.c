#include <sys/stat.h>

#include "base/fs.h"
#include "engine/artifacts.h"
#include "engine/spec_parts.h"
#include "store/blobs.h"

#include "base/banned.h"

/* --mount type=artifact: each blob is a read-only bind mount of its file in the store; nothing is copied.
 *
 * What the destination is in the container's root decides.  A directory, or nothing: the blobs appear in it
 * under their titles.  A file: the one blob lies on it.  So it does when nothing is there and the destination
 * ends in the blob's own title: dst=/app/config.yaml of config.yaml is meant to be that file. */

enum place { PLACE_NONE, PLACE_DIR, PLACE_FILE };

static enum place look(const char *root, const char *path)
{
    struct stat st;
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, root);
    AUTO_CLOSE int fd = dir < 0 ? dir : fs_open_in_root(dir, path, O_PATH, 0);

    if (fd < 0 || fstat(fd, &st) < 0)
        return PLACE_NONE;
    if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
        return PLACE_NONE; /* a whiteout; what lies below it is hidden: near enough, nothing is there */
    return S_ISDIR(st.st_mode) ? PLACE_DIR : PLACE_FILE;
}

/* The topmost layer that has the path decides. */
static enum place destination_is(const struct spec_builder *b, const char *path)
{
    enum place p = PLACE_NONE;

    if (b->c->rootfs)
        return look(b->c->rootfs, path);
    char *bundle = container_bundle(b->e, b->a, b->c->id);
    p = look(arena_printf(b->a, "%s/upper", bundle), path);
    if (p == PLACE_NONE)
        p = look(arena_printf(b->a, "%s/rootfs", bundle), path);
    for (char *const *l = b->lower; p == PLACE_NONE && l && *l; l++)
        p = look(*l, path);
    return p;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static char *blob_source(const struct spec_builder *b, const struct artifact_file *f)
{
    char path[BLOB_PATH_MAX];

    return arena_printf(b->a, "%s/%s", b->e->store->graphroot, blob_path(f->digest, path));
}

/* name= replaces the titles: as it is for one blob, with the blob's number for several. */
static void rename_files(struct arena *a, const struct container_mount *m,
                         artifact_file_list *files)
{
    for (size_t i = 0; m->name && i < files->n; i++)
        files->items[i].name = files->n == 1 ? m->name : arena_printf(a, "%s-%zu", m->name, i);
}

int artifact_mounts(struct spec_builder *b, const struct container_mount *m,
                    artifact_mount_list *out, struct err *err)
{
    const struct artifact_choice which = { m->title, m->digest };
    artifact_file_list files = { 0 };
    struct artifact art = { 0 };
    int r = artifact_find(b->e->store, b->a, m->source, &art, err);

    if (r == 0)
        r = artifact_files(b->a, &art, &which, &files, err);
    if (r < 0)
        return r;
    enum place p = destination_is(b, m->destination);
    bool file = p == PLACE_FILE || (p == PLACE_NONE && files.n == 1 && !m->name &&
                                    STR_EQ(last_component(m->destination), files.items[0].name));
    if (file && files.n > 1)
        return err_set(err, ERR_BAD_PARAM, ENOTDIR,
                       "artifact \"%s\" contains more than one blob and container path \"%s\" is a "
                       "file: use title= or digest= to mount one of them",
                       art.name, m->destination);
    rename_files(b->a, m, &files);
    for (size_t i = 0; i < files.n; i++)
        *LIST_ADD(b->a, *out) = (struct artifact_mount) {
            .source = blob_source(b, &files.items[i]),
            .destination = file ? m->destination
                                : arena_printf(b->a, "%s/%s", m->destination, files.items[i].name),
        };
    return 0;
}

int artifact_mount_check(struct engine *e, const struct container_mount *m, struct err *err)
{
    AUTO_ARENA a = { 0 };
    const struct artifact_choice which = { m->title, m->digest };
    artifact_file_list files = { 0 };
    struct artifact art = { 0 };
    int r = artifact_find(e->store, &a, m->source, &art, err);

    return r < 0 ? r : artifact_files(&a, &art, &which, &files, err);
}
