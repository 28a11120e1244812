#include "config/registries.h"

#include <dirent.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/toml.h"

#include "base/banned.h"

#define SYSTEM_FILE    "/etc/containers/registries.conf"
#define SYSTEM_DROPINS "/etc/containers/registries.conf.d"

/* ---------- one file ---------- */

struct raw_mirror {
    char *location, *use;
    bool insecure;
};
static const struct json_field mirror_rows[] = {
    JF_STR(struct raw_mirror, location, "location", 0),
    JF_STR(struct raw_mirror, use, "pull-from-mirror", 0),
    JF_BOOL(struct raw_mirror, insecure, "insecure", 0),
    { 0 },
};
static const struct json_type mirror_type = JSON_TYPE(struct raw_mirror, mirror_rows);

struct raw_registry {
    JSON_LIST(struct raw_mirror) mirrors;
    char *prefix, *location, *use;
    bool insecure, blocked, mirror_by_digest_only;
};
static const struct json_field registry_rows[] = {
    JF_STR(struct raw_registry, prefix, "prefix", 0),
    JF_STR(struct raw_registry, location, "location", 0),
    JF_STR(struct raw_registry, use, "pull-from-mirror", 0),
    JF_BOOL(struct raw_registry, insecure, "insecure", 0),
    JF_BOOL(struct raw_registry, blocked, "blocked", 0),
    JF_BOOL(struct raw_registry, mirror_by_digest_only, "mirror-by-digest-only", 0),
    JF_LIST(struct raw_registry, mirrors, "mirror", 0, &mirror_type),
    { 0 },
};
static const struct json_type registry_type = JSON_TYPE(struct raw_registry, registry_rows);

struct raw_file {
    char **search, **credential_helpers;
    char *short_name_mode;
    JSON_LIST(struct raw_registry) registries;
    kv_list aliases;
};
static const struct json_field file_rows[] = {
    JF_STRV(struct raw_file, search, "unqualified-search-registries", 0),
    JF_STRV(struct raw_file, credential_helpers, "credential-helpers", 0),
    JF_STR(struct raw_file, short_name_mode, "short-name-mode", 0),
    JF_LIST(struct raw_file, registries, "registry", 0, &registry_type),
    JF_MAP(struct raw_file, aliases, "aliases", 0),
    { 0 },
};
static const struct json_type file_type = JSON_TYPE(struct raw_file, file_rows);

/* A location has no scheme and no slash at its end. */
static int check_location(char *s, struct err *err)
{
    if (strstr(s, "://"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid location \"%s\": URI schemes are not supported", s);
    for (size_t n = strlen(s); n && s[n - 1] == '/'; n--)
        s[n - 1] = '\0';
    return *s ? 0 : err_set(err, ERR_BAD_PARAM, EINVAL, "invalid location: it is empty");
}

static int mirror_use_parse(const char *s, enum mirror_use *ret, struct err *err)
{
    static const char *const names[] = {
        [MIRROR_ALL] = "all", [MIRROR_DIGEST_ONLY] = "digest-only", [MIRROR_TAG_ONLY] = "tag-only"
    };

    for (size_t i = 0; s && i < ARRAY_SIZE(names); i++)
        if (STR_EQ(names[i], s)) {
            *ret = (enum mirror_use)i;
            return 0;
        }
    return str_empty(s) ? 0
                        : err_set(err, ERR_BAD_PARAM, EINVAL,
                                  "unsupported pull-from-mirror value \"%s\"", s);
}

static int convert(struct arena *a, const struct raw_registry *raw, struct registry_rule *ret,
                   struct err *err)
{
    *ret = (struct registry_rule) { .prefix = raw->prefix,
                                    .location = raw->location,
                                    .insecure = raw->insecure,
                                    .blocked = raw->blocked,
                                    .mirror_by_digest_only = raw->mirror_by_digest_only };
    bool wildcard = raw->prefix && str_starts(raw->prefix, "*.");
    if (str_empty(raw->location) && !wildcard) {
        if (str_empty(raw->prefix))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "a registry needs a location or a prefix");
        ret->location = raw->prefix;
    }
    if (str_empty(ret->prefix))
        ret->prefix = ret->location;
    int r = str_empty(ret->location) ? 0 : check_location(ret->location, err);
    if (r == 0)
        r = check_location(ret->prefix, err);
    for (size_t i = 0; r == 0 && i < raw->mirrors.n; i++) {
        const struct raw_mirror *m = &raw->mirrors.items[i];
        struct registry_mirror *to = LIST_ADD(a, ret->mirrors);
        *to = (struct registry_mirror) { m->location, m->insecure, MIRROR_ALL };
        if (str_empty(m->location))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "a mirror of %s has no location",
                           ret->prefix);
        if ((r = check_location(to->location, err)) == 0)
            r = mirror_use_parse(m->use, &to->use, err);
    }
    return r;
}

