/* podman manifest */
#include "base/progress.h"
#include "cli/images/commands.h"
#include "cli/images/registry_opts.h"
#include "config/containers.h"
#include "engine/images.h"

#include "base/banned.h"

/* ---------- add, create, annotate: what is said of an entry ---------- */

struct entry_args {
    struct registry_args reg;
    char *arch, *os, *os_version, *variant;
    char **annotation, **features, **os_features;
    bool all;
    /* add --artifact */
    bool artifact, exclude_titles;
    char *artifact_type, *config, *config_type, *layer_type, *subject;
    char **artifact_annotation;
    /* annotate */
    bool index;
    /* create */
    bool amend;
};

static int annotate_options(struct cmd_ctx *x, const struct entry_args *o,
                            struct manifest_annotate *ret)
{
    *ret = (struct manifest_annotate) {
        .os = o->os,
        .arch = o->arch,
        .variant = o->variant,
        .os_version = o->os_version,
        .features = o->features,
        .os_features = o->os_features,
    };
    return cli_annotations(x, o->annotation, &ret->annotations);
}

/* Adds x->args from @first on to the list. */
static int add_sources(struct cmd_ctx *x, const struct entry_args *o, const char *list,
                       char *const *sources, struct manifest_add *add, char **ret_id)
{
    struct image_pull_options pull = { 0 };
    int r = registry_pull_options(x, &o->reg, &pull);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;

    add->pull = &pull;
    if (e)
        r = manifest_list_add(engine_store(e), x->arena, list, sources, add, ret_id, x->err);
    progress_free(pull.progress);
    return r < 0 ? r : e ? 0 : -EIO;
}

#define ENTRY_OPTS                                                                                 \
    O_STRV(0, "annotation", struct entry_args, annotation, "key=value",                            \
           "Set an `annotation` for the specified image"),                                         \
        O_STR(0, "arch", struct entry_args, arch, "arch",                                          \
              "Override the `architecture` of the specified image"),                               \
        O_SLICE(0, "features", struct entry_args, features, "features",                            \
                "Override the `features` of the specified image"),                                 \
        O_STR(0, "os", struct entry_args, os, "OS", "Override the `OS` of the specified image"),   \
        O_SLICE(0, "os-features", struct entry_args, os_features, "features",                      \
                "Override the OS `features` of the specified image"),                              \
        O_STR(0, "os-version", struct entry_args, os_version, "version",                           \
              "Override the OS `version` of the specified image"),                                 \
        O_STR(0, "variant", struct entry_args, variant, "variant",                                 \
              "Override the `Variant` of the specified image")

/* ---------- create ---------- */

static int create_run(struct cmd_ctx *x, void *args)
{
    const struct entry_args *o = args;
    struct manifest_add add = { .all = o->all };
    kv_list annotations = { 0 };
    char *id;
    int r = cli_annotations(x, o->annotation, &annotations);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;

    if (!e)
        return r < 0 ? r : -EIO;
    r = manifest_list_create(engine_store(e), x->arena, x->args[0], o->amend, &annotations, &id,
                             x->err);
    if (r == 0 && x->nargs > 1)
        r = add_sources(x, o, id, x->args + 1, &add, &id);
    if (r == 0)
        puts(id);
    return r;
}

static const struct opt create_opts[] = {
    O_BOOL(0, "all", struct entry_args, all,
           "Add all of the lists' images if the images to add are lists"),
    O_BOOL('a', "amend", struct entry_args, amend,
           "Modify an existing list if one with the desired name already exists"),
    O_STRV(0, "annotation", struct entry_args, annotation, "key=value",
           "Set annotations on the new list"),
    { 0 },
};
static const struct opt *const create_tables[] = { registry_opts, registry_insecure_opts,
                                                   create_opts, NULL };
static const char *const create_examples[] = {
    "podman manifest create mylist:v1.11",
    "podman manifest create mylist:v1.11 arch-specific-image-to-add",
    "podman manifest create mylist:v1.11 arch-specific-image-to-add another-arch-specific-image",
    "podman manifest create --all mylist:v1.11 transport:tagged-image-to-add", NULL
};
static const struct cmd cmd_create_list = {
    .name = "create",
    .summary = "Create manifest list or image index",
    .usage = "[options] LIST [IMAGE...]",
    .description = "Creates manifest lists or image indexes.",
    .examples = create_examples,
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = create_tables,
    .args_size = sizeof(struct entry_args),
    .run = create_run,
};

/* ---------- add ---------- */

