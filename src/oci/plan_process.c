/* The `process` of the specification, decided. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <strings.h>

#include "base/parse.h"
#include "oci/plan.h"
#include "spec/capability.h"

#include "base/banned.h"

struct name_value {
    const char *name;
    int64_t value;
};

static const struct name_value rlimit_names[] = {
    { "RLIMIT_AS", RLIMIT_AS },
    { "RLIMIT_CORE", RLIMIT_CORE },
    { "RLIMIT_CPU", RLIMIT_CPU },
    { "RLIMIT_DATA", RLIMIT_DATA },
    { "RLIMIT_FSIZE", RLIMIT_FSIZE },
    { "RLIMIT_LOCKS", RLIMIT_LOCKS },
    { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
    { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
    { "RLIMIT_NICE", RLIMIT_NICE },
    { "RLIMIT_NOFILE", RLIMIT_NOFILE },
    { "RLIMIT_NPROC", RLIMIT_NPROC },
    { "RLIMIT_RSS", RLIMIT_RSS },
    { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
    { "RLIMIT_RTTIME", RLIMIT_RTTIME },
    { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
    { "RLIMIT_STACK", RLIMIT_STACK },
    { NULL, 0 },
};

static const struct name_value sched_names[] = {
    { "SCHED_OTHER", SCHED_OTHER },
    { "SCHED_FIFO", SCHED_FIFO },
    { "SCHED_RR", SCHED_RR },
    { "SCHED_BATCH", SCHED_BATCH },
    { "SCHED_ISO", 4 },
    { "SCHED_IDLE", SCHED_IDLE },
    { "SCHED_DEADLINE", 6 },
    { NULL, 0 },
};

static const struct name_value sched_flag_names[] = {
    { "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
    { "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
    { "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
    { "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { NULL, 0 },
};

static const struct name_value ioprio_names[] = {
    { "IOPRIO_CLASS_RT", 1 },
    { "IOPRIO_CLASS_BE", 2 },
    { "IOPRIO_CLASS_IDLE", 3 },
    { NULL, 0 },
};

static int by_name(const struct name_value *t, const char *name, int64_t *ret)
{
    for (; t->name; t++)
        if (STR_EQ(t->name, name)) {
            *ret = t->value;
            return 0;
        }
    return -EINVAL;
}

static int plan_rlimits(const struct oci_process *proc, struct arena *a, struct plan_process *p,
                        struct err *err)
{
    p->rlimits = arena_alloc(a, (proc->rlimits.n + 1) * sizeof(*p->rlimits));
    for (size_t i = 0; i < proc->rlimits.n; i++) {
        const struct oci_rlimit *r = &proc->rlimits.items[i];
        int64_t which;
        if (by_name(rlimit_names, r->type, &which) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown rlimit %s", r->type);
        p->rlimits[p->nrlimits++] = (struct plan_rlimit) {
            .resource = (int)which, .limit = { .rlim_cur = r->soft, .rlim_max = r->hard }
        };
    }
    return 0;
}

/* A capability that we do not know (newer than us, or misspelt) is left out with a warning. */
static uint64_t cap_mask(char *const *names, struct arena *a, char ***warnings)
{
    uint64_t mask = 0;

    for (; names && *names; names++) {
        int cap = capability_parse(*names);
        if (cap >= 0)
            mask |= 1ull << cap;
        else
            *warnings = strv_add(a, *warnings, arena_printf(a, "unknown capability %s", *names));
    }
    return mask;
}

/* Which LSM is active decides the file a label is written to. */
static int plan_label(const struct oci_process *proc, struct arena *a, struct plan_process *p,
                      struct err *err)
{
    bool selinux = !str_empty(proc->selinux_label);
    bool apparmor = !str_empty(proc->apparmor_profile) &&
                    !STR_EQ(proc->apparmor_profile, "unconfined");

    if (selinux) {
        if (access("/sys/fs/selinux/enforce", F_OK) < 0)
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "SELinux label %s asked for, but SELinux is not enabled",
                           proc->selinux_label);
        p->exec_label = proc->selinux_label;
        p->label_file = "exec";
    } else if (apparmor) {
        if (access("/sys/kernel/security/apparmor", F_OK) < 0 &&
            access("/sys/module/apparmor", F_OK) < 0)
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "AppArmor profile %s asked for, but AppArmor is not enabled",
                           proc->apparmor_profile);
        p->exec_label = arena_printf(a, "exec %s", proc->apparmor_profile);
        p->label_file = access("/proc/self/attr/apparmor", F_OK) == 0 ? "apparmor/exec" : "exec";
    }
    return 0;
}

