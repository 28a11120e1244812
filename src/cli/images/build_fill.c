/* From what was typed to struct build_options. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "cli/images/build_args.h"
#include "config/containers.h"
#include "engine/options.h"

#include "base/banned.h"

static const char *or_env(const char *given, const char *name)
{
    return given ? given : getenv(name);
}

/* ---------- what is built ---------- */

static int fill_args(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    int r = 0;

    for (char **f = o->arg_file; r == 0 && f && *f; f++)
        r = option_env_file(x->arena, *f, &b->args, x->err);
    for (char **v = o->args; r == 0 && v && *v; v++) {
        const char *value = strchr(*v, '=') ? NULL : getenv(*v);
        if (strchr(*v, '='))
            b->args = env_set(x->arena, b->args, *v);
        else if (value)
            b->args = env_set(x->arena, b->args, arena_printf(x->arena, "%s=%s", *v, value));
    }
    return r;
}

static int fill_contexts(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    for (char **c = o->build_context; c && *c; c++) {
        char *eq = strchr(*c, '=');
        if (!eq || eq == *c || !eq[1])
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "while parsing build-context: \"%s\" must be NAME=VALUE", *c);
        if (str_starts(eq + 1, "https://") || str_starts(eq + 1, "http://"))
            if (!str_ends(eq + 1, ".git") && !strstr(eq + 1, ".git#"))
                return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                               "--build-context %s: an archive at a URL cannot be a further "
                               "context: download and unpack it, and give its directory",
                               *c);
        kv_set(x->arena, &b->contexts, arena_strndup(x->arena, *c, (size_t)(eq - *c)), eq + 1);
    }
    return 0;
}

