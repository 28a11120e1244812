/* podman kube play --build: images that are made before the pods are. */
#include "base/proc.h"
#include "cli/kube/kube.h"
#include "engine/images.h"

#include "base/banned.h"

/* `podman build` of our own, with the store that we were given. */
static int build(struct cmd_ctx *x, const char *image, const char *dir)
{
    const struct engine_options *g = engine_opts(cmd_engine(x));
    const char *const pairs[][2] = { { "--root", g->root }, { "--runroot", g->runroot } };
    char **argv = strv_add(x->arena, NULL, arena_printf(x->arena, "%s/podman", proc_self_dir()));
    pid_t pid;

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if (pairs[i][1])
            argv = strv_add(x->arena, strv_add(x->arena, argv, pairs[i][0]), pairs[i][1]);
    argv = strv_concat(x->arena, argv, g->global_argv);
    argv = strv_concat(x->arena, argv,
                       (char *[]) { arena_strdup(x->arena, "build"), arena_strdup(x->arena, "-t"),
                                    arena_strdup(x->arena, image), arena_strdup(x->arena, dir),
                                    NULL });
    fflush(stdout);
    const struct spawn s = {
        .path = argv[0], .argv = argv, .fds = { -1, STDERR_FILENO, STDERR_FILENO }, .keep_fd = -1
    };
    int r = proc_spawn(&s, &pid);
    if (r == 0)
        r = proc_wait(pid);
    if (r < 0)
        return err_sys(x->err, -r, "starting %s build", argv[0]);
    return r ? err_set(x->err, ERR_INTERNAL, ECHILD, "building image %s from %s: exit code %d",
                       image, dir, r)
             : 0;
}

static bool has_file(struct arena *a, const char *dir)
{
    return access(arena_printf(a, "%s/Containerfile", dir), R_OK) == 0 ||
           access(arena_printf(a, "%s/Dockerfile", dir), R_OK) == 0;
}

/* @force: also where there is such an image. */
static int one_image(struct cmd_ctx *x, const char *image, const char *context, bool force)
{
    const char *dir = arena_printf(x->arena, "%s/%s", context, image);
    struct image img = { 0 };

    if (image[0] == '/' || strstr(image, "..") || !has_file(x->arena, dir))
        return 0;
    if (!force && images_find(cmd_engine(x), x->arena, image, &img, NULL) == 0)
        return 0;
    return build(x, image, dir);
}

static int images_of(struct cmd_ctx *x, const json_t *list, const char *context, bool force)
{
    const json_t *each;
    size_t i;
    int r = 0;

    json_array_foreach (list, i, each) {
        const char *image = json_string_value(json_object_get(each, "image"));
        if (r == 0 && image)
            r = one_image(x, image, context, force);
    }
    return r;
}

int kube_build(struct cmd_ctx *x, const json_t *docs, const char *context, bool force)
{
    const json_t *doc;
    size_t i;
    int r = 0;

    json_array_foreach (docs, i, doc) {
        const json_t *spec = json_object_get(doc, "spec");
        const json_t *template = json_object_get(json_object_get(spec, "template"), "spec");
        spec = template ? template : spec;
        if (r == 0)
            r = images_of(x, json_object_get(spec, "initContainers"), context, force);
        if (r == 0)
            r = images_of(x, json_object_get(spec, "containers"), context, force);
    }
    return r;
}
