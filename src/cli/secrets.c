/* podman secret: create, ls, inspect, exists, rm */
#include <fcntl.h>
#include <inttypes.h>

#include "base/json.h"
#include "base/parse.h"
#include "cli/commands.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "config/containers.h"
#include "engine/secrets.h"

#include "base/banned.h"

/* ---------- create ---------- */

struct create_args {
    char *driver;
    char **driver_opts, **label;
    bool env, ignore, replace;
};

static int read_data(struct cmd_ctx *x, const struct create_args *o, const char *source,
                     struct buf *out)
{
    const char *env = o->env ? getenv(source) : NULL;

    if (o->env && !env)
        return err_set(x->err, ERR_NOT_FOUND, ENOENT,
                       "cannot create store secret data: environment variable %s is not set",
                       source);
    if (o->env) {
        buf_puts(out, env);
        return 0;
    }
    bool in = STR_EQ(source, "-");
    if (in && isatty(STDIN_FILENO))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "if `-` is used, data must be passed into stdin");
    AUTO_CLOSE int file = in ? -EBADF : open(source, O_RDONLY | O_CLOEXEC);
    if (!in && file < 0)
        return err_sys(x->err, errno, "open %s", source);
    int r = buf_read_fd(out, in ? STDIN_FILENO : file);
    if (r == -EFBIG)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "secret data must be larger than 0 and less than %d bytes", SECRET_MAX);
    return r < 0 ? err_sys(x->err, -r, "reading %s", source) : 0;
}

static int create_run(struct cmd_ctx *x, void *args)
{
    const struct create_args *o = args;
    struct engine *e = cmd_engine(x);
    struct secret_config s = { .name = x->args[0] };
    AUTO_BUF data = { .max = SECRET_MAX };

    if (!e)
        return -EIO;
    if (o->replace && o->ignore)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--ignore and --replace cannot be used together");
    const char *configured = engine_config(e)->secrets.driver;
    s.driver = o->driver ? o->driver : arena_strdup(x->arena, configured ? configured : "file");
    kv_set_words(x->arena, &s.labels, o->label);
    kv_set_words(x->arena, &s.options, o->driver_opts);
    int r = read_data(x, o, x->args[1], &data);
    if (r == 0)
        r = secrets_create(e, x->arena, &s, data.data ? data.data : "", data.len, o->replace,
                           o->ignore, x->err);
    if (r == 0)
        puts(s.id);
    return r;
}

static const struct opt create_opts[] = {
    O_STR('d', "driver", struct create_args, driver, "driver", "Specify secret driver"),
    O_SLICE(0, "driver-opts", struct create_args, driver_opts, "key=value",
            "Specify driver specific options"),
    O_BOOL(0, "env", struct create_args, env, "Read secret data from environment variable"),
    O_BOOL(0, "ignore", struct create_args, ignore,
           "If a secret with the same name exists, ignore and do not create a new secret"),
    O_STRV('l', "label", struct create_args, label, "key=value", "Specify labels on the secret"),
    O_BOOL(0, "replace", struct create_args, replace,
           "If a secret with the same name exists, replace it"),
    { 0 },
};
static const struct opt *const create_tables[] = { create_opts, NULL };
static const char *const create_examples[] = { "podman secret create mysecret /path/to/secret",
                                               "printf \"secretdata\" | podman secret create "
                                               "mysecret -",
                                               NULL };
static const struct cmd cmd_create_secret = {
    .name = "create",
    .summary = "Create a new secret",
    .usage = "[options] NAME FILE|-",
    .description =
        "Create a secret. Input can be a path to a file or \"-\" (read from stdin). Secret "
        "drivers: file (default).",
    .examples = create_examples,
    .min_args = 2,
    .max_args = 2,
    .opts = create_tables,
    .args_size = sizeof(struct create_args),
    .run = create_run,
};

/* ---------- ls ---------- */

struct ls_args {
    char **filter;
    char *format;
    bool noheading, quiet;
};

