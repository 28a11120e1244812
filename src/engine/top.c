#include <dirent.h>
#include <inttypes.h>

#include "base/fs.h"
#include "base/parse.h"
#include "engine/spec_parts.h"
#include "spec/capability.h"

#include "base/banned.h"

/* `podman top`: the processes of a container, read from the host's /proc. */

struct proc {
    char *stat;   /* behind the command name: fields from 3 on */
    char *status; /* /proc/PID/status */
    char *cmdline, *comm, *label;
    char **nspid; /* pids from the outermost to the container's namespace */
    pid_t pid;
};

struct column_env {
    struct arena *a;
    int64_t now, boot_ns, ticks;
    char *passwd, *group; /* of the container */
    const struct proc *all;
    size_t n;
};

static char *read_text(struct arena *a, const char *path, char filler)
{
    AUTO_BUF b = { .max = 1u << 20 };

    if (fs_read_file(AT_FDCWD, path, &b) < 0 || !b.data)
        return arena_strdup(a, "");
    for (size_t i = 0; i + 1 < b.len; i++)
        if (!b.data[i] && filler)
            b.data[i] = filler;
    while (b.len &&
           (b.data[b.len - 1] == '\n' || b.data[b.len - 1] == '\0' || b.data[b.len - 1] == ' '))
        b.data[--b.len] = '\0';
    return arena_strdup(a, b.data);
}

/* Field @n of /proc/PID/stat, counted as in proc(5). */
static char *stat_field(struct arena *a, const struct proc *p, int n)
{
    const char *s = p->stat;

    for (int i = 3; s && i < n; i++) {
        s = strchr(s, ' ');
        if (s)
            s++;
    }
    return s ? arena_strndup(a, s, strcspn(s, " \n")) : arena_strdup(a, "0");
}

static int64_t stat_number(struct arena *a, const struct proc *p, int n)
{
    int64_t v = 0;

    (void)!parse_i64(stat_field(a, p, n), INT64_MIN, INT64_MAX, &v);
    return v;
}

/* The value of "Key:\tvalue" of /proc/PID/status. */
static char *status_value(struct arena *a, const struct proc *p, const char *key)
{
    size_t n = strlen(key);

    for (const char *s = p->status; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
        if (strncmp(s, key, n) == 0 && s[n] == ':') {
            s += n + 1 + strspn(s + n + 1, " \t");
            return arena_strndup(a, s, strcspn(s, "\n"));
        }
    return arena_strdup(a, "");
}

static char *word(struct arena *a, const char *text, size_t index)
{
    for (size_t i = 0;; i++) {
        text += strspn(text, " \t");
        size_t n = strcspn(text, " \t");
        if (i == index)
            return arena_strndup(a, text, n);
        if (!text[n])
            return arena_strdup(a, "");
        text += n;
    }
}

/* The name for a number in the container's passwd or group; the number itself when it has none. */
static char *name_of(struct arena *a, const char *file, const char *number)
{
    for (char **line = strv_split(a, file, '\n'); *line; line++) {
        char **f = strv_split(a, *line, ':');
        if (strv_len(f) >= 3 && STR_EQ(f[2], number))
            return f[0];
    }
    return arena_strdup(a, number);
}

static char *seconds_text(struct arena *a, int64_t ns)
{
    int64_t s = ns / NSEC_PER_SEC;
    int64_t h = s / 3600, m = s / 60 % 60;

    if (h)
        return arena_printf(a, "%" PRId64 "h%" PRId64 "m%" PRId64 "s", h, m, s % 60);
    if (m)
        return arena_printf(a, "%" PRId64 "m%" PRId64 "s", m, s % 60);
    return arena_printf(a, "%" PRId64 "s", s);
}

static int64_t started(const struct column_env *v, const struct proc *p)
{
    return stat_number(v->a, p, 22) * (NSEC_PER_SEC / v->ticks);
}

static int64_t cpu_ns(const struct column_env *v, const struct proc *p)
{
    return (stat_number(v->a, p, 14) + stat_number(v->a, p, 15)) * (NSEC_PER_SEC / v->ticks);
}

static char *inner_pid(const struct column_env *v, int64_t host)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->all[i].pid == host)
            return v->all[i].nspid[strv_len(v->all[i].nspid) - 1];
    return arena_strdup(v->a, "0");
}

