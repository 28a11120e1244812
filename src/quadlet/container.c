#include <ctype.h>
#include <sys/stat.h>

#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

static int add_cgroups(struct conversion *c, const struct quadlet_key *key)
{
    const char *mode = last(c, key->name);
    add_arg(c, arena_printf(c->a, "--cgroups=%s", mode ? mode : "split"));
    return 0;
}

static int add_user(struct conversion *c, const struct quadlet_key *key)
{
    const char *user = last(c, key->name), *group = last(c, "Group");
    if (group && !user)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid Group set without User");
    if (user)
        add_option(c, "--user", group ? arena_printf(c->a, "%s:%s", user, group) : user);
    return 0;
}

/* In small letters, as podman prints them. */
static int add_capabilities(struct conversion *c, const struct quadlet_key *key)
{
    char **words = key_words(c, key->name, WORDS_LITERAL);
    for (size_t i = 0; words && words[i]; i++) {
        for (char *p = words[i]; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        add_option(c, key->option, words[i]);
    }
    return 0;
}

/* "-/dev/x" only where the host has it. */
static int add_devices(struct conversion *c, const struct quadlet_key *key)
{
    char **words = key_words(c, key->name, WORDS_LITERAL);
    for (size_t i = 0; words && words[i]; i++) {
        const char *device = words[i];
        struct stat st;
        if (*device == '-') {
            device++;
            if (stat(arena_strndup(c->a, device, strcspn(device, ":")), &st) < 0)
                continue;
        }
        add_option(c, key->option, device);
    }
    return 0;
}

static int add_env_files(struct conversion *c, const struct quadlet_key *key)
{
    char **words = key_words(c, key->name, WORDS_UNESCAPE);
    for (size_t i = 0; words && words[i]; i++) {
        bool optional = words[i][0] == '-';
        const char *path = absolute_path(c, words[i] + optional);
        add_option(c, key->option, optional ? arena_printf(c->a, "-%s", path) : path);
    }
    return 0;
}

static int add_mounts(struct conversion *c, const struct quadlet_key *key)
{
    char **words = key_words(c, key->name, WORDS_UNESCAPE);
    int r = 0;
    for (size_t i = 0; r == 0 && words && words[i]; i++)
        r = add_mount(c, words[i]);
    return r;
}

/* "80", "8000-8010", "53/udp". */
static bool is_port(const char *s)
{
    size_t n = strspn(s, "0123456789");
    if (n == 0)
        return false;
    s += n;
    if (*s == '-') {
        n = strspn(++s, "0123456789");
        if (n == 0)
            return false;
        s += n;
    }
    return !*s || STR_IN(s, "/tcp", "/udp", "/sctp");
}

static int add_exposed(struct conversion *c, const struct quadlet_key *key)
{
    char **all = unit_all(c->a, &c->q->unit, c->section, key->name);
    for (size_t i = 0; all && all[i]; i++) {
        if (!is_port(all[i]) && !strchr(all[i], '%'))
            return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid port format '%s'", all[i]);
        add_option(c, key->option, all[i]);
    }
    return 0;
}

/* An empty one takes the image's away. */
static int add_entrypoint(struct conversion *c, const struct quadlet_key *key)
{
    const char *raw = unit_last_raw(&c->q->unit, c->section, key->name);
    if (raw)
        add_option(c, key->option, *raw ? last(c, key->name) : "");
    return 0;
}

static int add_read_only_tmpfs(struct conversion *c, const struct quadlet_key *key)
{
    const struct unit *u = &c->q->unit;
    if (is_set(c, key->name))
        add_arg(c, unit_bool(u, c->section, key->name, false) ? "--read-only-tmpfs"
                                                              : "--read-only-tmpfs=false");
    /* The key of old: a /tmp in memory where the root can be written to. */
    if (unit_bool(u, c->section, "VolatileTmp", false) &&
        !unit_bool(u, c->section, "ReadOnly", false))
        add_option(c, "--tmpfs", "/tmp:rw,size=512M,mode=1777");
    return 0;
}

static int add_pod(struct conversion *c, const struct quadlet_key *key)
{
    const char *file = last(c, key->name);
    if (!file)
        return 0;
    if (!str_ends(file, ".pod"))
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "pod %s is not Quadlet based", file);
    const struct quadlet *pod = quadlets_find(c->set, file);
    if (!pod)
        return err_set(c->err, ERR_NOT_FOUND, ENOENT, "quadlet pod unit %s does not exist", file);
    add_option(c, "--pod", pod->resource);
    const char *service = arena_printf(c->a, "%s.service", pod->service);
    unit_add(c->a, c->out, "Unit", "BindsTo", service);
    unit_add(c->a, c->out, "Unit", "After", service);
    return 0;
}

