/* podman-monitor: one program, three names.  `podman-monitor run ...` supervises a container for the engine;
 * under the name podman-runtime (or with any other arguments) it is an OCI runtime's command line. */
#include "monitor/monitor.h"
#include "monitor/runtime.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    const char *name = argv[0] ? strrchr(argv[0], '/') : NULL;

    name = name ? name + 1 : argv[0];
    if (name && STR_EQ(name, "podman-pause") && argc == 2)
        return hold_main(argv[1]);
    oci_protect_self(argv);
    if (name && STR_EQ(name, "podman-monitor") && argc > 2 && STR_EQ(argv[1], "run") &&
        STR_EQ(argv[2], "--bundle") && argc == 6)
        return monitor_main(argc, argv);
    if (argc == 4 && STR_EQ(argv[1], "cleanup") && STR_EQ(argv[2], "--cgroup")) {
        struct err err = { 0 };
        if (oci_cgroup_remove(argv[3], &err) == 0)
            return 0;
        fprintf(stderr, "%s\n", err.msg);
        return 125;
    }
    return runtime_main(argc, argv);
}
