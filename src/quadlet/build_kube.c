/* Builds and Kubernetes YAML: what reads files beside the unit. */
#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

static const char *dir_of(struct conversion *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return slash == path ? "/" : arena_strndup(c->a, path, (size_t)(slash - path));
}

static bool is_url(const char *s)
{
    static const char *const starts[] = { "http://", "https://", "git://", "git@", "github.com/" };
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        if (str_starts(s, starts[i]))
            return true;
    return false;
}

static bool is_archive(const char *s)
{
    static const char *const ends[] = {
        ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst"
    };
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (str_ends(s, ends[i]))
            return true;
    return false;
}

static void work_in(struct conversion *c, const char *dir)
{
    unit_default(c->a, c->out, "Service", "WorkingDirectory", dir);
}

/* Builds. */

const struct quadlet_key build_keys[] = {
    { "Arch", KEY_LAST, "--arch" },
    { "AuthFile", KEY_LAST, "--authfile" },
    { "ForceRM", KEY_BOOL, "--force-rm" },
    { "IgnoreFile", KEY_LAST, "--ignorefile" },
    { "Pull", KEY_LAST, "--pull" },
    { "Retry", KEY_LAST, "--retry" },
    { "RetryDelay", KEY_LAST, "--retry-delay" },
    { "Target", KEY_LAST, "--target" },
    { "TLSVerify", KEY_BOOL, "--tls-verify" },
    { "Variant", KEY_LAST, "--variant" },
    { "ImageTag", KEY_EACH, "--tag" },
    { "DNS", KEY_EACH, "--dns" },
    { "DNSOption", KEY_EACH, "--dns-option" },
    { "DNSSearch", KEY_EACH, "--dns-search" },
    { "GroupAdd", KEY_EACH, "--group-add" },
    { "Annotation", KEY_PAIRS, "--annotation" },
    { "BuildArg", KEY_PAIRS, "--build-arg" },
    { "Environment", KEY_PAIRS, "--env" },
    { "Label", KEY_PAIRS, "--label" },
    { "Network", KEY_CALL, .add = add_networks },
    { "Secret", KEY_ARGS, "--secret" },
    { "Volume", KEY_CALL, "-v", .add = add_volumes },
    { "File", KEY_LAST, "--file" },
    { "PodmanArgs", KEY_RAW },
    { "ContainersConfModule" },
    { "GlobalArgs" },
    { "ServiceName" },
    { "SetWorkingDirectory" },
    { NULL },
};

/* SetWorkingDirectory: the unit's directory, the Containerfile's, any other, or a context that podman fetches.
 * NULL in @ret: none is set. */
static int build_context(struct conversion *c, const char *file, const char **ret)
{
    const char *where = last(c, "SetWorkingDirectory");
    if (!where)
        return 0;
    if (is_url(where) || is_archive(where)) {
        *ret = where;
        return 0;
    }
    const char *dir;
    if (STR_EQ(where, "unit"))
        dir = dir_of(c, c->q->path);
    else if (!STR_EQ(where, "file"))
        dir = absolute_path(c, where);
    else if (file)
        dir = dir_of(c, absolute_path(c, file));
    else
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "no File key specified");
    work_in(c, dir);
    /* As the author wrote it: a relative one is seen from the working directory. */
    *ret = STR_IN(where, "unit", "file") ? dir : *where == '.' ? "." : dir;
    return 0;
}

int convert_build(struct conversion *c)
{
    const char *file = last(c, "File"), *context = NULL;
    const char *work = unit_last(c->a, &c->q->unit, "Service", "WorkingDirectory");
    if (!is_set(c, "ImageTag"))
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "no ImageTag key specified");
    int r = build_context(c, file, &context);
    if (r < 0)
        return r;
    if (!context && !work && !file)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "neither SetWorkingDirectory, nor File key specified");
    if (!context && !work && !is_url(file) && *file != '/' && *file != '%')
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "relative path in File key requires SetWorkingDirectory key to be set");
    if (!context && work)
        context = work;
    else if (!context && !is_url(file))
        context = dir_of(c, file);
    oneshot(c, false);
    r = start_command(c, (const char *const[]) { "build", NULL });
    if (r == 0)
        r = add_keys(c);
    if (r < 0)
        return r;
    if (context)
        add_arg(c, context);
    put_command(c, "ExecStart");
    return 0;
}

/* Kubernetes YAML. */

static int add_config_maps(struct conversion *c, const struct quadlet_key *key)
{
    char **maps = key_words(c, key->name, WORDS_LITERAL);
    for (size_t i = 0; maps && maps[i]; i++)
        add_option(c, key->option, absolute_path(c, maps[i]));
    return 0;
}