const struct quadlet_key container_keys[] = {
    { "LogDriver", KEY_LAST, "--log-driver" },
    { "LogOpt", KEY_WORDS, "--log-opt" },
    { "CgroupsMode", KEY_CALL, .add = add_cgroups },
    { "Timezone", KEY_LAST, "--tz" },
    { "Network", KEY_CALL, .add = add_networks },
    { "NetworkAlias", KEY_EACH, "--network-alias" },
    { "AddDevice", KEY_CALL, "--device", .add = add_devices },
    { "SeccompProfile", KEY_LAST, "--security-opt", "seccomp=%s" },
    { "AppArmor", KEY_LAST, "--security-opt", "apparmor=%s" },
    { "NoNewPrivileges", KEY_FLAG, "--security-opt", "no-new-privileges" },
    { "SecurityLabelDisable", KEY_FLAG, "--security-opt", "label=disable" },
    { "SecurityLabelNested", KEY_FLAG, "--security-opt", "label=nested" },
    { "SecurityLabelType", KEY_LAST, "--security-opt", "label=type:%s" },
    { "SecurityLabelFileType", KEY_LAST, "--security-opt", "label=filetype:%s" },
    { "SecurityLabelLevel", KEY_LAST, "--security-opt", "label=level:%s" },
    { "Mask", KEY_ARGS, "--security-opt", "mask=%s" },
    { "Unmask", KEY_ARGS, "--security-opt", "unmask=%s" },
    { "DropCapability", KEY_CALL, "--cap-drop", .add = add_capabilities },
    { "AddCapability", KEY_CALL, "--cap-add", .add = add_capabilities },
    { "Sysctl", KEY_WORDS, "--sysctl" },
    { "ReadOnly", KEY_BOOL, "--read-only" },
    { "ReadOnlyTmpfs", KEY_CALL, .add = add_read_only_tmpfs },
    { "User", KEY_CALL, .add = add_user },
    { "GroupAdd", KEY_EACH, "--group-add" },
    { "UserNS", KEY_LAST, "--userns" },
    { "UIDMap", KEY_WORDS, "--uidmap" },
    { "GIDMap", KEY_WORDS, "--gidmap" },
    { "SubUIDMap", KEY_LAST, "--subuidname" },
    { "SubGIDMap", KEY_LAST, "--subgidname" },
    { "RemapUsers", KEY_CALL, .add = add_user_mapping },
    { "Tmpfs", KEY_EACH, "--tmpfs" },
    { "Volume", KEY_CALL, "-v", .add = add_volumes },
    { "Mount", KEY_CALL, .add = add_mounts },
    { "AutoUpdate", KEY_LAST, "--label", "io.containers.autoupdate=%s" },
    { "ExposeHostPort", KEY_CALL, "--expose", .add = add_exposed },
    { "PublishPort", KEY_CALL, "--publish", .add = add_ports },
    { "Environment", KEY_PAIRS, "--env" },
    { "EnvironmentFile", KEY_CALL, "--env-file", .add = add_env_files },
    { "EnvironmentHost", KEY_BOOL, "--env-host" },
    { "HttpProxy", KEY_BOOL, "--http-proxy" },
    { "Secret", KEY_ARGS, "--secret" },
    { "Label", KEY_PAIRS, "--label" },
    { "Annotation", KEY_PAIRS, "--annotation" },
    { "HealthCmd", KEY_LAST, "--health-cmd" },
    { "HealthInterval", KEY_LAST, "--health-interval" },
    { "HealthOnFailure", KEY_LAST, "--health-on-failure" },
    { "HealthLogDestination", KEY_LAST, "--health-log-destination" },
    { "HealthMaxLogCount", KEY_LAST, "--health-max-log-count" },
    { "HealthMaxLogSize", KEY_LAST, "--health-max-log-size" },
    { "HealthRetries", KEY_LAST, "--health-retries" },
    { "HealthStartPeriod", KEY_LAST, "--health-start-period" },
    { "HealthStartupCmd", KEY_LAST, "--health-startup-cmd" },
    { "HealthStartupInterval", KEY_LAST, "--health-startup-interval" },
    { "HealthStartupRetries", KEY_LAST, "--health-startup-retries" },
    { "HealthStartupSuccess", KEY_LAST, "--health-startup-success" },
    { "HealthStartupTimeout", KEY_LAST, "--health-startup-timeout" },
    { "HealthTimeout", KEY_LAST, "--health-timeout" },
    { "HostName", KEY_LAST, "--hostname" },
    { "AddHost", KEY_EACH, "--add-host" },
    { "DNS", KEY_EACH, "--dns" },
    { "DNSOption", KEY_EACH, "--dns-option" },
    { "DNSSearch", KEY_EACH, "--dns-search" },
    { "IP", KEY_LAST, "--ip" },
    { "IP6", KEY_LAST, "--ip6" },
    { "Memory", KEY_LAST, "--memory" },
    { "PidsLimit", KEY_LAST, "--pids-limit" },
    { "Ulimit", KEY_EACH, "--ulimit" },
    { "ShmSize", KEY_LAST, "--shm-size" },
    { "Pull", KEY_LAST, "--pull" },
    { "Retry", KEY_LAST, "--retry" },
    { "RetryDelay", KEY_LAST, "--retry-delay" },
    { "RunInit", KEY_BOOL, "--init" },
    { "StopSignal", KEY_LAST, "--stop-signal" },
    { "StopTimeout", KEY_LAST, "--stop-timeout" },
    { "WorkingDir", KEY_LAST, "--workdir" },
    { "Entrypoint", KEY_CALL, "--entrypoint", .add = add_entrypoint },
    { "Pod", KEY_CALL, .add = add_pod },
    { "PodmanArgs", KEY_RAW },
    { "ContainerName" },
    { "ContainersConfModule" },
    { "Exec" },
    { "GlobalArgs" },
    { "Group" },
    { "Image" },
    { "Notify" },
    { "ReloadCmd" },
    { "ReloadSignal" },
    { "RemapGid" },
    { "RemapUid" },
    { "RemapUidSize" },
    { "Rootfs" },
    { "ServiceName" },
    { "StartWithPod" },
    { "VolatileTmp" },
    { NULL },
};

