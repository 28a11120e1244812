/* podman-monitor: one program, three names.  `podman-monitor run ...` supervises a container for the engine;
 * under the name podman-runtime (or with any other arguments) it is an OCI runtime's command line. */
#include "base/limits.h"
#include "monitor/monitor.h"
#include "monitor/runtime.h"

#include "base/banned.h"

/* The specification's resources stand on standard input; what could not be done goes to standard output. */
static int limit(const char *cgroup)
{
    struct err err = { 0 };
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { .max = LIMIT_JSON_FILE };
    struct oci_resources res = { 0 };
    char **warnings = NULL;

    int r = buf_read_fd(&text, STDIN_FILENO);
    if (r < 0)
        (void)!err_sys(&err, -r, "reading the limits");
    AUTO_JSON *doc = r < 0 ? NULL : json_parse(text.data, text.len, "limits", &err);
    r = doc ? json_read(&a, doc, &oci_resources_type, &res, &err) : -EPROTO;
    if (r == 0)
        r = oci_cgroup_create(cgroup, &err);
    if (r == 0)
        r = oci_cgroup_apply(cgroup, &res, &a, &warnings, &err);
    for (; r == 0 && warnings && *warnings; warnings++)
        puts(*warnings);
    if (r < 0)
        fprintf(stderr, "%s\n", err.msg);
    return r < 0 ? 125 : 0;
}

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
    if (argc == 4 && STR_EQ(argv[1], "limit") && STR_EQ(argv[2], "--cgroup"))
        return limit(argv[3]);
    if (argc == 4 && STR_EQ(argv[1], "cleanup") && STR_EQ(argv[2], "--cgroup")) {
        struct err err = { 0 };
        if (oci_cgroup_remove(argv[3], &err) == 0)
            return 0;
        fprintf(stderr, "%s\n", err.msg);
        return 125;
    }
    return runtime_main(argc, argv);
}
