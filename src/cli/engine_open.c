/* cli/engine_open.c: the engine of this process, opened with the global options. */
#include "cli/choose.h"
#include "cli/cmd.h"
#include "engine/artifacts.h"
#include "engine/containers.h"
#include "engine/images.h"
#include "engine/networks.h"
#include "engine/pods.h"
#include "engine/rootless.h"

#include "base/banned.h"

static struct engine *engine;

/* The options that a command which we start later has to be given as well. */
static char **global_argv(struct arena *a)
{
    const struct {
        const char *option, *value;
    } handed_on[] = {
        { "--storage-driver", global_args.storage_driver },
        { "--cgroup-manager", global_args.cgroup_manager },
        { "--volumepath", global_args.volumepath },
        { "--network-config-dir", global_args.network_config_dir },
    };
    char **v = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++)
        if (handed_on[i].value) {
            v = strv_add(a, v, handed_on[i].option);
            v = strv_add(a, v, handed_on[i].value);
        }
    return v;
}

struct engine *cmd_engine(struct cmd_ctx *c)
{
    if (engine)
        return engine;
    struct engine_options o = {
        .root = global_args.root,
        .runroot = global_args.runroot,
        .storage_driver = global_args.storage_driver,
        .tmpdir = global_args.tmpdir,
        .volume_path = global_args.volumepath,
        .storage_opts = global_args.storage_opt,
        .cgroup_manager = global_args.cgroup_manager,
        .runtime = global_args.runtime,
        .runtime_flags = global_args.runtime_flag,
        .network_config_dir = global_args.network_config_dir,
        .modules = global_args.modules,
        .hooks_dirs = global_args.hooks_dir,
        .default_mounts_file = global_args.default_mounts_file,
        .global_argv = global_argv(c->arena),
    };
    images_set_chooser(cli_choose);
    engine = engine_open(&o, c->err);
    return engine;
}

void cmd_engine_close(void)
{
    engine = engine_close(engine);
}

int cmd_enter_userns(struct cmd_ctx *c)
{
    return rootless_enter(c->err);
}

/* The whole name and each shorter way to say it: "docker.io/library/busybox:latest", "busybox:latest". */
static void complete_image(const char *name, const char *prefix, FILE *out)
{
    for (const char *p = name; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (str_starts(p, prefix))
            fprintf(out, "%s\n", p);
}

int cli_complete_names(enum complete kind, const char *prefix, FILE *out)
{
    AUTO_ARENA a = { 0 };
    struct err err = { 0 };
    struct cmd_ctx ctx = { .arena = &a, .err = &err };
    struct container_list list = { 0 };
    struct image_list images = { 0 };
    struct network_list networks = { 0 };
    struct engine *e = cmd_engine(&ctx);

    if (!e)
        return 0;
    if ((kind == COMPLETE_IMAGE || kind == COMPLETE_COMMAND) &&
        images_list(e, &a, NULL, &images, &err) == 0)
        for (size_t i = 0; i < images.n; i++)
            for (char **n = images.items[i].names; n && *n; n++)
                complete_image(*n, prefix, out);
    artifact_list artifacts = { 0 };
    if (kind == COMPLETE_ARTIFACT && artifact_all(engine_store(e), &a, &artifacts, &err) == 0)
        for (size_t i = 0; i < artifacts.n; i++)
            complete_image(artifacts.items[i].name, prefix, out);
    if (kind == COMPLETE_NETWORK && networks_list(e, &a, NULL, &networks, &err) == 0)
        for (size_t i = 0; i < networks.n; i++)
            if (str_starts(networks.items[i].name, prefix))
                fprintf(out, "%s\n", networks.items[i].name);
    struct pod_list pods = { 0 };
    if (kind == COMPLETE_POD && pod_list(e, &a, &pods, &err) == 0)
        for (size_t i = 0; i < pods.n; i++)
            if (str_starts(pods.items[i].config.name, prefix))
                fprintf(out, "%s\n", pods.items[i].config.name);
    if (kind != COMPLETE_CONTAINER && kind != COMPLETE_CONTAINER_RUNNING)
        return 0;
    if (container_list(e, &a, &list, &err) < 0)
        return 0;
    for (size_t i = 0; i < list.n; i++)
        if (str_starts(list.items[i].config.name, prefix) &&
            (kind == COMPLETE_CONTAINER || list.items[i].status == CTR_RUNNING))
            fprintf(out, "%s\n", list.items[i].config.name);
    return 0;
}
