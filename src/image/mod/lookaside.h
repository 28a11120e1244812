/* image/mod/lookaside.h: where signatures of a registry's images are (containers-registries.d(5)).
 *
 * The *.yaml files of ~/.config/containers/registries.d, or else of /etc/containers/registries.d, are merged; the
 * most specific scope counts.  Simple signatures are files beside the registry,
 * <lookaside>/<path>@sha256=<hex>/signature-1, -2, ...; sigstore's are images in the same repository, where
 * use-sigstore-attachments says so. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/reference.h"

struct lookaside {
    char *read, *write; /* URLs; NULL: none */
    bool attachments;
};

int lookaside_find(struct arena *a, const struct image_ref *ref, struct lookaside *ret,
                   struct err *err) MUST_CHECK;

/* The signature number @n (from 1) of an image.  1: it is in @out; 0: there is none. */
int lookaside_get(struct arena *a, const struct lookaside *l, const struct image_ref *ref,
                  const char *digest, unsigned n, struct buf *out, struct err *err) MUST_CHECK;
/* Adds one; only a file:// location can be written to.  One that is there already is not doubled. */
int lookaside_put(struct arena *a, const struct lookaside *l, const struct image_ref *ref,
                  const char *digest, const void *sig, size_t len, struct err *err) MUST_CHECK;

/* One file's text into @doc, a tree of jansson objects and strings (true and false as such). */
struct json_t;
int lookaside_parse(const char *text, size_t len, const char *name, struct json_t **ret,
                    struct err *err) MUST_CHECK;
