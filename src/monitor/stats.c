/* What the container runs and what it has used, from its cgroup or, where it has none, from /proc. */
#include <dirent.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/monitor.h"
#include "spec/stats.h"

#include "base/banned.h"

typedef JSON_LIST(pid_t) pid_list;

/* ---------- interfaces ---------- */

/* The columns of /proc/net/dev behind the name, as proc(5) has them. */
enum {
    RX_BYTES,
    RX_PACKETS,
    RX_ERRORS,
    RX_DROPPED,
    TX_BYTES = 8,
    TX_PACKETS,
    TX_ERRORS,
    TX_DROPPED,
    COLUMNS = 16
};

static void add_interface(struct arena *a, struct run_stats *s, char *line)
{
    int64_t v[COLUMNS] = { 0 };
    char *colon = strchr(line, ':'), *save;
    size_t n = 0;

    if (!colon)
        return;
    *colon = '\0';
    line += strspn(line, " ");
    if (STR_EQ(line, "lo"))
        return;
    for (char *w = strtok_r(colon + 1, " ", &save); w && n < COLUMNS;
         w = strtok_r(NULL, " ", &save))
        (void)!parse_i64(w, 0, INT64_MAX, &v[n++]);
    *LIST_ADD(a, s->interfaces) = (struct interface_stats) {
        .name = arena_strdup(a, line),
        .rx_bytes = v[RX_BYTES],
        .rx_packets = v[RX_PACKETS],
        .rx_errors = v[RX_ERRORS],
        .rx_dropped = v[RX_DROPPED],
        .tx_bytes = v[TX_BYTES],
        .tx_packets = v[TX_PACKETS],
        .tx_errors = v[TX_ERRORS],
        .tx_dropped = v[TX_DROPPED],
    };
}

/* The host's interfaces are not the container's, although it may use them. */
static bool has_own_network(pid_t pid)
{
    struct stat theirs, ours;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
           theirs.st_ino != ours.st_ino;
}

static void interface_stats(struct arena *a, pid_t pid, struct run_stats *s)
{
    AUTO_BUF b = { .max = 1 << 20 };
    char path[64], *save;

    snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
    if (!has_own_network(pid) || fs_read_file(AT_FDCWD, path, &b) < 0 || !b.data)
        return;
    for (char *l = strtok_r(b.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        add_interface(a, s, l);
}

/* ---------- processes ---------- */

/* Without a cgroup: the processes of the container's PID namespace. */
static void namespace_pids(struct arena *a, pid_t init, pid_list *out)
{
    char own[64], path[64];
    struct stat ns, other;
    DIR *proc = opendir("/proc");

    snprintf(own, sizeof(own), "/proc/%d/ns/pid", (int)init);
    bool shared = stat(own, &ns) < 0 ||
                  (stat("/proc/self/ns/pid", &other) == 0 && other.st_ino == ns.st_ino);
    *LIST_ADD(a, *out) = init;
    for (struct dirent *e; proc && !shared && (e = readdir(proc));) {
        uint32_t pid;
        if (parse_u32(e->d_name, &pid) < 0 || (pid_t)pid == init)
            continue;
        snprintf(path, sizeof(path), "/proc/%u/ns/pid", pid);
        if (stat(path, &other) == 0 && other.st_ino == ns.st_ino)
            *LIST_ADD(a, *out) = (pid_t)pid;
    }
    if (proc)
        closedir(proc);
}

static void container_pids(struct monitor *m, struct arena *a, pid_list *out)
{
    if (!m->cgroup || oci_cgroup_pids(m->cgroup, a, &out->items, &out->n, NULL) < 0)
        namespace_pids(a, (pid_t)m->state.pid, out);
}

int op_top(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    AUTO_ARENA a = { 0 };
    pid_list pids = { 0 };
    json_t *list = json_array();

    (void)req, (void)err;
    container_pids(m, &a, &pids);
    for (size_t i = 0; i < pids.n; i++)
        json_array_append_new(list, json_integer(pids.items[i]));
    answer_ok(c, json_pack("{s:o}", "pids", list));
    return 0;
}

/* ---------- stats without a cgroup ---------- */

/* Fields of /proc/PID/stat as proc(5) counts them. */
enum { STAT_AFTER_NAME = 3, STAT_UTIME = 14, STAT_STIME, STAT_CUTIME, STAT_CSTIME, STAT_RSS = 24 };

/* Adds what one process and the children it has waited for have used. */
static void add_process(pid_t pid, struct run_stats *s)
{
    AUTO_BUF b = { .max = 8192 };
    int64_t v[STAT_RSS + 1] = { 0 };
    char path[64], *save;
    int n = STAT_AFTER_NAME;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    char *rest = fs_read_file(AT_FDCWD, path, &b) == 0 && b.data ? strrchr(b.data, ')') : NULL;
    if (!rest)
        return;
    for (char *w = strtok_r(rest + 1, " ", &save); w && n <= STAT_RSS;
         w = strtok_r(NULL, " ", &save), n++)
        (void)!parse_i64(w, 0, INT64_MAX, &v[n]);
    int64_t tick = NSEC_PER_SEC / sysconf(_SC_CLK_TCK);
    s->cpu_ns += (v[STAT_UTIME] + v[STAT_STIME] + v[STAT_CUTIME] + v[STAT_CSTIME]) * tick;
    s->cpu_system_ns += (v[STAT_STIME] + v[STAT_CSTIME]) * tick;
    s->memory += v[STAT_RSS] * sysconf(_SC_PAGESIZE);
    s->pids++;
}

static void process_stats(struct monitor *m, struct arena *a, struct run_stats *s)
{
    pid_list pids = { 0 };

    container_pids(m, a, &pids);
    for (size_t i = 0; i < pids.n; i++)
        add_process(pids.items[i], s);
    s->memory_limit = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

int op_stats(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct run_stats s = { .sampled_at = time_now() };

    (void)req, (void)err;
    if (m->cgroup)
        oci_cgroup_stats(m->cgroup, &s);
    else
        process_stats(m, &a, &s);
    interface_stats(&a, (pid_t)m->state.pid, &s);
    answer_ok(c, json_pack("{s:o}", "stats", json_from(&run_stats_type, &s)));
    return 0;
}
