/* podman artifact */
#include "base/parse.h"
#include "base/progress.h"
#include "cli/format.h"
#include "cli/images/commands.h"
#include "cli/images/registry_opts.h"
#include "engine/artifacts.h"
#include "spec/reference.h"

#include "base/banned.h"

/* Podman prints digests of artifacts without "sha256:". */
static void print_hex(const char *digest)
{
    puts(digest_hex(digest));
}

/* ---------- add ---------- */

struct add_args {
    char *type, *file_type;
    char **annotation;
    bool append, replace;
};

int cli_annotations(struct cmd_ctx *x, char *const *given, kv_list *ret)
{
    for (; given && *given; given++) {
        const char *eq = strchr(*given, '=');
        if (!eq || eq == *given)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL, "no value given for annotation \"%s\"",
                           *given);
        kv_set(x->arena, ret, arena_strndup(x->arena, *given, (size_t)(eq - *given)), eq + 1);
    }
    return 0;
}

static int add_run(struct cmd_ctx *x, void *args)
{
    const struct add_args *o = args;
    struct artifact_add_options add = {
        .type = o->type,
        .file_type = o->file_type,
        .append = o->append,
        .replace = o->replace,
    };
    char *digest;
    int r = cli_annotations(x, o->annotation, &add.annotations);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;

    if (!e)
        return r < 0 ? r : -EIO;
    r = artifact_add(engine_store(e), x->arena, x->args[0], x->args + 1, &add, &digest, x->err);
    if (r == 0)
        print_hex(digest);
    return r;
}

static const struct opt add_opts[] = {
    O_STRV(0, "annotation", struct add_args, annotation, "key=value",
           "Set an `annotation` for the specified files of artifact"),
    O_BOOL('a', "append", struct add_args, append, "Append files to an existing artifact"),
    O_STR(0, "file-type", struct add_args, file_type, "type",
          "Set file type to use for the artifact (layer)"),
    O_BOOL(0, "replace", struct add_args, replace, "Replace an existing artifact"),
    O_STR(0, "type", struct add_args, type, "type", "Use type to describe an artifact"),
    { 0 },
};
static const struct opt *const add_tables[] = { add_opts, NULL };
static const char *const add_examples[] = {
    "podman artifact add quay.io/myimage/myartifact:latest /tmp/foobar.txt",
    "podman artifact add --file-type text/yaml quay.io/myimage/myartifact:latest /tmp/foobar.yaml",
    "podman artifact add --append quay.io/myimage/myartifact:latest /tmp/foobar.tar.gz", NULL
};
static const struct cmd cmd_add = {
    .name = "add",
    .summary = "Add an OCI artifact to the local store",
    .usage = "[options] ARTIFACT PATH [...PATH]",
    .description = "Add an OCI artifact to the local store from the local filesystem. Several "
                   "files are one artifact; a title annotation then names the artifact, and each "
                   "file keeps its own name.",
    .examples = add_examples,
    .min_args = 2,
    .max_args = -1,
    .complete = COMPLETE_FILE,
    .opts = add_tables,
    .args_size = sizeof(struct add_args),
    .run = add_run,
};

/* ---------- ls ---------- */

struct ls_args {
    char *format;
    bool no_trunc, noheading;
};

static json_t *ls_row(struct cmd_ctx *x, const struct ls_args *o, const struct artifact *art,
                      bool json)
{
    char size[32], since[64], stamp[TIME_TEXT_MAX];
    struct image_ref ref = { 0 };
    json_t *row = json_object();

    (void)!ref_parse(x->arena, art->name, &ref, NULL);
    human_duration(time_now() - art->created, since, sizeof(since));
    json_object_set_new(row, "Repository", json_string(ref_repo(x->arena, &ref)));
    json_object_set_new(row, "Tag", json_string(ref.tag ? ref.tag : ""));
    json_object_set_new(row, "Digest",
                        json_string(o->no_trunc || json ? digest_hex(art->digest)
                                                        : arena_printf(x->arena, "%.12s",
                                                                       digest_hex(art->digest))));
    json_object_set_new(row, "Created", json_string(arena_printf(x->arena, "%s ago", since)));
    json_object_set_new(row, "CreatedAt", json_string(time_format_rfc3339(art->created, stamp)));
    json_object_set_new(row, "Size", json_string(human_size_plain(art->size, size, sizeof(size))));
    json_object_set_new(row, "VirtualSize",
                        json_string(arena_printf(x->arena, "%lld", (long long)art->size)));
    return row;
}

static int ls_run(struct cmd_ctx *x, void *args)
{
    static const struct cli_header headers[] = { { "CreatedAt", "CREATED AT" },
                                                 { "VirtualSize", "VIRTUAL SIZE" },
                                                 { NULL, NULL } };
    const struct ls_args *o = args;
    artifact_list list = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? artifact_all(engine_store(e), x->arena, &list, x->err) : -EIO;
    bool json = o->format && cli_format_is_json(o->format);

    if (r < 0)
        return r;
    AUTO_JSON *rows = json_array();
    for (size_t i = 0; i < list.n; i++)
        json_array_append_new(rows, ls_row(x, o, &list.items[i], json));
    struct cli_list how = {
        .format = o->format,
        .def = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.Created}}\t{{.Size}}",
        .title = "ls",
        .headers = headers,
        .no_heading = o->noheading,
    };
    return cli_print_list(rows, &how, x->err);
}