static int plan_priorities(const struct oci_process *proc, struct plan_process *p, struct err *err)
{
    int64_t v, prio;

    p->ioprio = -1;
    if (proc->io_priority) {
        if (by_name(ioprio_names, proc->io_priority->class_, &v) < 0 ||
            (prio = proc->io_priority->priority) < 0 || prio > 7)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "bad ioPriority %s",
                           proc->io_priority->class_);
        p->ioprio = (int)(v << 13 | prio);
    }
    if (proc->scheduler) {
        if (by_name(sched_names, proc->scheduler->policy, &v) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown scheduler %s",
                           proc->scheduler->policy);
        p->scheduler = proc->scheduler;
        p->sched_policy = (int)v;
        for (char **f = proc->scheduler->flags; f && *f; f++) {
            if (by_name(sched_flag_names, *f, &v) < 0)
                return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown scheduler flag %s", *f);
            p->sched_flags |= (uint64_t)v;
        }
    }
    return 0;
}

/* "0-3,7" as a mask of the first 64 CPUs. */
static int plan_affinity(const struct oci_process *proc, struct arena *a, struct plan_process *p,
                         struct err *err)
{
    const char *text = proc->exec_cpu_affinity ? proc->exec_cpu_affinity->final : NULL;

    if (str_empty(text) && proc->exec_cpu_affinity)
        text = proc->exec_cpu_affinity->initial;
    if (str_empty(text))
        return 0;
    for (char **v = strv_split(a, text, ','); v && *v; v++) {
        uint64_t from, to;
        char *dash = strchr(*v, '-');
        if (dash)
            *dash = '\0';
        if (parse_u64(*v, 63, &from) < 0 || parse_u64(dash ? dash + 1 : *v, 63, &to) < 0 ||
            to < from)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "bad CPU affinity %s", text);
        for (; from <= to; from++)
            p->affinity |= 1ull << from;
    }
    return 0;
}

static int plan_user(const struct oci_user *u, struct arena *a, struct plan_process *p,
                     struct err *err)
{
    p->uid = u->uid;
    p->gid = u->gid;
    p->umask = u->umask ? (int)(*u->umask & 0777) : -1;
    p->gids = arena_alloc(a, (u->additional_gids.n + 1) * sizeof(gid_t));
    for (size_t i = 0; i < u->additional_gids.n; i++) {
        if (u->additional_gids.items[i] < 0 || u->additional_gids.items[i] > UINT32_MAX)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "additional group out of range");
        p->gids[p->ngids++] = (gid_t)u->additional_gids.items[i];
    }
    return 0;
}

int plan_process(const struct oci_process *proc, struct arena *a, struct plan_process *p,
                 char ***warnings, struct err *err)
{
    if (!proc->args || !proc->args[0])
        return err_set(err, ERR_BAD_PARAM, EINVAL, "process.args is empty");
    if (str_empty(proc->cwd) || proc->cwd[0] != '/')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "process.cwd is not an absolute path");
    p->argv = proc->args;
    p->env = proc->env ? proc->env : arena_alloc(a, sizeof(char *));
    p->cwd = proc->cwd;
    p->no_new_privs = proc->no_new_privileges;
    p->terminal = proc->terminal;
    p->oom_score_adj = proc->oom_score_adj;
    if (proc->console_size) {
        p->rows = (unsigned short)proc->console_size->height;
        p->cols = (unsigned short)proc->console_size->width;
    }
    if (proc->capabilities) {
        char **const sets[CAPSET_COUNT] = {
            [CAPSET_BOUNDING] = proc->capabilities->bounding,
            [CAPSET_EFFECTIVE] = proc->capabilities->effective,
            [CAPSET_INHERITABLE] = proc->capabilities->inheritable,
            [CAPSET_PERMITTED] = proc->capabilities->permitted,
            [CAPSET_AMBIENT] = proc->capabilities->ambient,
        };
        p->has_caps = true;
        for (int i = 0; i < CAPSET_COUNT; i++)
            p->caps[i] = cap_mask(sets[i], a, warnings);
    } else
        p->has_caps = true; /* none at all, as the specification's other readers have it */

    int r = plan_user(&proc->user, a, p, err);
    if (r == 0)
        r = plan_rlimits(proc, a, p, err);
    if (r == 0)
        r = plan_label(proc, a, p, err);
    if (r == 0)
        r = plan_priorities(proc, p, err);
    return r < 0 ? r : plan_affinity(proc, a, p, err);
}
