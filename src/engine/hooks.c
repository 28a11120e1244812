#include "engine/hooks.h"

#include <dirent.h>
#include <regex.h>

#include "base/fs.h"
#include "base/limits.h"

#include "base/banned.h"

/* The file format, version 1.0.0:
 *   {"version":"1.0.0","hook":{"path":...,"args":[...],"env":[...],"timeout":N},
 *    "when":{"always":bool,"annotations":{"regex":"regex"},"commands":["regex"],"hasBindMounts":bool},
 *    "stages":["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]} */

struct hook_when {
    bool *always, *has_bind_mounts;
    kv_list annotations;
    char **commands;
};

struct hook_file {
    char *version;
    struct oci_hook hook;
    struct hook_when when;
    char **stages;
};

static const struct json_field when_rows[] = {
    JF_PBOOL(struct hook_when, always, "always", 0),
    JF_PBOOL(struct hook_when, has_bind_mounts, "hasBindMounts", 0),
    JF_MAP(struct hook_when, annotations, "annotations", 0),
    JF_STRV(struct hook_when, commands, "commands", 0),
    { 0 },
};
static const struct json_type when_type = JSON_TYPE(struct hook_when, when_rows);
static const struct json_field file_rows[] = {
    JF_STR(struct hook_file, version, "version", JF_REQUIRED),
    JF_OBJ(struct hook_file, hook, "hook", JF_REQUIRED, &oci_hook_type),
    JF_OBJ(struct hook_file, when, "when", 0, &when_type),
    JF_STRV(struct hook_file, stages, "stages", JF_REQUIRED),
    { 0 },
};
static const struct json_type file_type = JSON_TYPE(struct hook_file, file_rows);

static int matches(const char *pattern, const char *text, bool *ret, struct err *err)
{
    regex_t re;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid regular expression \"%s\"", pattern);
    *ret = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return 0;
}

/* Any condition that holds is enough; with none at all the hook never runs. */
static int applies(const struct hook_file *f, const struct container_config *c, char *const *args,
                   bool *ret, struct err *err)
{
    bool hit = f->when.always && *f->when.always, bind = false;
    int r = 0;

    for (size_t i = 0; i < c->mounts.n; i++)
        bind |= STR_EQ(c->mounts.items[i].type, "bind");
    if (f->when.has_bind_mounts)
        hit |= *f->when.has_bind_mounts == bind;
    for (char **p = f->when.commands; r == 0 && !hit && p && *p && args && args[0]; p++)
        r = matches(*p, args[0], &hit, err);
    for (size_t i = 0; r == 0 && !hit && i < f->when.annotations.n; i++)
        for (size_t k = 0; r == 0 && !hit && k < c->annotations.n; k++) {
            bool key = false, val = false;
            r = matches(f->when.annotations.items[i].key, c->annotations.items[k].key, &key, err);
            if (r == 0 && key)
                r = matches(f->when.annotations.items[i].val, c->annotations.items[k].val, &val,
                            err);
            hit = key && val;
        }
    *ret = hit;
    return r;
}

static oci_hook_list *stage_list(struct oci_hooks *h, const char *stage)
{
    const struct {
        const char *name;
        oci_hook_list *list;
    } stages[] = {
        { "prestart", &h->prestart },
        { "createRuntime", &h->create_runtime },
        { "createContainer", &h->create_container },
        { "startContainer", &h->start_container },
        { "poststart", &h->poststart },
        { "poststop", &h->poststop },
    };

    for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
        if (STR_EQ(stages[i].name, stage))
            return stages[i].list;
    return NULL;
}

static int load_file(struct arena *a, const char *path, const struct container_config *c,
                     char *const *args, struct oci_hooks **ret, struct err *err)
{
    struct hook_file f = { 0 };
    bool hit = false;
    AUTO_JSON *doc = json_parse_file(AT_FDCWD, path, LIMIT_CONFIG_FILE, err);

    int r = doc ? json_read(a, doc, &file_type, &f, err) : -EINVAL;
    if (r == 0 && !STR_EQ(f.version, "1.0.0"))
        r = err_set(err, ERR_UNSUPPORTED, EPROTO, "unrecognized hook version \"%s\"", f.version);
    if (r == 0 && (!f.hook.path || f.hook.path[0] != '/'))
        r = err_set(err, ERR_BAD_PARAM, EINVAL, "the hook's path must be absolute");
    if (r == 0)
        r = applies(&f, c, args, &hit, err);
    for (char **s = f.stages; r == 0 && hit && s && *s; s++) {
        if (!*ret)
            *ret = arena_alloc(a, sizeof(**ret));
        oci_hook_list *list = stage_list(*ret, *s);
        if (!list)
            r = err_set(err, ERR_BAD_PARAM, EINVAL, "unknown stage \"%s\"", *s);
        else
            *LIST_ADD(a, *list) = f.hook;
    }
    return r < 0 ? err_wrap(err, "hook %s", path) : 0;
}

static int by_name(const void *x, const void *y)
{
    const char *a = strrchr(*(char *const *)x, '/'), *b = strrchr(*(char *const *)y, '/');

    return strcmp(a, b);
}

int hooks_load(struct arena *a, char *const *dirs, const struct container_config *c,
               char *const *args, struct oci_hooks **ret, struct err *err)
{
    char **files = NULL;
    int r = 0;

    for (; dirs && *dirs; dirs++) {
        DIR *d = opendir(*dirs);
        for (struct dirent *e; d && (e = readdir(d));) {
            if (!str_ends(e->d_name, ".json"))
                continue;
            char *path = arena_printf(a, "%s/%s", *dirs, e->d_name);
            bool replaced = false;
            for (char **f = files; f && *f; f++)
                if (STR_EQ(strrchr(*f, '/') + 1, e->d_name)) {
                    *f = path;
                    replaced = true;
                }
            if (!replaced)
                files = strv_add(a, files, path);
        }
        if (d)
            closedir(d);
    }
    if (files)
        qsort(files, strv_len(files), sizeof(*files), by_name);
    for (char **f = files; r == 0 && f && *f; f++)
        r = load_file(a, *f, c, args, ret, err);
    return r;
}
