/* podman history, image inspect, image exists, tag, untag */
#include "base/parse.h"
#include "cli/format.h"
#include "cli/images/commands.h"
#include "engine/images.h"

#include "base/banned.h"

/* ---------- history ---------- */

struct history_args {
    char *format;
    bool human, no_trunc, quiet;
};

static json_t *step_document(const struct image_step *s)
{
    char stamp[TIME_TEXT_MAX];
    json_t *doc = json_object(), *tags = json_array();

    for (char **t = s->tags; t && *t; t++)
        json_array_append_new(tags, json_string(*t));
    json_object_set_new(doc, "id", json_string(s->id));
    json_object_set_new(doc, "created", json_string(time_format_rfc3339(s->created, stamp)));
    json_object_set_new(doc, "CreatedBy", json_string(s->created_by ? s->created_by : ""));
    json_object_set_new(doc, "tags", tags);
    json_object_set_new(doc, "size", json_integer(s->size));
    if (!str_empty(s->comment))
        json_object_set_new(doc, "comment", json_string(s->comment));
    return doc;
}

static json_t *step_row(struct cmd_ctx *x, const struct history_args *o, const struct image_step *s)
{
    char stamp[TIME_TEXT_MAX], size[32], since[64];
    const char *by = s->created_by ? s->created_by : "";
    char *tags = strv_join(x->arena, s->tags, ", ");
    json_t *row = json_object();

    if (!o->no_trunc && strlen(by) > 45)
        by = arena_printf(x->arena, "%.42s...", by);
    human_duration(time_now() - s->created, since, sizeof(since));
    const char *ago = arena_printf(x->arena, "%s ago", since);
    time_format_rfc3339(s->created, stamp);
    json_object_set_new(row, "ID",
                        json_string(o->no_trunc || s->id[0] == '<'
                                        ? s->id
                                        : arena_printf(x->arena, "%.12s", s->id)));
    json_object_set_new(row, "Created", json_string(o->human ? ago : stamp));
    json_object_set_new(row, "CreatedSince", json_string(ago));
    json_object_set_new(row, "CreatedAt", json_string(stamp));
    json_object_set_new(row, "CreatedBy", json_string(by));
    json_object_set_new(row, "Size",
                        json_string(o->human ? human_size(s->size, size, sizeof(size))
                                             : arena_printf(x->arena, "%lld", (long long)s->size)));
    json_object_set_new(row, "Comment", json_string(s->comment ? s->comment : ""));
    json_object_set_new(row, "Tags", json_string(tags ? tags : ""));
    return row;
}

static int history_run(struct cmd_ctx *x, void *args)
{
    static const struct cli_header headers[] = { { "CreatedBy", "CREATED BY" },
                                                 { "CreatedAt", "CREATED AT" },
                                                 { "CreatedSince", "CREATED" },
                                                 { NULL, NULL } };
    const struct history_args *o = args;
    image_steps steps = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? images_history(e, x->arena, x->args[0], &steps, x->err) : -EIO;

    if (r < 0)
        return r;
    if (o->quiet) {
        for (size_t i = 0; i < steps.n; i++)
            printf("%.*s\n", o->no_trunc ? 64 : 12, steps.items[i].id);
        return 0;
    }
    bool json = o->format && cli_format_is_json(o->format);
    AUTO_JSON *rows = json_array();
    for (size_t i = 0; i < steps.n; i++)
        json_array_append_new(rows, json ? step_document(&steps.items[i])
                                         : step_row(x, o, &steps.items[i]));
    struct cli_list how = {
        .format = o->format,
        .def = "table {{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
        .title = "history",
        .headers = headers,
    };
    return cli_print_list(rows, &how, x->err);
}

static const struct opt history_opts[] = {
    O_STR(0, "format", struct history_args, format, "format",
          "Change the output to JSON or a Go template"),
    O_BOOL('H', "human", struct history_args, human,
           "Display sizes and dates in human readable format", .def = "true"),
    O_BOOL(0, "no-trunc", struct history_args, no_trunc, "Do not truncate the output"),
    O_BOOL(0, "notruncate", struct history_args, no_trunc, "Do not truncate the output",
           .flags = OPTF_HIDDEN),
    O_BOOL('q', "quiet", struct history_args, quiet, "Display the numeric IDs only"),
    { 0 },
};
static const struct opt *const history_tables[] = { history_opts, NULL };
const struct cmd cmd_history = {
    .name = "history",
    .summary = "Show history of a specified image",
    .usage = "[options] IMAGE",
    .description = "Displays the history of an image. The information can be printed out in an "
                   "easy to read, or user specified format, and can be truncated.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_IMAGE,
    .opts = history_tables,
    .args_size = sizeof(struct history_args),
    .run = history_run,
};

