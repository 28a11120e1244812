/* podman pod clone */
#include "cli/containers/select.h"
#include "cli/pods/pods.h"

#include "base/banned.h"

struct clone_args {
    struct create_args c; /* options of the copy's infra container */
    char *infra_command, *infra_name;
    bool destroy, start;
};

#define A struct clone_args

/* What was given goes before what the first one has. */
static void override_limits(const struct cmd_ctx *x, const struct container_resources *given,
                            struct container_resources *r)
{
    if (cmd_given(x, "memory"))
        r->memory = given->memory;
    if (cmd_given(x, "memory-swap"))
        r->memory_swap = given->memory_swap;
    if (cmd_given(x, "cpu-shares"))
        r->cpu_shares = given->cpu_shares;
    if (cmd_given(x, "cpus")) {
        r->cpu_quota = given->cpu_quota;
        r->cpu_period = given->cpu_period;
        r->nano_cpus = given->nano_cpus;
    }
    if (cmd_given(x, "cpuset-cpus"))
        r->cpuset_cpus = given->cpuset_cpus;
    if (cmd_given(x, "cpuset-mems"))
        r->cpuset_mems = given->cpuset_mems;
    if (cmd_given(x, "blkio-weight"))
        r->blkio_weight = given->blkio_weight;
    if (cmd_given(x, "blkio-weight-device"))
        r->blkio_weight_device = given->blkio_weight_device;
    if (cmd_given(x, "device-read-bps"))
        r->read_bps = given->read_bps;
    if (cmd_given(x, "device-write-bps"))
        r->write_bps = given->write_bps;
}

static void override_security(const struct container_config *given, struct container_config *c)
{
    if (given->seccomp_profile)
        c->seccomp_profile = given->seccomp_profile;
    if (given->apparmor_profile)
        c->apparmor_profile = given->apparmor_profile;
    if (given->label_opts)
        c->label_opts = given->label_opts;
    c->no_new_privileges |= given->no_new_privileges;
}

static void override_namespaces(const struct cmd_ctx *x, const struct container_config *given,
                                struct container_config *c)
{
    if (given->userns || given->uid_map.n || given->gid_map.n) {
        c->userns = given->userns;
        memcpy(&c->uid_map, &given->uid_map, sizeof(c->uid_map));
        memcpy(&c->gid_map, &given->gid_map, sizeof(c->gid_map));
    }
    if (given->pidns)
        c->pidns = given->pidns;
    if (given->utsns)
        c->utsns = given->utsns;
    if (given->hostname)
        c->hostname = given->hostname;
    if (cmd_given(x, "shm-size"))
        c->shm_size = given->shm_size;
    if (cmd_given(x, "shm-size-systemd"))
        c->shm_size_systemd = given->shm_size_systemd;
}

static void override(struct cmd_ctx *x, const struct clone_args *o,
                     const struct container_config *given, struct pod_config *p,
                     struct container_config *c)
{
    override_limits(x, &given->resources, &p->resources);
    override_security(given, c);
    override_namespaces(x, given, c);
    for (size_t i = 0; i < given->mounts.n; i++)
        *LIST_ADD(x->arena, c->mounts) = given->mounts.items[i];
    for (size_t i = 0; i < given->devices.n; i++)
        *LIST_ADD(x->arena, c->devices) = given->devices.items[i];
    for (size_t i = 0; i < given->sysctls.n; i++)
        kv_set(x->arena, &c->sysctls, given->sysctls.items[i].key, given->sysctls.items[i].val);
    for (size_t i = 0; i < given->labels.n; i++)
        kv_set(x->arena, &p->labels, given->labels.items[i].key, given->labels.items[i].val);
    if (o->c.cgroup_parent)
        p->cgroup_parent = o->c.cgroup_parent;
    if (o->c.restart) {
        p->restart_policy = given->restart_policy;
        p->restart_tries = given->restart_tries;
    }
    if (o->c.security_opt)
        p->security_opts = o->c.security_opt;
    c->name = o->infra_name;
    c->monitor_pid_file = o->c.conmon_pidfile;
}

