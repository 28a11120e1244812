/* podman image sign, image trust set, image trust show */
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/texttable.h"
#include "cli/images/commands.h"
#include "config/files.h"
#include "config/policy.h"
#include "engine/images.h"

#include "base/banned.h"

/* ---------- image sign ---------- */

struct sign_args {
    char *authfile, *cert_dir, *directory, *sign_by;
    bool all;
};

static int sign_run(struct cmd_ctx *x, void *args)
{
    const struct sign_args *o = args;
    struct image_sign_options p = { .sign_by = o->sign_by,
                                    .directory = o->directory,
                                    .authfile = o->authfile,
                                    .cert_dir = o->cert_dir,
                                    .all = o->all };
    struct stat st;

    if (str_empty(o->sign_by))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "please provide an identity");
    if (o->directory && (stat(o->directory, &st) < 0 || !S_ISDIR(st.st_mode)))
        return err_set(x->err, ERR_BAD_PARAM, ENOTDIR, "%s is not a directory", o->directory);
    struct engine *e = cmd_engine(x);
    int r = e ? 0 : -EIO;
    for (int i = 0; r == 0 && i < x->nargs; i++)
        r = images_sign(e, x->arena, x->args[i], &p, x->err);
    return r;
}

static const struct opt sign_opts[] = {
    O_BOOL('a', "all", struct sign_args, all,
           "Sign all the manifests of the multi-architecture image"),
    O_STR(0, "authfile", struct sign_args, authfile, "path", "Path of the authentication file",
          .flags = OPTF_CREDENTIALS, .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct sign_args, cert_dir, "path",
          "Path to a directory containing TLS certificates and keys", .complete = COMPLETE_DIR),
    O_STR('d', "directory", struct sign_args, directory, "dir",
          "Define an alternate directory to store signatures", .complete = COMPLETE_DIR),
    O_STR(0, "sign-by", struct sign_args, sign_by, "identity", "Name of the signing key"),
    { 0 },
};
static const struct opt *const sign_tables[] = { sign_opts, NULL };
static const char *const sign_examples[] = {
    "podman image sign --sign-by mykey docker://registry.example.com/imageID", NULL
};
const struct cmd cmd_image_sign = {
    .name = "sign",
    .summary = "Sign an image",
    .usage = "[options] IMAGE [IMAGE...]",
    .description = "Create a signature file that can be used later to verify the image.",
    .examples = sign_examples,
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = sign_tables,
    .args_size = sizeof(struct sign_args),
    .run = sign_run,
};

/* ---------- image trust show ---------- */

struct show_args {
    char *policy, *unused;
    bool json, noheading, raw;
};

static const char *type_name(enum policy_kind kind)
{
    switch (kind) {
    case POLICY_ACCEPT:
        return "accept";
    case POLICY_REJECT:
        return "reject";
    case POLICY_SIGNED_BY:
        return "signed";
    case POLICY_SIGSTORE:
        return "sigstoreSigned";
    }
    return "";
}

static void add_if(json_t *row, const char *key, const char *val)
{
    if (!str_empty(val))
        json_object_set_new(row, key, json_string(val));
}

/* One object as --json shows it; its keys are those of the columns. */
static json_t *trust_row(struct cmd_ctx *x, const char *transport, const char *name,
                         const char *repo, const struct policy_requirement *q, const char *store)
{
    char **ids = NULL;
    struct err no_key = { 0 };
    json_t *row = json_object(), *keys = json_array();

    add_if(row, "transport", transport);
    add_if(row, "name", name);
    add_if(row, "repo_name", repo);
    for (char **k = q->key_paths; k && *k; k++) {
        json_array_append_new(keys, json_string(*k));
        /* A key that cannot be read has no owner that we know. */
        if (q->kind == POLICY_SIGNED_BY && images_key_owners(x->arena, *k, &ids, &no_key) < 0)
            err_clear(&no_key);
    }
    if (json_array_size(keys))
        json_object_set(row, "keys", keys);
    json_decref(keys);
    add_if(row, "sigstore", q->kind == POLICY_SIGNED_BY ? store : NULL);
    add_if(row, "type", type_name(q->kind));
    add_if(row, "gpg_id",
           ids                          ? strv_join(x->arena, ids, ", ")
           : q->kind == POLICY_SIGSTORE ? "N/A"
                                        : NULL);
    return row;
}

static int scope_rows(struct cmd_ctx *x, const struct policy_transport *t,
                      const struct policy_scope *s, json_t *rows)
{
    bool docker = STR_EQ(t->name, "docker");
    char *store = NULL;
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->requirements.n; i++) {
        const struct policy_requirement *q = &s->requirements.items[i];
        if (docker && q->kind == POLICY_SIGNED_BY)
            r = images_signature_store(x->arena, s->scope, &store, x->err);
        json_array_append_new(
            rows, trust_row(x, docker ? "repository" : t->name, s->scope, s->scope, q, store));
    }
    return r;
}