/* A later file replaces the whole rule of the same prefix. */
static struct registry_rule *rule_slot(struct arena *a, struct registries *r, const char *prefix)
{
    for (size_t i = 0; i < r->rules.n; i++)
        if (STR_EQ(r->rules.items[i].prefix, prefix))
            return &r->rules.items[i];
    return LIST_ADD(a, r->rules);
}

static int merge(struct arena *a, struct registries *ret, const struct raw_file *f,
                 const char *name, struct err *err)
{
    if (f->search) {
        ret->search = f->search;
        ret->source = arena_strdup(a, name);
    }
    if (f->credential_helpers)
        ret->credential_helpers = f->credential_helpers;
    if (f->short_name_mode) {
        static const char *const modes[] = { "enforcing", "permissive", "disabled" };
        bool known = false;
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
            known |= STR_EQ(modes[i], f->short_name_mode);
        if (!known && *f->short_name_mode)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid short-name mode: \"%s\"",
                           f->short_name_mode);
        ret->short_name_mode = f->short_name_mode;
    }
    for (size_t i = 0; i < f->registries.n; i++) {
        struct registry_rule rule;
        int r = convert(a, &f->registries.items[i], &rule, err);
        if (r < 0)
            return r;
        *rule_slot(a, ret, rule.prefix) = rule;
    }
    for (size_t i = 0; i < f->aliases.n; i++)
        kv_set(a, &ret->aliases, f->aliases.items[i].key, f->aliases.items[i].val);
    return 0;
}

int registries_parse(struct arena *a, struct registries *ret, const char *text, size_t len,
                     const char *name, struct err *err)
{
    struct toml t = { 0 };
    struct raw_file f = { 0 };
    struct err local = { 0 };

    err = err ? err : &local;
    int r = toml_parse(&t, text, len, name, err);
    if (r < 0)
        return r;
    if (json_object_get(t.root, "registries")) /* [registries.search] and its kin */
        r = err_set(err, ERR_BAD_PARAM, EINVAL,
                    "%s: the format of version 1 is no longer supported: use "
                    "unqualified-search-registries and [[registry]]",
                    name);
    else {
        r = json_read(a, t.root, &file_type, &f, err);
        if (r == 0)
            r = merge(a, ret, &f, name, err);
        if (r < 0)
            r = err_wrap(err, "%s", name);
    }
    toml_done(&t);
    return r;
}

/* ---------- the search for files ---------- */

static int load_file(struct arena *a, struct registries *ret, const char *path, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, path, &text);

    if (r == -ENOENT)
        return r;
    if (r < 0)
        return err_sys(err, -r, "loading registries configuration \"%s\"", path);
    return registries_parse(a, ret, text.data ? text.data : "", text.len, path, err);
}

static int is_conf(const struct dirent *d)
{
    return str_ends(d->d_name, ".conf");
}

static int load_dropins(struct arena *a, struct registries *ret, const char *dir, struct err *err)
{
    struct dirent **names = NULL;
    int r = 0, n = scandir(dir, &names, is_conf, alphasort);

    for (int i = 0; i < n; i++) {
        if (r >= 0 || r == -ENOENT)
            r = load_file(a, ret, arena_printf(a, "%s/%s", dir, names[i]->d_name), err);
        free(names[i]);
    }
    free(names);
    return r == -ENOENT ? 0 : r;
}