/* Names of the bits of a capability mask without their CAP_, "full" or "none". */
static char *cap_text(const struct column_env *v, const struct proc *p, const char *key)
{
    char *hex = status_value(v->a, p, key);
    uint64_t mask = 0;
    char **names = NULL;
    const char *name;
    int n = 0;

    for (const char *c = hex; *c; c++)
        mask = mask << 4 | (uint64_t)(*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
    if (!mask)
        return arena_strdup(v->a, "none");
    for (; (name = capability_by_number(n)); n++)
        if (mask >> n & 1)
            names = strv_add(v->a, names, name + 4);
    return strv_len(names) == (size_t)n ? arena_strdup(v->a, "full") : strv_join(v->a, names, ",");
}

#define COLUMN(fn) static char *fn(const struct column_env *v, const struct proc *p)
COLUMN(col_args)
{
    return *p->cmdline ? p->cmdline : arena_printf(v->a, "[%s]", p->comm);
}
COLUMN(col_comm)
{
    (void)v;
    return p->comm;
}
COLUMN(col_pid)
{
    return inner_pid(v, p->pid);
}
COLUMN(col_hpid)
{
    return arena_printf(v->a, "%d", (int)p->pid);
}
COLUMN(col_ppid)
{
    return inner_pid(v, stat_number(v->a, p, 4));
}
COLUMN(col_pgid)
{
    return word(v->a, status_value(v->a, p, "NSpgid"), strv_len(p->nspid) - 1);
}
COLUMN(col_user)
{
    return name_of(v->a, v->passwd, word(v->a, status_value(v->a, p, "Uid"), 1));
}
COLUMN(col_ruser)
{
    return name_of(v->a, v->passwd, word(v->a, status_value(v->a, p, "Uid"), 0));
}
COLUMN(col_group)
{
    return name_of(v->a, v->group, word(v->a, status_value(v->a, p, "Gid"), 1));
}
COLUMN(col_rgroup)
{
    return name_of(v->a, v->group, word(v->a, status_value(v->a, p, "Gid"), 0));
}
COLUMN(col_huser)
{
    return word(v->a, status_value(v->a, p, "Uid"), 1);
}
COLUMN(col_hgroup)
{
    return word(v->a, status_value(v->a, p, "Gid"), 1);
}
COLUMN(col_groups)
{
    return status_value(v->a, p, "Groups");
}
COLUMN(col_nice)
{
    return stat_field(v->a, p, 19);
}
COLUMN(col_state)
{
    return stat_field(v->a, p, 3);
}
COLUMN(col_time)
{
    return seconds_text(v->a, cpu_ns(v, p));
}
COLUMN(col_etime)
{
    return seconds_text(v->a, v->boot_ns - started(v, p));
}
COLUMN(col_pcpu)
{
    int64_t up = v->boot_ns - started(v, p);
    return arena_printf(v->a, "%.3f", up > 0 ? 100.0 * (double)cpu_ns(v, p) / (double)up : 0.0);
}
COLUMN(col_tty)
{
    int64_t dev = stat_number(v->a, p, 7);
    int64_t maj = dev >> 8 & 0xfff, min = (dev & 0xff) | (dev >> 12 & 0xfff00);
    return dev == 0                   ? arena_strdup(v->a, "?")
           : maj >= 136 && maj <= 143 ? arena_printf(v->a, "pts/%" PRId64, min)
                                      : arena_printf(v->a, "tty%" PRId64, min);
}
COLUMN(col_vsz)
{
    return arena_printf(v->a, "%" PRId64, stat_number(v->a, p, 23) / 1024);
}
COLUMN(col_rss)
{
    return arena_printf(v->a, "%" PRId64, stat_number(v->a, p, 24) * 4);
}
COLUMN(col_stime)
{
    return seconds_text(v->a, started(v, p));
}
COLUMN(col_label)
{
    (void)v;
    return *p->label ? p->label : arena_strdup(v->a, "?");
}
COLUMN(col_seccomp)
{
    static const char *const modes[] = { "disabled", "strict", "filter" };
    uint64_t m;
    char *s = status_value(v->a, p, "Seccomp");
    return arena_strdup(v->a, parse_u64(s, 2, &m) == 0 ? modes[m] : "?");
}
COLUMN(col_capeff)
{
    return cap_text(v, p, "CapEff");
}
COLUMN(col_capprm)
{
    return cap_text(v, p, "CapPrm");
}
COLUMN(col_capinh)
{
    return cap_text(v, p, "CapInh");
}
COLUMN(col_capbnd)
{
    return cap_text(v, p, "CapBnd");
}
COLUMN(col_capamb)
{
    return cap_text(v, p, "CapAmb");
}

static const struct {
    const char *name, *code, *header;
    char *(*fn)(const struct column_env *v, const struct proc *p);
} columns[] = {
    { "args", "%a", "COMMAND", col_args },
    { "capamb", NULL, "AMBIENT CAPS", col_capamb },
    { "capbnd", NULL, "BOUNDING CAPS", col_capbnd },
    { "capeff", NULL, "EFFECTIVE CAPS", col_capeff },
    { "capinh", NULL, "INHERITED CAPS", col_capinh },
    { "capprm", NULL, "PERMITTED CAPS", col_capprm },
    { "comm", "%c", "COMMAND", col_comm },
    { "etime", "%t", "ELAPSED", col_etime },
    { "group", "%G", "GROUP", col_group },
    { "groups", NULL, "GROUPS", col_groups },
    { "hgroup", NULL, "HGROUP", col_hgroup },
    { "hpid", NULL, "HPID", col_hpid },
    { "huser", NULL, "HUSER", col_huser },
    { "label", NULL, "LABEL", col_label },
    { "nice", "%n", "NI", col_nice },
    { "pcpu", "%C", "%CPU", col_pcpu },
    { "pgid", "%r", "PGID", col_pgid },
    { "pid", "%p", "PID", col_pid },
    { "ppid", "%P", "PPID", col_ppid },
    { "rgroup", "%g", "RGROUP", col_rgroup },
    { "rss", NULL, "RSS", col_rss },
    { "ruser", "%u", "RUSER", col_ruser },
    { "seccomp", NULL, "SECCOMP", col_seccomp },
    { "state", NULL, "STATE", col_state },
    { "stime", NULL, "STIME", col_stime },
    { "time", "%x", "TIME", col_time },
    { "tty", "%y", "TTY", col_tty },
    { "user", "%U", "USER", col_user },
    { "vsz", "%z", "VSZ", col_vsz },
};

static bool read_proc(struct arena *a, pid_t pid, struct proc *p)
{
    char *dir = arena_printf(a, "/proc/%d", (int)pid);
    char *stat = read_text(a, arena_printf(a, "%s/stat", dir), 0);
    char *open = strchr(stat, '('), *close = strrchr(stat, ')');

    if (!open || !close || !close[1])
        return false; /* gone */
    p->pid = pid;
    p->comm = arena_strndup(a, open + 1, (size_t)(close - open - 1));
    p->stat = close + 2;
    p->status = read_text(a, arena_printf(a, "%s/status", dir), 0);
    p->cmdline = read_text(a, arena_printf(a, "%s/cmdline", dir), ' ');
    p->label = read_text(a, arena_printf(a, "%s/attr/current", dir), 0);
    char *ns = status_value(a, p, "NSpid");
    for (size_t i = 0;; i++) {
        char *w = word(a, ns, i);
        if (!*w)
            break;
        p->nspid = strv_add(a, p->nspid, w);
    }
    if (!p->nspid)
        p->nspid = strv_add(a, NULL, arena_printf(a, "%d", (int)pid));
    return true;
}

static int ask_pids(struct engine *e, const struct container *c, json_t **ret, struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    AUTO_JSON *req = json_pack("{s:s}", "op", "top");

    return dir < 0 ? err_sys(err, -dir, "opening the run directory of %s", c->config.id)
                   : supervise_request(dir, req, 10000, ret, NULL, err);
}

static size_t find_column(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(columns) && !STR_EQ(name, columns[i].name) &&
           !str_same(name, columns[i].code))
        i++;
    return i;
}

