#include "image/mod/lookaside.h"

#include <dirent.h>
#include <yaml.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "config/files.h"
#include "image/mod/http.h"
#include "image/mod/signature.h"

#include "base/banned.h"

#define SYSTEM_DIR "/etc/containers/registries.d"

/* ---------- YAML: mappings of scalars, two deep ---------- */

enum { DEPTH_MAX = 8 };

static int yaml_error(const yaml_parser_t *p, const char *name, struct err *err)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL, "%s:%zu: %s", name, p->problem_mark.line + 1,
                   p->problem ? p->problem : "no registries.d file");
}

static json_t *scalar(const yaml_event_t *e)
{
    const char *s = (const char *)e->data.scalar.value;

    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && STR_IN(s, "true", "false"))
        return json_boolean(STR_EQ(s, "true"));
    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && STR_IN(s, "", "~", "null"))
        return json_null();
    return json_string(s);
}

static int read_mapping(yaml_parser_t *p, const char *name, int depth, json_t *into,
                        struct err *err);

static int read_value(yaml_parser_t *p, const char *name, int depth, const char *key, json_t *into,
                      struct err *err)
{
    yaml_event_t e;
    json_t *val = NULL;
    int r = 0;

    if (!yaml_parser_parse(p, &e))
        return yaml_error(p, name, err);
    if (e.type == YAML_SCALAR_EVENT)
        val = scalar(&e);
    else if (e.type == YAML_MAPPING_START_EVENT && depth < DEPTH_MAX) {
        val = json_object();
        r = read_mapping(p, name, depth + 1, val, err);
    }
    if (!val && r == 0)
        r = err_set(err, ERR_BAD_PARAM, EINVAL,
                    "%s:%zu: a value of \"%s\" that does not belong here", name,
                    e.start_mark.line + 1, key);
    else if (r == 0 && json_object_get(into, key))
        r = err_set(err, ERR_BAD_PARAM, EINVAL, "%s:%zu: \"%s\" is there twice", name,
                    e.start_mark.line + 1, key);
    yaml_event_delete(&e);
    if (r < 0 || json_object_set_new(into, key, val) < 0) {
        json_decref(r < 0 ? val : NULL);
        return r < 0 ? r : err_set(err, ERR_BAD_PARAM, EINVAL, "%s: a key is no UTF-8", name);
    }
    return 0;
}

static int read_mapping(yaml_parser_t *p, const char *name, int depth, json_t *into,
                        struct err *err)
{
    for (;;) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e))
            return yaml_error(p, name, err);
        bool end = e.type == YAML_MAPPING_END_EVENT;
        AUTO_FREE char *key = e.type == YAML_SCALAR_EVENT
                                  ? xstrdup((const char *)e.data.scalar.value)
                                  : NULL;
        size_t line = e.start_mark.line + 1;
        yaml_event_delete(&e);
        if (end)
            return 0;
        if (!key)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%s:%zu: a key is no text", name, line);
        int r = read_value(p, name, depth, key, into, err);
        if (r < 0)
            return r;
    }
}

int lookaside_parse(const char *text, size_t len, const char *name, json_t **ret, struct err *err)
{
    yaml_parser_t p;
    yaml_event_t e;
    AUTO_JSON *doc = json_object();
    int r = 0;
    bool end = false;

    if (!yaml_parser_initialize(&p))
        return err_set(err, ERR_INTERNAL, ENOMEM, "starting the YAML reader");
    yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
    while (r == 0 && !end) {
        if (!yaml_parser_parse(&p, &e)) {
            r = yaml_error(&p, name, err);
            break;
        }
        end = e.type == YAML_STREAM_END_EVENT;
        bool map = e.type == YAML_MAPPING_START_EVENT;
        bool other = e.type == YAML_SEQUENCE_START_EVENT ||
                     (e.type == YAML_SCALAR_EVENT && *e.data.scalar.value);
        yaml_event_delete(&e);
        if (map)
            r = read_mapping(&p, name, 0, doc, err);
        else if (other)
            r = err_set(err, ERR_BAD_PARAM, EINVAL, "%s: no registries.d file", name);
    }
    yaml_parser_delete(&p);
    if (r == 0)
        *ret = HANDOVER(doc);
    return r;
}

