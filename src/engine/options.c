#include "engine/options.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "supervise/supervise.h"

#include "base/banned.h"

/* Is there a component that ".." takes back?  (Not another ".." of a relative path.) */
static bool has_parent(const char *path, size_t n)
{
    return n &&
           !(n >= 2 && path[n - 1] == '.' && path[n - 2] == '.' && (n == 2 || path[n - 3] == '/'));
}

char *path_clean(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 2);
    size_t n = 0;
    bool absolute = path[0] == '/';

    for (const char *p = path; *p;) {
        size_t len = strcspn(p, "/");
        if (len == 2 && strncmp(p, "..", 2) == 0 && (absolute || has_parent(out, n))) {
            while (n && out[--n] != '/')
                ;
        } else if (len && !(len == 1 && *p == '.')) {
            if (n || absolute)
                out[n++] = '/';
            memcpy(out + n, p, len);
            n += len;
        }
        p += len;
        while (*p == '/')
            p++;
    }
    if (n == 0)
        out[n++] = absolute ? '/' : '.';
    out[n] = '\0';
    return out;
}

int option_name_check(const char *name, struct err *err)
{
    bool ok = isalnum((unsigned char)name[0]);

    for (const char *p = name; ok && *p; p++)
        ok = isalnum((unsigned char)*p) || strchr("_.-", *p);
    if (!ok)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: \"%s\": invalid argument",
                       name);
    return 0;
}

/* ---------- limits and signals ---------- */

static const struct {
    const char *name;
    int resource;
} rlimits[] = {
    { "core", RLIMIT_CORE },         { "cpu", RLIMIT_CPU },
    { "data", RLIMIT_DATA },         { "fsize", RLIMIT_FSIZE },
    { "locks", RLIMIT_LOCKS },       { "memlock", RLIMIT_MEMLOCK },
    { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
    { "nofile", RLIMIT_NOFILE },     { "nproc", RLIMIT_NPROC },
    { "rss", RLIMIT_RSS },           { "rtprio", RLIMIT_RTPRIO },
    { "rttime", RLIMIT_RTTIME },     { "sigpending", RLIMIT_SIGPENDING },
    { "stack", RLIMIT_STACK },
};

static void ulimit_set(struct arena *a, struct container_config *c, const char *name, int64_t soft,
                       int64_t hard)
{
    for (size_t i = 0; i < c->ulimits.n; i++)
        if (STR_EQ(c->ulimits.items[i].name, name)) {
            c->ulimits.items[i].soft = soft;
            c->ulimits.items[i].hard = hard;
            return;
        }
    struct container_ulimit *u = LIST_ADD(a, c->ulimits);
    *u = (struct container_ulimit) { arena_strdup(a, name), soft, hard };
}

static int64_t limit_value(rlim_t v)
{
    return v == RLIM_INFINITY || v > INT64_MAX ? -1 : (int64_t)v;
}

static int ulimit_error(const char *text, const char *reason, struct err *err)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL,
                   "ulimit option \"%s\" requires name=SOFT:HARD, failed to be parsed: %s", text,
                   reason);
}

int option_ulimit(struct arena *a, const char *text, struct container_config *c, struct err *err)
{
    if (STR_EQ(text, "host")) {
        for (size_t i = 0; i < ARRAY_SIZE(rlimits); i++) {
            struct rlimit rl;
            if (getrlimit((__rlimit_resource_t)rlimits[i].resource, &rl) == 0)
                ulimit_set(a, c, rlimits[i].name, limit_value(rl.rlim_cur),
                           limit_value(rl.rlim_max));
        }
        return 0;
    }
    const char *eq = strchr(text, '=');
    int64_t soft, hard;
    if (!eq)
        return ulimit_error(text, arena_printf(a, "invalid ulimit argument: %s", text), err);
    char *name = arena_strndup(a, text, (size_t)(eq - text));
    if (str_starts(name, "RLIMIT_"))
        name += 7;
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    size_t i = 0;
    while (i < ARRAY_SIZE(rlimits) && !STR_EQ(rlimits[i].name, name))
        i++;
    if (i == ARRAY_SIZE(rlimits))
        return ulimit_error(text, arena_printf(a, "invalid ulimit type: %s", name), err);
    char **v = strv_split(a, eq + 1, ':');
    if (strv_len(v) > 2 || parse_i64(v[0], -1, INT64_MAX, &soft) < 0 ||
        parse_i64(v[1] ? v[1] : v[0], -1, INT64_MAX, &hard) < 0)
        return ulimit_error(text, arena_printf(a, "invalid ulimit value: %s", eq + 1), err);
    if (hard != -1 && (soft == -1 || soft > hard))
        return ulimit_error(
            text,
            arena_printf(a,
                         "ulimit soft limit must be less than or equal to hard limit: soft: "
                         "%" PRId64 "%s, hard: %" PRId64,
                         soft, soft == -1 ? " (unlimited)" : "", hard),
            err);
    ulimit_set(a, c, name, soft, hard);
    return 0;
}