static const char *container_name(struct conversion *c)
{
    const char *name = last(c, "ContainerName");
    if (name)
        return name;
    return strchr(c->q->name, '@') ? "systemd-%p_%i" : "systemd-%N";
}

/* A short name is looked for in several registries: whoever writes a unit should say which. */
static void warn_of_short_name(struct conversion *c, const char *image)
{
    const char *slash = strchr(image, '/');
    if (str_starts(image, "sha256:") || strstr(image, "://") || strchr(image, '%') ||
        str_ends(image, ".image") || str_ends(image, ".build"))
        return;
    if (strlen(image) == 64 && strspn(image, "0123456789abcdef") == 64)
        return;
    if (slash) {
        size_t n = (size_t)(slash - image);
        if (memchr(image, '.', n) || memchr(image, ':', n) || str_starts(image, "localhost/"))
            return;
    }
    c->set->warnings = strv_add(
        c->a, c->set->warnings,
        arena_printf(c->a,
                     "Warning: %s specifies the image \"%s\" which not a fully qualified image "
                     "name. This is not ideal for performance and security reasons. See the "
                     "podman-pull manpage discussion of short-name-aliases.conf for details.",
                     c->q->file, image));
}

/* What the container is made of: the words that end podman's options. */
static int root_of(struct conversion *c, char ***ret)
{
    const char *image = last(c, "Image"), *rootfs = last(c, "Rootfs");
    if (!image && !rootfs)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "no Image or Rootfs key specified");
    if (image && rootfs)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "the Image And Rootfs keys conflict can not be specified together");
    if (rootfs) {
        *ret = strv_add(c->a, strv_add(c->a, NULL, "--rootfs"), unit_path(c, rootfs));
        return 0;
    }
    warn_of_short_name(c, image);
    int r = image_of(c, image, &image);
    if (r == 0)
        *ret = strv_add(c->a, NULL, image);
    return r;
}