/* ---------- the directory ---------- */

/* Scopes of one more file into what was read before; a scope may be in one file only. */
static int merge(json_t *all, json_t *doc, const char *name, struct err *err)
{
    const char *key, *scope;
    json_t *val, *one;

    json_object_foreach (doc, key, val) {
        if (STR_EQ(key, "default-docker")) {
            if (json_object_get(all, ""))
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "%s: default-docker is defined in another file as well", name);
            json_object_set(all, "", val);
            continue;
        }
        if (!STR_EQ(key, "docker"))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: unknown key \"%s\"", name, key);
        json_object_foreach (val, scope, one) {
            if (json_object_get(all, scope))
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "%s: \"docker\" namespace \"%s\" is defined in another file as well",
                               name, scope);
            json_object_set(all, scope, one);
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_dir(const char *path, struct arena *a, json_t *all, struct err *err)
{
    DIR *d = opendir(path);
    char **names = NULL;
    int r = 0;

    if (!d)
        return errno == ENOENT ? 0 : err_sys(err, errno, "reading %s", path);
    for (struct dirent *e; (e = readdir(d));)
        if (str_ends(e->d_name, ".yaml"))
            names = strv_add(a, names, e->d_name);
    if (names)
        qsort(names, strv_len(names), sizeof(*names), by_name);
    for (; r == 0 && names && *names; names++) {
        AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
        AUTO_JSON *doc = NULL;
        char *name = arena_printf(a, "%s/%s", path, *names);
        r = fs_read_file(dirfd(d), *names, &b);
        if (r < 0)
            err_sys(err, -r, "reading %s", name);
        else if ((r = lookaside_parse(b.data ? b.data : "", b.len, name, &doc, err)) == 0)
            r = merge(all, doc, name, err);
    }
    closedir(d);
    return r;
}

static const char *text(const json_t *scope, const char *key, const char *old_key)
{
    const char *s = json_string_value(json_object_get(scope, key));

    return s ? s : json_string_value(json_object_get(scope, old_key));
}

/* What the more specific scopes have left open. */
static void fill(struct arena *a, const json_t *scope, struct lookaside *ret, bool *known)
{
    const char *read = text(scope, "lookaside", "sigstore");
    const char *write = text(scope, "lookaside-staging", "sigstore-staging");
    const json_t *att = json_object_get(scope, "use-sigstore-attachments");

    /* Without a place of its own to write to, one writes to where one reads. */
    if (!ret->read && read)
        ret->read = arena_strdup(a, read);
    if (!ret->write && (write || read))
        ret->write = arena_strdup(a, write ? write : read);
    if (!*known && json_is_boolean(att)) {
        *known = true;
        ret->attachments = json_is_true(att);
    }
}

/* ~/.local/share/containers/sigstore or /var/lib/containers/sigstore, where nothing is configured. */
static char *built_in(struct arena *a)
{
    const char *home = getenv("HOME");

    if (geteuid() == 0 && str_empty(getenv("_CONTAINERS_ROOTLESS_UID")))
        return arena_strdup(a, "file:///var/lib/containers/sigstore");
    return str_empty(home) ? NULL
                           : arena_printf(a, "file://%s/.local/share/containers/sigstore", home);
}

int lookaside_find(struct arena *a, const struct image_ref *ref, struct lookaside *ret,
                   struct err *err)
{
    AUTO_JSON *all = json_object();
    char *user = config_user_dir(a);
    char *dir = user ? arena_printf(a, "%s/registries.d", user) : NULL;
    bool known = false;
    int r = read_dir(dir && access(dir, F_OK) == 0 ? dir : SYSTEM_DIR, a, all, err);

