#include <sys/stat.h>

#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

#define PODMAN PODMAN_BINDIR "/podman"

const struct quadlet_kind_info quadlet_kinds[QUADLET_KIND_COUNT] = {
    [QUADLET_CONTAINER] = { ".container", "Container", "", "ContainerName", container_keys,
                            convert_container },
    [QUADLET_VOLUME] = { ".volume", "Volume", "-volume", "VolumeName", volume_keys,
                         convert_volume },
    [QUADLET_NETWORK] = { ".network", "Network", "-network", "NetworkName", network_keys,
                          convert_network },
    [QUADLET_KUBE] = { ".kube", "Kube", "", NULL, kube_keys, convert_kube },
    [QUADLET_IMAGE] = { ".image", "Image", "-image", "ImageTag", image_keys, convert_image },
    [QUADLET_BUILD] = { ".build", "Build", "-build", "ImageTag", build_keys, convert_build },
    [QUADLET_ARTIFACT] = { ".artifact", "Artifact", "-artifact", "Artifact", artifact_keys,
                           convert_artifact },
    [QUADLET_POD] = { ".pod", "Pod", "-pod", "PodName", pod_keys, convert_pod },
};

const char *last(const struct conversion *c, const char *key)
{
    return unit_last(c->a, &c->q->unit, c->section, key);
}

bool is_set(const struct conversion *c, const char *key)
{
    return !str_empty(unit_last_raw(&c->q->unit, c->section, key));
}

/* Words of the command line. */

void add_arg(struct conversion *c, const char *arg)
{
    c->args = strv_add(c->a, c->args, arg);
}

void add_option(struct conversion *c, const char *option, const char *value)
{
    add_arg(c, option);
    add_arg(c, value);
}

static void warn(struct conversion *c, const char *key, const char *value, const struct err *why)
{
    c->set->warnings = strv_add(c->a, c->set->warnings,
                                arena_printf(c->a, "%s: %s=%s: %s: the assignment is ignored",
                                             c->q->file, key, value, why->msg));
}

char **key_words(struct conversion *c, const char *key, enum words_mode mode)
{
    char **all = NULL;
    char **values = unit_all(c->a, &c->q->unit, c->section, key);
    for (size_t i = 0; values && values[i]; i++) {
        struct err why = { 0 };
        char **words = NULL;
        if (words_split(c->a, values[i], mode, &words, &why) < 0)
            warn(c, key, values[i], &why);
        else
            all = strv_concat(c->a, all, words);
    }
    return all;
}

char **last_words(struct conversion *c, const char *key)
{
    const char *value = unit_last_raw(&c->q->unit, c->section, key);
    struct err why = { 0 };
    char **words = NULL;
    if (value && words_split(c->a, value, WORDS_UNESCAPE, &words, &why) < 0)
        warn(c, key, value, &why);
    return words;
}

static int by_key(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    size_t n = strcspn(x, "="), m = strcspn(y, "=");
    int r = strncmp(x, y, MIN(n, m));
    return r ? r : (n > m) - (n < m);
}

/* KEY=VALUE words, the last of one key, sorted. */
static char **key_pairs(struct conversion *c, const char *key)
{
    char **words = key_words(c, key, WORDS_UNESCAPE), **pairs = NULL;
    for (size_t i = 0; words && words[i]; i++)
        pairs = strchr(words[i], '=') ? env_set(c->a, pairs, words[i])
                                      : strv_add(c->a, pairs, words[i]);
    if (pairs)
        qsort(pairs, strv_len(pairs), sizeof(*pairs), by_key);
    return pairs;
}

static const char *shaped(struct conversion *c, const struct quadlet_key *key, const char *value)
{
    if (!key->format)
        return value;
    const char *hole = strstr(key->format, "%s");
    if (!hole)
        return key->format;
    return arena_printf(c->a, "%.*s%s%s", (int)(hole - key->format), key->format, value, hole + 2);
}

static void add_list(struct conversion *c, const struct quadlet_key *key, char *const *values)
{
    for (size_t i = 0; values && values[i]; i++) {
        if (key->use == KEY_RAW)
            add_arg(c, values[i]);
        else
            add_option(c, key->option, shaped(c, key, values[i]));
    }
}

