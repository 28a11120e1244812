#include <fcntl.h>
#include <strings.h>

#include "engine/kube_priv.h"
#include "engine/secrets.h"
#include "engine/volumes.h"

#include "base/banned.h"

/* ConfigMaps, Secrets and PersistentVolumeClaims. */

int kube_config_map(struct kube_maker *m, const char *name, bool optional, struct kube_data *ret)
{
    *ret = (struct kube_data) { 0 };
    for (size_t i = 0; i < m->config_maps.n; i++)
        if (str_same(m->config_maps.items[i].metadata.name, name)) {
            *ret = m->config_maps.items[i];
            return 0;
        }
    return optional ? 0
                    : err_set(m->err, ERR_NOT_FOUND, ENOENT,
                              "no such ConfigMap defined: \"%s\": give it with --configmap or in "
                              "the same YAML",
                              name);
}

/* A secret of ours that is one of Kubernetes': the object itself, as kube_make_secret() has stored it. */
int kube_secret(struct kube_maker *m, const char *name, bool optional, struct kube_data *ret)
{
    struct secret_config s = { 0 };
    AUTO_BUF text = { .max = SECRET_MAX + 1 };
    int r = secrets_find(m->e, m->a, name, &s, m->err);

    *ret = (struct kube_data) { 0 };
    if (r < 0 && optional && m->err->kind == ERR_NOT_FOUND) {
        err_clear(m->err);
        return 0;
    }
    if (r == 0)
        r = secrets_read(m->e, &s, &text, m->err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data, text.len, "secret", NULL);
    if (!json_is_object(doc) || json_read(m->a, doc, &kube_data_type, ret, NULL) < 0)
        return err_set(
            m->err, ERR_BAD_PARAM, EINVAL,
            "secret %s is no Secret of Kubernetes: it has no keys (make it with kube play)", name);
    return 0;
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Blanks and newlines may stand anywhere. */
static int decode(const char *s, struct buf *out)
{
    uint32_t bits = 0;
    int n = 0;

    for (; *s && *s != '='; s++) {
        int v = base64_value(*s);
        if (v < 0 && strchr(" \t\r\n", *s))
            continue;
        if (v < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n >= 8) {
            n -= 8;
            char byte = (char)(bits >> n & 0xff);
            if (buf_add(out, &byte, 1) < 0)
                return -EFBIG;
        }
    }
    return s[strspn(s, "= \t\r\n")] || n >= 6 ? -EINVAL : 0;
}

int kube_data_entry(struct kube_maker *m, const struct kube_data *d, bool secret, const char *key,
                    struct buf *out)
{
    const char *plain = kv_get(secret ? &d->string_data : &d->data, key);
    const char *coded = kv_get(secret ? &d->data : &d->binary_data, key);

    if (!plain && !coded)
        return 0;
    int r = plain ? buf_add(out, plain, strlen(plain)) : decode(coded, out);
    return r == -EFBIG ? err_set(m->err, ERR_TOO_BIG, EFBIG, "key %s of %s is too large", key,
                                 d->metadata.name)
           : r < 0 ? err_set(m->err, ERR_BAD_PARAM, EINVAL, "key %s of %s is no base64 text", key,
                             d->metadata.name)
                   : 1;
}

/* Every key is looked at now: what is no base64 is an error of this command, not of a later one. */
static int check_keys(struct kube_maker *m, const struct kube_data *d)
{
    for (size_t i = 0; i < d->data.n; i++) {
        AUTO_BUF value = { .max = SECRET_MAX };
        if (decode(d->data.items[i].val, &value) < 0)
            return err_set(m->err, ERR_BAD_PARAM, EINVAL, "key %s of secret %s is no base64 text",
                           d->data.items[i].key, d->metadata.name);
    }
    return 0;
}

int kube_make_secret(struct kube_maker *m, json_t *doc)
{
    struct kube_data d = { 0 };
    int r = json_read(m->a, doc, &kube_data_type, &d, m->err);

    if (r == 0 && str_empty(d.metadata.name))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "a Secret without a name");
    if (r == 0)
        r = check_keys(m, &d);
    if (r < 0)
        return err_wrap(m->err, "reading a Secret");
    AUTO_JSON *again = json_from(&kube_data_type, &d);
    AUTO_BUF text = { 0 };
    json_text(again, 0, &text);
    struct secret_config s = { .name = d.metadata.name,
                               .driver = arena_strdup(m->a, "file"),
                               .labels = d.metadata.labels };
    r = secrets_create(m->e, m->a, &s, text.data, text.len, true, false, m->err);
    if (r == 0)
        m->report->secrets = strv_add(m->a, m->report->secrets, s.id);
    return r;
}

/* Annotations volume.podman.io/... say more of the volume than a claim can. */
static int volume_options(struct kube_maker *m, const struct kube_meta *meta,
                          struct volume_config *v)
{
    static const char prefix[] = "volume.podman.io/";

    for (size_t i = 0; i < meta->annotations.n; i++) {
        const char *key = meta->annotations.items[i].key, *val = meta->annotations.items[i].val;
        if (!str_starts(key, prefix))
            continue;
        key += strlen(prefix);
        if (STR_EQ(key, "driver"))
            v->driver = arena_strdup(m->a, val);
        else if (STR_IN(key, "device", "type"))
            kv_set(m->a, &v->options, key, val);
        else if (STR_EQ(key, "mount-options"))
            kv_set(m->a, &v->options, "o", val);
        else if (STR_IN(key, "uid", "gid")) {
            int64_t id;
            if (kube_quantity(val, false, &id) < 0)
                return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                               "annotation %s%s of claim %s is no number: \"%s\"", prefix, key,
                               meta->name, val);
            *(STR_EQ(key, "uid") ? &v->uid : &v->gid) = id;
        } else if (!STR_EQ(key, "import-source"))
            return err_set(m->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "annotation %s%s of claim %s is not supported", prefix, key, meta->name);
    }
    return 0;
}

static int import_source(struct kube_maker *m, const struct kube_meta *meta)
{
    const char *path = kv_get(&meta->annotations, "volume.podman.io/import-source");
    struct volume v;

    if (!path)
        return 0;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(m->err, errno, "opening %s for volume %s", path, meta->name);
    int r = volumes_find(m->e, m->a, meta->name, &v, m->err);
    return r < 0 ? r : volumes_import(m->e, &v, fd, m->err);
}

int kube_make_claim(struct kube_maker *m, json_t *doc)
{
    struct kube_claim claim = { 0 };
    struct volume before;
    int r = json_read(m->a, doc, &kube_claim_type, &claim, m->err);

    if (r < 0)
        return err_wrap(m->err, "reading a PersistentVolumeClaim");
    if (str_empty(claim.metadata.name))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "a PersistentVolumeClaim without a name");
    struct volume_config v = { .name = claim.metadata.name,
                               .driver = arena_strdup(m->a, "local"),
                               .labels = claim.metadata.labels };
    bool there = volumes_find(m->e, m->a, v.name, &before, NULL) == 0 &&
                 STR_EQ(before.config.name, v.name);
    r = volume_options(m, &claim.metadata, &v);
    if (r == 0)
        r = volumes_create(m->e, m->a, &v, true, m->err);
    if (r == 0 && !there)
        r = import_source(m, &claim.metadata);
    if (r == 0)
        m->report->volumes = strv_add(m->a, m->report->volumes, v.name);
    return r;
}
