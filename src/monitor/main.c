/* podman-monitor: one program, two names. */
#include "monitor/monitor.h"
#include "monitor/runtime.h"

#include "base/banned.h"

struct run_args {
    char *bundle, *run_dir;
};
static const struct arg run_args_table[] = {
    A_STR(struct run_args, bundle, "bundle", 'b', "directory with config.json and monitor.json"),
    A_STR(struct run_args, run_dir, "run-dir", 0, "directory for the state and the sockets"),
    { 0 },
};

static int monitor_main(char **argv)
{
    AUTO_ARENA a = { 0 };
    struct run_args args = { 0 };
    struct err err = { 0 };

    if (argv[1] && STR_EQ(argv[1], "--version")) {
        printf("podman-monitor version %s\n", PODMAN_VERSION);
        return 0;
    }
    if (!argv[1] || !STR_EQ(argv[1], "run") ||
        args_parse(run_args_table, argv + 2, &a, &args, &err) < 0 || !args.bundle ||
        !args.run_dir) {
        fputs("usage: podman-monitor run --bundle DIR --run-dir DIR   (spec/monitor.h)\n", stderr);
        return 125;
    }
    return monitor_run(args.bundle, args.run_dir);
}

int main(int argc, char **argv)
{
    const char *name = argv[0] ? strrchr(argv[0], '/') : NULL;

    if (!argv[0])
        return 125;
    name = name ? name + 1 : argv[0];
    oci_protect_self(argv);
    return STR_EQ(name, "podman-monitor") ? monitor_main(argv) : runtime_main(argc, argv);
}
