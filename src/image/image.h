/* image/image.h: images known on this host, as the engine uses them.
 *
 * What is cheap and on the start path (look-up, list, names, removal) is in the program itself and reads
 * the database only.  What needs TLS, hashing, compression or tar (pull, load, save, import, unpack) is
 * in the module podman-image.so, loaded by image/module.c on first use; the module never opens the
 * database: it leaves files and returns descriptions, which image/ records in one durable transaction.
 *
 * An image's ID is the hexadecimal SHA-256 of its configuration.  Layers are directories
 * graphroot/layers/<key>/diff, key = hexadecimal diff ID (or chain ID, see image/layer.h).
 * Everything returned lives in the arena that was passed. */
#pragma once

#include "base/json.h"
#include "spec/container.h"
#include "spec/image.h"
#include "store/store.h"

struct image {
    char *id;                   /* 64 hex digits */
    char *digest;               /* "sha256:..." of the manifest */
    char **names;               /* "docker.io/library/busybox:latest", ... */
    char **repo_digests;        /* "docker.io/library/busybox@sha256:..." */
    int64_t created;            /* ns */
    int64_t stored;             /* ns, when it came to this host */
    int64_t size;               /* bytes of the unpacked layers */
    char **layers;              /* layer keys, lowest first */
    struct image_config config; /* spec/image.h; also what inspect shows */
    char *media_type;           /* of the manifest */
    char *parent;               /* ID of the image that it was made from; engine/image_parent.c */
};

/* Finds an image by name (short names as Podman resolves them locally: "busybox" finds
 * localhost/busybox, docker.io/library/busybox, any registry of registries.conf ..., tag latest when
 * none), "name@sha256:...", full ID or unambiguous prefix of one, with or without "sha256:".
 * A manifest list stands for its image for this machine (image/manifest_list.h).
 * ERR_NOT_FOUND: "<name>: image not known"; more than one match for an ID prefix is ERR_CONFLICT. */
int image_find(struct store *s, struct arena *a, const char *name, struct image *ret,
               struct err *err) MUST_CHECK;

/* The name under which image_find() found it, normalised ("docker.io/library/busybox:latest"), or the
 * ID when it was found by that: what `podman ps` shows in IMAGE. */
int image_find_named(struct store *s, struct arena *a, const char *name, struct image *ret,
                     char **ret_name, struct err *err) MUST_CHECK;

/* All images, newest first.  @out is a JSON_LIST(struct image). */
struct image_list {
    struct image *items;
    size_t n;
};
int image_list(struct store *s, struct arena *a, struct image_list *out,
               struct err *err) MUST_CHECK;

/* Absolute directories of the unpacked layers, topmost first, ready for struct rootfs_config.lower.
 * Unpacks what is missing (a layer directory that somebody deleted) from the blobs. */
int image_lower_dirs(struct store *s, struct arena *a, const struct image *img, char ***ret,
                     struct err *err) MUST_CHECK;

/* Lines and bars for whoever asked. */
struct progress; /* base/progress.h */

struct image_pull_options {
    const char *policy; /* "missing", "always", "never", "newer" */
    const char *os, *arch, *variant;
    const char *authfile, *creds, *cert_dir;
    const char *signature_policy; /* a file; NULL: the one of config/policy.h */
    char *const *decryption_keys; /* "FILE[:PASSPHRASE]" for encrypted layers; may be NULL */
    int tls_verify;               /* -1: as configured */
    bool all_tags, quiet;
    uint64_t retry;
    int64_t retry_delay_ns;    /* < 0: exponential back-off from 2 s */
    struct progress *progress; /* may be NULL */
};
/* Pulls @name (with or without transport: docker://, oci:, oci-archive:, docker-archive:, dir:).  The IDs
 * of the pulled images in @ret_ids. */
int image_pull(struct store *s, struct arena *a, const char *name,
               const struct image_pull_options *o, char ***ret_ids, struct err *err) MUST_CHECK;

/* Asks a person which of @items is meant: its index, -ENOTTY when there is nobody to ask, -ECANCELED. */
typedef int (*image_choose_fn)(const char *question, char *const *items);
/* What image_pull() asks when a short name can mean several images and short-name-mode is permissive or
 * enforcing; the answer is remembered as an alias.  NULL (the default): nobody. */
void image_set_chooser(image_choose_fn fn);

/* Brings a manifest into the blob store: nothing is unpacked, nothing is recorded, but where it came from is
 * remembered (store/places.h).  FETCH_TEXT: whatever is there, as it is, alone.  Otherwise a list is followed to
 * this platform's image, and its configuration comes too, or all blobs that it names.
 * The caller holds off removal (image_hold()) until it has recorded what came.  Options as image_pull(). */
