#include "engine/generate_units.h"

#include <inttypes.h>
#include <time.h>

#include "base/proc.h"
#include "engine/engine_priv.h"
#include "engine/pods.h"
#include "quadlet/words.h"

#include "base/banned.h"

/* What systemd waits for beyond the container's own time to stop, in seconds. */
#define STOP_MARGIN 60

struct maker {
    struct engine *e;
    struct arena *a;
    const struct units_request *q;
    char **podman; /* ourselves, with the global options that the object was made with */
    struct err *err;
};

/* ---------- words and lines ---------- */

/* A word as systemd reads it: '%' and '$' mean something to it. */
static char *escaped(struct arena *a, const char *word)
{
    AUTO_BUF b = { 0 };

    for (const char *p = word; *p; p++) {
        if (*p == '%' || *p == '$')
            buf_putc(&b, *p);
        buf_putc(&b, *p);
    }
    return words_quote(a, (char *[]) { arena_strdup(a, b.data ? b.data : ""), NULL });
}

/* Each option on a line of its own, as far as that can be told. */
static void put_command(struct buf *b, const char *key, char *const *words)
{
    buf_printf(b, "%s=", key);
    for (size_t i = 0; words[i]; i++)
        buf_printf(b, "%s%s", i == 0 ? "" : words[i][0] == '-' ? " \\\n\t" : " ", words[i]);
    buf_putc(b, '\n');
}

static void put_podman(const struct maker *m, struct buf *b, const char *key, char *const *words)
{
    put_command(b, key, strv_concat(m->a, m->podman, words));
}

static char **strings(struct arena *a, const char *const *words)
{
    char **v = NULL;
    for (; *words; words++)
        v = strv_add(a, v, *words);
    return v;
}
#define WORDS(a, ...) strings((a), (const char *const[]) { __VA_ARGS__, NULL })

/* ---------- the command line that made it ---------- */

/* Where the options of `podman [globals] [container] run|create` begin and end: what follows is the
 * image and its command, which are known. */
struct command_line {
    size_t verb;     /* index of "run" or "create" */
    size_t options;  /* the first after it */
    size_t operands; /* the image, or the end */
};

static size_t verb_of(char *const *line)
{
    size_t verb = *line != NULL;

    while (line[verb] && !STR_IN(line[verb], "run", "create"))
        verb++;
    return verb;
}

static int find_parts(const struct maker *m, char *const *line, const char *what, char *const *tail,
                      bool operand, struct command_line *ret)
{
    size_t n = strv_len(line), verb = n ? verb_of(line) : 0, ntail = strv_len(tail);

    if (verb >= n)
        return err_set(m->err, ERR_UNSUPPORTED, EINVAL,
                       "cannot use --new on %s: no create command found", what);
    size_t operands = operand ? n - 1 : n;
    bool given = ntail > 0 && n > verb + 1 + ntail;
    for (size_t i = 0; given && i < ntail; i++)
        given = STR_EQ(line[n - ntail + i], tail[i]);
    if (operand && given)
        operands = n - ntail - 1;
    *ret = (struct command_line) { verb, verb + 1, operands };
    return operands > verb
               ? 0
               : err_set(m->err, ERR_UNSUPPORTED, EINVAL,
                         "cannot use --new on %s: its create command has no image", what);
}

/* Is it one of these options?  *@value: its value is the next word. */
static bool is_option(const char *word, const char *const *options, bool *value)
{
    *value = false;
    for (; *options; options++) {
        bool takes = str_ends(*options, "=");
        size_t len = strlen(*options) - takes;
        if (strncmp(word, *options, len) != 0)
            continue;
        if (word[len] == '=')
            return true;
        if (word[len] == '\0') {
            *value = takes;
            return true;
        }
    }
    return false;
}

/* The options that stay; those that a unit answers for itself are left out. */
static char **kept_options(struct arena *a, char *const *line, const struct command_line *at,
                           const char *const *dropped)
{
    char **out = NULL;

    for (size_t i = at->options; i < at->operands; i++) {
        bool value;
        if (is_option(line[i], dropped, &value))
            i += value;
        else
            out = strv_add(a, out, escaped(a, line[i]));
    }
    return out;
}