static int add_key(struct conversion *c, const struct quadlet_key *key)
{
    const struct unit *u = &c->q->unit;
    switch (key->use) {
    case KEY_OTHER:
        return 0;
    case KEY_LAST:
        if (last(c, key->name))
            add_option(c, key->option, shaped(c, key, last(c, key->name)));
        return 0;
    case KEY_EACH:
        add_list(c, key, unit_all(c->a, u, c->section, key->name));
        return 0;
    case KEY_WORDS:
        add_list(c, key, key_words(c, key->name, WORDS_LITERAL));
        return 0;
    case KEY_ARGS:
    case KEY_RAW:
        add_list(c, key, key_words(c, key->name, WORDS_UNESCAPE));
        return 0;
    case KEY_PAIRS:
        add_list(c, key, key_pairs(c, key->name));
        return 0;
    case KEY_BOOL:
        if (is_set(c, key->name))
            add_arg(c, unit_bool(u, c->section, key->name, false)
                           ? key->option
                           : arena_printf(c->a, "%s=false", key->option));
        return 0;
    case KEY_FLAG:
        if (unit_bool(u, c->section, key->name, false))
            add_option(c, key->option, key->format);
        return 0;
    case KEY_CALL:
        return key->add(c, key);
    }
    return 0;
}

int add_keys(struct conversion *c)
{
    for (const struct quadlet_key *key = quadlet_kinds[c->q->kind].keys; key->name; key++) {
        int r = add_key(c, key);
        if (r < 0)
            return r;
    }
    return 0;
}

static void add_globals(struct conversion *c)
{
    char **modules = unit_all(c->a, &c->q->unit, c->section, "ContainersConfModule");
    for (size_t i = 0; modules && modules[i]; i++)
        add_arg(c, arena_printf(c->a, "--module=%s", modules[i]));
    c->args = strv_concat(c->a, c->args, key_words(c, "GlobalArgs", WORDS_UNESCAPE));
}

int start_command(struct conversion *c, const char *const *words)
{
    c->args = NULL;
    add_arg(c, PODMAN);
    add_globals(c);
    for (; *words; words++)
        add_arg(c, *words);
    return 0;
}

void put_command(struct conversion *c, const char *key)
{
    unit_add(c->a, c->out, "Service", key, words_quote(c->a, c->args));
}

int put_simple_command(struct conversion *c, const char *key, const char *prefix,
                       const char *const *words)
{
    int r = start_command(c, words);
    if (r == 0)
        unit_add(c->a, c->out, "Service", key,
                 arena_printf(c->a, "%s%s", prefix, words_quote(c->a, c->args)));
    return r;
}

/* What stands between quadlets. */

void require_service(struct conversion *c, const struct quadlet *other)
{
    const char *name = arena_printf(c->a, "%s.service", other->service);
    if (strv_has(unit_all(c->a, c->out, "Unit", "Requires"), name))
        return;
    unit_add(c->a, c->out, "Unit", "Requires", name);
    unit_add(c->a, c->out, "Unit", "After", name);
}

void require_mount(struct conversion *c, const char *path)
{
    unit_add(c->a, c->out, "Unit", "RequiresMountsFor",
             words_quote(c->a, (char *[]) { arena_strdup(c->a, path), NULL }));
}

int find_quadlet(struct conversion *c, const char *file, const struct quadlet **ret)
{
    *ret = quadlets_find(c->set, file);
    if (!*ret)
        return err_set(c->err, ERR_NOT_FOUND, ENOENT, "requested Quadlet %s %s was not found",
                       strrchr(file, '.') ? strrchr(file, '.') + 1 : "", file);
    return 0;
}

int image_of(struct conversion *c, const char *value, const char **ret)
{
    *ret = value;
    if (!str_ends(value, ".image") && !str_ends(value, ".build"))
        return 0;
    const struct quadlet *image = quadlets_find(c->set, value);
    if (!image)
        return err_set(c->err, ERR_NOT_FOUND, ENOENT, "requested Quadlet image %s was not found",
                       value);
    if (!image->resource)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "Quadlet %s does not name its image", value);
    require_service(c, image);
    *ret = image->resource;
    return 0;
}

const char *absolute_path(struct conversion *c, const char *path)
{
    /* One that begins with a specifier is systemd's to resolve. */
    if (*path == '/' || *path == '%')
        return path;
    const char *slash = strrchr(c->q->path, '/');
    while (str_starts(path, "./"))
        path += 2;
    int dir = (int)(slash - c->q->path);
    if (STR_EQ(path, "."))
        return arena_strndup(c->a, c->q->path, (size_t)dir);
    return arena_printf(c->a, "%.*s/%s", dir, c->q->path, path);
}

