/* build/build.h: `podman build`: a Containerfile becomes an image.
 *
 * How it works: each file is parsed into instructions, which FROM divides into stages; of those only what the
 * target needs is built, in order.  A stage is one transient container (engine/transient.h): its upper directory
 * takes what RUN, COPY, ADD and WORKDIR write; when a layer is due it is written as a blob and, without being
 * unpacked again, moved to where the unpacked layers are.  Each instruction makes an image, which is known under
 * a key (build/cache.h) so that the same instruction on the same parent is not carried out again.
 *
 * Nothing is recorded before the build has ended (or some seconds have passed): one flush of the disk and one
 * transaction for all its images.  A build that is killed leaves what every later prune takes away.
 *
 * The caller gives descriptors for the output, so that a terminal, a file or a connection are the same. */
#pragma once

#include "base/json.h"
#include "engine/containers.h"

struct build_secret {
    char *id;
    char *path; /* of a file */
    char *env;  /* or the name of a variable of ours */
};

struct build_output {
    char *type; /* "local", "tar" */
    char *dest; /* "-": the output */
};

struct build_options {
    /* What is built */
    char *
        context; /* a directory, "-" (a tar or a Containerfile on stdin), a URL, a git repository */
    char **files;      /* -f; none: Containerfile, Dockerfile */
    char *ignore_file; /* NULL: .containerignore, .dockerignore */
    char *target;      /* a stage's name or number */
    char *from;        /* instead of the first FROM's image */
    char **args;       /* "KEY=value" */
    kv_list contexts;  /* --build-context NAME=what */
    char **cpp_flags;  /* for a file that ends in ".in" */

    /* Where from */
    struct pull_request pull;

    /* What becomes of it */
    char **tags;        /* names; none is fine */
    char *manifest;     /* of a list that the image is added to */
    bool all_platforms; /* those that the base image is there for */
    char **platforms;   /* "os/arch[/variant]": one image each; NULL: os, arch and variant below */
    JSON_LIST(struct build_output) outputs;
    bool docker; /* Docker's format */
    bool layers, squash, squash_all, no_cache, omit_history;
    bool rewrite_timestamp, created_annotation, identity_label;
    bool inherit_labels, inherit_annotations, keep_unused_stages;
    bool has_timestamp, has_epoch; /* --timestamp, --source-date-epoch */
    int64_t timestamp, epoch;      /* s */
    int64_t cache_ttl_ns;          /* < 0: for ever; 0: nothing is taken from the cache */
    char **labels, **layer_labels, **annotations, **env;
    char **unset_env, **unset_labels, **unset_annotations;
    char *os, *arch, *variant, *os_version, **os_features;

    /* How RUN runs: limits, namespaces, security, mounts, name servers, ... */
    struct container_config run;
    JSON_LIST(struct build_secret) secrets;
    char **ssh;                    /* "default", "id=path" */
    char *network;                 /* --network as given; NULL: usual */
    char **cache_from, **cache_to; /* repositories */
    bool stage_labels;             /* stages are labelled with their name and base */
    char *
        split_log; /* the output for each platform goes to a file whose name begins so; NULL: it does not */
    bool http_proxy, compat_volumes, stdin_open;

    int in;       /* for "-"; negative: stdin */
    int out, err; /* lines; what RUN writes */
    bool quiet;
};

struct build_result {
    char *id;      /* of the image: 64 digits */
    char *digest;  /* of its manifest */
    char *name;    /* complete, the first of its names; NULL: none */
    int exit_code; /* when it failed in a RUN: that one's; otherwise 0 */
};

/* Builds it all.  Everything returned lives in @a. */
int build_run(struct engine *e, struct arena *a, const struct build_options *o,
              struct build_result *ret, struct err *err) MUST_CHECK;

/* Forgets what the cache knows of images that are gone. */
int build_cache_sweep(struct engine *e, struct err *err) MUST_CHECK;
/* Removes the directories of RUN --mount=type=cache; how many bytes that were. */
int build_cache_prune(struct engine *e, int64_t *ret_bytes, struct err *err) MUST_CHECK;
