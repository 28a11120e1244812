/* spec/reference.h: names of images.
 *
 *   [transport:][registry/]path[:tag][@digest]
 *
 * The grammar is the one of Docker's distribution project: lower-case path components, a registry is
 * the first component when it holds a dot or a colon or is "localhost". */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "spec/digest.h"

struct image_ref {
    char *registry; /* "docker.io", "localhost:5000"; NULL when the name is short */
    char *path;     /* "library/busybox" */
    char *tag;      /* NULL when absent */
    char *digest;   /* NULL when absent */
};

/* Parses @s as written: a short name stays short. */
int ref_parse(struct arena *a, const char *s, struct image_ref *ret, struct err *err) MUST_CHECK;

/* Makes a name complete for storing: registry "localhost" when short (or @registry when not NULL),
 * "library/" on docker.io, tag "latest" when neither tag nor digest. */
void ref_complete(struct arena *a, struct image_ref *ref, const char *registry);

/* "registry/path", "registry/path:tag", "registry/path@digest" (a digest wins over a tag). */
char *ref_repo(struct arena *a, const struct image_ref *ref);
char *ref_text(struct arena *a, const struct image_ref *ref);