static int set_kill_mode(struct conversion *c)
{
    const char *mode = unit_last(c->a, &c->q->unit, "Service", "KillMode");
    if (!mode)
        unit_set(c->a, c->out, "Service", "KillMode", "mixed");
    else if (!STR_IN(mode, "mixed", "control-group"))
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid KillMode '%s'", mode);
    return 0;
}

/* How systemd learns that it runs: the container's own word, its health, or ours when it was started.  A oneshot
 * service is one whose container has ended. */
static int add_type(struct conversion *c)
{
    const char *type = unit_last(c->a, &c->q->unit, "Service", "Type");
    const char *notify = last(c, "Notify");
    if (type && STR_EQ(type, "oneshot"))
        return 0;
    if (type && !STR_EQ(type, "notify"))
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "invalid service Type '%s'", type);
    unit_set(c->a, c->out, "Service", "Type", "notify");
    unit_set(c->a, c->out, "Service", "NotifyAccess", "all");
    const char *by = "conmon";
    if (notify && STR_EQ(notify, "healthy"))
        by = "healthy";
    else if (unit_bool(&c->q->unit, c->section, "Notify", false))
        by = "container";
    add_arg(c, arena_printf(c->a, "--sdnotify=%s", by));
    add_arg(c, "-d");
    return 0;
}

static int put_reload(struct conversion *c, const char *name)
{
    const char *command = last(c, "ReloadCmd"), *signal = last(c, "ReloadSignal");
    if (command && signal)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                       "ReloadCmd and ReloadSignal are mutually exclusive but both are set");
    if (signal)
        return put_simple_command(c, "ExecReload", "",
                                  (const char *const[]) { "kill", "--signal", signal, name, NULL });
    char **words = command ? last_words(c, "ReloadCmd") : NULL;
    if (!words)
        return 0;
    start_command(c, (const char *const[]) { "exec", name, NULL });
    c->args = strv_concat(c->a, c->args, words);
    put_command(c, "ExecReload");
    return 0;
}

static int put_start(struct conversion *c, const char *name)
{
    char **root = NULL;
    int r = root_of(c, &root);
    if (r == 0)
        r = start_command(
            c, (const char *const[]) { "run", "--name", name, "--replace", "--rm", NULL });
    if (r == 0)
        r = add_type(c);
    if (r == 0)
        r = add_keys(c);
    if (r < 0)
        return r;
    c->args = strv_concat(c->a, strv_concat(c->a, c->args, root), last_words(c, "Exec"));
    put_command(c, "ExecStart");
    return 0;
}

int convert_container(struct conversion *c)
{
    const char *name = container_name(c);
    const char *const rm[] = { "rm", "-v", "-f", "-i", name, NULL };
    /* Before the author's own variables, so that these cannot change it. */
    unit_prepend(c->a, c->out, "Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
    int r = set_kill_mode(c);
    if (r < 0)
        return r;
    unit_default(c->a, c->out, "Service", "SyslogIdentifier", "%N");
    unit_set(c->a, c->out, "Service", "Delegate", "yes");
    r = put_start(c, name);
    if (r == 0)
        r = put_reload(c, name);
    if (r == 0)
        r = put_simple_command(c, "ExecStop", "", rm);
    /* Also when the service failed, and ExecStop= is not run. */
    return r < 0 ? r : put_simple_command(c, "ExecStopPost", "-", rm);
}