static int add_run(struct cmd_ctx *x, void *args)
{
    const struct entry_args *o = args;
    struct manifest_add add = {
        .all = o->all,
        .artifact = o->artifact,
        .exclude_titles = o->exclude_titles,
        .artifact_type = o->artifact_type,
        .config = o->config,
        .config_type = o->config_type,
        .layer_type = o->layer_type,
        .subject = o->subject,
    };
    char *id;

    if (!o->artifact && (o->exclude_titles || o->artifact_type || o->config || o->config_type ||
                         o->layer_type || o->subject || o->artifact_annotation))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "the --artifact-* options are for use with --artifact only");
    int r = annotate_options(x, o, &add.annotate);
    if (r == 0)
        r = cli_annotations(x, o->artifact_annotation, &add.artifact_annotations);
    if (r == 0)
        r = add_sources(x, o, x->args[0], x->args + 1, &add, &id);
    if (r == 0)
        puts(id);
    return r;
}

static const struct opt add_opts[] = {
    O_BOOL(0, "all", struct entry_args, all, "Add all of the list's images if the image is a list"),
    O_BOOL(0, "artifact", struct entry_args, artifact, "Add all arguments as artifact files"),
    O_STRV(0, "artifact-annotation", struct entry_args, artifact_annotation, "key=value",
           "Set an annotation in the artifact manifest"),
    O_STR(0, "artifact-config", struct entry_args, config, "path", "Artifact configuration file",
          .complete = COMPLETE_FILE),
    O_STR(0, "artifact-config-type", struct entry_args, config_type, "type",
          "Artifact configuration media type"),
    O_BOOL(0, "artifact-exclude-titles", struct entry_args, exclude_titles,
           "Refrain from setting title annotations on layers"),
    O_STR(0, "artifact-layer-type", struct entry_args, layer_type, "type",
          "Artifact layer media type"),
    O_STR(0, "artifact-subject", struct entry_args, subject, "image", "Artifact subject reference",
          .complete = COMPLETE_IMAGE),
    O_STR(0, "artifact-type", struct entry_args, artifact_type, "type",
          "Override the artifactType value"),
    ENTRY_OPTS,
    { 0 },
};
static const struct opt *const add_tables[] = { registry_opts, registry_insecure_opts, add_opts,
                                                NULL };
static const char *const add_examples[] = { "podman manifest add mylist:v1.11 image:v1.11-amd64",
                                            "podman manifest add mylist:v1.11 transport:imageName",
                                            NULL };
static const struct cmd cmd_add_list = {
    .name = "add",
    .summary = "Add images or artifacts to a manifest list or image index",
    .usage = "[options] LIST IMAGEORARTIFACT [IMAGEORARTIFACT...]",
    .description = "Adds an image or artifact to a manifest list or image index.",
    .examples = add_examples,
    .min_args = 2,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = add_tables,
    .args_size = sizeof(struct entry_args),
    .run = add_run,
};

/* ---------- annotate ---------- */

static int annotate_run(struct cmd_ctx *x, void *args)
{
    const struct entry_args *o = args;
    struct manifest_annotate an;
    char *id;

    if (o->index && x->nargs > 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--index annotates the list itself: no image can be named with it");
    if (!o->index && x->nargs < 2)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "expected list and image arguments, or --index to annotate the list");
    if (o->index &&
        (o->arch || o->os || o->os_version || o->variant || o->features || o->os_features))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--index can only be combined with --annotation and --subject");
    if (!o->index && o->subject)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--subject can only be used with --index");
    int r = annotate_options(x, o, &an);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;
    if (!e)
        return r < 0 ? r : -EIO;
    r = manifest_list_annotate(engine_store(e), x->arena, x->args[0], o->index ? NULL : x->args[1],
                               &an, o->subject, &id, x->err);
    if (r == 0)
        puts(id);
    return r;
}

static const struct opt annotate_opts[] = {
    O_BOOL(0, "index", struct entry_args, index,
           "Apply --annotation and --subject to the list itself"),
    O_STR(0, "subject", struct entry_args, subject, "image",
          "Set the subject to which the list refers", .complete = COMPLETE_IMAGE),
    ENTRY_OPTS,
    { 0 },
};
static const struct opt *const annotate_tables[] = { annotate_opts, NULL };
static const char *const annotate_examples[] = {
    "podman manifest annotate --annotation left=right mylist:v1.11 image:v1.11-amd64", NULL
};
static const struct cmd cmd_annotate = {
    .name = "annotate",
    .summary = "Add or update information about an entry in a manifest list or image index",
    .usage = "[options] LIST IMAGEORARTIFACT",
    .description = "Adds or updates information about an entry in a manifest list or image index.",
    .examples = annotate_examples,
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_IMAGE,
    .opts = annotate_tables,
    .args_size = sizeof(struct entry_args),
    .run = annotate_run,
};

/* ---------- inspect ---------- */

struct inspect_args {
    struct registry_args reg;
    bool verbose;
};

