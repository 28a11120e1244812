/* image/mod/registry.h: the distribution protocol (Docker registry v2), reading side. */
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

int registry_tags(struct registry *r, struct arena *a, char ***ret, struct err *err) MUST_CHECK;

static inline void registry_free_p(struct registry **r)
{
    registry_free(*r);
}
#define AUTO_REGISTRY CLEANUP(registry_free_p) struct registry
