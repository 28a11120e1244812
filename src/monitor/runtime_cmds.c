/* podman-runtime: what is done to a container that exists. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/runtime.h"

#include "base/banned.h"

static const struct arg no_args[] = { { 0 } };

/* ---- state, list ---- */

static json_t *state_doc(const struct runtime_state *s)
{
    enum runtime_status st = runtime_status_of(s);
    json_t *doc = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "ociVersion", "1.0.0", "id",
                            s->id, "pid", st == RT_STOPPED ? (json_int_t)0 : (json_int_t)s->pid,
                            "status", runtime_status_names[st], "bundle", s->bundle, "rootfs",
                            s->rootfs, "created", s->created);
    json_object_set_new(doc, "owner", json_string(s->user ? s->user : ""));
    json_t *ann = json_object();
    for (size_t i = 0; i < s->annotations.n; i++)
        json_object_set_new(ann, s->annotations.items[i].key,
                            json_string(s->annotations.items[i].val));
    json_object_set_new(doc, "annotations", ann);
    return doc;
}

static void print_json(const json_t *doc)
{
    AUTO_BUF b = { 0 };

    json_text(doc, 2, &b);
    puts(b.data);
}

static int run_state(void *opts, char **argv, struct arena *a, struct err *err)
{
    struct runtime_state s = { 0 };

    (void)opts;
    int r = runtime_load(argv[0], a, &s, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = state_doc(&s);
    print_json(doc);
    return 0;
}
const struct runtime_cmd runtime_state_cmd = { "state", "ID", no_args, 0, 1, 1, run_state };

struct list_args {
    bool quiet;
    char *format;
};
static const struct arg list_args_table[] = {
    A_FLAG(struct list_args, quiet, "quiet", 'q', "ids only"),
    A_STR(struct list_args, format, "format", 'f', "table or json"),
    { 0 },
};

static char **container_ids(struct arena *a, struct err *err)
{
    char **ids = NULL;
    AUTO_CLOSE int root = runtime_root(err);

    if (root < 0)
        return NULL;
    ids = fs_list_dirs(root, a);
    if (!ids)
        err_set(err, ERR_INTERNAL, EIO, "reading the state directory");
    return ids;
}

static int run_list(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct list_args *args = opts;
    AUTO_JSON *all = json_array();

    (void)argv;
    char **ids = container_ids(a, err);
    if (!ids)
        return -EIO;
    if (!args->quiet && !str_same(args->format, "json"))
        printf("%-40s %-8s %-8s %s\n", "NAME", "PID", "STATUS", "BUNDLE PATH");
    for (; *ids; ids++) {
        struct runtime_state s = { 0 };
        if (runtime_load(*ids, a, &s, NULL) < 0)
            continue;
        if (args->quiet)
            puts(s.id);
        else if (str_same(args->format, "json"))
            json_array_append_new(all, state_doc(&s));
        else
            printf("%-40s %-8" PRId64 " %-8s %s\n", s.id, s.pid,
                   runtime_status_names[runtime_status_of(&s)], s.bundle);
    }
    if (str_same(args->format, "json"))
        print_json(all);
    return 0;
}
const struct runtime_cmd runtime_list_cmd = {
    "list", "[options]", list_args_table, sizeof(struct list_args), 0, 0, run_list,
};

/* ---- kill ---- */

struct kill_args {
    bool all;
};
static const struct arg kill_args_table[] = {
    A_FLAG(struct kill_args, all, "all", 'a', "every process of the container"),
    { 0 },
};

static int run_kill(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct kill_args *args = opts;
    struct runtime_state s = { 0 };
    int sig = SIGTERM;

    int r = runtime_load(argv[0], a, &s, err);
    if (r == 0 && argv[1])
        r = runtime_signal(argv[1], &sig, err);
    if (r < 0)
        return r;
    if (args->all && s.cgroup)
        return oci_cgroup_kill(s.cgroup, sig, err);
    if (runtime_status_of(&s) == RT_STOPPED)
        return err_set(err, ERR_STATE, ESRCH, "kill container: container `%s` is not running",
                       s.id);
    if (kill((pid_t)s.pid, sig) < 0)
        return err_sys(err, errno, "kill container");
    return 0;
}
const struct runtime_cmd runtime_kill_cmd = {
    "kill", "[--all] ID [SIGNAL]", kill_args_table, sizeof(struct kill_args), 1, 2, run_kill,
};

/* ---- pause, resume ---- */

static int set_paused(const char *id, bool paused, struct arena *a, struct err *err)
{
    struct runtime_state s = { 0 };

    int r = runtime_load(id, a, &s, err);
    if (r < 0)
        return r;
    enum runtime_status st = runtime_status_of(&s);
    if (paused ? st != RT_RUNNING && st != RT_CREATED : st != RT_PAUSED)
        return err_set(err, ERR_STATE, EINVAL, "container `%s` is %s", s.id,
                       runtime_status_names[st]);
    if (!s.cgroup)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "container `%s` has no cgroup", s.id);
    r = oci_cgroup_freeze(s.cgroup, paused, err);
    if (r < 0)
        return r;
    s.paused = paused;
    return runtime_save(&s, err);
}

static int run_pause(void *opts, char **argv, struct arena *a, struct err *err)
{
    (void)opts;
    return set_paused(argv[0], true, a, err);
}

static int run_resume(void *opts, char **argv, struct arena *a, struct err *err)
{
    (void)opts;
    return set_paused(argv[0], false, a, err);
}
const struct runtime_cmd runtime_pause_cmd = { "pause", "ID", no_args, 0, 1, 1, run_pause };
const struct runtime_cmd runtime_resume_cmd = { "resume", "ID", no_args, 0, 1, 1, run_resume };

/* ---- ps ---- */