/* What a user confirmed earlier is remembered in a file of the same form. */
static char *alias_path(struct arena *a)
{
    const char *env = getenv("CONTAINERS_SHORT_NAME_ALIASES_CONF");
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME");

    if (!str_empty(env))
        return arena_strdup(a, env);
    if (geteuid() == 0 && !getenv("_CONTAINERS_USERNS_CONFIGURED"))
        return arena_strdup(a, "/var/cache/containers/short-name-aliases.conf");
    return !str_empty(xdg)
               ? arena_printf(a, "%s/containers/short-name-aliases.conf", xdg)
               : arena_printf(a, "%s/.cache/containers/short-name-aliases.conf", home ? home : "");
}

static int load_alias_cache(struct arena *a, struct registries *ret, struct err *err)
{
    int r = load_file(a, ret, alias_path(a), err);

    return r == -ENOENT ? 0 : r;
}

int registries_record_alias(struct arena *a, const char *name, const char *value, struct err *err)
{
    struct registries have = { 0 };
    AUTO_BUF text = { 0 };
    char *path = alias_path(a), *dir = arena_strndup(a, path, (size_t)(strrchr(path, '/') - path));
    int r = fs_mkdirs(AT_FDCWD, dir, 0700);

    if (r < 0)
        return err_sys(err, -r, "creating %s", dir);
    AUTO_CLOSE int lock = lock_take(AT_FDCWD, arena_printf(a, "%s.lock", path));
    if (lock < 0)
        return err_sys(err, -lock, "locking %s", path);
    if ((r = load_alias_cache(a, &have, err)) < 0)
        return r;
    kv_set(a, &have.aliases, name, value);
    buf_puts(&text, "[aliases]\n");
    for (size_t i = 0; i < have.aliases.n; i++) /* names of images: nothing to escape in them */
        buf_printf(&text, "  \"%s\" = \"%s\"\n", have.aliases.items[i].key,
                   have.aliases.items[i].val);
    r = fs_replace(AT_FDCWD, path, text.data, text.len, 0644, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing %s", path) : 0;
}

int registries_load(struct arena *a, struct registries *ret, struct err *err)
{
    const char *env = getenv("CONTAINERS_REGISTRIES_CONF");
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    char *user = !str_empty(xdg) ? arena_printf(a, "%s/containers", xdg)
                                 : arena_printf(a, "%s/.config/containers", home ? home : "");

    *ret = (struct registries) { 0 };
    if (!str_empty(env)) {
        int r = load_file(a, ret, env, err);
        if (r == -ENOENT)
            return err_set(err, ERR_NOT_FOUND, ENOENT,
                           "loading registries configuration \"%s\": no such file", env);
        return r < 0 ? r : load_alias_cache(a, ret, err);
    }
    int r = load_file(a, ret, arena_printf(a, "%s/registries.conf", user), err);
    if (r == -ENOENT)
        r = load_file(a, ret, SYSTEM_FILE, err);
    if (r == -ENOENT)
        r = 0;
    if (r == 0)
        r = load_dropins(a, ret, SYSTEM_DROPINS, err);
    if (r == 0)
        r = load_dropins(a, ret, arena_printf(a, "%s/registries.conf.d", user), err);
    return r < 0 ? r : load_alias_cache(a, ret, err);
}

/* ---------- use ---------- */

/* How much of @name the prefix covers, 0 for none.  A prefix ends at a boundary of the name. */
static size_t covers(const char *prefix, const char *name)
{
    size_t n = strlen(prefix);

    if (str_starts(prefix, "*.")) {
        size_t host = strcspn(name, "/:");
        size_t suffix = n - 1; /* with the dot */
        return host > suffix && strncmp(name + host - suffix, prefix + 1, suffix) == 0 ? host : 0;
    }
    if (strncmp(prefix, name, n) != 0)
        return 0;
    return name[n] == '\0' || name[n] == '/' || name[n] == ':' || name[n] == '@' ? n : 0;
}

const struct registry_rule *registries_rule(const struct registries *r, struct arena *a,
                                            const struct image_ref *ref)
{
    const struct registry_rule *best = NULL;
    char *name = ref_text(a, ref);

    for (size_t i = 0; i < r->rules.n; i++) {
        const struct registry_rule *rule = &r->rules.items[i];
        if (covers(rule->prefix, name) && (!best || strlen(rule->prefix) > strlen(best->prefix)))
            best = rule;
    }
    return best;
}

/* Puts @location in the place of what @rule covers. */
static int rewrite(struct arena *a, const struct registry_rule *rule, const char *location,
                   const struct image_ref *ref, struct image_ref *ret, struct err *err)
{
    char *repo = ref_repo(a, ref);
    size_t n = covers(rule->prefix, repo);

    if (str_empty(location)) {
        *ret = *ref;
        return 0;
    }
    /* A prefix may name a tag: then the repository as a whole moves. */
    char *full = arena_printf(a, "%s%s", location, n ? repo + n : "");
    struct image_ref moved = { 0 };
    char *slash = strchr(full, '/');
    if (!slash)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the location \"%s\" makes no image name", full);
    moved.registry = arena_strndup(a, full, (size_t)(slash - full));
    moved.path = slash + 1;
    moved.tag = ref->tag;
    moved.digest = ref->digest;
    *ret = moved;
    return 0;
}