static int inspect_run(struct cmd_ctx *x, void *args)
{
    struct inspect_args *o = args;
    AUTO_BUF text = { 0 }, out = { 0 };
    struct image_pull_options pull = { 0 };

    o->reg.quiet = true;
    int r = registry_pull_options(x, &o->reg, &pull);
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;
    if (!e)
        return r < 0 ? r : -EIO;
    if ((r = manifest_list_text(engine_store(e), x->arena, x->args[0], &pull, &text, x->err)) < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", x->err);
    if (!doc)
        return -EINVAL;
    json_text(doc, 4, &out);
    puts(out.data);
    return 0;
}

static const struct opt inspect_opts[] = {
    O_BOOL('v', "verbose", struct inspect_args, verbose, "Added for Docker compatibility",
           .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const inspect_tables[] = { registry_opts, registry_insecure_opts,
                                                    inspect_opts, NULL };
static const char *const inspect_examples[] = { "podman manifest inspect localhost/list", NULL };
static const struct cmd cmd_inspect_list = {
    .name = "inspect",
    .summary = "Display the contents of a manifest list or image index",
    .usage = "[options] IMAGE",
    .description = "Display the contents of a manifest list or image index.",
    .examples = inspect_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_IMAGE,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};

/* ---------- push ---------- */

struct push_args {
    struct registry_args reg;
    char *compression_format, *digestfile, *format;
    char **add_compression;
    int64_t compression_level;
    bool all, force_compression, remove_signatures, rm;
};

static int remove_list(struct cmd_ctx *x, struct engine *e, const char *id)
{
    struct image_removed gone;

    return images_remove(e, x->arena, id, IMAGES_FORCE, &gone, x->err);
}

static int push_run(struct cmd_ctx *x, void *args)
{
    const struct push_args *o = args;
    struct image_push_options p = {
        .format = o->format,
        .compression_format = o->compression_format,
        .force_compression = o->force_compression,
        .remove_signatures = o->remove_signatures,
        .all = o->all,
    };
    struct manifest_list l = { 0 };
    char *digest;
    const char *to = x->nargs > 1 ? x->args[1] : NULL;
    struct engine *e = cmd_engine(x);
    int r = e ? manifest_list_find(engine_store(e), x->arena, x->args[0], &l, x->err) : -EIO;

    if (r < 0)
        return r;
    if (!to && !l.names)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "%s: the list has no name: say where to push it", x->args[0]);
    if ((r = registry_push_options(x, &o->reg, &p)) < 0)
        return r;
    if (cmd_given(x, "compression-level"))
        p.compression_level = (int)o->compression_level;
    r = manifest_list_push(
        engine_store(e), x->arena, &l, to ? to : arena_printf(x->arena, "docker://%s", l.names[0]),
        o->add_compression ? o->add_compression : engine_config(e)->engine.add_compression, &p,
        &digest, x->err);
    progress_free(p.progress);
    if (r == 0)
        r = cli_write_digest(x, o->digestfile, digest);
    return r == 0 && o->rm ? remove_list(x, e, l.id) : r;
}

static const struct opt push_opts[] = {
    O_SLICE(0, "add-compression", struct push_args, add_compression, "format",
            "Add instances with selected compression while pushing"),
    O_BOOL(0, "all", struct push_args, all, "Also push the images in the list", .def = "true"),
    O_STR(0, "compression-format", struct push_args, compression_format, "format",
          "Compression format to use", .choices = "gzip|zstd|zstd:chunked"),
    O_INT(0, "compression-level", struct push_args, compression_level, "level",
          "Compression level to use"),
    O_STR(0, "digestfile", struct push_args, digestfile, "path",
          "After copying the image, write the digest of the resulting digest to the file",
          .complete = COMPLETE_FILE),
    O_BOOL(0, "force-compression", struct push_args, force_compression,
           "Use the specified compression algorithm even if the destination contains a "
           "differently-compressed variant already"),
    O_STR('f', "format", struct push_args, format, "format",
          "Manifest type (oci or v2s2) to attempt to use when pushing the manifest list",
          .choices = "oci|v2s2"),
    O_BOOL('p', "purge", struct push_args, rm, "Remove the local manifest list after push",
           .flags = OPTF_HIDDEN),
    O_BOOL(0, "remove-signatures", struct push_args, remove_signatures,
           "Don't copy signatures when pushing images"),
    O_BOOL(0, "rm", struct push_args, rm, "Remove the manifest list if push succeeds"),
    O_BOOL('q', "quiet", struct push_args, reg.quiet,
           "Don't output progress information when pushing lists"),
    { 0 },
};
static const struct opt *const push_tables[] = { registry_opts, registry_insecure_opts,
                                                 registry_sign_opts, push_opts, NULL };
static const char *const push_examples[] = {
    "podman manifest push mylist:v1.11 docker://quay.io/myuser/image:v1.11", NULL
};
static const struct cmd cmd_push_list = {
    .name = "push",
    .summary = "Push a manifest list or image index to a registry",
    .usage = "[options] LIST DESTINATION",
    .description = "Pushes manifest lists and image indexes to registries.",
    .examples = push_examples,
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_IMAGE,
    .opts = push_tables,
    .args_size = sizeof(struct push_args),
    .run = push_run,
};

/* ---------- remove, rm, exists ---------- */

static int remove_run(struct cmd_ctx *x, void *args)
{
    struct engine *e = cmd_engine(x);
    char *id;

    (void)args;
    int r = e ? manifest_list_drop(engine_store(e), x->arena, x->args[0], x->args[1], &id, x->err)
              : -EIO;
    if (r == 0)
        puts(id);
    return r;
}

static const char *const remove_examples[] = { "podman manifest remove mylist:v1.11 "
                                               "sha256:15352d97781ffdf357bf3459c037be3efac4133dc90"
                                               "70c2dce7eca7c05c3e736",
                                               NULL };
static const struct cmd cmd_remove_list = {
    .name = "remove",
    .summary = "Remove an item from a manifest list or image index",
    .usage = "LIST DIGEST",
    .description = "Removes an item from a manifest list or image index.",
    .examples = remove_examples,
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_IMAGE,
    .run = remove_run,
};

struct rm_args {
    bool ignore;
};

static int rm_one(struct cmd_ctx *x, struct engine *e, const char *name)
{
    struct manifest_list l = { 0 };
    struct image_removed gone;
    int r = manifest_list_find(engine_store(e), x->arena, name, &l, x->err);

    if (r == 0)
        r = images_remove(e, x->arena, name, IMAGES_GENTLY, &gone, x->err);
    if (r < 0)
        return r;
    for (char **n = gone.untagged; n && *n; n++)
        printf("Untagged: %s\n", *n);
    if (gone.deleted)
        printf("Deleted: %s\n", gone.deleted);
    return 0;
}

static int rm_run(struct cmd_ctx *x, void *args)
{
    const struct rm_args *o = args;
    struct engine *e = cmd_engine(x);
    int code = 0;

    if (!e)
        return -EIO;
    for (int i = 0; i < x->nargs; i++) {
        if (rm_one(x, e, x->args[i]) == 0)
            continue;
        bool unknown = x->err->kind == ERR_NOT_FOUND;
        if (unknown && o->ignore) {
            err_clear(x->err);
            continue;
        }
        code = MAX(code, unknown ? 1 : x->err->kind == ERR_IN_USE ? 2 : 125);
        images_print_error(x->err);
    }
    return code;
}

static const struct opt rm_opts[] = {
    O_BOOL('i', "ignore", struct rm_args, ignore,
           "Ignore errors when a specified manifest is missing"),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
static const char *const rm_examples[] = { "podman manifest rm mylist:v1.11", NULL };
static const struct cmd cmd_rm_list = {
    .name = "rm",
    .summary = "Remove manifest list or image index from local storage",
    .usage = "[options] LIST [LIST...]",
    .description = "Remove manifest list or image index from local storage.",
    .examples = rm_examples,
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = rm_tables,
    .args_size = sizeof(struct rm_args),
    .run = rm_run,
};

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct manifest_list l = { 0 };
    struct engine *e = cmd_engine(x);

    (void)args;
    int r = e ? manifest_list_find(engine_store(e), x->arena, x->args[0], &l, x->err) : -EIO;
    if (r < 0 && x->err->kind == ERR_NOT_FOUND) {
        err_clear(x->err);
        return 1;
    }
    return r;
}

static const char *const exists_examples[] = { "podman manifest exists mylist", NULL };
static const struct cmd cmd_exists_list = {
    .name = "exists",
    .summary = "Check if a manifest list exists in local storage",
    .usage = "MANIFEST",
    .description = "If the manifest list exists in local storage, podman manifest exists exits "
                   "with 0, otherwise the exit code will be 1.",
    .examples = exists_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_IMAGE,
    .run = exists_run,
};

static const struct cmd *const manifest_subs[] = {
    &cmd_add_list,    &cmd_annotate,     &cmd_create_list,
    &cmd_exists_list, &cmd_inspect_list, &cmd_push_list,
    &cmd_remove_list, &cmd_rm_list,      NULL,
};
const struct cmd cmd_manifest = {
    .name = "manifest",
    .summary = "Manipulate manifest lists and image indexes",
    .description = "Creates, modifies, and pushes manifest lists and image indexes.",
    .subs = manifest_subs,
};