enum { CPUS_MAX = 1000000 }; /* far more than any machine has, and 1e9 times it fits */

int option_cpus(double cpus, struct container_resources *r, struct err *err)
{
    if (!(cpus >= 0 && cpus <= CPUS_MAX))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid number of CPUs %g: must be between 0 and %d", cpus, CPUS_MAX);
    r->nano_cpus = (int64_t)(cpus * 1e9);
    r->cpu_period = 100000;
    r->cpu_quota = (int64_t)(cpus * 100000);
    return 0;
}

int option_signal(const char *text, int *ret, struct err *err)
{
    int64_t n;

    text += text[0] == '-'; /* as kill(1) takes it */
    const char *s = text;
    if (parse_i64(s, 0, INT64_MAX, &n) == 0) {
        if (n == 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid signal: %s", text);
        if (n > SIGRTMAX)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "valid signals are 1 through %d", SIGRTMAX);
        *ret = (int)n;
        return 0;
    }
    if (strncasecmp(s, "SIG", 3) == 0)
        s += 3;
    /* The C library's names are the kernel's; real-time ones count from SIGRTMIN. */
    for (int i = 1; i < SIGRTMIN; i++) {
        const char *name = sigabbrev_np(i);
        if (name && strcasecmp(name, s) == 0) {
            *ret = i;
            return 0;
        }
    }
    if (strcasecmp(s, "IOT") == 0 || strcasecmp(s, "CLD") == 0) {
        *ret = toupper((unsigned char)*s) == 'I' ? SIGABRT : SIGCHLD;
        return 0;
    }
    bool max = strncasecmp(s, "RTMAX", 5) == 0;
    if (max || strncasecmp(s, "RTMIN", 5) == 0) {
        int base = max ? SIGRTMAX : SIGRTMIN;
        if (!s[5] || parse_i64(s + 5, max ? SIGRTMIN - SIGRTMAX : 0, max ? 0 : SIGRTMAX - SIGRTMIN,
                               &n) == 0) {
            *ret = base + (s[5] ? (int)n : 0);
            return 0;
        }
    }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid signal: %s", text);
}

const char *signal_name(int signo)
{
    static char name[32];
    const char *abbrev = signo > 0 && signo < SIGRTMIN ? sigabbrev_np(signo) : NULL;

    if (abbrev)
        snprintf(name, sizeof(name), "SIG%s", abbrev);
    else if (signo >= SIGRTMIN && signo <= SIGRTMAX)
        snprintf(name, sizeof(name), signo == SIGRTMIN ? "SIGRTMIN" : "SIGRTMIN+%d",
                 signo - SIGRTMIN);
    else
        return NULL;
    return name;
}

int option_restart(struct arena *a, const char *text, struct container_config *c, struct err *err)
{
    const char *colon = strchrnul(text, ':');
    char *policy = arena_strndup(a, text, (size_t)(colon - text));

    if (STR_EQ(policy, "never"))
        policy = arena_strdup(a, "no");
    if (*policy && !STR_IN(policy, "no", "always", "on-failure", "unless-stopped"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is not a valid restart policy", text);
    c->restart_tries = 0;
    if (*colon) {
        uint64_t n;
        if (!STR_EQ(policy, "on-failure"))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "restart policy \"%s\": retries can only be specified with on-failure",
                           text);
        if (parse_u64(colon + 1, 1u << 30, &n) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid retry count in restart policy \"%s\"", text);
        c->restart_tries = (int64_t)n;
    }
    c->restart_policy = policy;
    return 0;
}

/* ---------- security, ids, environment ---------- */

int option_security(struct arena *a, const char *text, struct container_config *c, struct err *err)
{
    size_t n = strcspn(text, "=:");
    char *key = arena_strndup(a, text, n);
    const char *value = text[n] ? text + n + 1 : NULL;

    if (STR_EQ(key, "no-new-privileges")) {
        if (value && parse_bool(value, &c->no_new_privileges) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid --security-opt \"%s\"", text);
        if (!value)
            c->no_new_privileges = true;
        return 0;
    }
    if (!value)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid --security-opt \"%s\"", text);
    if (STR_EQ(key, "seccomp"))
        c->seccomp_profile = arena_strdup(a, value);
    else if (STR_EQ(key, "apparmor"))
        c->apparmor_profile = arena_strdup(a, value);
    else if (STR_EQ(key, "label"))
        c->label_opts = strv_add(a, c->label_opts, value);
    else if (STR_EQ(key, "mask"))
        c->mask = strv_concat(a, c->mask, strv_split(a, value, ':'));
    else if (STR_EQ(key, "unmask"))
        c->unmask = strv_concat(a, c->unmask,
                                STR_EQ(value, "ALL") ? strv_add(a, NULL, "ALL")
                                                     : strv_split(a, value, ':'));
    else if (STR_EQ(key, "systempaths") && STR_EQ(value, "unconfined"))
        c->unmask = strv_add(a, c->unmask, "ALL");
    else if (STR_EQ(key, "proc-opts"))
        c->proc_opts = arena_strdup(a, value);
    else
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid --security-opt 2: \"%s\"", text);
    return 0;
}