static int all_rows(struct cmd_ctx *x, const struct policy *p, json_t *rows)
{
    int r = 0;

    for (size_t i = 0; i < p->fallback.n; i++)
        json_array_append_new(
            rows, trust_row(x, "all", "* (default)", "default", &p->fallback.items[i], NULL));
    for (size_t i = 0; r == 0 && i < p->transports.n; i++)
        for (size_t j = 0; r == 0 && j < p->transports.items[i].scopes.n; j++)
            r = scope_rows(x, &p->transports.items[i], &p->transports.items[i].scopes.items[j],
                           rows);
    return r;
}

static const char *cell(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));

    return s ? s : "";
}

static void print_rows(const json_t *rows, bool noheading)
{
    static const char *const columns[] = { "transport", "repo_name", "type", "gpg_id", "sigstore" };
    AUTO_BUF text = { 0 };
    AUTO_BUF out = { 0 };
    size_t i;
    const json_t *row;

    if (!noheading)
        buf_puts(&text, "TRANSPORT\tNAME\tTYPE\tID\tSTORE\n");
    json_array_foreach (rows, i, row) {
        for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
            buf_printf(&text, "%s%s", c ? "\t" : "", cell(row, columns[c]));
        buf_putc(&text, '\n');
    }
    texttable_align(text.data ? text.data : "", text.len, &out);
    fputs(out.data ? out.data : "", stdout);
}

static int show_raw(struct cmd_ctx *x, const char *path)
{
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_sys(x->err, -r, "unable to read policy.json: open %s", path);
    fwrite(b.data ? b.data : "", 1, b.len, stdout);
    return 0;
}

static int show_run(struct cmd_ctx *x, void *args)
{
    const struct show_args *o = args;
    struct policy p;
    AUTO_JSON *rows = json_array();

    if (o->raw)
        return show_raw(x, o->policy ? o->policy : policy_path(x->arena));
    int r = policy_load(x->arena, o->policy, &p, x->err);
    if (r == 0)
        r = all_rows(x, &p, rows);
    if (r < 0)
        return r;
    if (!o->json) {
        print_rows(rows, o->noheading);
        return 0;
    }
    AUTO_BUF text = { 0 };
    json_text(rows, 4, &text);
    puts(text.data);
    return 0;
}

static const struct opt show_opts[] = {
    O_BOOL('j', "json", struct show_args, json, "Output as JSON"),
    O_BOOL('n', "noheading", struct show_args, noheading, "Do not print column headings"),
    O_STR(0, "signature-policy", struct show_args, policy, "path", "Path of the policy file",
          .complete = COMPLETE_FILE),
    O_STR(0, "registrypath", struct show_args, unused, "path", "Path of registries.d",
          .flags = OPTF_HIDDEN | OPTF_UNSUPPORTED),
    O_BOOL(0, "raw", struct show_args, raw, "Output the raw policy file"),
    { 0 },
};
static const struct opt *const show_tables[] = { show_opts, NULL };
static const struct cmd cmd_trust_show = {
    .name = "show",
    .summary = "Display trust policy for the system",
    .usage = "[options] [REGISTRY]",
    .description = "Display trust policy for the system",
    .max_args = 1,
    .flags = CMD_NO_USERNS,
    .opts = show_tables,
    .args_size = sizeof(struct show_args),
    .run = show_run,
};

/* ---------- image trust set ---------- */

struct set_args {
    char *policy, *type;
    char **keys;
};

static json_t *new_requirement(struct cmd_ctx *x, const struct set_args *o)
{
    static const struct {
        const char *type;
        enum policy_kind kind;
    } types[] = { { "accept", POLICY_ACCEPT },
                  { "reject", POLICY_REJECT },
                  { "signedBy", POLICY_SIGNED_BY },
                  { "sigstoreSigned", POLICY_SIGSTORE } };
    size_t i = 0;

    while (!STR_EQ(types[i].type, o->type)) /* one of the option's choices */
        i++;
    bool wants = types[i].kind >= POLICY_SIGNED_BY;
    if (wants != (o->keys != NULL)) {
        err_set(x->err, ERR_BAD_PARAM, EINVAL,
                wants ? "at least one public key must be defined for type '%s'"
                      : "public keys are not used with type '%s'",
                o->type);
        return NULL;
    }
    json_t *req = json_pack("{s:s}", "type", policy_kind_names[types[i].kind]),
           *keys = json_array();
    if (types[i].kind == POLICY_SIGNED_BY)
        json_object_set_new(req, "keyType", json_string("GPGKeys"));
    for (char **k = o->keys; k && *k; k++) {
        AUTO_FREE char *path = realpath(*k, NULL);
        json_array_append_new(keys, json_string(path ? path : *k));
    }
    if (json_array_size(keys) == 1)
        json_object_set(req, "keyPath", json_array_get(keys, 0));
    else if (json_array_size(keys))
        json_object_set(req, "keyPaths", keys);
    json_decref(keys);
    return req;
}