enum image_fetch_what { FETCH_TEXT, FETCH_CONFIG, FETCH_ALL };
struct image_fetched {
    char *digest, *media_type; /* of the manifest */
    char *name;                /* the complete name it was fetched by */
};
int image_fetch(struct store *s, struct arena *a, const char *name,
                const struct image_pull_options *o, enum image_fetch_what what,
                struct image_fetched *ret, struct err *err) MUST_CHECK;

struct image_push_options {
    const char *format; /* "oci", "v2s2", "v2s1" (refused in words); NULL: as it is */
    const char
        *compression_format; /* "gzip", "zstd", "zstd:chunked" (written as zstd); NULL: as it is */
    int compression_level;   /* -1: the format's default */
    bool force_compression;  /* compress anew what is compressed otherwise */
    bool compress;           /* dir: transport: gzip layers */
    bool remove_signatures;
    bool all;   /* of a manifest list: every image it names, not only its own text */
    bool quiet; /* no progress */
    const char
        *tag; /* docker-archive: a complete name to store besides the destination's, or NULL */
    const char *signature_policy; /* a file that is asked before anything leaves; NULL: none */
    char *const *encryption_keys; /* "jwe:FILE": whose private keys open the layers; NULL: no */
    char *const *encrypt_layers;  /* numbers of layers, negative from the last; NULL: all */
    /* Signing, at a registry only. */
    const char *sign_by, *sign_passphrase; /* a GPG key; NULL: the agent asks */
    const char *sigstore_key,
        *sigstore_passphrase; /* files' contents are not here: a file, a text */
    const char *authfile, *creds, *cert_dir;
    int tls_verify; /* -1: as configured */
    uint64_t retry;
    int64_t retry_delay_ns;    /* < 0: exponential back-off from 2 s */
    struct progress *progress; /* may be NULL */
};
/* Sends the manifest @digest of the blob store (an image's, an artifact's, a list's) and what it names to
 * @destination ("docker://host/path:tag", "oci:dir:tag", "oci-archive:file:tag", "docker-archive:file:tag",
 * "dir:path", "docker-daemon:name:tag"; without transport docker://).  The digest of the manifest as it
 * stands there, which differs when something was converted, in @ret_digest. */
int image_push(struct store *s, struct arena *a, const char *digest, const char *destination,
               const struct image_push_options *o, char **ret_digest, struct err *err) MUST_CHECK;

/* What a sigstore parameter file (--sign-by-sigstore) says: {privateKeyFile, privateKeyPassphraseFile}. */
struct image_sign_params {
    char *key_file, *passphrase_file;
};
int image_sign_params(struct arena *a, const char *path, struct image_sign_params *ret,
                      struct err *err) MUST_CHECK;

/* Makes GPG signatures for an image of a registry ("docker://host/path:tag"), into @directory or, when NULL, where
 * registries.d says. */
struct image_sign_options {
    const char *sign_by, *directory, *authfile, *cert_dir;
    bool all; /* of a manifest list: each image too */
};
int image_sign(struct store *s, struct arena *a, const char *name,
               const struct image_sign_options *o, struct err *err) MUST_CHECK;

/* For `image trust show`: whom the keys of a file belong to; where signatures of a scope are looked for (NULL:
 * nowhere). */
int image_key_owners(struct arena *a, const char *path, char ***ret, struct err *err) MUST_CHECK;
int image_signature_store(struct arena *a, const char *scope, char **ret,
                          struct err *err) MUST_CHECK;

/* Reads an archive (docker-archive, oci-archive, oci directory; gzip/zstd/xz/bzip2 or not).  Names of the loaded images (or IDs when unnamed) in @ret_names. */
struct image_load_options {
    const char *path; /* or NULL for @fd */
    int fd;
    const char *signature_policy; /* as image_pull_options' */
    struct progress *progress;
};
int image_load(struct store *s, struct arena *a, const struct image_load_options *o,
               char ***ret_names, struct err *err) MUST_CHECK;

struct image_save_options {
    const char *format; /* "docker-archive", "oci-archive", "oci-dir", "docker-dir" */
    const char *output; /* path, or NULL for @fd */
    int fd;
    bool compress, multi;
    const char *signature_policy; /* as image_push_options' */
    char *const *skip; /* oci-archive: digests of layers that the reader has; may be NULL */
    struct progress *progress;
};
int image_save(struct store *s, char *const *names, const struct image_save_options *o,
               struct err *err) MUST_CHECK;

struct image_import_options {
    const char *path;      /* file, "-" for stdin, or an http(s) URL */
    const char *reference; /* may be NULL */
    const char *message, *os, *arch, *variant;
    const char *signature_policy; /* as image_pull_options' */
    char *const *
        changes; /* CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR */
};
int image_import(struct store *s, struct arena *a, const struct image_import_options *o,
                 char **ret_id, struct err *err) MUST_CHECK;

