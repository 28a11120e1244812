/* podman pod create; what `run --pod` needs of it */
#include <fcntl.h>

#include "base/fs.h"
#include "cli/containers/select.h"
#include "cli/pods/pods.h"
#include "config/containers.h"
#include "engine/options.h"

#include "base/banned.h"

/* Most options are those of a container, and mean the infra container. */
struct pod_create_args {
    struct create_args c;
    char *exit_policy, *infra_command, *infra_image, *infra_name, *pod_id_file, *share;
    bool infra, share_parent;
};

#define A struct pod_create_args

/* ---------- infra or none ---------- */

static int check_no_infra(struct cmd_ctx *x, const struct pod_create_args *o)
{
    static const char *const needing[] = { "infra-command", "infra-image", "infra-name",
                                           "infra-conmon-pidfile", "share" };
    static const char *const network[] = {
        "add-host",
        "dns",
        "dns-option",
        "dns-search",
        "hostname",
        "hosts-file",
        "ip",
        "ip6",
        "network",
        "mac-address",
        "network-alias",
        "no-hostname",
        "no-hosts",
        "publish",
        "volume",
        "device",
        "sysctl",
        "userns",
        "security-opt",
        "pid",
        "uts",
        "shm-size",
        "uidmap",
        "gidmap",
        "volumes-from",
        "subuidname",
        "subgidname",
        "shm-size-systemd",
    };

    for (size_t i = 0; i < ARRAY_SIZE(needing); i++)
        if (cmd_given(x, needing[i]) &&
            !(STR_EQ(needing[i], "share") && STR_IN(o->share, "none", "")))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "cannot set %s without an infra container", needing[i]);
    for (size_t i = 0; i < ARRAY_SIZE(network); i++)
        if (cmd_given(x, network[i]))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "cannot specify --%s without an infra container", network[i]);
    return 0;
}

static char **words(struct arena *a, const char *text)
{
    if (text[0] == '[') {
        AUTO_JSON *doc = json_parse(text, strlen(text), "--infra-command", NULL);
        char **out = NULL;
        size_t i;
        json_t *each;
        json_array_foreach (doc, i, each) {
            if (json_is_string(each))
                out = strv_add(a, out, json_string_value(each));
        }
        if (out)
            return out;
    }
    return strv_add(a, NULL, text);
}

static char **command_line(struct arena *a)
{
    AUTO_BUF line = { .max = 1u << 20 };
    char **out = NULL;

    if (fs_read_file(AT_FDCWD, "/proc/self/cmdline", &line) == 0)
        for (char *p = line.data; p && p < line.data + line.len; p += strlen(p) + 1)
            out = strv_add(a, out, p);
    return out;
}

/* ---------- the command ---------- */

static int fill_shared(struct cmd_ctx *x, const struct pod_create_args *o, struct pod_config *p,
                       const struct container_config *infra)
{
    int r = o->infra ? option_share(x->arena, o->share, &p->shared, x->err) : 0;
    bool mapped = infra->uid_map.n || infra->gid_map.n ||
                  (!str_empty(infra->userns) && !STR_EQ(infra->userns, "host"));

    /* A user namespace of the pod is for its members; the infra container's other ones cannot be joined from
     * outside of it. */
    if (r == 0 && mapped && !strv_has(p->shared, "user"))
        p->shared = strv_add(x->arena, p->shared, "user");
    if (r == 0 && !str_empty(infra->pidns) && !strv_has(p->shared, "pid"))
        p->shared = strv_add(x->arena, p->shared, "pid");
    return r;
}

void pod_create_defaults(struct create_args *c)
{
    static char systemd[] = "false";

    c->systemd = systemd;
    c->tls_verify = -1;
    c->passwd = true;
    c->memory_swappiness = -1;
    c->retry = 3;
}

static int create_run(struct cmd_ctx *x, void *args)
{
    struct pod_create_args *o = args;
    struct pod_config p = { 0 };
    struct container_config infra = { 0 };
    struct pull_request pull = { 0 };
    char **warnings = NULL;
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    if (x->nargs && o->c.name)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "cannot specify --name and a name as argument: %s", x->args[0]);
    pod_create_defaults(&o->c);
    p.name = x->nargs ? x->args[0] : o->c.name;
    o->c.name = NULL;
    int r = o->infra ? 0 : check_no_infra(x, o);
    if (r == 0)
        r = pod_check_id_file(x, o->pod_id_file);
    if (r == 0)
        r = create_fill(x, &o->c, &infra, &pull);
    if (r == 0)
        r = fill_shared(x, o, &p, &infra);
    if (r < 0)
        return r;
    p.labels = infra.labels;
    infra.labels = (kv_list) { 0 };
    p.resources = infra.resources;
    infra.resources = (struct container_resources) { 0 };
    p.cgroup_parent = o->c.cgroup_parent;
    p.share_parent = o->share_parent;
    p.infra = o->infra;
    p.exit_policy = o->exit_policy;
    p.restart_policy = infra.restart_policy;
    p.restart_tries = infra.restart_tries;
    p.security_opts = o->c.security_opt;
    p.volumes_from = o->c.volumes_from;
    p.create_command = command_line(x->arena);
    infra.name = o->infra_name;
    const char *image = o->infra_image ? o->infra_image : engine_config(e)->engine.infra_image;
    struct pod_create how = {
        .pod = &p,
        .infra = &infra,
        .infra_image = str_empty(image) ? NULL : image,
        .infra_command = str_empty(o->infra_command) ? NULL : words(x->arena, o->infra_command),
        .pull = &pull,
        .replace = o->c.replace,
    };
    r = pod_create(e, x->arena, &how, &warnings, x->err);
    if (r == 0 && o->pod_id_file)
        r = pod_write_id_file(x, o->pod_id_file, p.id);
    if (r < 0)
        return r;
    print_warnings(warnings);
    puts(p.id);
    return 0;
}

