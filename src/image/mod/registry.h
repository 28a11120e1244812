/* image/mod/registry.h: the distribution protocol (Docker registry v2).
 *
 * Reading is in registry.c, writing in registry_push.c. */
#pragma once

#include "base/json.h"
#include "config/auth.h"
#include "config/registries.h"
#include "image/mod/inflate.h"
#include "spec/image.h"

struct registry_options {
    int tls_verify; /* -1: as the place says */
    const char *cert_dir, *authfile, *creds;
    char *const *helpers;
    /* All may be NULL and are borrowed: */
    const char *actions; /* what a token is asked for: "pull" (NULL) or "pull,push" */
    char *const *mounts; /* further repositories (paths) that blobs are mounted from */
    const char *scope;   /* of a session without a repository (empty path) */
    bool lazy;           /* credentials are used when something is refused, not before */
};

/* One repository at one place.  Several threads may fetch blobs at once. */
struct registry;

/* Finds out how the registry wants to be spoken to (https, http when insecure; authentication). */
struct registry *registry_open(const struct registry_place *place,
                               const struct registry_options *opt, struct err *err);
struct registry *registry_free(struct registry *r);

/* A manifest or index by tag or digest; a digest is checked. @ret_type lives in @a. */
int registry_manifest(struct registry *r, struct arena *a, const char *tag_or_digest,
                      struct buf *ret, char **ret_type, struct err *err) MUST_CHECK;

/* As struct blob_source's fetch. */
int registry_blob(void *registry, const struct descriptor *d, int64_t from, byte_sink sink,
                  void *arg, struct err *err);

/* 1 when the repository has the blob, 0 when not, or -errno. */
int registry_has_blob(struct registry *r, const struct descriptor *d, struct err *err) MUST_CHECK;

/* 1 when the registry took the blob over from its repository @from, 0 when it could not. */
int registry_mount(struct registry *r, const struct descriptor *d, const char *from,
                   struct err *err) MUST_CHECK;

/* Bytes on their way to a registry; told how many, from any thread. */
typedef void (*sent_fn)(void *arg, int64_t bytes);

/* Sends a whole blob out of a file: in one request, or in parts where the registry wants that.  @from (may
 * be NULL) is a repository of the same registry that probably has the blob: 1 when it was taken over from
 * there and nothing had to be sent. */
int registry_put_blob(struct registry *r, const struct descriptor *d, const char *from, int fd,
                      sent_fn sent, void *arg, struct err *err) MUST_CHECK;

/* Sends bytes whose number and digest are known only after the last one.  @read as struct
 * http_upload's; @digest is asked for when it has returned 0. */
int registry_put_stream(struct registry *r, ssize_t (*read)(void *arg, char *out, size_t n),
                        const char *(*digest)(void *arg), void *arg, struct err *err) MUST_CHECK;

int registry_put_manifest(struct registry *r, const char *tag_or_digest, const char *media_type,
                          const struct buf *text, struct err *err) MUST_CHECK;

/* Do the credentials open the registry itself?  ERR_DENIED when not. */
int registry_check_login(struct registry *r, struct err *err) MUST_CHECK;

int registry_tags(struct registry *r, struct arena *a, char ***ret, struct err *err) MUST_CHECK;

static inline void registry_free_p(struct registry **r)
{
    registry_free(*r);
}
#define AUTO_REGISTRY CLEANUP(registry_free_p) struct registry