/* A file system, or what a container changed in it, to be written as tar. */
struct image_tree_change {
    const char *path; /* "etc/passwd" */
    bool gone;        /* becomes a whiteout */
};
struct image_tree {
    int root; /* its directory, merged; or one file */
    const char
        *as; /* the name of the root in the archive; NULL: it is not in it, what it holds is */
    const struct image_tree_change
        *changes; /* NULL: everything; otherwise these, sorted, and the directories above them */
    size_t n_changes;
    bool upper; /* the root is an overlay's upper directory: what it takes away becomes whiteouts */
    /* Owners are written as the container sees them. */
    const struct container_idmap *uid_map, *gid_map;
    size_t n_uid, n_gid;
};
int image_export(const struct image_tree *t, int fd, struct err *err) MUST_CHECK;

/* Whom copied files belong to: whom their archive tells, or one owner for all, as the container's ids. */
struct image_owners {
    bool fixed;
    int64_t uid, gid;
    const struct container_idmap *uid_map, *gid_map;
    size_t n_uid, n_gid;
};

/* From a tree or a tar stream (compressed or not) into a directory or a tar stream. */
struct image_copy {
    const struct image_tree *tree; /* NULL: from @in */
    int in;
    int dir; /* negative: into @out */
    int out;
    const char *prefix; /* the directory's name, for errors */
    struct image_owners owners;
    bool overwrite, no_devices, rootless;
    const kv_list *rename; /* a first name of the source's -> what it is called here; NULL: none */
};
int image_copy(const struct image_copy *c, struct err *err) MUST_CHECK;

struct image_commit_options {
    const struct image_tree *tree; /* the new layer */
    const struct image *base;      /* its layers are below; NULL: none (squashed) */
    struct image_config config;    /* without layers; history is the base's */
    bool docker;                   /* Docker's manifest and media types */
    const char *created_by, *author, *comment;
    const char *reference; /* a name for it, or NULL */
};
int image_commit(struct store *s, struct arena *a, const struct image_commit_options *o,
                 char **ret_id, struct err *err) MUST_CHECK;

/* Talking to a registry without a store. */
struct image_login {
    const char *registry; /* "host:port", "docker.io" */
    const char *user, *password;
    const char *cert_dir;
    int tls_verify; /* -1: as configured */
};
/* Does the registry take these credentials?  ERR_DENIED when it says no. */
int image_login(struct arena *a, const struct image_login *l, struct err *err) MUST_CHECK;

struct image_found {
    char *index; /* the registry */
    char *name;  /* complete, without a tag */
    char *description, *tag;
    int64_t stars;
    bool official, automated;
};
typedef JSON_LIST(struct image_found) image_found_list;
struct image_search_options {
    const char *authfile, *creds, *cert_dir;
    int tls_verify; /* -1: as configured */
    int64_t limit;  /* 0: 25 */
    bool list_tags;
};
/* Repositories whose name holds @term, in the registry before its first slash or in all unqualified-search
 * registries; with .list_tags the tags of the repository @term.  Fails only when nothing was found. */
int image_search(struct arena *a, const char *term, const struct image_search_options *o,
                 image_found_list *ret, struct err *err) MUST_CHECK;

/* The complete name under which `tag` would store @name. */
int image_complete_name(struct arena *a, const char *name, char **ret, struct err *err) MUST_CHECK;
int image_tag(struct store *s, const char *name, const char *target, struct err *err) MUST_CHECK;
/* All names of the image when @names is empty. */
int image_untag(struct store *s, const char *name, char *const *names, struct err *err) MUST_CHECK;

/* What one removal did, for "Untagged: ..." and "Deleted: ..." lines. */
struct image_removed {
    char **untagged;
    char *deleted; /* ID, or NULL when only a name went */
};
/* Removes a name, and the image when that was its last one.  An image that containers use is
 * ERR_IN_USE unless @force, which the engine handles (it removes the containers first). */
int image_remove(struct store *s, struct arena *a, const char *name, bool force,
                 struct image_removed *ret, struct err *err) MUST_CHECK;

/* Removes images without a name (all: also named ones that no container uses) that pass @filter, and
 * everything orphaned: layers, blobs, partial downloads.  IDs removed in @ret_ids. */
typedef bool (*image_filter_fn)(const struct image *img, const void *arg);
int image_prune(struct store *s, struct arena *a, bool all, image_filter_fn filter, const void *arg,
                char ***ret_ids, int64_t *ret_bytes, struct err *err) MUST_CHECK;

/* Makes sure that the built-in image localhost/hello:latest (short name "hello", also
 * quay.io/podman/hello:latest) is in the store; needs no network. */
int image_ensure_hello(struct store *s, struct arena *a, struct err *err) MUST_CHECK;
