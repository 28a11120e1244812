#include "oci/plan.h"
#include "spec/capability.h"

#include "base/banned.h"

json_t *oci_features(void)
{
    json_t *caps = json_array();
    for (int i = 0; capability_by_number(i); i++)
        json_array_append_new(caps, json_string(capability_by_number(i)));
    return json_pack(
        "{s:s, s:s, s:[s,s,s,s,s,s], s:o, s:{s:[s,s,s,s,s,s,s,s], s:o, s:{s:b,s:b,s:b,s:b,s:b},"
        " s:{s:b}, s:{s:b}, s:{s:b}, s:{s:{s:b}}}}",
        "ociVersionMin", "1.0.0", "ociVersionMax", "1.2.0", "hooks", "prestart", "createRuntime",
        "createContainer", "startContainer", "poststart", "poststop", "mountOptions",
        plan_mount_option_names(), "linux", "namespaces", "cgroup", "ipc", "mount", "network",
        "pid", "time", "user", "uts", "capabilities", caps, "cgroup", "v1", 1, "v2", 1, "systemd",
        0, "systemdUser", 0, "rdma", 1, "seccomp", "enabled", 1, "apparmor", "enabled", 1,
        "selinux", "enabled", 1, "mountExtensions", "idmap", "enabled", 1);
}
