/* podman images */
#include "base/parse.h"
#include "cli/format.h"
#include "cli/images/commands.h"
#include "engine/images.h"
#include "spec/reference.h"

#include "base/banned.h"

struct images_args {
    char *format, *sort;
    char **filter;
    bool all, digests, history, no_trunc, noheading, quiet;
};

/* One line of the table: an image under one of its names. */
struct line {
    const struct image *img;
    const char *repository, *tag;
};
typedef JSON_LIST(struct line) line_list;

static const char *sort_key;

static int compare(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (str_same(sort_key, "id"))
        return strcmp(x->img->id, y->img->id);
    if (str_same(sort_key, "repository"))
        return strcmp(x->repository, y->repository);
    if (str_same(sort_key, "tag"))
        return strcmp(x->tag, y->tag);
    if (str_same(sort_key, "size") && x->img->size != y->img->size)
        return x->img->size < y->img->size ? -1 : 1;
    if (x->img->created != y->img->created)
        return x->img->created < y->img->created ? 1 : -1;
    int r = strcmp(x->repository, y->repository);
    return r ? r : strcmp(x->tag, y->tag);
}

static void add_lines(struct arena *a, const struct image *img, line_list *out)
{
    if (!img->names)
        *LIST_ADD(a, *out) = (struct line) { img, "<none>", "<none>" };
    for (char **n = img->names; n && *n; n++) {
        struct image_ref ref;
        if (ref_parse(a, *n, &ref, NULL) < 0)
            continue;
        *LIST_ADD(a, *out) = (struct line) { img, ref_repo(a, &ref), ref.tag ? ref.tag : "<none>" };
    }
}

static const char *human_created(struct arena *a, int64_t created)
{
    char text[64];

    if (!created)
        return "N/A";
    human_duration(time_now() - created, text, sizeof(text));
    return arena_printf(a, "%s ago", text);
}

/* What templates see: the fields of the document under Podman's names for them. */
static void text_fields(struct cmd_ctx *x, const struct images_args *o, const struct line *l,
                        json_t *row)
{
    char size[32], stamp[TIME_TEXT_MAX];
    const char *id = o->no_trunc ? arena_printf(x->arena, "sha256:%s", l->img->id)
                                 : arena_printf(x->arena, "%.12s", l->img->id);
    const char *created = human_created(x->arena, l->img->created);
    char *history = strv_join(x->arena, l->img->names, ", ");

    json_object_set_new(row, "ID", json_string(id));
    json_object_set_new(row, "Repository", json_string(l->repository));
    json_object_set_new(row, "Tag", json_string(l->tag));
    json_object_set_new(row, "Digest", json_string(l->img->digest));
    json_object_set_new(row, "Created", json_string(created));
    json_object_set_new(row, "CreatedSince", json_string(created));
    json_object_set_new(row, "CreatedTime", json_string(time_format_go(l->img->created, stamp)));
    json_object_set_new(row, "CreatedAt", json_string(time_format_go(l->img->created, stamp)));
    json_object_set_new(row, "Size", json_string(human_size(l->img->size, size, sizeof(size))));
    json_object_set_new(row, "History", json_string(history ? history : ""));
    json_object_set_new(row, "Dangling", json_boolean(!l->img->names));
    json_object_set_new(row, "IsDangling", json_boolean(!l->img->names));
    json_object_set_new(row, "ReadOnly", json_false());
    json_object_set_new(row, "IsReadOnly", json_false());
}

static void print_ids(const struct images_args *o, const line_list *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = lines->items[k].img == lines->items[i].img;
        if (seen)
            continue;
        if (o->no_trunc)
            printf("sha256:%s\n", lines->items[i].img->id);
        else
            printf("%.12s\n", lines->items[i].img->id);
    }
}

static const struct cli_header headers[] = {
    { "ID", "IMAGE ID" },  { "CreatedSince", "CREATED" }, { "CreatedAt", "CREATED AT" },
    { "ReadOnly", "R/O" }, { "IsReadOnly", "R/O" },       { "CreatedTime", "CREATED TIME" },
    { NULL, NULL },
};

static int64_t users_of(const kv_list *users, const char *id)
{
    int64_t n = 0;
    const char *text = kv_get(users, id);

    return text && parse_i64(text, 0, INT64_MAX, &n) == 0 ? n : 0;
}