/* "registry" for all containers, "name/local" for one. */
static int add_auto_update(struct conversion *c, const struct quadlet_key *key)
{
    char **all = key_words(c, key->name, WORDS_LITERAL);
    for (size_t i = 0; all && all[i]; i++) {
        const char *slash = strrchr(all[i], '/');
        add_option(c, key->option,
                   slash ? arena_printf(c->a, "io.containers.autoupdate/%.*s=%s",
                                        (int)(slash - all[i]), all[i], slash + 1)
                         : arena_printf(c->a, "io.containers.autoupdate=%s", all[i]));
    }
    return 0;
}

static int add_exit_code(struct conversion *c, const struct quadlet_key *key)
{
    const char *value = last(c, key->name);
    if (value)
        add_arg(c, arena_printf(c->a, "%s=%s", key->option, value));
    return 0;
}

const struct quadlet_key kube_keys[] = {
    { "ExitCodePropagation", KEY_CALL, "--service-exit-code-propagation", .add = add_exit_code },
    { "LogDriver", KEY_LAST, "--log-driver" },
    { "LogOpt", KEY_WORDS, "--log-opt" },
    { "UserNS", KEY_LAST, "--userns" },
    { "RemapUsers", KEY_CALL, .add = add_user_mapping },
    { "Network", KEY_CALL, .add = add_networks },
    { "AutoUpdate", KEY_CALL, "--annotation", .add = add_auto_update },
    { "ConfigMap", KEY_CALL, "--configmap", .add = add_config_maps },
    { "PublishPort", KEY_CALL, "--publish", .add = add_ports },
    { "PodmanArgs", KEY_RAW },
    { "ContainersConfModule" },
    { "GlobalArgs" },
    { "KubeDownForce" },
    { "RemapGid" },
    { "RemapUid" },
    { "RemapUidSize" },
    { "ServiceName" },
    { "SetWorkingDirectory" },
    { "Yaml" },
    { NULL },
};

static int kube_type(struct conversion *c)
{
    const char *type = unit_last(c->a, &c->q->unit, "Service", "Type");
    const char *mode = unit_last(c->a, &c->q->unit, "Service", "KillMode");
    if (mode && !STR_IN(mode, "mixed", "control-group"))
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid KillMode '%s'", mode);
    unit_default(c->a, c->out, "Service", "KillMode", "mixed");
    if (type && !STR_IN(type, "notify", "oneshot"))
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid service Type '%s'", type);
    if (type && STR_EQ(type, "oneshot")) {
        unit_default(c->a, c->out, "Service", "RemainAfterExit", "yes");
    } else {
        unit_set(c->a, c->out, "Service", "Type", "notify");
        unit_set(c->a, c->out, "Service", "NotifyAccess", "all");
    }
    unit_default(c->a, c->out, "Service", "SyslogIdentifier", "%N");
    return 0;
}

static int kube_directory(struct conversion *c, char *const *files)
{
    const char *where = last(c, "SetWorkingDirectory");
    if (!where)
        return 0;
    if (STR_EQ(where, "unit")) {
        work_in(c, dir_of(c, c->q->path));
    } else if (!STR_EQ(where, "yaml")) {
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "unsupported value for SetWorkingDirectory: %s", where);
    } else if (strv_len(files) > 1) {
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "SetWorkingDirectory=yaml is not supported when multiple Yaml keys are set");
    } else {
        work_in(c, dir_of(c, files[0]));
    }
    return 0;
}

int convert_kube(struct conversion *c)
{
    char **yaml = key_words(c, "Yaml", WORDS_LITERAL), **files = NULL;
    if (!yaml)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "no Yaml key specified");
    for (size_t i = 0; yaml[i]; i++)
        files = strv_add(c->a, files, is_url(yaml[i]) ? yaml[i] : absolute_path(c, yaml[i]));
    unit_prepend(c->a, c->out, "Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
    int r = kube_type(c);
    if (r == 0)
        r = kube_directory(c, files);
    if (r == 0)
        r = start_command(c, (const char *const[]) { "kube", "play", "--replace",
                                                     "--service-container=true", NULL });
    if (r == 0)
        r = add_keys(c);
    if (r < 0)
        return r;
    c->args = strv_concat(c->a, c->args, files);
    put_command(c, "ExecStart");
    start_command(c, (const char *const[]) { "kube", "down", NULL });
    if (unit_bool(&c->q->unit, c->section, "KubeDownForce", false))
        add_arg(c, "--force");
    c->args = strv_concat(c->a, c->args, files);
    put_command(c, "ExecStopPost");
    return 0;
}