int option_idmap(struct arena *a, const char *text, struct container_config *c, bool gid,
                 struct err *err)
{
    for (char **each = strv_split(a, text, ','); *each; each++) {
        char **f = strv_split(a, *each, ':');
        size_t n = strv_len(f);
        uint64_t v[3] = { 0, 0, 1 };
        bool ok = n == 2 || n == 3;
        for (size_t i = 0; ok && i < n; i++)
            ok = parse_u64(f[i], UINT32_MAX, &v[i]) == 0;
        if (!ok || v[2] == 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid id mapping \"%s\": must be container:host[:size]", *each);
        struct container_idmap m = { (int64_t)v[0], (int64_t)v[1], (int64_t)v[2] };
        if (gid)
            *LIST_ADD(a, c->gid_map) = m;
        else
            *LIST_ADD(a, c->uid_map) = m;
    }
    return 0;
}

int option_subids(struct arena *a, const char *file, const char *name, struct container_config *c,
                  bool gid, struct err *err)
{
    AUTO_BUF b = { .max = 1u << 20 };
    int r = fs_read_file(AT_FDCWD, file, &b);
    int64_t next = 0;

    if (r < 0)
        return err_sys(err, -r, "reading %s", file);
    for (char **line = strv_split(a, b.data ? b.data : "", '\n'); *line; line++) {
        char **f = strv_split(a, *line, ':');
        int64_t start, n;
        if (strv_len(f) != 3 || !STR_EQ(f[0], name) || parse_i64(f[1], 0, UINT32_MAX, &start) < 0 ||
            parse_i64(f[2], 1, UINT32_MAX, &n) < 0)
            continue;
        struct container_idmap m = { next, start, n };
        if (gid)
            *LIST_ADD(a, c->gid_map) = m;
        else
            *LIST_ADD(a, c->uid_map) = m;
        next += n;
    }
    return next ? 0 : err_set(err, ERR_NOT_FOUND, ENOENT, "no ranges for \"%s\" in %s", name, file);
}

char **option_env(struct arena *a, const char *text, char **env)
{
    if (strchr(text, '='))
        return env_set(a, env, text);
    size_t n = strlen(text);
    if (n && text[n - 1] == '*') { /* all of ours that begin so */
        for (char **e = environ; *e; e++)
            if (strncmp(*e, text, n - 1) == 0)
                env = env_set(a, env, *e);
        return env;
    }
    const char *v = getenv(text);
    return v ? env_set(a, env, arena_printf(a, "%s=%s", text, v)) : env;
}

int option_env_file(struct arena *a, const char *path, char ***env, struct err *err)
{
    AUTO_BUF b = { .max = LIMIT_ENV_FILE };
    int r = STR_EQ(path, "-") ? buf_read_fd(&b, STDIN_FILENO) : fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_sys(err, -r, "reading the environment file %s", path);
    const char *text = b.data ? b.data : "";
    for (char **line = strv_split(a, text, '\n'); *line; line++) {
        char *s = *line + strspn(*line, " \t");
        size_t n = strlen(s);
        if (n && s[n - 1] == '\r')
            s[--n] = '\0';
        if (!*s || *s == '#')
            continue;
        size_t key = strcspn(s, "=");
        if (key == 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: no variable name on line '%s'", path,
                           s);
        if (s[key] && (strcspn(s, " \t") < key))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "%s: name \"%.*s\" has white spaces, poorly formatted name", path,
                           (int)key, s);
        *env = option_env(a, s, *env);
    }
    return 0;
}

int option_detach_keys(const char *keys, struct err *err)
{
    unsigned char out[16];

    if (attach_parse_keys(keys, out, sizeof(out)) < 0)
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "invalid detach keys \"%s\": use letters or ctrl-<letter>, separated by commas", keys);
    return 0;
}