static const struct opt create_pod_opts[] = {
    O_STRV(0, "add-host", A, c.add_host, "name[;name]:ip",
           "Add a custom host-to-IP mapping (host:ip)"),
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
    O_STRV(0, "device", A, c.device, "host[:ctr[:rwm]]", "Add a host device to every member"),
    O_STRV(0, "device-read-bps", A, c.device_read_bps, "path:rate",
           "Limit read rate (bytes per second) from a device (e.g. /dev/sda:1mb)"),
    O_STRV(0, "device-write-bps", A, c.device_write_bps, "path:rate",
           "Limit write rate (bytes per second) to a device (e.g. /dev/sda:1mb)"),
    O_SLICE(0, "dns", A, c.dns, "ip", "Set custom DNS servers"),
    O_SLICE(0, "dns-option", A, c.dns_option, "option", "Set custom DNS options"),
    O_SLICE(0, "dns-opt", A, c.dns_option, "option", "Set custom DNS options",
            .flags = OPTF_HIDDEN),
    O_SLICE(0, "dns-search", A, c.dns_search, "domain", "Set custom DNS search domains"),
    O_STR(0, "exit-policy", A, exit_policy, "policy",
          "What becomes of the pod when its last container exits", .choices = "continue|stop"),
    O_SLICE(0, "gidmap", A, c.gidmap, "ctr:host:size", "GID map to use for the user namespace"),
    O_STRV(0, "gpus", A, c.later, "device", "Not supported yet",
           .flags = OPTF_HIDDEN | OPTF_UNSUPPORTED),
    O_STR('h', "hostname", A, c.hostname, "name", "Set a hostname to the pod"),
    O_STR(0, "hosts-file", A, c.hosts_file, "path",
          "Base file to create the /etc/hosts file, or one of \"image\", \"none\"",
          .complete = COMPLETE_FILE),
    O_BOOL(0, "infra", A, infra,
           "Create an infra container associated with the pod to share namespaces with",
           .def = "true"),
    O_STR(0, "infra-command", A, infra_command, "command",
          "The command to run on the infra container when the pod is started"),
    O_STR(0, "infra-conmon-pidfile", A, c.conmon_pidfile, "path",
          "Path of the file that receives the PID of the infra container's monitor",
          .complete = COMPLETE_FILE),
    O_STR(0, "infra-image", A, infra_image, "image",
          "Image to use for the infra container; without one it needs none",
          .complete = COMPLETE_IMAGE),
    O_STR(0, "infra-name", A, infra_name, "name", "The name used as infra container name"),
    O_STR(0, "ip", A, c.ip, "ip", "Specify a static IPv4 address for the pod"),
    O_STR(0, "ip6", A, c.ip6, "ip", "Specify a static IPv6 address for the pod"),
    O_STRV('l', "label", A, c.label, "key=value", "Set metadata on the pod"),
    O_STRV(0, "label-file", A, c.label_file, "path", "Read in a line delimited file of labels",
           .complete = COMPLETE_FILE),
    O_STR(0, "mac-address", A, c.mac_address, "address",
          "MAC address of the pod (e.g. 92:d0:c6:0a:29:33)"),
    O_STR('m', "memory", A, c.memory, "bytes", "Memory limit of all members together"),
    O_STR(0, "memory-swap", A, c.memory_swap, "bytes",
          "Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
    O_STR('n', "name", A, c.name, "name", "Assign a name to the pod"),
    O_STRV(0, "network", A, c.network, "mode",
           "Connect the pod to networks: a network's name[:options], bridge, none, host, private, "
           "container:NAME, ns:PATH or pasta[:options]",
           .complete = COMPLETE_NETWORK),
    O_STRV(0, "net", A, c.network, "mode", "Connect the pod to a network", .flags = OPTF_HIDDEN),
    O_SLICE(0, "network-alias", A, c.network_alias, "name", "Add network-scoped alias for the pod"),
    O_BOOL(0, "no-hostname", A, c.no_hostname, "Do not create /etc/hostname within the containers"),
    O_BOOL(0, "no-hosts", A, c.no_hosts,
           "Do not create /etc/hosts within the containers, instead use the version of the image"),
    O_STR(0, "pid", A, c.pid, "mode", "PID namespace to use"),
    O_STR(0, "pod-id-file", A, pod_id_file, "path", "Write the pod ID to the file",
          .complete = COMPLETE_FILE),
    O_SLICE('p', "publish", A, c.publish, "[[ip:]port:]port",
            "Publish a port, or a range of ports, of the pod to the host"),
    O_BOOL(0, "replace", A, c.replace, "If a pod with the same name exists, replace it"),
    O_STR(0, "restart", A, c.restart, "policy",
          "Restart policy of members that name none of their own",
          .choices = "always|no|never|on-failure|on-failure:|unless-stopped",
          .flags = OPTF_OPEN_CHOICE),
    O_STRV(0, "security-opt", A, c.security_opt, "option", "Security options of every member"),
    O_STR(0, "share", A, share, "list",
          "A comma delimited list of kernel namespaces the pod will share", .def = "ipc,net,uts"),
    O_BOOL(0, "share-parent", A, share_parent,
           "Set the pod's cgroup as the cgroup parent for all containers joining the pod",
           .def = "true"),
    O_STR(0, "shm-size", A, c.shm_size, "bytes",
          "Size of /dev/shm (format: <number>[<unit>], where unit = b, k, m, or g)"),
    O_STR(0, "shm-size-systemd", A, c.shm_size_systemd, "bytes",
          "Size of systemd specific tmpfs mounts"),
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
static const struct opt *const tables[] = { create_pod_opts, NULL };
static const char *const examples[] = {
    "podman pod create", "podman pod create --name app --publish 8443:443",
    "podman pod create --share net,pid --exit-policy stop batch", NULL
};
const struct cmd cmd_pod_create = {
    .name = "create",
    .summary = "Create a new empty pod",
    .usage = "[options] [NAME]",
    .description = "After creating the pod, the pod ID is printed to stdout. You can then start it "
                   "at any time with the podman pod start <pod_id> command. The pod will be "
                   "created with the initial state 'created'.",
    .examples = examples,
    .max_args = 1,
    .opts = tables,
    .args_size = sizeof(struct pod_create_args),
    .run = create_run,
};

/* ---------- run --pod ---------- */

/* new:NAME: what belongs to a network is the pod's. */
static int new_pod(struct cmd_ctx *x, const char *name, struct container_config *c)
{
    struct pod_config p = { .infra = true, .share_parent = true };
    struct container_config infra = { .stop_timeout = -2, .log_size_max = -1 };
    struct engine *e = cmd_engine(x);
    const char *image = engine_config(e)->engine.infra_image;
    char **warnings = NULL;

    if (str_empty(name))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "new pod name must be at least one character");
    p.name = arena_strdup(x->arena, name);
    p.create_command = command_line(x->arena);
    int r = option_share(x->arena, "ipc,net,uts", &p.shared, x->err);
    if (r < 0)
        return r;
    infra.netns = c->netns;
    memcpy(&infra.networks, &c->networks, sizeof(infra.networks));
    memcpy(&infra.ports, &c->ports, sizeof(infra.ports));
    infra.dns_servers = c->dns_servers;
    infra.dns_searches = c->dns_searches;
    infra.dns_options = c->dns_options;
    infra.add_hosts = c->add_hosts;
    infra.no_hosts = c->no_hosts;
    infra.hostname = c->hostname;
    c->netns = c->hostname = NULL;
    c->hostname_given = false;
    c->networks.n = c->ports.n = 0;
    c->dns_servers = c->dns_searches = c->dns_options = c->add_hosts = NULL;
    struct pull_request pull = { .tls_verify = -1, .retry = 3, .retry_delay_ns = -1 };
    struct pod_create how = {
        .pod = &p, .infra = &infra, .infra_image = str_empty(image) ? NULL : image, .pull = &pull
    };
    r = pod_create(e, x->arena, &how, &warnings, x->err);
    c->pod = p.id;
    return r;
}

int pod_for_container(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    struct pod p;
    char *name = o->pod;

    if (!str_empty(o->pod) && o->pod_id_file)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "cannot specify both --pod and --pod-id-file");
    int r = o->pod_id_file ? pod_read_id_file(x, o->pod_id_file, &name) : 0;
    if (r < 0 || str_empty(name))
        return r;
    if (str_starts(name, "new:"))
        return new_pod(x, name + strlen("new:"), c);
    r = pod_find(cmd_engine(x), x->arena, name, &p, x->err);
    if (r == 0)
        c->pod = p.config.id;
    return r;
}
