/* The writing side of auth.json. */
#include <sys/file.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "config/auth_helper.h"

#include "base/banned.h"

#define FILE_HELPER "containers-auth.json"

/* auth.json, open for a change.  Keys that we do not know stay as they are. */
struct auth_doc {
    char *path;
    const char *name; /* within dir */
    int dir;          /* holds the lock */
    json_t *root;
    bool docker; /* keys are spelled as Docker does */
};

static void doc_done(struct auth_doc *d)
{
    close_p(&d->dir);
    json_decref(d->root);
}
#define AUTO_DOC CLEANUP(doc_done) struct auth_doc

/* The directory is what is locked: a file that is replaced cannot be, and one beside it would stay. */
static int open_locked(struct arena *a, struct auth_doc *d, struct err *err)
{
    char *slash = strrchr(d->path, '/');
    char *dir = slash ? arena_strndup(a, d->path, (size_t)(slash - d->path)) : arena_strdup(a, ".");
    int r = *dir ? fs_mkdirs(AT_FDCWD, dir, 0700) : 0;

    d->name = slash ? slash + 1 : d->path;
    d->dir = r < 0 ? r : fs_open_dir(AT_FDCWD, *dir ? dir : "/");
    if (d->dir < 0)
        return err_sys(err, -d->dir, "opening %s", dir);
    while (flock(d->dir, LOCK_EX) < 0)
        if (errno != EINTR)
            return err_sys(err, errno, "locking %s", dir);
    return 0;
}

static int doc_open(struct arena *a, const struct auth_place *p, struct auth_doc *d,
                    struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_CONFIG_FILE };

    d->docker = !str_empty(p->compat_file);
    d->path = d->docker                ? arena_strdup(a, p->compat_file)
              : str_empty(p->authfile) ? auth_default_path(a)
                                       : arena_strdup(a, p->authfile);
    int r = open_locked(a, d, err);
    if (r < 0)
        return r;
    r = fs_read_file(d->dir, d->name, &text);
    if (r < 0 && r != -ENOENT)
        return err_sys(err, -r, "reading %s", d->path);
    d->root = text.len ? json_parse(text.data, text.len, d->path, err) : json_object();
    if (!d->root)
        return -EINVAL;
    if (!json_is_object(d->root))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: is no JSON object", d->path);
    return 0;
}

static int doc_write(struct auth_doc *d, struct err *err)
{
    AUTO_BUF text = { 0 };

    json_text(d->root, 8, &text);
    buf_putc(&text, '\n');
    int r = fs_replace(d->dir, d->name, text.data, text.len, 0600, FS_SYNC);
    return r < 0 ? err_sys(err, -r, "writing %s", d->path) : 0;
}

static const char *key_in(const struct auth_doc *d, const char *key)
{
    return d->docker ? auth_docker_key(key) : key;
}

/* The helper that the file names for @key, or NULL. */
static const char *file_helper(const struct auth_doc *d, const char *key)
{
    const char *h = json_string_value(
        json_object_get(json_object_get(d->root, "credHelpers"), key));

    if (!h && d->docker)
        h = json_string_value(json_object_get(d->root, "credsStore"));
    return str_empty(h) ? NULL : h;
}

/* ---------- store ---------- */

static int put_entry(struct arena *a, struct auth_doc *d, const char *key,
                     const struct credentials *c, struct err *err)
{
    json_t *auths = json_object_get(d->root, "auths");

    if (!json_is_object(auths)) {
        auths = json_object();
        json_object_set_new(d->root, "auths", auths);
    }
    json_t *entry = c->identity_token ? json_pack("{s:s}", "identitytoken", c->identity_token)
                                      : json_pack("{s:s}", "auth", auth_encode(a, c));
    if (!entry || json_object_set_new(auths, key, entry) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the credentials are no valid text");
    return doc_write(d, err);
}

static int store_in_file(struct arena *a, const struct auth_place *p, const char *key,
                         const struct credentials *c, char **ret_where, struct err *err)
{
    AUTO_DOC d = { .dir = -EBADF };
    int r = doc_open(a, p, &d, err);

    if (r < 0)
        return r;
    if (d.docker && strchr(key, '/'))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "credentials of a repository (%s) cannot be stored in Docker's file", key);
    key = key_in(&d, key);
    const char *helper = file_helper(&d, key);
    if (helper) {
        *ret_where = arena_printf(a, "credential helper: %s", helper);
        return auth_helper_store(helper, key, c, err);
    }
    *ret_where = d.path;
    return put_entry(a, &d, key, c, err);
}