static bool was_given(char *const *line, const struct command_line *at, const char *const *options)
{
    bool value;

    for (size_t i = at->options; i < at->operands; i++)
        if (is_option(line[i], options, &value))
            return true;
    return false;
}

/* Our own path and what stood before the verb: without --root nothing would be found again. */
static char **lead_of(struct arena *a, char *const *line)
{
    char **out = strv_add(a, NULL, arena_printf(a, "%s/podman", proc_self_dir()));
    size_t verb = line ? verb_of(line) : 0;

    if (!line || !line[verb])
        return out;
    for (size_t i = 1; i < verb; i++)
        if (!STR_IN(line[i], "container", "pod"))
            out = strv_add(a, out, escaped(a, line[i]));
    return out;
}

/* ---------- sections ---------- */

static void put_list(struct buf *b, const char *key, char *const *words)
{
    for (; words && *words; words++)
        buf_printf(b, "%s=%s\n", key, *words);
}

static void put_header(const struct maker *m, struct buf *b, const char *unit)
{
    char now[64];
    time_t t = time(NULL);
    struct tm tm;

    buf_printf(b, "# %s.service\n", unit);
    if (!m->q->no_header) {
        strftime(now, sizeof(now), "%a %b %e %H:%M:%S %Z %Y", localtime_r(&t, &tm));
        buf_printf(b, "# autogenerated by Podman %s\n# %s\n", PODMAN_VERSION, now);
    }
    buf_printf(b, "\n[Unit]\nDescription=Podman %s.service%s\n", unit,
               m->q->template ? " for %I" : "");
    buf_puts(b, "Documentation=man:podman-generate-systemd(1)\n"
                "Wants=network-online.target\nAfter=network-online.target\n");
    buf_printf(b, "RequiresMountsFor=%s\n",
               m->q->make_new ? "%t/containers" : m->e->store->runroot);
    put_list(b, "Wants", m->q->wants);
    put_list(b, "After", m->q->after);
    put_list(b, "Requires", m->q->requires_);
}

static void put_service(const struct maker *m, struct buf *b, int64_t stop_timeout)
{
    const struct units_request *q = m->q;

    buf_printf(b, "\n[Service]\nEnvironment=PODMAN_SYSTEMD_UNIT=%%n%s\n", q->template ? " %i" : "");
    for (char *const *v = q->env; v && *v; v++)
        buf_printf(b, "Environment=%s\n", escaped(m->a, *v));
    buf_printf(b, "Restart=%s\n", q->restart_policy ? q->restart_policy : "on-failure");
    if (q->restart_sec)
        buf_printf(b, "RestartSec=%" PRId64 "\n", q->restart_sec);
    if (q->start_timeout)
        buf_printf(b, "TimeoutStartSec=%" PRId64 "\n", q->start_timeout);
    buf_printf(b, "TimeoutStopSec=%" PRId64 "\n", stop_timeout + STOP_MARGIN);
}

static void add_unit(const struct maker *m, struct generated_units *out, const char *name,
                     struct buf *b)
{
    buf_puts(b, "\n[Install]\nWantedBy=default.target\n");
    out->items = arena_grow(m->a, out->items, out->n, sizeof(*out->items));
    out->items[out->n++] = (struct generated_unit) { name, arena_strdup(m->a, b->data) };
}

static const char *unit_name(const struct maker *m, const char *prefix, const char *name,
                             const char *id)
{
    const char *what = m->q->by_name ? name : id;
    const char *lead = str_empty(prefix) ? "" : prefix;

    return arena_printf(m->a, "%s%s%s%s", lead, *lead ? m->q->separator : "", what,
                        m->q->template ? "@" : "");
}

/* ---------- containers ---------- */

