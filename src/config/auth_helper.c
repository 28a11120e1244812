#include "config/auth_helper.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/proc.h"

#include "base/banned.h"

/* Runs the helper; a positive value is its exit status, with what it said in @out (stdout has it). */
static int run(const char *helper, const char *verb, const char *input, struct buf *out,
               struct err *err)
{
    AUTO_FREE char *name = xasprintf("docker-credential-%s", helper);
    AUTO_FREE char *word = xstrdup(verb);
    char *argv[] = { name, word, NULL };
    int status = strchr(helper, '/') ? -ENOENT : proc_run(argv, NULL, input, out, NULL);

    if (status == -ENOENT)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "exec: \"%s\": executable file not found in $PATH", name);
    return status < 0 ? err_sys(err, -status, "running %s", name) : status;
}

static int failed(const char *helper, const char *verb, const struct buf *out, struct err *err)
{
    size_t n = out->len;

    while (n && (out->data[n - 1] == '\n' || out->data[n - 1] == '\r'))
        n--;
    return err_set(err, ERR_DENIED, EACCES, "docker-credential-%s %s: %.*s", helper, verb, (int)n,
                   out->data ? out->data : "");
}

int auth_helper_parse(struct arena *a, const char *text, size_t len, struct credentials *ret,
                      struct err *err)
{
    AUTO_JSON *doc = json_parse(text, len, "the credential helper's answer", err);

    if (!doc)
        return -EINVAL;
    const char *user = json_string_value(json_object_get(doc, "Username"));
    const char *secret = json_string_value(json_object_get(doc, "Secret"));
    if (!user || !secret)
        return 0;
    if (STR_EQ(user, "<token>"))
        ret->identity_token = arena_strdup(a, secret);
    else {
        ret->user = arena_strdup(a, user);
        ret->password = arena_strdup(a, secret);
    }
    return 0;
}

int auth_helper_get(struct arena *a, const char *helper, const char *registry,
                    struct credentials *ret, struct err *err)
{
    AUTO_BUF out = { .max = LIMIT_CONTROL_MESSAGE };
    int status = run(helper, "get", registry, &out, err);

    if (status != 0)
        return MIN(status, 0); /* "credentials not found" is how helpers say no */
    return auth_helper_parse(a, out.data ? out.data : "", out.len, ret, err);
}

int auth_helper_store(const char *helper, const char *registry, const struct credentials *c,
                      struct err *err)
{
    AUTO_BUF out = { .max = LIMIT_CONTROL_MESSAGE }, text = { 0 };
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:s}", "ServerURL", registry, "Username", c->user,
                               "Secret", c->password);

    if (!doc)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the credentials are no valid text");
    json_text(doc, 0, &text);
    int status = run(helper, "store", text.data, &out, err);
    return status > 0 ? failed(helper, "store", &out, err) : status;
}

int auth_helper_erase(const char *helper, const char *registry, struct err *err)
{
    AUTO_BUF out = { .max = LIMIT_CONTROL_MESSAGE };
    int status = run(helper, "erase", registry, &out, err);

    return status > 0 ? failed(helper, "erase", &out, err) : status;
}

int auth_helper_list(struct arena *a, const char *helper, char ***ret, struct err *err)
{
    AUTO_BUF out = { .max = LIMIT_CONTROL_MESSAGE };
    int status = run(helper, "list", "unused", &out, err);
    const char *key;
    json_t *user;

    if (status != 0)
        return status > 0 ? failed(helper, "list", &out, err) : status;
    AUTO_JSON *doc = json_parse(out.data ? out.data : "", out.len, "the credential helper's list",
                                err);
    if (!doc)
        return -EINVAL;
    json_object_foreach (doc, key, user)
        *ret = strv_add(a, *ret, key);
    return 0;
}
