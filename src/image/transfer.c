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