static int put_new_container(const struct maker *m, struct buf *b, const struct container_config *c,
                             const char *pod_file, const char *timeout)
{
    static const char *const ours[] = {
        "-d",         "--detach",          "--rm",       "--replace",
        "--cidfile=", "--conmon-pidfile=", "--cgroups=", "--pod-id-file=",
        "--restart=", "--sdnotify=",       NULL
    };
    static const char *const in_pod[] = { "--pod=", NULL };
    static const char *const notify[] = { "--sdnotify=", NULL };
    struct arena *a = m->a;
    const char *id_file = "--cidfile=%t/%n.ctr-id";
    struct command_line at;

    char **line = c->create_command;
    int r = find_parts(m, line, arena_printf(a, "container \"%s\"", c->name), c->command, true,
                       &at);
    if (r < 0)
        return r;
    char **run = strv_concat(a, m->podman, WORDS(a, "run", id_file, "--cgroups=no-conmon", "--rm"));
    if (pod_file)
        run = strv_add(a, run, arena_printf(a, "--pod-id-file=%s", pod_file));
    run = strv_add(
        a, run,
        arena_printf(a, "--sdnotify=%s", was_given(line, &at, notify) ? c->sdnotify : "conmon"));
    run = strv_concat(a, run, WORDS(a, "--replace", "-d"));
    for (char **p = kept_options(a, line, &at, ours); p && *p; p++) {
        bool value = false;
        if (pod_file && is_option(*p, in_pod, &value))
            p += value && p[1];
        else
            run = strv_add(a, run, *p);
    }
    for (size_t i = at.operands; line[i]; i++)
        run = strv_add(a, run, escaped(a, line[i]));
    put_command(b, "ExecStart", run);
    put_podman(m, b, "ExecStop", WORDS(a, "stop", "--ignore", "-t", timeout, id_file));
    put_podman(m, b, "ExecStopPost", WORDS(a, "rm", "-f", "--ignore", "-t", timeout, id_file));
    buf_puts(b, "Type=notify\nNotifyAccess=all\n");
    return 0;
}

static void put_old_container(const struct maker *m, struct buf *b,
                              const struct container_config *c, const char *timeout)
{
    const char *what = m->q->by_name ? c->name : c->id;
    char **stop = WORDS(m->a, "stop", "-t", timeout, what);

    put_podman(m, b, "ExecStart", WORDS(m->a, "start", what));
    put_podman(m, b, "ExecStop", stop);
    put_podman(m, b, "ExecStopPost", stop);
    buf_printf(b, "PIDFile=%s\nType=forking\n", c->monitor_pid_file ? c->monitor_pid_file : "");
}

/* @pod: the unit of the pod that it belongs to, NULL without one. */
static int make_container(const struct maker *m, const struct container_config *c, const char *pod,
                          const char *pod_file, struct generated_units *out)
{
    AUTO_BUF b = { 0 };
    int64_t timeout = m->q->stop_timeout >= 0 ? m->q->stop_timeout : c->stop_timeout;
    const char *seconds = arena_printf(m->a, "%" PRId64, timeout);
    const char *name = unit_name(m, m->q->container_prefix, c->name, c->id);
    int r = 0;

    put_header(m, &b, name);
    if (pod)
        buf_printf(&b, "BindsTo=%s.service\nAfter=%s.service\n", pod, pod);
    put_service(m, &b, timeout);
    if (m->q->make_new)
        r = put_new_container(m, &b, c, pod_file, seconds);
    else
        put_old_container(m, &b, c, seconds);
    if (r == 0)
        add_unit(m, out, name, &b);
    return r;
}

/* ---------- pods ---------- */

