/* image/artifact.h: OCI artifacts on this host: files under a name, for models, configurations, charts.
 *
 * An artifact is a manifest whose layers are the files themselves; it stands in the same blob store as the
 * images and in the same oci/index.json.  A row of `artifacts` gives it its one name; what it needs is noted
 * in image_refs under the owner "artifact:<name>", so image/gc.c treats its blobs like an image's.
 * Everything returned lives in the arena that was passed. */
#pragma once

#include "image/image.h"

struct artifact {
    char *name;                     /* complete: "quay.io/org/model:latest" */
    char *digest;                   /* "sha256:..." of the manifest */
    int64_t created;                /* ns: its annotation, else when it came here */
    int64_t size;                   /* bytes of all files */
    struct image_manifest manifest; /* spec/image.h */
};
typedef JSON_LIST(struct artifact) artifact_list;

/* Reads what a manifest says about an artifact: manifest, size and (when annotated) created.  Refuses an
 * index, and what no valid manifest holds. */
int artifact_read(struct arena *a, const json_t *doc, struct artifact *ret,
                  struct err *err) MUST_CHECK;

/* By name (short ones as images), by digest or a beginning of one.  ERR_NOT_FOUND:
 * "<name>: artifact does not exist". */
int artifact_find(struct store *s, struct arena *a, const char *name, struct artifact *ret,
                  struct err *err) MUST_CHECK;
/* All, by name. */
int artifact_all(struct store *s, struct arena *a, artifact_list *out, struct err *err) MUST_CHECK;

struct artifact_add_options {
    const char *type, *file_type; /* NULL: none; as the file's first bytes tell */
    kv_list annotations;          /* of the artifact and of each file */
    bool append, replace;
};
/* Makes the artifact @name of files, each hashed and stored in one pass. */
int artifact_add(struct store *s, struct arena *a, const char *name, char *const *paths,
                 const struct artifact_add_options *o, char **ret_digest,
                 struct err *err) MUST_CHECK;

int artifact_pull(struct store *s, struct arena *a, const char *name,
                  const struct image_pull_options *o, char **ret_digest,
                  struct err *err) MUST_CHECK;
int artifact_push(struct store *s, struct arena *a, const char *name,
                  const struct image_push_options *o, char **ret_digest,
                  struct err *err) MUST_CHECK;
int artifact_remove(struct store *s, struct arena *a, const char *name, char **ret_digest,
                    struct err *err) MUST_CHECK;

/* ---------- its files (artifact_files.c) ---------- */

/* Which files of an artifact: all, or the one with a title or digest. */
struct artifact_choice {
    const char *title, *digest; /* at most one of them */
};
struct artifact_file {
    char *name;   /* one path component: the title, else the digest with '-' for ':' */
    char *digest; /* of its blob */
    int64_t size;
};
typedef JSON_LIST(struct artifact_file) artifact_file_list;

/* The chosen files under names that are safe to create: a title with '/', "." or ".." is refused. */
int artifact_files(struct arena *a, const struct artifact *art, const struct artifact_choice *which,
                   artifact_file_list *out, struct err *err) MUST_CHECK;

/* Into a directory (made when @target ends in '/'), or one file to the path @target. */
int artifact_extract(struct store *s, struct arena *a, const struct artifact *art,
                     const struct artifact_choice *which, const char *target,
                     struct err *err) MUST_CHECK;
/* As a tar archive. */
int artifact_extract_tar(struct store *s, struct arena *a, const struct artifact *art,
                         const struct artifact_choice *which, int fd, struct err *err) MUST_CHECK;