static int ls_run(struct cmd_ctx *x, void *args)
{
    const struct ls_args *o = args;
    struct engine *e = cmd_engine(x);
    struct secret_list list = { 0 };
    AUTO_JSON *rows = json_array();
    int64_t now = time_now();

    if (!e)
        return -EIO;
    int r = secrets_list(e, x->arena, o->filter, &list, x->err);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct secret_config *s = &list.items[i];
        char created[64], updated[64];
        json_array_append_new(
            rows,
            json_pack("{s:s,s:s,s:s,s:s,s:s}", "ID", s->id, "Name", s->name, "Driver", s->driver,
                      "CreatedAt",
                      arena_printf(x->arena, "%s ago",
                                   human_duration(now - s->created, created, sizeof(created))),
                      "UpdatedAt",
                      arena_printf(x->arena, "%s ago",
                                   human_duration(now - s->updated, updated, sizeof(updated)))));
    }
    static const struct cli_header headers[] = { { "CreatedAt", "CREATED" },
                                                 { "UpdatedAt", "UPDATED" },
                                                 { NULL, NULL } };
    const struct cli_list how = {
        .format = o->format,
        .def = o->quiet ? "{{.ID}}"
                        : "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}",
        .title = "secret ls",
        .headers = headers,
        .no_heading = o->noheading,
    };
    return r < 0 ? r : cli_print_list(rows, &how, x->err);
}

static const struct opt ls_opts[] = {
    O_STRV('f', "filter", struct ls_args, filter, "key=value", "Filter secret output"),
    O_STR(0, "format", struct ls_args, format, "template",
          "Format volume output using Go template"),
    O_BOOL('n', "noheading", struct ls_args, noheading, "Do not print headers"),
    O_BOOL('q', "quiet", struct ls_args, quiet, "Print secret IDs only"),
    { 0 },
};
static const struct opt *const ls_tables[] = { ls_opts, NULL };
static const char *const ls_aliases[] = { "list", NULL };
static const struct cmd cmd_ls = {
    .name = "ls",
    .aliases = ls_aliases,
    .summary = "List secrets",
    .usage = "[options]",
    .description = "Lists all available secrets.",
    .max_args = 0,
    .opts = ls_tables,
    .args_size = sizeof(struct ls_args),
    .run = ls_run,
};

/* ---------- inspect, exists ---------- */

struct inspect_args {
    char *format;
    bool pretty, show;
};

static int row_of(struct cmd_ctx *x, const struct inspect_args *o, const struct secret_config *s,
                  json_t **ret)
{
    char created[TIME_TEXT_MAX], updated[TIME_TEXT_MAX];
    AUTO_BUF data = { .max = SECRET_MAX };

    *ret = json_pack("{s:s,s:s,s:s,s:{s:s,s:{s:s,s:o},s:o}}", "ID", s->id, "CreatedAt",
                     time_format_rfc3339_local(s->created, created), "UpdatedAt",
                     time_format_rfc3339_local(s->updated, updated), "Spec", "Name", s->name,
                     "Driver", "Name", s->driver, "Options", kv_object(&s->options), "Labels",
                     kv_object(&s->labels));
    if (!o->show)
        return 0;
    int r = secrets_read(cmd_engine(x), s, &data, x->err);
    json_t *text = json_stringn(data.data ? data.data : "", data.len);
    if (r == 0 && !text)
        r = err_set(x->err, ERR_BAD_PARAM, EINVAL,
                    "secret %s holds bytes that are no text: they cannot be shown in JSON",
                    s->name);
    if (r == 0)
        json_object_set(*ret, "SecretData", text);
    json_decref(text);
    return r;
}

static void print_pretty(const struct secret_config *s)
{
    char stamp[TIME_TEXT_MAX];

    printf("ID:              %s\nName:              %s\n", s->id, s->name);
    for (size_t i = 0; i < s->labels.n; i++)
        printf("%s%s=%s\n",
               i ? "                  " : "Labels:            ", s->labels.items[i].key,
               s->labels.items[i].val);
    printf("Driver:            %s\n", s->driver);
    printf("Created:           %s\n", time_format_go(s->created, stamp));
    printf("Updated:           %s\n", time_format_go(s->updated, stamp));
}