    memset(ret, 0, sizeof(*ret));
    if (r < 0)
        return r;
    fill(a, json_object_get(all, ref_text(a, ref)), ret, &known);
    for (char *scope = ref_repo(a, ref), *slash;; *slash = '\0') {
        fill(a, json_object_get(all, scope), ret, &known);
        slash = strrchr(scope, '/');
        if (!slash)
            break;
    }
    fill(a, json_object_get(all, ""), ret, &known);
    if (!ret->read && !ret->write)
        ret->read = ret->write = built_in(a);
    return 0;
}

/* ---------- signatures ---------- */

static char *location(struct arena *a, const char *base, const struct image_ref *ref,
                      const char *digest, unsigned n)
{
    size_t len = strlen(base);

    while (len && base[len - 1] == '/')
        len--;
    return arena_printf(a, "%.*s/%s@%.*s=%s/signature-%u", (int)len, base, ref->path,
                        (int)strcspn(digest, ":"), digest, digest_hex(digest), n);
}

static int keep(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

static int fetch(const char *url, struct buf *out, struct err *err)
{
    struct http_options o = { 0 };
    struct http_request rq = { .url = url };
    struct http_answer ans = { 0 };

    http_init();
    AUTO_HTTP *h = http_new(&o, err);
    int r = h ? http_request(h, &rq, keep, out, &ans, err) : -EIO;
    if (r == -EFBIG)
        return err_set(err, ERR_TOO_BIG, EFBIG, "the signature %s is too large", url);
    if (r < 0)
        return r;
    if (ans.status == 404)
        return 0;
    return ans.status == 200 ? 1
                             : err_set(err, ERR_UNAVAILABLE, EIO,
                                       "reading the signature %s: status %ld", url, ans.status);
}

int lookaside_get(struct arena *a, const struct lookaside *l, const struct image_ref *ref,
                  const char *digest, unsigned n, struct buf *out, struct err *err)
{
    if (!l->read)
        return 0;
    char *url = location(a, l->read, ref, digest, n);
    if (str_starts(url, "http://") || str_starts(url, "https://"))
        return fetch(url, out, err);
    if (!str_starts(url, "file://"))
        return err_set(err, ERR_UNSUPPORTED, EPROTONOSUPPORT,
                       "unsupported scheme when looking for signatures at %s", url);
    int r = fs_read_file(AT_FDCWD, url + strlen("file://"), out);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? err_sys(err, -r, "reading the signature %s", url) : 1;
}

int lookaside_put(struct arena *a, const struct lookaside *l, const struct image_ref *ref,
                  const char *digest, const void *sig, size_t len, struct err *err)
{
    if (!l->write || !str_starts(l->write, "file://"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "signatures of %s cannot be stored: registries.d names no lookaside-staging "
                       "with a file:// location%s%s",
                       ref_repo(a, ref), l->write ? ", but " : "", l->write ? l->write : "");
    for (unsigned n = 1; n < SIGNATURES_MAX; n++) {
        char *path = location(a, l->write, ref, digest, n) + strlen("file://");
        AUTO_BUF old = { .max = SIGNATURE_MAX };
        char *slash = strrchr(path, '/');
        if (fs_read_file(AT_FDCWD, path, &old) == 0) {
            if (old.len == len && memcmp(old.data, sig, len) == 0)
                return 0;
            continue;
        }
        *slash = '\0';
        int r = fs_mkdirs(AT_FDCWD, path, 0755);
        AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(AT_FDCWD, path);
        if (dir >= 0)
            r = fs_replace(dir, slash + 1, sig, len, 0644, FS_SYNC);
        return dir < 0 || r < 0
                   ? err_sys(err, dir < 0 ? -dir : -r, "storing the signature in %s", path)
                   : 0;
    }
    return err_set(err, ERR_TOO_BIG, EFBIG, "image %s has too many signatures", digest);
}