static int print_json(struct cmd_ctx *x, const struct images_args *o, const line_list *lines,
                      const kv_list *users)
{
    AUTO_JSON *rows = json_array();

    for (size_t i = 0; i < lines->n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = lines->items[k].img == lines->items[i].img;
        if (!seen)
            json_array_append_new(rows, images_document(lines->items[i].img,
                                                        users_of(users, lines->items[i].img->id)));
    }
    struct cli_list how = { .format = o->format, .title = "images", .headers = headers };
    return cli_print_list(rows, &how, x->err);
}

static int print_table(struct cmd_ctx *x, const struct images_args *o, const line_list *lines,
                       const kv_list *users)
{
    AUTO_JSON *rows = json_array();

    for (size_t i = 0; i < lines->n; i++) {
        /* Our own columns need nothing of the document. */
        json_t *row = o->format ? images_document(lines->items[i].img,
                                                  users_of(users, lines->items[i].img->id))
                                : json_object();
        text_fields(x, o, &lines->items[i], row);
        json_array_append_new(rows, row);
    }
    char *def = arena_printf(
        x->arena, "table {{.Repository}}\t{{.Tag}}\t%s{{.ID}}\t{{.Created}}\t{{.Size}}%s",
        o->digests ? "{{.Digest}}\t" : "", o->history ? "\t{{.History}}" : "");
    struct cli_list how = { .format = o->format,
                            .def = def,
                            .title = "images",
                            .headers = headers,
                            .no_heading = o->noheading };
    return cli_print_list(rows, &how, x->err);
}

/* Images that only stand below others are not shown, unless somebody asks. */
static bool asks_intermediate(char *const *filters)
{
    for (; filters && *filters; filters++)
        if (str_starts(*filters, "intermediate"))
            return true;
    return false;
}

static int images_run(struct cmd_ctx *x, void *args)
{
    const struct images_args *o = args;
    struct image_list list = { 0 };
    line_list lines = { 0 };
    kv_list users = { 0 };
    char **filters = o->filter;

    if (o->quiet && o->format)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "quiet and format are mutually exclusive");
    if (x->nargs && filters)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "cannot specify an image and a filter(s)");
    if (x->nargs)
        filters = strv_add(x->arena, NULL, arena_printf(x->arena, "reference=%s", x->args[0]));
    if (!o->all && !asks_intermediate(filters))
        filters = strv_add(x->arena, strv_copy(x->arena, filters), "intermediate=false");
    struct engine *e = cmd_engine(x);
    int r = e ? images_list(e, x->arena, filters, &list, x->err) : -EIO;
    if (r == 0)
        r = images_users(e, x->arena, &users, x->err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < list.n; i++)
        add_lines(x->arena, &list.items[i], &lines);
    sort_key = o->sort;
    if (lines.n)
        qsort(lines.items, lines.n, sizeof(*lines.items), compare);
    if (o->quiet) {
        print_ids(o, &lines);
        return 0;
    }
    return o->format && cli_format_is_json(o->format) ? print_json(x, o, &lines, &users)
                                                      : print_table(x, o, &lines, &users);
}

static const struct opt images_opts[] = {
    O_BOOL('a', "all", struct images_args, all,
           "Show all images (default hides intermediate images)"),
    O_BOOL(0, "digests", struct images_args, digests, "Show digests"),
    O_STRV('f', "filter", struct images_args, filter, "key=value",
           "Filter output based on conditions provided"),
    O_STR(0, "format", struct images_args, format, "format",
          "Change the output format to JSON or a Go template"),
    O_BOOL(0, "history", struct images_args, history, "Display the image name history"),
    O_BOOL(0, "no-trunc", struct images_args, no_trunc, "Do not truncate output"),
    O_BOOL('n', "noheading", struct images_args, noheading, "Do not print column headings"),
    O_BOOL('q', "quiet", struct images_args, quiet, "Display only image IDs"),
    O_STR(0, "sort", struct images_args, sort, "key", "Sort by", .def = "created",
          .choices = "created|id|repository|size|tag"),
    { 0 },
};
static const struct opt *const images_tables[] = { images_opts, NULL };
static const char *const examples[] = {
    "podman images --format json",
    "podman images --sort repository --format \"table {{.ID}} {{.Repository}} {{.Tag}}\"",
    "podman images --filter dangling=true", NULL
};
const struct cmd cmd_images = {
    .name = "images",
    .summary = "List images in local storage",
    .usage = "[options] [IMAGE]",
    .description = "Lists images previously pulled to the system or created on the system.",
    .examples = examples,
    .max_args = 1,
    .complete = COMPLETE_IMAGE,
    .opts = images_tables,
    .args_size = sizeof(struct images_args),
    .run = images_run,
};