static int inspect_run(struct cmd_ctx *x, void *args)
{
    const struct inspect_args *o = args;
    struct engine *e = cmd_engine(x);
    AUTO_JSON *rows = json_array();
    int code = 0, r = e ? 0 : -EIO;

    if (o->pretty && o->format)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--format and --pretty cannot be used together");
    for (int i = 0; r == 0 && i < x->nargs; i++) {
        struct secret_config s;
        if (secrets_find(e, x->arena, x->args[i], &s, x->err) < 0) {
            code = 125;
            print_error(x->err);
            continue;
        }
        if (o->pretty) {
            print_pretty(&s);
            continue;
        }
        json_t *row;
        r = row_of(x, o, &s, &row);
        json_array_append_new(rows, row);
    }
    const struct cli_list how = {
        .format = o->format, .title = "secret inspect", .no_heading = true, .indent = 4
    };
    if (r == 0 && !o->pretty)
        r = cli_print_list(rows, &how, x->err);
    return r < 0 ? r : code;
}

static const struct opt inspect_opts[] = {
    O_STR('f', "format", struct inspect_args, format, "template",
          "Format inspect output using Go template"),
    O_BOOL(0, "pretty", struct inspect_args, pretty,
           "Print inspect output in human-readable format"),
    O_BOOL(0, "showsecret", struct inspect_args, show, "Display the secret"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
static const struct cmd cmd_inspect_secret = {
    .name = "inspect",
    .summary = "Inspect a secret",
    .usage = "[options] SECRET [SECRET...]",
    .description = "Display detail information on one or more secrets.",
    .min_args = 1,
    .max_args = -1,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct engine *e = cmd_engine(x);
    struct secret_config s;
    int r = e ? secrets_find(e, x->arena, x->args[0], &s, x->err) : -EIO;

    (void)args;
    if (r < 0 && x->err->kind == ERR_NOT_FOUND) {
        err_clear(x->err);
        return 1;
    }
    return r;
}

static const struct cmd cmd_exists = {
    .name = "exists",
    .summary = "Check if a secret exists in local storage",
    .usage = "SECRET",
    .description =
        "Tells with its exit code whether a secret is known: 0 when it is, 1 when it is not.",
    .min_args = 1,
    .max_args = 1,
    .run = exists_run,
};

/* ---------- rm ---------- */

struct rm_args {
    bool all, ignore;
};

static int rm_run(struct cmd_ctx *x, void *args)
{
    const struct rm_args *o = args;
    struct engine *e = cmd_engine(x);
    struct secret_list list = { 0 };
    int code = 0;

    if (!e)
        return -EIO;
    if (o->all == (x->nargs > 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       o->all ? "`podman secret rm --all` accepts no arguments"
                              : "`podman secret rm` requires at least one argument");
    int r = o->all ? secrets_list(e, x->arena, NULL, &list, x->err) : 0;
    for (int i = 0; i < x->nargs; i++) {
        struct secret_config s;
        if (secrets_find(e, x->arena, x->args[i], &s, x->err) == 0) {
            *LIST_ADD(x->arena, list) = s;
        } else if (x->err->kind == ERR_NOT_FOUND && o->ignore) {
            err_clear(x->err);
        } else {
            code = 125;
            print_error(x->err);
        }
    }
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        r = secrets_remove(e, &list.items[i], x->err);
        if (r == 0)
            puts(list.items[i].id);
    }
    return r < 0 ? r : code;
}

static const struct opt rm_opts[] = {
    O_BOOL('a', "all", struct rm_args, all, "Remove all secrets"),
    O_BOOL('i', "ignore", struct rm_args, ignore,
           "Ignore errors when specified secrets are not present"),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
static const char *const rm_aliases[] = { "remove", NULL };
static const struct cmd cmd_rm_secret = {
    .name = "rm",
    .aliases = rm_aliases,
    .summary = "Remove one or more secrets",
    .usage = "[options] SECRET [SECRET...]",
    .description = "Removes secrets; containers that have them keep their copies.",
    .max_args = -1,
    .opts = rm_tables,
    .args_size = sizeof(struct rm_args),
    .run = rm_run,
};

static const struct cmd *const subs[] = { &cmd_create_secret,  &cmd_exists,
                                          &cmd_inspect_secret, &cmd_ls,
                                          &cmd_rm_secret,      NULL };
const struct cmd cmd_secret = {
    .name = "secret",
    .summary = "Manage secrets",
    .description = "Manage secrets",
    .subs = subs,
};