struct ps_args {
    char *format;
};
static const struct arg ps_args_table[] = {
    A_STR(struct ps_args, format, "format", 'f', "table or json"),
    { 0 },
};

static int run_ps(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct ps_args *args = opts;
    struct runtime_state s = { 0 };
    pid_t *pids = NULL;
    size_t n = 0;

    int r = runtime_load(argv[0], a, &s, err);
    if (r < 0)
        return r;
    if (!s.cgroup)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "container `%s` has no cgroup", s.id);
    r = oci_cgroup_pids(s.cgroup, a, &pids, &n, err);
    if (r < 0)
        return r;
    bool json = str_same(args->format, "json");
    puts(json ? "[" : "PID");
    for (size_t i = 0; i < n; i++)
        printf(json ? "  %d%s\n" : "%d%.0s\n", (int)pids[i], i + 1 < n ? "," : "");
    if (json)
        puts("]");
    return 0;
}
const struct runtime_cmd runtime_ps_cmd = {
    "ps", "[--format FORMAT] ID", ps_args_table, sizeof(struct ps_args), 1, -1, run_ps,
};

/* ---- update ---- */

struct update_args {
    char *resources, *memory, *memory_reservation, *memory_swap, *cpu_quota, *cpu_period,
        *cpu_share, *cpuset_cpus, *cpuset_mems, *pids_limit, *blkio_weight;
};

#define U struct update_args
static const struct arg update_args_table[] = {
    A_STR(U, resources, "resources", 'r', "file with linux.resources, - for stdin"),
    A_STR(U, memory, "memory", 0, "bytes"),
    A_STR(U, memory_reservation, "memory-reservation", 0, "bytes"),
    A_STR(U, memory_swap, "memory-swap", 0, "bytes, memory and swap together"),
    A_STR(U, cpu_quota, "cpu-quota", 0, "microseconds"),
    A_STR(U, cpu_period, "cpu-period", 0, "microseconds"),
    A_STR(U, cpu_share, "cpu-share", 0, "weight, 1024 is normal"),
    A_STR(U, cpuset_cpus, "cpuset-cpus", 0, "CPUs"),
    A_STR(U, cpuset_mems, "cpuset-mems", 0, "memory nodes"),
    A_STR(U, pids_limit, "pids-limit", 0, "number of processes"),
    A_STR(U, blkio_weight, "blkio-weight", 0, "10 to 1000"),
    { 0 },
};
#undef U

static int number(const char *text, int64_t **at, struct arena *a, struct err *err)
{
    int64_t v;

    if (!text)
        return 0;
    if (STR_EQ(text, "-1"))
        v = -1;
    else if (parse_size(text, &v) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "not a number: %s", text);
    *at = arena_memdup(a, &v, sizeof(v));
    return 0;
}

static int options_to_resources(const struct update_args *u, struct arena *a,
                                struct oci_resources *res, struct err *err)
{
    struct oci_memory *m = res->memory = arena_alloc(a, sizeof(*m));
    struct oci_cpu *c = res->cpu = arena_alloc(a, sizeof(*c));
    struct oci_block_io *b = res->block_io = arena_alloc(a, sizeof(*b));
    int64_t *pids = NULL;
    const struct {
        const char *text;
        int64_t **at;
    } rows[] = { { u->memory, &m->limit },        { u->memory_reservation, &m->reservation },
                 { u->memory_swap, &m->swap },    { u->cpu_quota, &c->quota },
                 { u->cpu_period, &c->period },   { u->cpu_share, &c->shares },
                 { u->blkio_weight, &b->weight }, { u->pids_limit, &pids } };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int r = number(rows[i].text, rows[i].at, a, err);
        if (r < 0)
            return r;
    }
    c->cpus = u->cpuset_cpus;
    c->mems = u->cpuset_mems;
    if (pids) {
        res->pids = arena_alloc(a, sizeof(*res->pids));
        res->pids->limit = *pids;
    }
    return 0;
}

static int read_resources(const char *path, struct arena *a, struct oci_resources *res,
                          struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_JSON_FILE };
    int r = STR_EQ(path, "-") ? buf_read_fd(&text, 0) : fs_read_file(AT_FDCWD, path, &text);

    if (r < 0)
        return err_sys(err, -r, "reading %s", path);
    AUTO_JSON *doc = json_parse(text.data, text.len, path, err);
    return doc ? json_read(a, doc, &oci_resources_type, res, err) : -EINVAL;
}

static int run_update(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct update_args *u = opts;
    struct oci_resources res = { 0 };
    struct runtime_state s = { 0 };
    char **warnings = NULL;

    int r = runtime_load(argv[0], a, &s, err);
    if (r == 0)
        r = u->resources ? read_resources(u->resources, a, &res, err)
                         : options_to_resources(u, a, &res, err);
    if (r < 0)
        return r;
    if (!s.cgroup)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "container `%s` has no cgroup", s.id);
    r = oci_cgroup_apply(s.cgroup, &res, a, &warnings, err);
    for (char **w = warnings; w && *w; w++)
        fprintf(stderr, "podman-runtime: warning: %s\n", *w);
    return r;
}
const struct runtime_cmd runtime_update_cmd = {
    "update", "[options] ID", update_args_table, sizeof(struct update_args), 1, 1, run_update,
};

/* ---- features ---- */

static int run_features(void *opts, char **argv, struct arena *a, struct err *err)
{
    (void)opts;
    (void)argv;
    (void)a;
    AUTO_JSON *doc = oci_features();
    if (!doc)
        return err_set(err, ERR_INTERNAL, ENOMEM, "features");
    print_json(doc);
    return 0;
}
const struct runtime_cmd runtime_features_cmd = {
    "features", "", no_args, 0, 0, 0, run_features,
};
