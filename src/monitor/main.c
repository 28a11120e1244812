/* podman-monitor: one program, two names. */
#include "monitor/runtime.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    const char *name = argv[0] ? strrchr(argv[0], '/') : NULL;

    name = name ? name + 1 : argv[0];
    oci_protect_self(argv);
    return runtime_main(argc, argv);
}
