/* image/mod/push.h: images from the blob store to somewhere else.
 *
 * push.c walks a manifest, decides for every layer whether its blob goes as it is or packed anew, and gives
 * blobs and manifests to a destination: a registry (push_registry.c) or files (push_files.c).  Blobs go
 * first, the manifest that was asked for goes last. */
#pragma once

#include "base/progress.h"
#include "image/module.h"

struct dest;

enum dest_layers {
    LAYERS_AS_IS,
    LAYERS_PACKED, /* an uncompressed layer is compressed on its way */
    LAYERS_PLAIN,  /* a compressed layer is decompressed */
};

/* A manifest as it is sent. */
struct sent_manifest {
    const struct buf *text;
    const char *media_type, *digest;
    bool top; /* the one that was asked for */
};

/* Gives bytes as struct http_upload's read; afterwards the digest. */
struct blob_stream {
    ssize_t (*read)(void *arg, char *out, size_t n);
    const char *(*digest)(void *arg);
    void *arg;
};

struct dest_ops {
    enum dest_layers layers;
    bool parallel; /* several blobs at once */
    bool oci_only; /* knows no manifests of Docker's */
    bool no_lists; /* holds images, not lists of them */
    /* 1: it is there already; 0; -errno. */
    int (*has)(struct dest *d, const struct descriptor *b, struct err *err);
    /* The same after trying to take it over from a place nearby; NULL: there is none. */
    int (*mount)(struct dest *d, const struct descriptor *b, struct err *err);
    /* The whole blob out of @fd.  1: it was there after all. */
    int (*put)(struct dest *d, const struct descriptor *b, int fd, struct progress_bar *bar,
               struct err *err);
    /* NULL: what is packed anew is spooled first, since its digest has to be known. */
    int (*stream)(struct dest *d, const struct blob_stream *st, struct err *err);
    int (*manifest)(struct dest *d, const struct sent_manifest *m, struct err *err);
    int (*finish)(struct dest *d, struct err *err); /* after the last manifest; may be NULL */
    void (*free)(struct dest *d);
};
struct dest {
    const struct dest_ops *ops; /* first member of each destination */
};

/* NULL with @err set on failure. */
struct dest *dest_registry(const struct store *s, struct arena *a, const struct module_push *p,
                           struct err *err);
struct dest *dest_files(const struct store *s, struct arena *a, const struct module_push *p,
                        struct err *err);

static inline void dest_free(struct dest **d)
{
    if (*d)
        (*d)->ops->free(*d);
}
#define AUTO_DEST CLEANUP(dest_free) struct dest

int module_push(const struct store *s, struct arena *a, const struct module_push *p,
                char **ret_digest, struct err *err);