static int finish(struct cmd_ctx *x, const struct clone_args *o, struct pod *old, const char *id)
{
    struct engine *e = cmd_engine(x);
    char **warnings = NULL, **problems = NULL;
    struct pod p;
    int r = o->destroy ? pod_remove(e, x->arena, old, true, -2, x->err) : 0;

    if (r == 0 && o->start) {
        r = pod_find(e, x->arena, id, &p, x->err);
        if (r == 0)
            r = pod_start(e, x->arena, &p, &warnings, &problems, x->err);
        log_warnings(warnings);
    }
    if (r == 0)
        puts(id);
    return r;
}

static int clone_run(struct cmd_ctx *x, void *args)
{
    struct clone_args *o = args;
    struct container_config infra, given = { 0 };
    struct pull_request pull = { 0 };
    struct pod_config p;
    char **warnings = NULL;
    struct pod old;

    int r = pod_select_one(x, false, x->args[0], &old);
    if (r < 0)
        return r;
    if (x->nargs > 1 && o->c.name)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "cannot specify --name and a name as argument: %s", x->args[1]);
    const char *name = x->nargs > 1 ? x->args[1] : o->c.name;
    o->c.name = NULL;
    pod_create_defaults(&o->c);
    r = create_fill(x, &o->c, &given, &pull);
    if (r < 0)
        return r;
    pod_clone_config(cmd_engine(x), x->arena, &old, &p, &infra);
    override(x, o, &given, &p, &infra);
    if (name)
        p.name = arena_strdup(x->arena, name);
    const struct container *before = pod_infra(&old);
    bool image = before && !str_empty(before->config.image);
    if (!image && !str_empty(o->infra_command))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--infra-command needs a pod with an infra image");
    struct pod_create how = {
        .pod = &p,
        .infra = &infra,
        .infra_image = image ? before->config.image_name : NULL,
        .infra_command = !str_empty(o->infra_command) ? strv_add(x->arena, NULL, o->infra_command)
                         : image                      ? before->config.entrypoint
                                                      : NULL,
        .pull = &pull,
    };
    r = pod_clone(cmd_engine(x), x->arena, &old, &how, &warnings, x->err);
    print_warnings(warnings);
    return r < 0 ? r : finish(x, o, &old, p.id);
}

