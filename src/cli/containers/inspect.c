/* podman inspect, container inspect */
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "cli/pods/pods.h"
#include "engine/artifacts.h"
#include "engine/images.h"
#include "engine/networks.h"
#include "engine/volumes.h"
#include "spec/inspect_container.h"

#include "base/banned.h"

struct inspect_args {
    char *format, *type;
    bool latest, size;
};

static int container_document(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                              json_t *out)
{
    struct container c;
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    int r = name ? container_find(e, x->arena, name, &c, x->err)
                 : container_latest(e, x->arena, &c, x->err);
    if (r < 0)
        return r;
    json_t *doc = container_inspect(e, x->arena, &c, o->size, x->err);
    if (!doc)
        return -EIO;
    json_array_append_new(out, doc);
    return 0;
}

static int image_document(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                          json_t *out)
{
    (void)o;
    struct engine *e = cmd_engine(x);
    struct image img = { 0 };

    if (!e)
        return -EIO;
    int r = images_find(e, x->arena, name, &img, x->err);
    if (r < 0)
        return r;
    json_t *doc = images_inspect(e, &img, x->err);
    if (!doc)
        return -EIO;
    json_array_append_new(out, doc);
    return 0;
}

static int artifact_inspect(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                            json_t *out)
{
    (void)o;
    struct artifact art = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? artifact_find(engine_store(e), x->arena, name, &art, x->err) : -EIO;

    if (r == 0)
        json_array_append_new(out, artifact_document(&art));
    return r;
}

static int volume_document(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                           json_t *out)
{
    struct engine *e = cmd_engine(x);
    struct volume v;
    int r = e ? volumes_find(e, x->arena, name, &v, x->err) : -EIO;

    if (r == 0)
        json_array_append_new(out, volumes_document(&v, !o->format));
    return r;
}

static int network_document(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                            json_t *out)
{
    struct engine *e = cmd_engine(x);
    struct network n;
    int r = e ? networks_find(e, x->arena, name, &n, x->err) : -EIO;

    json_t *doc = r == 0 ? networks_document(e, x->arena, &n, true, x->err) : NULL;
    if (!doc)
        return r < 0 ? r : -EIO;
    if (o->format && !cli_format_is_json(o->format))
        networks_template_names(doc, false);
    json_array_append_new(out, doc);
    return 0;
}

static int pod_document(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                        json_t *out)
{
    struct engine *e = cmd_engine(x);
    struct pod p;
    int r = e ? pod_find(e, x->arena, name, &p, x->err) : -EIO;

    if (r < 0)
        return r;
    json_t *doc = pod_inspect(e, x->arena, &p);
    if (o->format && !cli_format_is_json(o->format))
        pod_template_names(doc);
    json_array_append_new(out, doc);
    return 0;
}

/* In the order in which a name is looked for; artifacts only when they are asked for. */
static const struct {
    const char *type;
    int (*fn)(struct cmd_ctx *x, const struct inspect_args *o, const char *name, json_t *out);
    bool in_all;
} kinds[] = {
    { "container", container_document, true },
    { "image", image_document, true },
    { "volume", volume_document, true },
    { "network", network_document, true },
    { "pod", pod_document, true },
    { "artifact", artifact_inspect, false },
};

static int one_document(struct cmd_ctx *x, const struct inspect_args *o, const char *name,
                        json_t *out)
{
    bool all = STR_EQ(o->type, "all");

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (all ? !kinds[i].in_all : !STR_EQ(o->type, kinds[i].type))
            continue;
        int r = kinds[i].fn(x, o, name, out);
        if (r == 0 || !all || x->err->kind != ERR_NOT_FOUND)
            return r;
        err_clear(x->err);
    }
    if (all)
        return err_set(x->err, ERR_NOT_FOUND, ENOENT, "no such object: \"%s\"", name);
    return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                   "inspecting objects of type \"%s\" is not supported yet", o->type);
}

static int inspect_run(struct cmd_ctx *x, void *args)
{
    struct inspect_args *o = args;
    AUTO_JSON *docs = json_array();
    int code = 0, r;

    if (!o->type)
        o->type = arena_strdup(x->arena, "container");
    if (o->latest && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--latest and arguments cannot be used together");
    if (!o->latest && !x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "no names or ids specified");
    if (o->size && STR_EQ(o->type, "image"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "size is not supported for type \"image\"");
    if (o->latest && (r = container_document(x, o, NULL, docs)) < 0)
        return r;
    /* Those that are found are printed; each that is not is a line of its own, and the exit code. */
    AUTO_BUF errors = { 0 };
    for (int i = 0; i < x->nargs; i++)
        if (one_document(x, o, x->args[i], docs) < 0) {
            buf_printf(&errors, "Error: %s\n", x->err->msg);
            code = err_kind_info(x->err->kind)->exit;
            err_clear(x->err);
        }
    bool containers = true; /* an image's document has another type */
    json_t *doc;
    size_t i;
    json_array_foreach (docs, i, doc)
        containers &= json_object_get(doc, "HostConfig") != NULL;
    struct cli_list how = { .format = o->format,
                            .title = "inspect",
                            .indent = 5,
                            .type = containers ? &inspect_container_type : NULL };
    r = cli_print_list(docs, &how, x->err);
    fflush(stdout);
    fputs(errors.data ? errors.data : "", stderr);
    return r < 0 ? r : code;
}

static const struct opt inspect_opts[] = {
    O_STR('f', "format", struct inspect_args, format, "template",
          "Format the output to a Go template or json"),
    O_BOOL('l', "latest", struct inspect_args, latest,
           "Act on the latest container podman is aware of"),
    O_BOOL('s', "size", struct inspect_args, size, "Display total file size"),
    { 0 },
};
static const struct opt type_opts[] = {
    O_STR('t', "type", struct inspect_args, type, "type", "Specify inspect-object type",
          .def = "all", .choices = "all|artifact|container|image|network|pod|volume"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, type_opts, NULL };
static const struct opt *const container_inspect_tables[] = { inspect_opts, NULL };
const struct cmd cmd_inspect = {
    .name = "inspect",
    .summary = "Display the configuration of object denoted by ID",
    .usage = "[options] {CONTAINER|IMAGE} [...]",
    .description = "Displays the low-level information on an object identified by name or ID",
    .max_args = -1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};
static const char *const examples[] = {
    "podman container inspect myCtr",
    "podman container inspect -l --format '{{.Id}} {{.Config.Labels}}'", NULL
};
const struct cmd cmd_container_inspect = {
    .name = "inspect",
    .summary = "Display the configuration of a container",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description = "Displays the low-level information on a container identified by name or ID.",
    .examples = examples,
    .max_args = -1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER,
    .opts = container_inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};