int auth_store(struct arena *a, const struct auth_place *p, const char *key,
               const struct credentials *c, char **ret_where, struct err *err)
{
    char *const only_file[] = { (char *)(uintptr_t)FILE_HELPER, NULL };
    int r = 0;

    /* The first that takes it. */
    for (char *const *h = p->helpers ? p->helpers : only_file; *h; h++) {
        if (err)
            err_clear(err);
        if (STR_EQ(*h, FILE_HELPER))
            r = store_in_file(a, p, key, c, ret_where, err);
        else if (strchr(key, '/'))
            r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                        "namespaced key is not supported for credential helper %s", *h);
        else {
            *ret_where = arena_printf(a, "credential helper: %s", *h);
            r = auth_helper_store(*h, key, c, err);
        }
        if (r == 0)
            return 0;
    }
    return r;
}

/* ---------- erase ---------- */

static int erase_in_file(struct arena *a, const struct auth_place *p, const char *key, bool *found,
                         struct err *err)
{
    AUTO_DOC d = { .dir = -EBADF };
    int r = doc_open(a, p, &d, err);

    if (r < 0)
        return r;
    key = key_in(&d, key);
    const char *helper = file_helper(&d, key);
    if (helper) {
        struct credentials c = { 0 };
        r = auth_helper_get(a, helper, key, &c, err);
        if (r < 0 || (!c.user && !c.identity_token))
            return r;
        *found = true;
        return auth_helper_erase(helper, key, err);
    }
    if (json_object_del(json_object_get(d.root, "auths"), key) < 0)
        return 0;
    *found = true;
    return doc_write(&d, err);
}

int auth_erase(struct arena *a, const struct auth_place *p, const char *key, bool *ret_found,
               struct err *err)
{
    char *const only_file[] = { (char *)(uintptr_t)FILE_HELPER, NULL };
    int r = 0;

    *ret_found = false;
    for (char *const *h = p->helpers ? p->helpers : only_file; r == 0 && *h; h++) {
        struct credentials c = { 0 };
        if (STR_EQ(*h, FILE_HELPER)) {
            r = erase_in_file(a, p, key, ret_found, err);
            continue;
        }
        if (strchr(key, '/')) /* helpers know registries only */
            continue;
        r = auth_helper_get(a, *h, key, &c, err);
        if (r < 0 || (!c.user && !c.identity_token))
            continue;
        *ret_found = true;
        r = auth_helper_erase(*h, key, err);
    }
    return r;
}

static int erase_all_of(struct arena *a, const char *helper, struct err *err)
{
    char **list = NULL;
    int r = auth_helper_list(a, helper, &list, err);

    for (; r == 0 && list && *list; list++)
        r = auth_helper_erase(helper, *list, err);
    return r;
}

static int erase_file(struct arena *a, const struct auth_place *p, struct err *err)
{
    AUTO_DOC d = { .dir = -EBADF };
    const char *key;
    json_t *helper;
    int r = doc_open(a, p, &d, err);

    if (r < 0)
        return r;
    json_object_foreach (json_object_get(d.root, "credHelpers"), key, helper)
        if (r == 0 && json_is_string(helper))
            r = auth_helper_erase(json_string_value(helper), key, err);
    if (r < 0)
        return r;
    json_object_del(d.root, "credHelpers");
    json_object_set_new(d.root, "auths", json_object());
    return doc_write(&d, err);
}

int auth_erase_all(struct arena *a, const struct auth_place *p, struct err *err)
{
    char *const only_file[] = { (char *)(uintptr_t)FILE_HELPER, NULL };
    int r = 0;

    for (char *const *h = p->helpers ? p->helpers : only_file; r == 0 && *h; h++)
        r = STR_EQ(*h, FILE_HELPER) ? erase_file(a, p, err) : erase_all_of(a, *h, err);
    return r;
}