static const struct opt clone_opts[] = {
    O_STR(0, "blkio-weight", A, c.blkio_weight, "weight",
          "Block IO relative weight, between 10 and 1000"),
    O_STRV(0, "blkio-weight-device", A, c.blkio_weight_device, "device:weight",
           "Block IO weight (relative device weight, format: DEVICE_NAME:WEIGHT)"),
    O_STR(0, "cgroup-parent", A, c.cgroup_parent, "path", "Cgroup beneath which the pod's is made"),
    O_UINT('c', "cpu-shares", A, c.cpu_shares, "shares", "CPU shares (relative weight)"),
    O_F64(0, "cpus", A, c.cpus, "number", "Number of CPUs that the members may use together"),
    O_STR(0, "cpuset-cpus", A, c.cpuset_cpus, "list",
          "CPUs in which to allow execution (0-3, 0,1)"),
    O_STR(0, "cpuset-mems", A, c.cpuset_mems, "list",
          "Memory nodes (MEMs) in which to allow execution (0-3, 0,1)"),
    O_BOOL(0, "destroy", A, destroy, "Destroy the original pod"),
    O_STRV(0, "device", A, c.device, "host[:ctr[:rwm]]", "Add a host device to every member"),
    O_STRV(0, "device-read-bps", A, c.device_read_bps, "path:rate",
           "Limit read rate (bytes per second) from a device"),
    O_STRV(0, "device-write-bps", A, c.device_write_bps, "path:rate",
           "Limit write rate (bytes per second) to a device"),
    O_SLICE(0, "gidmap", A, c.gidmap, "ctr:host:size", "GID map to use for the user namespace"),
    O_STRV(0, "gpus", A, c.later, "device", "Not supported yet",
           .flags = OPTF_HIDDEN | OPTF_UNSUPPORTED),
    O_STR('h', "hostname", A, c.hostname, "name", "Set a hostname to the pod"),
    O_STR(0, "infra-command", A, infra_command, "command",
          "The command to run on the infra container when the pod is started"),
    O_STR(0, "infra-conmon-pidfile", A, c.conmon_pidfile, "path",
          "Path of the file that receives the PID of the infra container's monitor",
          .complete = COMPLETE_FILE),
    O_STR(0, "infra-name", A, infra_name, "name", "The name used as infra container name"),
    O_STRV('l', "label", A, c.label, "key=value", "Set metadata on the pod"),
    O_STRV(0, "label-file", A, c.label_file, "path", "Read in a line delimited file of labels",
           .complete = COMPLETE_FILE),
    O_STR('m', "memory", A, c.memory, "bytes", "Memory limit of all members together"),
    O_STR(0, "memory-swap", A, c.memory_swap, "bytes",
          "Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
    O_STR('n', "name", A, c.name, "name", "Assign a name to the copy; POD-clone otherwise"),
    O_STR(0, "pid", A, c.pid, "mode", "PID namespace to use"),
    O_STR(0, "restart", A, c.restart, "policy",
          "Restart policy of members that name none of their own",
          .choices = "always|no|never|on-failure|on-failure:|unless-stopped",
          .flags = OPTF_OPEN_CHOICE),
    O_STRV(0, "security-opt", A, c.security_opt, "option", "Security options of every member"),
    O_STR(0, "shm-size", A, c.shm_size, "bytes",
          "Size of /dev/shm (format: <number>[<unit>], where unit = b, k, m, or g)"),
    O_STR(0, "shm-size-systemd", A, c.shm_size_systemd, "bytes",
          "Size of systemd specific tmpfs mounts"),
    O_BOOL(0, "start", A, start, "Start the new pod after cloning"),
    O_STR(0, "subgidname", A, c.subgidname, "name",
          "Name of range listed in /etc/subgid for use in user namespace"),
    O_STR(0, "subuidname", A, c.subuidname, "name",
          "Name of range listed in /etc/subuid for use in user namespace"),
    O_SLICE(0, "sysctl", A, c.sysctl, "name=value", "Sysctl options of the pod's namespaces"),
    O_SLICE(0, "uidmap", A, c.uidmap, "ctr:host:size", "UID map to use for the user namespace"),
    O_STR(0, "userns", A, c.userns, "mode", "User namespace to use"),
    O_STR(0, "uts", A, c.uts, "mode", "UTS namespace to use"),
    O_STRV('v', "volume", A, c.volume, "[src:]dst[:options]",
           "Bind mount a volume into every member"),
    O_STRV(0, "volumes-from", A, c.volumes_from, "container",
           "Mount volumes from the specified container(s) into every member",
           .complete = COMPLETE_CONTAINER),
    { 0 },
};
static const struct opt *const clone_tables[] = { clone_opts, NULL };
static const char *const clone_examples[] = { "podman pod clone pod1", "podman pod clone pod1 pod2",
                                              "podman pod clone --start --memory 1g pod1 pod2",
                                              NULL };
const struct cmd cmd_pod_clone = {
    .name = "clone",
    .summary = "Clone an existing pod",
    .usage = "[options] POD [NAME]",
    .description = "Makes a copy of a pod and of all its containers, which are called as those "
                   "are, with -clone behind.",
    .examples = clone_examples,
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_POD,
    .opts = clone_tables,
    .args_size = sizeof(A),
    .run = clone_run,
};
