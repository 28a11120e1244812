/* spec/image.h: the JSON documents of an image, as the OCI image specification and Docker's schema 2
 * define them: descriptor, manifest, index, configuration.  The two manifest formats differ in media
 * types only, so one table reads both. */
#pragma once

#include "base/json.h"

#define MT_OCI_INDEX           "application/vnd.oci.image.index.v1+json"
#define MT_OCI_MANIFEST        "application/vnd.oci.image.manifest.v1+json"
#define MT_OCI_CONFIG          "application/vnd.oci.image.config.v1+json"
#define MT_OCI_LAYER           "application/vnd.oci.image.layer.v1.tar"
#define MT_OCI_LAYER_GZIP      MT_OCI_LAYER "+gzip"
#define MT_OCI_LAYER_ZSTD      MT_OCI_LAYER "+zstd"
#define MT_DOCKER_LIST         "application/vnd.docker.distribution.manifest.list.v2+json"
#define MT_DOCKER_MANIFEST     "application/vnd.docker.distribution.manifest.v2+json"
#define MT_DOCKER_MANIFEST_V1  "application/vnd.docker.distribution.manifest.v1+json"
#define MT_DOCKER_MANIFEST_V1S "application/vnd.docker.distribution.manifest.v1+prettyjws"
#define MT_DOCKER_CONFIG       "application/vnd.docker.container.image.v1+json"
#define MT_DOCKER_LAYER        "application/vnd.docker.image.rootfs.diff.tar"
#define MT_DOCKER_LAYER_GZIP   MT_DOCKER_LAYER ".gzip"

struct image_platform {
    char *architecture, *os, *os_version, **os_features, *variant;
    char **features; /* Docker's */
};

struct descriptor {
    char *media_type, *digest;
    int64_t size;
    char **urls;
    kv_list annotations;
    struct image_platform *platform; /* NULL when absent */
    char *artifact_type, *data;
};

typedef JSON_LIST(struct descriptor) descriptor_list;

/* A manifest, or an index (manifest list): `manifests` is filled then and `layers` is not. */
struct image_manifest {
    int64_t schema_version;
    char *media_type, *artifact_type;
    struct descriptor config;
    descriptor_list layers;
    struct descriptor *subject;
    kv_list annotations;
};

struct image_index {
    int64_t schema_version;
    char *media_type, *artifact_type;
    descriptor_list manifests;
    struct descriptor *subject;
    kv_list annotations;
};

struct image_healthcheck {
    char **test;
    int64_t interval, timeout, start_period, start_interval; /* ns */
    int64_t retries;
};

/* What a container gets from its image.  A NULL vector is an absent key. */
struct image_exec {
    char *user;
    char **exposed_ports; /* "80/tcp" */
    char **env, **entrypoint, **cmd;
    char **volumes;
    char *working_dir;
    kv_list labels;
    char *stop_signal;
    int64_t stop_timeout; /* Docker's, seconds */
    struct image_healthcheck *healthcheck;
    char **shell, **onbuild;
    bool args_escaped;
};

struct image_rootfs {
    char *type;
    char **diff_ids;
};

struct image_history {
    int64_t created;
    char *author, *created_by, *comment;
    bool empty_layer;
};

struct image_config {
    int64_t created; /* ns */
    char *author, *architecture, *variant, *os, *os_version, **os_features;
    char *comment, *docker_version, *parent; /* Docker's */
    struct image_exec config;
    struct image_rootfs rootfs;
    JSON_LIST(struct image_history) history;
};

extern const struct json_type platform_type, descriptor_type, image_manifest_type, image_index_type,
    image_healthcheck_type, image_exec_type, image_config_type;

/* Both refuse what no valid document holds (bad digests, negative sizes, more than LIMIT_LAYERS or
 * LIMIT_HISTORY entries): what passes can be used without further checks. */
int image_manifest_read(struct arena *a, const json_t *doc, struct image_manifest *ret,
                        struct err *err) MUST_CHECK;
int image_index_read(struct arena *a, const json_t *doc, struct image_index *ret,
                     struct err *err) MUST_CHECK;
int image_config_read(struct arena *a, const json_t *doc, struct image_config *ret,
                      struct err *err) MUST_CHECK;

/* Is this document (or this media type, when it is not empty) an index? */
bool image_is_index(const json_t *doc, const char *media_type);

/* Does the host's or the wanted platform take @p?  The better match has the higher number; 0 is no
 * match.  NULL or empty wanted parts match everything, except that a missing variant prefers the one
 * that is usual for the architecture (arm: v7 before v6 before v5; arm64: v8; amd64: v1). */
int platform_match(const struct image_platform *p, const char *os, const char *arch,
                   const char *variant);

/* Go's names of this machine: "amd64", "arm64", ...; the variant is "" where there is none. */
const char *platform_host_arch(void);
const char *platform_host_variant(void);
