#include "image/mod/hello.h"

#include "base/limits.h"
#include "base/parse.h"
#include "image/mod/copy.h"
#include "image/mod/hash.h"
#include "image/mod/tar_write.h"

#include "base/banned.h"

static const unsigned char program[] = {
#include "hello.inc"
};

/* The same date each time: the image has one ID everywhere. */
enum { HELLO_TIME = 1767225600 }; /* 2026-01-01 */

static int memory_fetch(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                        void *sink_arg, struct err *err)
{
    const struct buf *b = arg;

    (void)d;
    (void)err;
    return sink(sink_arg, b->data + from, b->len - (size_t)from);
}

static void make_layer(struct buf *tar)
{
    static const char zeros[2 * TAR_BLOCK];
    char header[TAR_HEADER_MAX];

    buf_put(tar, header,
            tar_header(header, "hello", TAR_FILE, NULL, 0755, sizeof(program), HELLO_TIME));
    buf_put(tar, program, sizeof(program));
    buf_put(tar, zeros, tar_padding(sizeof(program)));
    buf_put(tar, zeros, sizeof(zeros));
}

static void make_config(struct arena *a, const struct buf *tar, struct buf *out)
{
    char digest[DIGEST_MAX];
    struct image_config c = {
        .created = HELLO_TIME * NSEC_PER_SEC,
        .architecture = arena_strdup(a, platform_host_arch()),
        .variant = arena_strdup(a, platform_host_variant()),
        .os = arena_strdup(a, "linux"),
        .rootfs.type = arena_strdup(a, "layers"),
    };

    c.config.cmd = strv_add(a, NULL, "/hello");
    c.config.env = strv_add(a, NULL,
                            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    c.config.working_dir = arena_strdup(a, "/");
    kv_set(a, &c.config.labels, "org.opencontainers.image.title", "hello");
    hash_of(tar->data, tar->len, NULL, digest);
    c.rootfs.diff_ids = strv_add(a, NULL, digest);
    struct image_history *h = LIST_ADD(a, c.history);
    h->created = c.created;
    h->created_by = arena_strdup(a, "built in");
    AUTO_JSON *doc = json_from(&image_config_type, &c);
    json_text(doc, 0, out);
}

int module_hello(const struct store *s, struct arena *a, stored_images *ret, struct err *err)
{
    AUTO_BUF tar = { 0 }, config = { .max = LIMIT_IMAGE_CONFIG };
    struct blob_source src = { .fetch = memory_fetch, .arg = &tar };
    struct descriptor blob = { 0 };
    struct stored_image *img = LIST_ADD(a, *ret);

    make_layer(&tar);
    make_config(a, &tar, &config);
    img->names = strv_add(a, img->names, "localhost/hello:latest");
    img->names = strv_add(a, img->names, "quay.io/podman/hello:latest");
    return copy_without_manifest(s, a, &src, &blob, 1, &config, true, NULL, img, err);
}