bool container_top_knows(char *const *descriptors)
{
    for (; descriptors && *descriptors; descriptors++)
        if (find_column(*descriptors) == ARRAY_SIZE(columns))
            return false;
    return true;
}

static int find_columns(struct arena *a, char *const *names, size_t **ret, size_t *ret_n,
                        struct err *err)
{
    if (!names)
        names = strv_split(a, "user pid ppid pcpu etime tty time args", ' ');
    *ret = arena_alloc(a, strv_len(names) * sizeof(size_t));
    *ret_n = 0;
    for (; *names; names++) {
        size_t i = find_column(*names);
        if (i == ARRAY_SIZE(columns))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "unknown descriptor: '%s' (--list-descriptors prints the known ones)",
                           *names);
        (*ret)[(*ret_n)++] = i;
    }
    return 0;
}

/* ps(1)'s order would be that of pids; the monitor's is the cgroup's. */
static int by_pid(const void *x, const void *y)
{
    const struct proc *a = x, *b = y;

    return (a->pid > b->pid) - (a->pid < b->pid);
}

int container_top(struct engine *e, struct arena *a, const struct container *c,
                  char *const *descriptors, char ****ret_rows, struct err *err)
{
    size_t *cols, ncols;

    if (!c) { /* the list of descriptors */
        char ***rows = arena_alloc(a, (ARRAY_SIZE(columns) + 1) * sizeof(*rows));
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
            rows[i] = strv_add(a, NULL, columns[i].name);
        *ret_rows = rows;
        return 0;
    }
    if (c->status != CTR_RUNNING && c->status != CTR_PAUSED)
        return err_set(err, ERR_STATE, EINVAL, "top can only be used on running containers");
    int r = find_columns(a, descriptors, &cols, &ncols, err);
    if (r < 0)
        return r;
    AUTO_JSON *answer = NULL;
    r = ask_pids(e, c, &answer, err);
    if (r < 0)
        return r;
    json_t *pids = json_object_get(answer, "pids");
    struct proc *all = arena_alloc(a, (json_array_size(pids) + 1) * sizeof(*all));
    struct timespec up;
    clock_gettime(CLOCK_BOOTTIME, &up);
    char *root = arena_printf(a, "/proc/%" PRId64 "/root", c->run.pid);
    struct column_env v = { .a = a,
                            .boot_ns = (int64_t)up.tv_sec * NSEC_PER_SEC + up.tv_nsec,
                            .ticks = sysconf(_SC_CLK_TCK),
                            .all = all,
                            .passwd = read_text(a, arena_printf(a, "%s/etc/passwd", root), 0),
                            .group = read_text(a, arena_printf(a, "%s/etc/group", root), 0) };
    for (size_t i = 0; i < json_array_size(pids); i++)
        if (read_proc(a, (pid_t)json_integer_value(json_array_get(pids, i)), &all[v.n]))
            v.n++;
    qsort(all, v.n, sizeof(*all), by_pid);
    char ***rows = *ret_rows = arena_alloc(a, (v.n + 2) * sizeof(*rows));
    for (size_t k = 0; k < ncols; k++)
        rows[0] = strv_add(a, rows[0], columns[cols[k]].header);
    for (size_t i = 0; i < v.n; i++)
        for (size_t k = 0; k < ncols; k++)
            rows[i + 1] = strv_add(a, rows[i + 1], columns[cols[k]].fn(&v, &all[i]));
    return 0;
}
