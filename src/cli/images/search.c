/* podman search */
#include "base/parse.h"
#include "cli/format.h"
#include "cli/images/commands.h"
#include "engine/images.h"

#include "base/banned.h"

enum { MAX_LIMIT = 100, DESCRIPTION = 44 };

struct search_args {
    char *authfile, *cert_dir, *creds, *format;
    char **filter;
    int64_t limit;
    int tls_verify;
    bool compatible, list_tags, no_trunc;
};

/* ---------- filters ---------- */

struct wanted {
    int64_t stars;
    int official, automated; /* -1: either */
};

static int read_stars(const char *value, struct wanted *w, struct err *err)
{
    return parse_i64(value, 0, INT32_MAX, &w->stars) < 0
               ? err_set(err, ERR_BAD_PARAM, EINVAL, "incorrect value type \"%s\" for stars filter",
                         value)
               : 0;
}

static int read_flag(const char *name, const char *value, int *ret, struct err *err)
{
    bool yes;

    /* A bare filter asks for those that are. */
    if (parse_bool(*value ? value : "true", &yes) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "incorrect value type \"%s\" for %s filter",
                       value, name);
    *ret = yes;
    return 0;
}

static int read_filters(struct cmd_ctx *x, char *const *filters, struct wanted *w)
{
    *w = (struct wanted) { 0, -1, -1 };
    for (; filters && *filters; filters++) {
        size_t n = strcspn(*filters, "=");
        char *name = arena_strndup(x->arena, *filters, n);
        const char *value = (*filters)[n] ? *filters + n + 1 : "";
        int r = STR_EQ(name, "stars")          ? read_stars(value, w, x->err)
                : STR_EQ(name, "is-official")  ? read_flag(name, value, &w->official, x->err)
                : STR_EQ(name, "is-automated") ? read_flag(name, value, &w->automated, x->err)
                                               : err_set(x->err, ERR_BAD_PARAM, EINVAL,
                                                         "invalid filter type \"%s\"", *filters);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool passes(const struct image_found *f, const struct wanted *w)
{
    return f->stars >= w->stars && (w->official < 0 || f->official == w->official) &&
           (w->automated < 0 || f->automated == w->automated);
}

/* ---------- output ---------- */

static char *description(struct cmd_ctx *x, const struct search_args *o, const char *text)
{
    char *s = arena_strdup(x->arena, text);

    for (char *p = s; *p; p++)
        if (*p == '\n')
            *p = ' ';
    if (o->no_trunc || strlen(s) <= DESCRIPTION)
        return s;
    size_t n = DESCRIPTION;
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80) /* not in the middle of a character */
        n--;
    return arena_printf(x->arena, "%.*s...", (int)n, s);
}

static json_t *make_row(struct cmd_ctx *x, const struct search_args *o, const struct image_found *f)
{
    return json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:s}", "Index", f->index, "Name", f->name,
                     "Description", description(x, o, f->description), "Stars",
                     (json_int_t)f->stars, "Official", f->official ? "[OK]" : "", "Automated",
                     f->automated ? "[OK]" : "", "Tag", f->tag);
}

/* Tags as JSON: one object a repository. */
static json_t *tag_groups(const image_found_list *found)
{
    json_t *list = json_array(), *tags = NULL;
    const char *last = NULL;

    for (size_t i = 0; i < found->n; i++) {
        const struct image_found *f = &found->items[i];
        if (!str_same(last, f->name)) {
            json_t *one = json_pack("{s:s,s:[]}", "Name", f->name, "Tags");
            tags = json_object_get(one, "Tags");
            json_array_append_new(list, one);
            last = f->name;
        }
        json_array_append_new(tags, json_string(f->tag));
    }
    return list;
}

static const struct cli_header headers[] = {
    { "Index", "INDEX" },
    { "Name", "NAME" },
    { "Description", "DESCRIPTION" },
    { "Stars", "STARS" },
    { "Official", "OFFICIAL" },
    { "Automated", "AUTOMATED" },
    { "Tag", "TAG" },
    { 0 },
};

