/* cli/images/build_args.h: the options of `podman build` and what becomes of them. */
#pragma once

#include "build/build.h"
#include "cli/containers/create.h"

struct build_args {
    struct create_args run; /* how RUN runs: the options that `podman run` has as well */
    char **cache_from, **cache_to;
    char **annotation, **args, **arg_file, **build_context, **cpp_flag, **env, **file, **label;
    char **layer_label, **os_feature, **output, **platform, **runtime_flag, **secret, **ssh, **tag;
    char **unsetannotation, **unsetenv, **unsetlabel, **hooks_dir;
    char *cache_ttl, *format, *from, *ignorefile, *iidfile, *iidfile_raw, *isolation, *logfile;
    char *manifest, *metadata_file, *network, *os_version, *source_date_epoch, *target, *pull;
    char *timestamp, *signature_policy;
    int64_t jobs, loglevel;
    bool all_platforms, logsplit, save_stages, stage_labels, compat_volumes, compress,
        created_annotation, disable_compression, force_rm;
    bool identity_label, inherit_annotations, inherit_labels, layers, load, no_cache, omit_history;
    bool pull_always, pull_never, rewrite_timestamp, rm, skip_unused, squash, squash_all,
        stdin_open;
    bool log_rusage;
    char *progress, *rusage_logfile;
    char *later; /* what unsupported options fill */
    char **later_list;
    bool later_flag;
};

extern const struct opt build_opts[], build_run_opts[], build_later_opts[];

/* Strings live in x->arena; descriptors stay open. */
int build_fill(struct cmd_ctx *x, struct build_args *o, struct build_options *ret) MUST_CHECK;