static const struct opt ls_opts[] = {
    O_STR(0, "format", struct ls_args, format, "format",
          "Format artifact output using JSON or a Go template"),
    O_BOOL(0, "no-trunc", struct ls_args, no_trunc, "Do not truncate output"),
    O_BOOL('n', "noheading", struct ls_args, noheading, "Do not print column headings"),
    { 0 },
};
static const struct opt *const ls_tables[] = { ls_opts, NULL };
static const char *const ls_aliases[] = { "list", NULL };
static const struct cmd cmd_ls = {
    .name = "ls",
    .aliases = ls_aliases,
    .summary = "List OCI artifacts",
    .usage = "[options]",
    .description = "List OCI artifacts in local store",
    .opts = ls_tables,
    .args_size = sizeof(struct ls_args),
    .run = ls_run,
};

/* ---------- inspect ---------- */

struct inspect_args {
    char *format;
};

static int inspect_run(struct cmd_ctx *x, void *args)
{
    const struct inspect_args *o = args;
    struct artifact art = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? artifact_find(engine_store(e), x->arena, x->args[0], &art, x->err) : -EIO;

    if (r < 0)
        return r;
    AUTO_JSON *doc = artifact_document(&art);
    if (o->format && !cli_format_is_json(o->format)) {
        /* What a template sees besides the document: Podman's embedded struct and its method. */
        json_object_set_new(doc, "Artifact", json_copy(doc));
        json_object_set_new(doc, "TotalSizeBytes", json_integer(art.size));
    }
    struct cli_list how = { .format = o->format, .title = "inspect", .indent = 5 };
    return cli_print_one(doc, &how, x->err);
}

