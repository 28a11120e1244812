#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

const struct quadlet_key pod_keys[] = {
    { "UserNS", KEY_LAST, "--userns" },
    { "UIDMap", KEY_WORDS, "--uidmap" },
    { "GIDMap", KEY_WORDS, "--gidmap" },
    { "SubUIDMap", KEY_LAST, "--subuidname" },
    { "SubGIDMap", KEY_LAST, "--subgidname" },
    { "RemapUsers", KEY_CALL, .add = add_user_mapping },
    { "PublishPort", KEY_CALL, "--publish", .add = add_ports },
    { "Network", KEY_CALL, .add = add_networks },
    { "NetworkAlias", KEY_EACH, "--network-alias" },
    { "IP", KEY_LAST, "--ip" },
    { "IP6", KEY_LAST, "--ip6" },
    { "HostName", KEY_LAST, "--hostname" },
    { "AddHost", KEY_EACH, "--add-host" },
    { "DNS", KEY_EACH, "--dns" },
    { "DNSOption", KEY_EACH, "--dns-option" },
    { "DNSSearch", KEY_EACH, "--dns-search" },
    { "Volume", KEY_CALL, "-v", .add = add_volumes },
    { "ShmSize", KEY_LAST, "--shm-size" },
    { "Label", KEY_PAIRS, "--label" },
    { "PodmanArgs", KEY_RAW },
    { "ContainersConfModule" },
    { "ExitPolicy" },
    { "GlobalArgs" },
    { "PodName" },
    { "RemapGid" },
    { "RemapUid" },
    { "RemapUidSize" },
    { "ServiceName" },
    { "StopTimeout" },
    { NULL },
};

/* Its containers start with it and stop with it. */
static void want_members(struct conversion *c)
{
    for (size_t i = 0; c->q->members && c->q->members[i]; i++) {
        const char *service = arena_printf(c->a, "%s.service", c->q->members[i]);
        unit_add(c->a, c->out, "Unit", "Wants", service);
        unit_add(c->a, c->out, "Unit", "Before", service);
    }
}

static int put_pod_create(struct conversion *c, const char *name)
{
    const char *policy = last(c, "ExitPolicy");
    int r = start_command(
        c, (const char *const[]) { "pod", "create", "--infra-conmon-pidfile=%t/%N.pid", "--replace",
                                   "--exit-policy", policy ? policy : "stop", NULL });
    if (r == 0)
        r = add_keys(c);
    if (r < 0)
        return r;
    add_option(c, "--infra-name", arena_printf(c->a, "%s-infra", name));
    add_option(c, "--name", name);
    put_command(c, "ExecStartPre");
    return 0;
}

int convert_pod(struct conversion *c)
{
    const char *name = c->q->resource, *timeout = last(c, "StopTimeout");
    want_members(c);
    unit_default(c->a, c->out, "Service", "SyslogIdentifier", "%N");
    unit_prepend(c->a, c->out, "Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
    unit_set(c->a, c->out, "Service", "Type", "forking");
    unit_default(c->a, c->out, "Service", "Restart", "on-failure");
    unit_set(c->a, c->out, "Service", "PIDFile", "%t/%N.pid");
    int r = put_pod_create(c, name);
    if (r == 0)
        r = put_simple_command(c, "ExecStart", "",
                               (const char *const[]) { "pod", "start", name, NULL });
    if (r == 0)
        r = put_simple_command(
            c, "ExecStop", "",
            (const char *const[]) { "pod", "stop", "--ignore",
                                    arena_printf(c->a, "--time=%s", timeout ? timeout : "10"), name,
                                    NULL });
    return r < 0 ? r
                 : put_simple_command(
                       c, "ExecStopPost", "",
                       (const char *const[]) { "pod", "rm", "--ignore", "--force", name, NULL });
}