const char *unit_path(struct conversion *c, const char *path)
{
    return *path == '.' ? absolute_path(c, path) : path;
}

void oneshot(struct conversion *c, bool remain)
{
    unit_set(c->a, c->out, "Service", "Type", "oneshot");
    if (remain)
        unit_set(c->a, c->out, "Service", "RemainAfterExit", "yes");
    unit_default(c->a, c->out, "Service", "SyslogIdentifier", "%N");
}

/* What all kinds have in common. */

static int check_keys(struct conversion *c)
{
    const struct unit_section *s = unit_section(&c->q->unit, c->section);
    for (size_t i = 0; s && i < s->count; i++) {
        const struct quadlet_key *key = quadlet_kinds[c->q->kind].keys;
        while (key->name && s->lines[i].key && !STR_EQ(key->name, s->lines[i].key))
            key++;
        if (!key->name)
            return err_set(c->err, ERR_BAD_PARAM, EINVAL,
                           "unsupported key '%s' in group '%s' in %s", s->lines[i].key, c->section,
                           c->q->path);
    }
    static const char *const refused[] = { "User", "Group", "DynamicUser" };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (!str_empty(unit_last_raw(&c->q->unit, "Service", refused[i])))
            return err_set(c->err, ERR_UNSUPPORTED, EINVAL,
                           "using key %s in the Service group is not supported", refused[i]);
    return 0;
}

/* Other units by the names of their quadlets: "After=db.container" means "After=db.service". */
static int translate_line(struct conversion *c, struct unit_line *line)
{
    char **names = NULL, **translated = NULL;
    bool changed = false;
    int r = words_split(c->a, line->value, WORDS_LITERAL, &names, c->err);
    for (size_t i = 0; r == 0 && names && names[i]; i++) {
        enum quadlet_kind kind;
        const char *name = names[i];
        if (quadlet_kind_of(name, &kind)) {
            const struct quadlet *other = quadlets_find(c->set, name);
            if (!other)
                return err_set(c->err, ERR_NOT_FOUND, ENOENT,
                               "unable to translate dependency for %s", name);
            name = arena_printf(c->a, "%s.service", other->service);
            changed = true;
        }
        translated = strv_add(c->a, translated, name);
    }
    if (r == 0 && changed)
        line->value = strv_join(c->a, translated, " ");
    return r;
}

static int translate_dependencies(struct conversion *c)
{
    const struct unit_section *s = unit_section(c->out, "Unit");
    for (size_t i = 0; s && i < s->count; i++) {
        struct unit_line *line = &s->lines[i];
        if (!line->key || !STR_IN(line->key, "Wants", "Requires", "Requisite", "BindsTo", "PartOf",
                                  "Upholds", "Conflicts", "Before", "After"))
            continue;
        int r = translate_line(c, line);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Images have to be pulled before most services start, volumes do not need a network but may hold images. */
static void wait_for_network(struct conversion *c)
{
    if (!unit_bool(&c->q->unit, "Quadlet", "DefaultDependencies", true))
        return;
    const char *online = c->set->user ? "podman-user-wait-network-online.service"
                                      : "network-online.target";
    unit_prepend(c->a, c->out, "Unit", "After", online);
    unit_prepend(c->a, c->out, "Unit", "Wants", online);
}

int quadlet_convert(struct arena *a, struct quadlets *set, const struct quadlet *q,
                    struct unit *ret, struct err *err)
{
    const struct quadlet_kind_info *kind = &quadlet_kinds[q->kind];
    struct conversion c = {
        .a = a, .set = set, .q = q, .section = kind->section, .out = ret, .err = err
    };
    c.x_section = arena_printf(a, "X-%s", kind->section);
    *ret = unit_copy(a, &q->unit);
    int r = check_keys(&c);
    if (r == 0)
        r = translate_dependencies(&c);
    if (r < 0)
        return r;
    wait_for_network(&c);
    unit_rename_section(ret, kind->section, c.x_section);
    unit_rename_section(ret, "Quadlet", "X-Quadlet");
    unit_add(a, ret, "Unit", "SourcePath", q->path);
    unit_add(a, ret, "Unit", "RequiresMountsFor", "%t/containers");
    return kind->convert(&c);
}