/* ---------- inspect ---------- */

struct inspect_args {
    char *format;
};

static int add_document(struct cmd_ctx *x, struct engine *e, const char *name, json_t *docs)
{
    struct image img = { 0 };
    int r = images_find(e, x->arena, name, &img, x->err);
    json_t *doc = r == 0 ? images_inspect(e, &img, x->err) : NULL;

    if (!doc)
        return r < 0 ? r : -EIO;
    json_array_append_new(docs, doc);
    return 0;
}

static int inspect_run(struct cmd_ctx *x, void *args)
{
    const struct inspect_args *o = args;
    AUTO_JSON *docs = json_array();
    AUTO_BUF errors = { 0 };
    struct engine *e = cmd_engine(x);
    int code = 0;

    if (!e)
        return -EIO;
    for (int i = 0; i < x->nargs; i++)
        if (add_document(x, e, x->args[i], docs) < 0) {
            buf_printf(&errors, "Error: %s\n", x->err->msg);
            code = err_kind_info(x->err->kind)->exit;
            err_clear(x->err);
        }
    size_t i;
    json_t *doc;
    json_array_foreach (docs, i,
                        doc) /* what a template may name although the document leaves it out */
        if (o->format && !cli_format_is_json(o->format) && !json_object_get(doc, "Healthcheck"))
            json_object_set_new(doc, "HealthCheck", json_null());
    /* A template runs once for each image. */
    struct cli_list how = { .format = o->format, .title = "inspect", .indent = 5 };
    int r = cli_print_list(docs, &how, x->err);
    fflush(stdout);
    fputs(errors.data ? errors.data : "", stderr);
    return r < 0 ? r : code;
}

static const struct opt inspect_opts[] = {
    O_STR('f', "format", struct inspect_args, format, "format",
          "Format the output to a Go template or json"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
extern const struct cmd cmd_image_inspect, cmd_image_exists;
const struct cmd cmd_image_inspect = {
    .name = "inspect",
    .summary = "Display the configuration of an image",
    .usage = "[options] IMAGE [IMAGE...]",
    .description = "Displays the low-level information of an image identified by name or ID.",
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};

/* ---------- exists ---------- */

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct image img = { 0 };
    struct engine *e = cmd_engine(x);

    (void)args;
    int r = e ? images_find(e, x->arena, x->args[0], &img, x->err) : -EIO;
    if (r < 0 && x->err->kind == ERR_NOT_FOUND) {
        err_clear(x->err);
        return 1;
    }
    return r;
}

const struct cmd cmd_image_exists = {
    .name = "exists",
    .summary = "Check if an image exists in local storage",
    .usage = "IMAGE",
    .description = "If the named image exists in local storage, podman image exists exits with 0, "
                   "otherwise the exit code will be 1.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_IMAGE,
    .run = exists_run,
};

/* ---------- tag, untag ---------- */

static int tag_run(struct cmd_ctx *x, void *args)
{
    struct engine *e = cmd_engine(x);
    int r = e ? 0 : -EIO;

    (void)args;
    for (int i = 1; r == 0 && i < x->nargs; i++)
        r = images_tag(e, x->args[0], x->args[i], x->err);
    return r;
}

const struct cmd cmd_tag = {
    .name = "tag",
    .summary = "Add an additional name to a local image",
    .usage = "IMAGE TARGET_NAME [TARGET_NAME...]",
    .description = "Adds one or more additional names to a local image.",
    .min_args = 2,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .run = tag_run,
};

static int untag_run(struct cmd_ctx *x, void *args)
{
    struct engine *e = cmd_engine(x);

    (void)args;
    return e ? images_untag(e, x->args[0], x->args + 1, x->err) : -EIO;
}

const struct cmd cmd_untag = {
    .name = "untag",
    .summary = "Remove a name from a local image",
    .usage = "IMAGE [IMAGE...]",
    .description = "Removes one or more names from a locally-stored image.",
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .run = untag_run,
};