static int put_new_pod(const struct maker *m, struct buf *b, const struct pod *p, const char *unit,
                       const char *timeout)
{
    static const char *const ours[] = { "--infra-conmon-pidfile=", "--pod-id-file=", "--replace",
                                        "--exit-policy=", NULL };
    struct arena *a = m->a;
    const char *id_file = arena_printf(a, "%%t/%s.pod-id", unit);
    char **line = p->config.create_command;
    struct command_line at;

    int r = find_parts(m, line, arena_printf(a, "pod \"%s\"", p->config.name), NULL, false, &at);
    if (r < 0)
        return r;
    char **create = strv_concat(
        a, m->podman,
        WORDS(a, "pod", "create", arena_printf(a, "--infra-conmon-pidfile=%%t/%s.pid", unit),
              arena_printf(a, "--pod-id-file=%s", id_file), "--exit-policy=stop", "--replace"));
    create = strv_concat(a, create, kept_options(a, line, &at, ours));
    put_command(b, "ExecStartPre", create);
    id_file = arena_printf(a, "--pod-id-file=%s", id_file);
    put_podman(m, b, "ExecStart", WORDS(a, "pod", "start", id_file));
    put_podman(m, b, "ExecStop", WORDS(a, "pod", "stop", "--ignore", id_file, "-t", timeout));
    put_podman(m, b, "ExecStopPost", WORDS(a, "pod", "rm", "--ignore", "-f", id_file));
    buf_printf(b, "PIDFile=%%t/%s.pid\nType=forking\n", unit);
    return 0;
}

static int make_pod(const struct maker *m, const struct pod *p, struct generated_units *out)
{
    AUTO_BUF b = { 0 };
    const struct container *infra = pod_infra(p);
    const char *unit = unit_name(m, m->q->pod_prefix, p->config.name, p->config.id);

    if (!infra)
        return err_set(m->err, ERR_UNSUPPORTED, EINVAL,
                       "generating systemd unit files: Pod %s has no infra container: a unit "
                       "needs its main process",
                       p->config.name);
    int64_t timeout = m->q->stop_timeout >= 0 ? m->q->stop_timeout : infra->config.stop_timeout;
    const char *seconds = arena_printf(m->a, "%" PRId64, timeout);

    put_header(m, &b, unit);
    for (size_t i = 0; i < p->members.n; i++) {
        const struct container_config *c = &p->members.items[i].config;
        const char *name = unit_name(m, m->q->container_prefix, c->name, c->id);
        if (!c->infra)
            buf_printf(&b, "Wants=%s.service\nBefore=%s.service\n", name, name);
    }
    put_service(m, &b, timeout);
    int r = 0;
    if (m->q->make_new)
        r = put_new_pod(m, &b, p, unit, seconds);
    else
        put_old_container(m, &b, &infra->config, seconds);
    if (r < 0)
        return r;
    add_unit(m, out, unit, &b);
    const char *id_file = arena_printf(m->a, "%%t/%s.pod-id", unit);
    for (size_t i = 0; r == 0 && i < p->members.n; i++)
        if (!p->members.items[i].config.infra)
            r = make_container(m, &p->members.items[i].config, unit, id_file, out);
    return r;
}

/* ---------- what was asked for ---------- */

static int check(const struct units_request *q, struct err *err)
{
    const char *policy = q->restart_policy;

    if (policy && !STR_IN(policy, "no", "on-success", "on-failure", "on-abnormal", "on-watchdog",
                          "on-abort", "always"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is not a valid restart policy", policy);
    if (q->template && !q->make_new)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "--template option requires --new");
    for (char *const *v = q->env; v && *v; v++)
        if (!strchr(*v, '=') && !getenv(*v))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "environment variable %s has no value here",
                           *v);
    return 0;
}

int generate_units(struct engine *e, struct arena *a, const struct units_request *q,
                   struct generated_units *out, struct err *err)
{
    struct maker m = { .e = e, .a = a, .q = q, .err = err };
    struct container c;
    struct pod p;
    struct err why = { 0 };

    int r = check(q, err);
    if (r < 0)
        return r;
    if (container_find(e, a, q->name, &c, &why) == 0) {
        if (c.config.pod && *c.config.pod)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "cannot generate systemd unit files for container %s: it is part of pod "
                           "%s: generate those of the pod",
                           c.config.name, pod_name(e, a, c.config.pod));
        m.podman = lead_of(a, c.config.create_command);
        return make_container(&m, &c.config, NULL, NULL, out);
    }
    if (pod_find(e, a, q->name, &p, NULL) < 0)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s does not refer to a container or pod: %s",
                       q->name, why.msg);
    if (q->template)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "--template is not supported for pods");
    m.podman = lead_of(a, p.config.create_command);
    return make_pod(&m, &p, out);
}