/* The policy as it is, or one that accepts what no scope speaks of. */
static json_t *read_or_new(struct cmd_ctx *x, const char *path)
{
    struct policy checked;
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r == -ENOENT)
        return json_pack("{s:[{s:s}],s:{}}", "default", "type", policy_kind_names[POLICY_ACCEPT],
                         "transports");
    if (r < 0) {
        err_sys(x->err, -r, "reading %s", path);
        return NULL;
    }
    /* What we cannot read we do not write either. */
    if (policy_parse(x->arena, b.data ? b.data : "", b.len, path, &checked, x->err) < 0)
        return NULL;
    return json_parse(b.data, b.len, path, x->err);
}

static json_t *object_at(json_t *doc, const char *key)
{
    if (!json_is_object(json_object_get(doc, key)))
        json_object_set_new(doc, key, json_object());
    return json_object_get(doc, key);
}

static int set_run(struct cmd_ctx *x, void *args)
{
    const struct set_args *o = args;
    char *path = o->policy ? o->policy : policy_path(x->arena);
    const char *scope = x->args[0];
    struct image_ref ref;
    AUTO_JSON *req = new_requirement(x, o);
    AUTO_JSON *list = json_array();

    if (!req)
        return -EINVAL;
    if (geteuid() != 0 && !o->policy) /* the administrator's is not ours to change */
        path = arena_printf(x->arena, "%s/policy.json", config_user_dir(x->arena));
    if (!STR_EQ(scope, "default") && strchr(scope, '/') &&
        ref_parse(x->arena, scope, &ref, NULL) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid reference %s", scope);
    AUTO_JSON *doc = read_or_new(x, path);
    if (!doc)
        return -EINVAL;
    json_array_append(list, req);
    if (STR_EQ(scope, "default"))
        json_object_set(doc, "default", list);
    else
        json_object_set(object_at(object_at(doc, "transports"), "docker"), scope, list);
    AUTO_BUF text = { 0 };
    json_text(doc, 4, &text);
    buf_putc(&text, '\n');
    char *slash = strrchr(path, '/');
    char *dir = slash ? arena_strndup(x->arena, path, (size_t)(slash - path)) : NULL;
    int r = str_empty(dir) ? 0 : fs_mkdirs(AT_FDCWD, dir, 0755);
    AUTO_CLOSE int fd = r < 0 ? r : fs_open_dir(AT_FDCWD, str_empty(dir) ? "." : dir);
    if (fd >= 0)
        r = fs_replace(fd, slash ? slash + 1 : path, text.data, text.len, 0644, FS_SYNC);
    return fd < 0 || r < 0 ? err_sys(x->err, fd < 0 ? -fd : -r, "writing the policy %s", path) : 0;
}

static const struct opt set_opts[] = {
    O_STRV('f', "pubkeysfile", struct set_args, keys, "file",
           "Path of installed public key(s) to trust for TARGET", .complete = COMPLETE_FILE),
    O_STR(0, "signature-policy", struct set_args, policy, "path", "Path of the policy file",
          .complete = COMPLETE_FILE),
    O_STR('t', "type", struct set_args, type, "type",
          "Trust type, accept values: signedBy(default), accept, reject", .def = "signedBy",
          .choices = "signedBy|accept|reject|sigstoreSigned"),
    { 0 },
};
static const struct opt *const set_tables[] = { set_opts, NULL };
static const struct cmd cmd_trust_set = {
    .name = "set",
    .summary = "Set default trust policy or a new trust policy for a registry",
    .usage = "[options] REGISTRY",
    .description = "Set default trust policy or add a new trust policy for a registry",
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_NO_USERNS,
    .opts = set_tables,
    .args_size = sizeof(struct set_args),
    .run = set_run,
};

static const struct cmd *const trust_subs[] = { &cmd_trust_set, &cmd_trust_show, NULL };
const struct cmd cmd_image_trust = {
    .name = "trust",
    .summary = "Manage container image trust policy",
    .description = "Manage which registries you trust as a source of container images.",
    .subs = trust_subs,
};
