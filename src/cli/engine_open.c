/* cli/engine_open.c: the engine of this process, opened with the global options. */
#include "cli/choose.h"
#include "cli/cmd.h"
#include "engine/artifacts.h"
#include "engine/containers.h"
#include "engine/images.h"
#include "engine/networks.h"
#include "engine/pods.h"
#include "engine/quadlets.h"
#include "engine/rootless.h"
#include "engine/volumes.h"

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

static void put_name(const char *name, const char *prefix, FILE *out)
{
    if (str_starts(name, prefix))
        fprintf(out, "%s\n", name);
}

static void complete_images(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    struct image_list images = { 0 };

    if (images_list(e, a, NULL, &images, NULL) < 0)
        return;
    for (size_t i = 0; i < images.n; i++)
        for (char **n = images.items[i].names; n && *n; n++)
            complete_image(*n, prefix, out);
}

static void complete_artifacts(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    artifact_list artifacts = { 0 };

    if (artifact_all(engine_store(e), a, &artifacts, NULL) < 0)
        return;
    for (size_t i = 0; i < artifacts.n; i++)
        complete_image(artifacts.items[i].name, prefix, out);
}

static void complete_networks(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    struct network_list networks = { 0 };

    if (networks_list(e, a, NULL, &networks, NULL) < 0)
        return;
    for (size_t i = 0; i < networks.n; i++)
        put_name(networks.items[i].name, prefix, out);
}

static void complete_pods(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    struct pod_list pods = { 0 };

    if (pod_list(e, a, &pods, NULL) < 0)
        return;
    for (size_t i = 0; i < pods.n; i++)
        put_name(pods.items[i].config.name, prefix, out);
}

static void complete_volumes(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    struct volume_list volumes = { 0 };

    if (volumes_list(e, a, NULL, &volumes, NULL) < 0)
        return;
    for (size_t i = 0; i < volumes.n; i++)
        put_name(volumes.items[i].config.name, prefix, out);
}

static void put_containers(struct engine *e, struct arena *a, bool running, const char *prefix,
                           FILE *out)
{
    struct container_list list = { 0 };

    if (container_list(e, a, &list, NULL) < 0)
        return;
    for (size_t i = 0; i < list.n; i++)
        if (!running || list.items[i].status == CTR_RUNNING)
            put_name(list.items[i].config.name, prefix, out);
}

static void complete_containers(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    put_containers(e, a, false, prefix, out);
}

static void complete_running(struct engine *e, struct arena *a, const char *prefix, FILE *out)
{
    put_containers(e, a, true, prefix, out);
}

static void complete_quadlets(struct arena *a, const char *prefix, FILE *out)
{
    struct quadlet_list list = { 0 };

    if (quadlets_list(a, NULL, &list, NULL) < 0)
        return;
    for (size_t i = 0; i < list.n; i++)
        put_name(list.items[i].name, prefix, out);
}

int cli_complete_names(enum complete kind, const char *prefix, FILE *out)
{
    static const struct {
        enum complete kind;
        void (*put)(struct engine *e, struct arena *a, const char *prefix, FILE *out);
    } kinds[] = {
        { COMPLETE_COMMAND, complete_images },
        { COMPLETE_IMAGE, complete_images },
        { COMPLETE_ARTIFACT, complete_artifacts },
        { COMPLETE_NETWORK, complete_networks },
        { COMPLETE_VOLUME, complete_volumes },
        { COMPLETE_POD, complete_pods },
        { COMPLETE_CONTAINER, complete_containers },
        { COMPLETE_CONTAINER_RUNNING, complete_running },
    };
    AUTO_ARENA a = { 0 };
    struct err err = { 0 };
    struct cmd_ctx ctx = { .arena = &a, .err = &err };

    if (kind == COMPLETE_QUADLET) {
        complete_quadlets(&a, prefix, out);
        return 0;
    }
    struct engine *e = cmd_engine(&ctx);
    for (size_t i = 0; e && i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].kind == kind)
            kinds[i].put(e, &a, prefix, out);
    return 0;
}