static int fill_ttl(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    b->cache_ttl_ns = -1;
    if (o->cache_ttl && (parse_duration(o->cache_ttl, &b->cache_ttl_ns) < 0 || b->cache_ttl_ns < 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "unable to parse value provided \"%s\" as "
                       "--cache-ttl",
                       o->cache_ttl);
    return 0;
}

/* ---------- what becomes of it ---------- */

static int fill_times(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    const char *epoch = or_env(o->source_date_epoch, "SOURCE_DATE_EPOCH");

    b->has_timestamp = o->timestamp != NULL;
    if (o->timestamp && parse_i64(o->timestamp, 0, INT64_MAX / NSEC_PER_SEC, &b->timestamp) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid --timestamp \"%s\": seconds since "
                       "1970 are wanted",
                       o->timestamp);
    if (o->timestamp && o->source_date_epoch)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--timestamp and --source-date-epoch cannot be set together");
    b->has_epoch = !str_empty(epoch) && !o->timestamp;
    if (b->has_epoch && parse_i64(epoch, 0, INT64_MAX / NSEC_PER_SEC, &b->epoch) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid --source-date-epoch \"%s\": seconds "
                       "since 1970 are wanted",
                       epoch);
    b->rewrite_timestamp = o->rewrite_timestamp;
    /* What is to be the same each time does not tell who made it. */
    b->identity_label = o->identity_label &&
                        (cmd_given(x, "identity-label") || (!b->has_timestamp && !b->has_epoch));
    b->created_annotation = o->created_annotation &&
                            (cmd_given(x, "created-annotation") || !b->has_timestamp);
    return 0;
}

static int fill_format(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    const char *f = or_env(o->format, "BUILDAH_FORMAT"), *layers = getenv("BUILDAH_LAYERS");

    if (str_empty(f))
        f = engine_config(cmd_engine(x))->engine.image_build_format;
    if (!str_empty(f) && !STR_IN(f, "oci", "docker"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unrecognized image type \"%s\"", f);
    b->docker = f && STR_EQ(f, "docker");
    b->layers = o->layers;
    if (!cmd_given(x, "layers") && layers)
        b->layers = !STR_IN(layers, "0", "false");
    b->squash = o->squash;
    b->squash_all = o->squash_all;
    return 0;
}

/* PATH, "-", or type=local|tar,dest=PATH */
static int fill_output(struct cmd_ctx *x, const char *text, struct build_output *out)
{
    struct stat st;
    char **words = NULL;
    int r = csv_record(x->arena, text, &words, x->err);

    if (r < 0)
        return r;
    if (!strchr(text, '=')) {
        bool dir = !STR_EQ(text, "-") && !(stat(text, &st) == 0 && !S_ISDIR(st.st_mode));
        *out = (struct build_output) { arena_strdup(x->arena, dir ? "local" : "tar"),
                                       arena_strdup(x->arena, text) };
        return 0;
    }
    for (; words && *words; words++) {
        if (str_starts(*words, "type="))
            out->type = *words + 5;
        else if (str_starts(*words, "dest="))
            out->dest = *words + 5;
        else
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "unrecognized key \"%s\" in build output option: \"%s\"", *words, text);
    }
    if (!out->type || !STR_IN(out->type, "local", "tar"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid type \"%s\" selected for build output options \"%s\"",
                       out->type ? out->type : "", text);
    if (!out->dest)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "missing required key dest in build output option: \"%s\"", text);
    if (STR_EQ(out->dest, "-") && STR_EQ(out->type, "local"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid build output option \"%s\": only type=tar can be used with dest=-",
                       text);
    return 0;
}

static int fill_outputs(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    int r = 0;

    for (char **p = o->output; r == 0 && p && *p; p++)
        r = fill_output(x, *p, LIST_ADD(x->arena, b->outputs));
    for (size_t i = 0; r == 0 && i < b->outputs.n; i++)
        b->quiet |= STR_EQ(b->outputs.items[i].dest, "-"); /* the output is the archive */
    return r;
}

/* ---------- secrets ---------- */

static int fill_secret(struct cmd_ctx *x, const char *text, struct build_secret *s)
{
    char **words = NULL, *type = NULL;
    int r = csv_record(x->arena, text, &words, x->err);

    if (r < 0)
        return r;
    for (; words && *words; words++) {
        const char *key[] = { "id=", "src=", "source=", "env=", "type=" };
        char **to[] = { &s->id, &s->path, &s->path, &s->env, &type };
        size_t i = 0;
        while (i < ARRAY_SIZE(key) && !str_starts(*words, key[i]))
            i++;
        if (i == ARRAY_SIZE(key))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL, "incorrect secret flag format: \"%s\"",
                           text);
        *to[i] = *words + strlen(key[i]);
    }
    if (str_empty(s->id))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "secret \"%s\": id is required", text);
    if (type && STR_EQ(type, "env") && !s->env)
        s->env = s->path ? s->path : s->id;
    else if (type && !STR_IN(type, "file", "env"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid secret type: %s", type);
    if (!s->path && !s->env) { /* a variable of that name, or a file */
        if (getenv(s->id))
            s->env = s->id;
        else
            s->path = s->id;
    }
    return 0;
}

static int fill_secrets(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    int r = 0;

    for (char **p = o->secret; r == 0 && p && *p; p++)
        r = fill_secret(x, *p, LIST_ADD(x->arena, b->secrets));
    b->ssh = o->ssh;
    return r;
}

/* ---------- how RUN runs ---------- */

static int fill_isolation(struct cmd_ctx *x, const struct build_args *o, struct container_config *c)
{
    const char *how = or_env(o->isolation, "BUILDAH_ISOLATION");

    if (str_empty(how) || STR_IN(how, "oci", "rootless", "default"))
        return 0;
    if (!STR_EQ(how, "chroot"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unrecognized isolation type \"%s\"", how);
    c->netns = c->pidns = c->ipcns = c->utsns = arena_strdup(x->arena, "host");
    c->cgroups = arena_strdup(x->arena, "disabled");
    return 0;
}

static int fill_pull_policy(struct cmd_ctx *x, struct build_args *o)
{
    static const struct {
        const char *given, *policy;
    } names[] = {
        { "always", "always" },     { "true", "always" },          { "missing", "missing" },
        { "ifmissing", "missing" }, { "ifnotpresent", "missing" }, { "notpresent", "missing" },
        { "never", "never" },       { "false", "never" },          { "newer", "newer" },
        { "ifnewer", "newer" },
    };

    if (o->pull_always || o->pull_never)
        o->pull = arena_strdup(x->arena, o->pull_always ? "always" : "never");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (STR_EQ(names[i].given, o->pull)) {
            o->run.pull = arena_strdup(x->arena, names[i].policy);
            return 0;
        }
    return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unsupported pull policy \"%s\"", o->pull);
}

static int fill_run(struct cmd_ctx *x, struct build_args *o, struct build_options *b)
{
    struct create_args *run = &o->run;
    int r = fill_pull_policy(x, o);

    if (r < 0)
        return r;
    if (run->userns && !STR_IN(run->userns, "host", ""))
        return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "--userns=%s is not supported by build: the layers are written with the ids "
                       "of the namespace that podman is in",
                       run->userns);
    run->userns = NULL;
    run->systemd = arena_strdup(x->arena, "false");
    run->passwd = true;
    run->memory_swappiness = -1;
    r = create_fill(x, run, &b->run, &b->pull);
    if (r == 0)
        r = fill_isolation(x, o, &b->run);
    b->run.runtime_flags = o->runtime_flag;
    b->network = o->network && !STR_EQ(o->network, "default") ? o->network : NULL;
    b->os = run->os;
    b->arch = run->arch;
    b->variant = run->variant;
    return r;
}

/* ---------- output ---------- */

static int fill_streams(struct cmd_ctx *x, const struct build_args *o, struct build_options *b)
{
    b->in = STDIN_FILENO;
    b->out = STDOUT_FILENO;
    b->err = STDERR_FILENO;
    if (!o->logfile)
        return 0;
    if (o->logsplit && o->platform) {
        b->split_log = o->logfile;
        return 0;
    }
    b->out = b->err = open(o->logfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return b->out < 0 ? err_sys(x->err, errno, "opening logfile %s", o->logfile) : 0;
}

static void fill_plain(const struct build_args *o, struct build_options *b)
{
    b->files = o->file;
    b->ignore_file = o->ignorefile;
    b->target = o->target;
    b->from = o->from;
    b->cpp_flags = o->cpp_flag;
    b->tags = o->tag;
    b->manifest = o->manifest;
    b->platforms = o->platform;
    b->all_platforms = o->all_platforms;
    b->cache_from = o->cache_from;
    b->cache_to = o->cache_to;
    b->stage_labels = o->stage_labels;
    b->no_cache = o->no_cache;
    b->omit_history = o->omit_history;
    b->inherit_labels = o->inherit_labels;
    b->inherit_annotations = o->inherit_annotations;
    b->keep_unused_stages = !o->skip_unused;
    b->labels = o->label;
    b->layer_labels = o->layer_label;
    b->annotations = o->annotation;
    b->env = o->env;
    b->unset_env = o->unsetenv;
    b->unset_labels = o->unsetlabel;
    b->unset_annotations = o->unsetannotation;
    b->os_version = o->os_version;
    b->os_features = o->os_feature;
    b->compat_volumes = o->compat_volumes;
    b->stdin_open = o->stdin_open;
    b->quiet = o->run.quiet;
}

static int check_caches(struct cmd_ctx *x, const char *option, char *const *names)
{
    for (; names && *names; names++)
        if (strchr(*names, '@') || (strrchr(*names, ':') && !strchr(strrchr(*names, ':'), '/')))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "unable to parse value provided \"%s\" to %s: it must be a repository, "
                           "with neither tag nor digest",
                           *names, option);
    return 0;
}

static int check(struct cmd_ctx *x, const struct build_args *o)
{
    for (char **p = o->annotation; p && *p; p++)
        if (!strchr(*p, '='))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "annotations must be formatted KEY=VALUE: \"%s\"", *p);
    if (o->platform && (o->run.arch || o->run.os || o->run.variant))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--platform option can not be specified with --arch or --os");
    if (o->all_platforms && (o->platform || o->run.arch || o->run.os))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all-platforms cannot be used with --platform, --arch or --os");
    if (o->stage_labels && !o->save_stages)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--stage-labels requires --save-stages");
    if (o->logsplit && !o->logfile)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--logsplit requires --logfile");
    int r = check_caches(x, "--cache-from", o->cache_from);
    if (r == 0)
        r = check_caches(x, "--cache-to", o->cache_to);
    if (r < 0)
        return r;
    if (o->jobs < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid --jobs %lld", (long long)o->jobs);
    return 0;
}

int build_fill(struct cmd_ctx *x, struct build_args *o, struct build_options *ret)
{
    static int (*const parts[])(struct cmd_ctx *, const struct build_args *,
                                struct build_options *) = {
        fill_args,   fill_contexts, fill_ttl,     fill_times,
        fill_format, fill_secrets,  fill_streams, fill_outputs,
    };
    int r = check(x, o);

    fill_plain(o, ret);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = parts[i](x, o, ret);
    if (r == 0)
        r = fill_run(x, o, ret);
    return r;
}
