/* Thin halves of what the module does: hold off removal, ask it, record what it stored. */
#include "image/image.h"

#include "image/find.h"
#include "image/record.h"

#include "base/banned.h"

int image_load(struct store *s, struct arena *a, const char *path, int fd,
               struct progress *progress, char ***ret_names, struct err *err)
{
    stored_images images = { 0 };
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;

    if (hold < 0)
        return hold;
    int r = m->load(s, a, path, fd, progress, &images, err);
    if (r == 0)
        r = image_record(s, &images, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < images.n; i++) {
        const struct stored_image *img = &images.items[i];
        if (img->names)
            *ret_names = strv_concat(a, *ret_names, img->names);
        else
            *ret_names = strv_add(a, *ret_names, arena_printf(a, "sha256:%s", img->id));
    }
    return 0;
}

int image_ensure_hello(struct store *s, struct arena *a, struct err *err)
{
    struct image img = { 0 };
    stored_images images = { 0 };
    struct err absent = { 0 };
    int r = image_find(s, a, "localhost/hello:latest", &img, &absent);

    if (r == 0)
        return 0;
    if (absent.kind != ERR_NOT_FOUND) {
        if (err)
            *err = absent;
        return r;
    }
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;
    if (hold < 0)
        return hold;
    r = m->hello(s, a, &images, err);
    return r < 0 ? r : image_record(s, &images, err);
}

/* ---------- pull ---------- */

/* "docker://x", "oci:/path", "x": the transport and what follows it. */
static const char *split_transport(const char *name, const char **ret_rest)
{
    static const char *const names[] = { "docker", "oci", "oci-archive", "docker-archive", "dir" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i]);
        if (strncmp(name, names[i], n) == 0 && name[n] == ':' &&
            (i > 0 || str_starts(name + n, "://"))) {
            *ret_rest = name + n + 1;
            return names[i];
        }
    }
    *ret_rest = name;
    return "docker";
}

/* 1: what is here is enough; 0: pull. */
static int look_locally(struct store *s, struct arena *a, const char *name,
                        const struct image_pull_options *o, struct image *img, struct err *err)
{
    struct err absent = { 0 };

    if (str_same(o->policy, "always"))
        return 0;
    if (image_find(s, a, name, img, &absent) == 0)
        return !str_same(o->policy, "newer");
    if (absent.kind != ERR_NOT_FOUND) {
        if (err)
            *err = absent;
        return -absent.errnum;
    }
    if (str_same(o->policy, "never"))
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: image not known", name);
    return 0;
}

int image_pull(struct store *s, struct arena *a, const char *name,
               const struct image_pull_options *o, char ***ret_ids, struct err *err)
{
    struct image local = { 0 };
    stored_images images = { 0 };
    struct module_pull p = { .opt = o };

    p.transport = split_transport(name, &p.name);
    if (STR_EQ(p.transport, "docker")) {
        if (str_starts(p.name, "//"))
            p.name += 2;
        int r = look_locally(s, a, p.name, o, &local, err);
        if (r != 0) {
            if (r > 0)
                *ret_ids = strv_add(a, *ret_ids, local.id);
            return MIN(r, 0);
        }
    }
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;
    if (hold < 0)
        return hold;
    int r = m->pull(s, a, &p, &images, err);
    if (r < 0 && local.id && err && err->kind == ERR_UNAVAILABLE) {
        /* "newer", and nobody to ask: what is here is the newest known. */
        err_clear(err);
        *ret_ids = strv_add(a, *ret_ids, local.id);
        return 0;
    }
    if (r == 0)
        r = image_record(s, &images, err);
    for (size_t i = 0; r == 0 && i < images.n; i++)
        *ret_ids = strv_add(a, *ret_ids, images.items[i].id);
    return r;
}
