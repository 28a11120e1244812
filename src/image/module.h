/* image/module.h: what podman-image.so does, and what passes between it and the program.
 *
 * The module is what needs TLS, hashing, compression or tar.  It leaves blobs and layers under graphroot
 * and describes the images they make up; image/record.c puts that into the database.  It exports one
 * symbol, `podman_image_module`, and uses of struct store only the paths, the two directories and the
 * flags.  Both are built together: `abi` tells a stale copy apart. */
#pragma once

#include "image/image.h"

#define IMAGE_MODULE_FILE   "podman-image.so"
#define IMAGE_MODULE_SYMBOL "podman_image_module"
#define IMAGE_MODULE_ABI    PODMAN_VERSION "-1"

struct stored_layer {
    char *key, *diff_id; /* see store/layers.h; "sha256:..." */
    char *blob;          /* digest */
    char *media_type;
    int64_t blob_size;
    int64_t size; /* bytes of the tar stream */
};

struct stored_image {
    char *id;                  /* 64 hex digits */
    char *digest, *media_type; /* of the manifest */
    char *config;              /* JSON text */
    int64_t created;
    JSON_LIST(struct stored_layer) layers;
    char **names;   /* complete names to give it */
    char **digests; /* of the indexes through which it was found */
};
typedef JSON_LIST(struct stored_image) stored_images;

/* What a pull asks for, after the program has looked at policy and local images. */
struct module_pull {
    const char *transport; /* "docker", "oci", "oci-archive", "docker-archive", "dir" */
    const char *name;      /* as typed, without the transport */
    const struct image_pull_options *opt;
    image_choose_fn choose; /* NULL: nobody is asked */
};

/* What a push sends, and where to. */
struct module_push {
    const char *transport; /* as in module_pull, or "docker-daemon" */
    const char *name;      /* the destination without its transport */
    const char *digest;    /* of a manifest in the blob store */
    char **repos;          /* "registry/path": where some of its blobs are known to be */
    const struct image_push_options *opt;
};

/* An image to write, in the order of the command line. */
struct module_save {
    const struct image *image;
    char **names; /* complete names to store with it */
};

/* A blob that was made of a file. */
struct stored_file {
    char *digest;
    char *media_type; /* as its first bytes tell */
    int64_t size;
};

/* A blob under the name that it has in an archive. */
struct packed_file {
    const char *name, *digest;
    int64_t size;
};

/* A blob to look at, and the layer that was unpacked from it (NULL: it is no layer). */
struct verify_task {
    const char *digest;
    const char *layer, *diff_id;
    char *bad_blob, *bad_layer; /* out: what is wrong, NULL when nothing is */
};

struct image_module {
    const char *abi;
    int (*pull)(const struct store *s, struct arena *a, const struct module_pull *p,
                stored_images *ret, struct err *err);
    int (*fetch)(const struct store *s, struct arena *a, const struct module_pull *p,
                 enum image_fetch_what what, struct image_fetched *ret, struct err *err);
    int (*push)(const struct store *s, struct arena *a, const struct module_push *p,
                char **ret_digest, struct err *err);
    int (*sign)(const struct store *s, struct arena *a, const char *name,
                const struct image_sign_options *o, struct err *err);
    int (*sign_params)(struct arena *a, const char *path, struct image_sign_params *ret,
                       struct err *err);
    int (*key_owners)(struct arena *a, const char *path, char ***ret, struct err *err);
    int (*signature_store)(struct arena *a, const char *scope, char **ret, struct err *err);
    int (*load)(const struct store *s, struct arena *a, const struct image_load_options *o,
                stored_images *ret, struct err *err);
    int (*save)(const struct store *s, const struct module_save *images, size_t n,
                const struct image_save_options *o, struct err *err);
    int (*import)(const struct store *s, struct arena *a, const struct image_import_options *o,
                  stored_images *ret, struct err *err);
    int (*export)(const struct image_tree *t, int fd, struct err *err);
    int (*copy)(const struct image_copy *c, struct err *err);
    int (*commit)(const struct store *s, struct arena *a, const struct image_commit_options *o,
                  stored_images *ret, struct err *err);
    /* The blob of a layer, not synced: see image/assemble.h. */
    int (*layer)(const struct store *s, struct arena *a, const struct image_tree *t,
                 struct stored_layer *ret, struct err *err);
    int (*download)(const char *url, int fd, int64_t max, struct err *err);
    int (*login)(struct arena *a, const struct image_login *l, struct err *err);
    int (*search)(struct arena *a, const char *term, const struct image_search_options *o,
                  image_found_list *ret, struct err *err);
    /* The built-in image: one uncompressed layer with one small program. */
    int (*hello)(const struct store *s, struct arena *a, stored_images *ret, struct err *err);
    /* Unpacks again, from the blobs, the layers of @img whose directory is missing. */
    int (*unpack)(const struct store *s, const struct image *img, struct err *err);
    /* Single blobs: see image/mod/files.h. */
    int (*store_text)(const struct store *s, const char *data, size_t len, char *ret_digest,
                      struct err *err);
    int (*store_file)(const struct store *s, struct arena *a, int fd, struct stored_file *ret,
                      struct err *err);
    int (*pack)(const struct store *s, const struct packed_file *files, size_t n, int fd,
                struct err *err);
    int (*variant)(const struct store *s, struct arena *a, const char *digest, const char *format,
                   int level, struct descriptor *ret, struct err *err);
    int (*verify)(const struct store *s, struct arena *a, struct verify_task *tasks, size_t n,
                  struct err *err);
    /* See image/mod/yaml.h. */
    int (*yaml)(const char *text, size_t len, const char *name, json_t **ret, struct err *err);
};

/* Loaded on first use; NULL with @err set on failure. */
const struct image_module *image_module(struct err *err);