static bool mirror_applies(const struct registry_rule *rule, const struct registry_mirror *m,
                           const struct image_ref *ref)
{
    if (rule->mirror_by_digest_only || m->use == MIRROR_DIGEST_ONLY)
        return ref->digest;
    return m->use == MIRROR_ALL || !ref->digest;
}

int registries_places(const struct registries *r, struct arena *a, const struct image_ref *ref,
                      place_list *ret, struct err *err)
{
    const struct registry_rule *rule = registries_rule(r, a, ref);

    if (!rule) {
        LIST_ADD(a, *ret)->ref = *ref;
        return 0;
    }
    if (rule->blocked)
        return err_set(err, ERR_DENIED, EACCES, "registry %s is blocked in %s", rule->prefix,
                       "registries.conf");
    for (size_t i = 0; i < rule->mirrors.n; i++) {
        const struct registry_mirror *m = &rule->mirrors.items[i];
        if (!mirror_applies(rule, m, ref))
            continue;
        struct registry_place *p = LIST_ADD(a, *ret);
        p->insecure = m->insecure;
        p->mirror = true;
        int e = rewrite(a, rule, m->location, ref, &p->ref, err);
        if (e < 0)
            return e;
    }
    struct registry_place *p = LIST_ADD(a, *ret);
    p->insecure = rule->insecure;
    return rewrite(a, rule, rule->location, ref, &p->ref, err);
}

static void add_candidate(struct arena *a, const struct image_ref *ref, const char *registry,
                          char ***ret)
{
    struct image_ref full = *ref;

    ref_complete(a, &full, registry);
    *ret = strv_add(a, *ret, ref_text(a, &full));
}

int registries_candidates(const struct registries *r, struct arena *a, const struct image_ref *ref,
                          char ***ret, char **ret_how, struct err *err)
{
    const char *alias = kv_get(&r->aliases, ref->path);

    if (!str_empty(alias)) {
        struct image_ref full;
        int e = ref_parse(a, alias, &full, err);
        if (e < 0)
            return err_wrap(err, "alias \"%s\"", ref->path);
        full.tag = ref->tag;
        full.digest = ref->digest;
        ref_complete(a, &full, NULL);
        *ret = strv_add(a, *ret, ref_text(a, &full));
        *ret_how = arena_printf(a, "Resolved \"%s\" as an alias", ref->path);
        return 0;
    }
    for (char **s = r->search; s && *s; s++)
        add_candidate(a, ref, *s, ret);
    if (!*ret)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "short-name \"%s\" did not resolve to an alias and no unqualified-search "
                       "registries are defined in \"%s\"",
                       ref->path, r->source ? r->source : SYSTEM_FILE);
    *ret_how = arena_printf(a, "Resolving \"%s\" using unqualified-search registries (%s)",
                            ref->path, r->source ? r->source : SYSTEM_FILE);
    return 0;
}