static int print(struct cmd_ctx *x, const struct search_args *o, const image_found_list *found,
                 const struct wanted *w)
{
    bool json = o->format && cli_format_is_json(o->format);
    AUTO_JSON *rows = json && o->list_tags ? tag_groups(found) : json_array();
    struct cli_list how = { .format = o->format, .title = "search", .headers = headers };

    how.def = o->list_tags    ? "table {{.Name}}\t{{.Tag}}"
              : o->compatible ? "table {{.Name}}\t{{.Description}}\t{{.Stars}}\t{{.Official}}"
                                "\t{{.Automated}}"
                              : "table {{.Name}}\t{{.Description}}";
    if (!(json && o->list_tags))
        for (size_t i = 0; i < found->n; i++)
            if (passes(&found->items[i], w))
                json_array_append_new(rows, make_row(x, o, &found->items[i]));
    if (!json_array_size(rows) && !json)
        return 0;
    return cli_print_list(rows, &how, x->err);
}

static int search_run(struct cmd_ctx *x, void *args)
{
    const struct search_args *o = args;
    struct image_search_options s = { .authfile = o->authfile,
                                      .creds = o->creds,
                                      .cert_dir = o->cert_dir,
                                      .tls_verify = o->tls_verify,
                                      .limit = o->limit,
                                      .list_tags = o->list_tags };
    image_found_list found = { 0 };
    struct wanted w;

    if (o->limit < 0 || o->limit > MAX_LIMIT)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "limit %lld is outside the range of [1, %d]",
                       (long long)o->limit, MAX_LIMIT);
    if (o->list_tags && o->filter)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "filters are not applicable to list tags result");
    int r = read_filters(x, o->filter, &w);
    if (r == 0)
        r = images_search(x->arena, x->args[0], &s, &found, x->err);
    return r < 0 ? r : print(x, o, &found, &w);
}

static const struct opt search_opts[] = {
    O_STR(0, "authfile", struct search_args, authfile, "path", "Path of the authentication file",
          .flags = OPTF_CREDENTIALS, .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct search_args, cert_dir, "path",
          "Path to a directory containing TLS certificates and keys", .complete = COMPLETE_DIR),
    O_BOOL(0, "compatible", struct search_args, compatible,
           "List stars, official and automated columns (Docker compatibility)"),
    O_STR(0, "creds", struct search_args, creds, "[username[:password]]",
          "Credentials to use for authenticating to a registry"),
    O_STRV('f', "filter", struct search_args, filter, "filter",
           "Filter output based on conditions provided (stars=N, is-official, is-automated)"),
    O_STR(0, "format", struct search_args, format, "format",
          "Change the output format to JSON or a Go template"),
    O_INT(0, "limit", struct search_args, limit, "number", "Limit the number of results"),
    O_BOOL(0, "list-tags", struct search_args, list_tags,
           "List the tags of the input registry's repository"),
    O_BOOL(0, "no-trunc", struct search_args, no_trunc, "Do not truncate the output"),
    O_TRI(0, "tls-verify", struct search_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    { 0 },
};
static const struct opt *const search_tables[] = { search_opts, NULL };
static const char *const examples[] = { "podman search --filter=is-official --limit 3 alpine",
                                        "podman search registry.example.com/",
                                        "podman search --list-tags registry.example.com/repository",
                                        NULL };
const struct cmd cmd_search = {
    .name = "search",
    .summary = "Search registry for image",
    .usage = "[options] TERM",
    .description =
        "Search registries for a given image. Can search all the default registries or a specific "
        "registry: the one before the first slash of the term.",
    .examples = examples,
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_NO_USERNS | CMD_NO_ENGINE,
    .opts = search_tables,
    .args_size = sizeof(struct search_args),
    .run = search_run,
};