static const struct opt inspect_opts[] = {
    O_STR('f', "format", struct inspect_args, format, "format",
          "Format artifact output using JSON or a Go template", .def = "json"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
static const struct cmd cmd_inspect_artifact = {
    .name = "inspect",
    .summary = "Inspect an OCI artifact",
    .usage = "[options] ARTIFACT",
    .description = "Provide details on an OCI artifact",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_ARTIFACT,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};

/* ---------- extract ---------- */

struct extract_args {
    char *digest, *title;
};

static int extract_run(struct cmd_ctx *x, void *args)
{
    const struct extract_args *o = args;
    const struct artifact_choice which = { o->title, o->digest };
    struct artifact art = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? artifact_find(engine_store(e), x->arena, x->args[0], &art, x->err) : -EIO;

    if (r < 0)
        return r;
    if (!STR_EQ(x->args[1], "-"))
        return artifact_extract(engine_store(e), x->arena, &art, &which, x->args[1], x->err);
    if (isatty(STDOUT_FILENO))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "refusing to write an archive to a terminal: redirect the output");
    return artifact_extract_tar(engine_store(e), x->arena, &art, &which, STDOUT_FILENO, x->err);
}

static const struct opt extract_opts[] = {
    O_STR(0, "digest", struct extract_args, digest, "digest",
          "Only extract blob with the given digest"),
    O_STR(0, "title", struct extract_args, title, "title",
          "Only extract blob with the given title"),
    { 0 },
};
static const struct opt *const extract_tables[] = { extract_opts, NULL };
static const char *const extract_examples[] = {
    "podman artifact extract quay.io/myimage/myartifact:latest /tmp/foobar.txt",
    "podman artifact extract quay.io/myimage/myartifact:latest /home/paul/mydir",
    "podman artifact extract quay.io/myimage/myartifact:latest - | tar -t", NULL
};
static const struct cmd cmd_extract = {
    .name = "extract",
    .summary = "Extract an OCI artifact to a local path",
    .usage = "[options] ARTIFACT PATH",
    .description = "Extract the blobs of an OCI artifact to a local file or directory. The path - "
                   "writes a tar archive to standard output.",
    .examples = extract_examples,
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_FILE,
    .opts = extract_tables,
    .args_size = sizeof(struct extract_args),
    .run = extract_run,
};

/* ---------- pull, push ---------- */

static int pull_run(struct cmd_ctx *x, void *args)
{
    const struct registry_args *o = args;
    struct image_pull_options p = { 0 };
    char *digest;
    int r = registry_pull_options(x, o, &p);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;

    if (e)
        r = artifact_pull(engine_store(e), x->arena, x->args[0], &p, &digest, x->err);
    progress_free(p.progress);
    if (e && r == 0)
        print_hex(digest);
    return e || r < 0 ? r : -EIO;
}

static const struct opt pull_opts[] = {
    O_STRV(0, "decryption-key", struct registry_args, unused_list, "key",
           "Key needed to decrypt the image", .flags = OPTF_UNSUPPORTED),
    { 0 },
};
static const struct opt *const pull_tables[] = { registry_opts, registry_retry_opts, pull_opts,
                                                 NULL };
static const char *const pull_examples[] = {
    "podman artifact pull quay.io/myimage/myartifact:latest", NULL
};
static const struct cmd cmd_artifact_pull = {
    .name = "pull",
    .summary = "Pull an OCI artifact",
    .usage = "[options] ARTIFACT",
    .description = "Pulls an artifact from a registry and stores it locally.",
    .examples = pull_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_ARTIFACT,
    .opts = pull_tables,
    .args_size = sizeof(struct registry_args),
    .run = pull_run,
};

struct push_args {
    struct registry_args reg;
    char *digestfile;
};

int cli_write_digest(struct cmd_ctx *x, const char *path, const char *digest)
{
    if (!path)
        return 0;
    AUTO_FCLOSE FILE *f = fopen(path, "we");
    if (!f || fputs(digest, f) < 0 || fflush(f) != 0)
        return err_sys(x->err, errno, "failed to write digest to file %s", path);
    return 0;
}

static int push_run(struct cmd_ctx *x, void *args)
{
    const struct push_args *o = args;
    struct image_push_options p = { 0 };
    char *digest;
    int r = registry_push_options(x, &o->reg, &p);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;

    if (e)
        r = artifact_push(engine_store(e), x->arena, x->args[0], &p, &digest, x->err);
    progress_free(p.progress);
    if (!e || r < 0)
        return r < 0 ? r : -EIO;
    return cli_write_digest(x, o->digestfile, digest);
}

static const struct opt push_opts[] = {
    O_STR(0, "digestfile", struct push_args, digestfile, "path",
          "Write the digest of the pushed image to the specified file", .complete = COMPLETE_FILE),
    { 0 },
};
static const struct opt *const push_tables[] = { registry_opts, registry_retry_opts,
                                                 registry_sign_opts, push_opts, NULL };
static const char *const push_examples[] = {
    "podman artifact push quay.io/myimage/myartifact:latest", NULL
};
static const struct cmd cmd_artifact_push = {
    .name = "push",
    .summary = "Push an OCI artifact",
    .usage = "[options] ARTIFACT",
    .description = "Push an OCI artifact from local storage to an image registry",
    .examples = push_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_ARTIFACT,
    .opts = push_tables,
    .args_size = sizeof(struct push_args),
    .run = push_run,
};

/* ---------- rm ---------- */

struct rm_args {
    bool all, ignore;
};

static int all_names(struct cmd_ctx *x, struct engine *e, char ***ret)
{
    artifact_list list = { 0 };
    int r = artifact_all(engine_store(e), x->arena, &list, x->err);

    *ret = NULL;
    for (size_t i = 0; r == 0 && i < list.n; i++)
        *ret = strv_add(x->arena, *ret, list.items[i].name);
    return r;
}

static int rm_run(struct cmd_ctx *x, void *args)
{
    const struct rm_args *o = args;
    char **names = x->args;
    int r = 0;

    if (o->all && x->nargs)
        return err_set(
            x->err, ERR_BAD_PARAM, EINVAL,
            "when using the --all switch, you may not pass any artifact names or digests");
    if (!o->all && !x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "at least one artifact name or digest must be specified");
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;
    if (o->all)
        r = all_names(x, e, &names);
    for (; r == 0 && names && *names; names++) {
        char *digest;
        r = artifact_remove(engine_store(e), x->arena, *names, &digest, x->err);
        if (r < 0 && o->ignore && x->err->kind == ERR_NOT_FOUND) {
            err_clear(x->err);
            r = 0;
        } else if (r == 0)
            print_hex(digest);
    }
    return r < 0 ? 125 : 0;
}

static const struct opt rm_opts[] = {
    O_BOOL('a', "all", struct rm_args, all, "Remove all artifacts"),
    O_BOOL('i', "ignore", struct rm_args, ignore,
           "Ignore error if specified artifact does not exist"),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
static const char *const rm_aliases[] = { "remove", NULL };
static const char *const rm_examples[] = {
    "podman artifact rm quay.io/myimage/myartifact:latest", "podman artifact rm -a",
    "podman artifact rm c4dfb1609ee2 93fd78260bd1 c0ed59d05ff7", NULL
};
static const struct cmd cmd_artifact_rm = {
    .name = "rm",
    .aliases = rm_aliases,
    .summary = "Remove one or more OCI artifacts",
    .usage = "[options] ARTIFACT [ARTIFACT...]",
    .description = "Remove one or more OCI artifacts from local storage",
    .examples = rm_examples,
    .max_args = -1,
    .complete = COMPLETE_ARTIFACT,
    .opts = rm_tables,
    .args_size = sizeof(struct rm_args),
    .run = rm_run,
};

static const struct cmd *const artifact_subs[] = {
    &cmd_add,           &cmd_extract,       &cmd_inspect_artifact, &cmd_ls,
    &cmd_artifact_pull, &cmd_artifact_push, &cmd_artifact_rm,      NULL,
};
const struct cmd cmd_artifact = {
    .name = "artifact",
    .summary = "Manage OCI artifacts",
    .description = "Manage OCI artifacts",
    .subs = artifact_subs,
};
