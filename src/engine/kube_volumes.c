#include <inttypes.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "engine/kube_priv.h"
#include "engine/options.h"
#include "engine/volumes.h"

#include "base/banned.h"

/* Volumes of a pod, where its containers mount them. */

/* ---------- hostPath ---------- */

static int make_dir(struct kube_maker *m, const char *path)
{
    int r = access(path, F_OK) == 0 ? 0 : fs_mkdirs(AT_FDCWD, path, 0755);

    return r < 0 ? err_sys(m->err, -r, "making hostPath %s", path) : 0;
}

static int make_file(struct kube_maker *m, const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);

    return fd < 0 ? err_sys(m->err, errno, "making hostPath %s", path) : 0;
}

static const struct {
    const char *type;
    mode_t mode; /* what it has to be; 0: anything */
    int (*make)(struct kube_maker *m, const char *path);
    bool device;
} host_types[] = {
    { "", 0, NULL, false },
    { "DirectoryOrCreate", S_IFDIR, make_dir, false },
    { "Directory", S_IFDIR, NULL, false },
    { "FileOrCreate", S_IFREG, make_file, false },
    { "File", S_IFREG, NULL, false },
    { "Socket", S_IFSOCK, NULL, false },
    { "CharDevice", S_IFCHR, NULL, true },
    { "BlockDevice", S_IFBLK, NULL, true },
};

static int host_path(struct kube_maker *m, const struct kube_host_path *h,
                     const struct kube_mount *at, struct container_config *c,
                     struct container_mount *out)
{
    const char *type = h->type ? h->type : "";
    size_t i = 0;
    struct stat st;

    while (i < ARRAY_SIZE(host_types) && !STR_EQ(host_types[i].type, type))
        i++;
    if (i == ARRAY_SIZE(host_types))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "invalid HostPath type %s", type);
    if (str_empty(h->path))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "a hostPath volume without a path");
    int r = host_types[i].make ? host_types[i].make(m, h->path) : 0;
    if (r < 0)
        return r;
    if (host_types[i].mode) {
        if (stat(h->path, &st) < 0)
            return err_sys(m->err, errno, "checking HostPath %s", h->path);
        if ((st.st_mode & S_IFMT) != host_types[i].mode)
            return err_set(m->err, ERR_BAD_PARAM, EINVAL, "HostPath %s is not a %s", h->path, type);
    }
    if (host_types[i].device) {
        *LIST_ADD(m->a, c->devices) =
            (struct container_device) { arena_strdup(m->a, h->path), path_clean(m->a, at->path),
                                        arena_strdup(m->a, at->read_only ? "r" : "rw") };
        return 0;
    }
    out->type = arena_strdup(m->a, "bind");
    out->source = arena_strdup(m->a, h->path);
    if (!str_empty(at->subpath))
        out->source = arena_printf(m->a, "%s/%s", h->path, at->subpath);
    return 0;
}

/* ---------- emptyDir ---------- */

static int empty_dir(struct kube_maker *m, const struct kube_volume *v, const struct kube_mount *at,
                     struct container_mount *out)
{
    const struct kube_empty_dir *d = v->empty_dir;
    int64_t size = 0;

    if (str_empty(d->medium)) { /* a volume that only this pod's containers have */
        out->type = arena_strdup(m->a, "volume");
        out->source = arena_printf(m->a, "%s-%.12s-%s", m->pod->name, m->pod->id, v->name);
        out->anonymous = true;
        out->subpath = at->subpath;
        return 0;
    }
    if (!STR_EQ(d->medium, "Memory"))
        return err_set(m->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "unknown emptyDir medium %s of volume %s: only Memory is", d->medium,
                       v->name);
    out->type = arena_strdup(m->a, "tmpfs");
    if (d->size_limit && kube_quantity(d->size_limit, false, &size) < 0)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "sizeLimit %s of volume %s is no quantity",
                       d->size_limit, v->name);
    if (size)
        out->options = strv_add(m->a, out->options, arena_printf(m->a, "size=%" PRId64, size));
    return 0;
}

/* ---------- ConfigMap, Secret ---------- */

struct files {
    struct kube_maker *m;
    const struct kube_data *data;
    bool secret;
    const char *mode; /* of those that name none; NULL: 0644 */
    int dir;
};

static int write_entry(struct files *f, const char *key, const char *path, const char *mode)
{
    AUTO_BUF value = { .max = LIMIT_YAML_BYTES };
    struct kube_maker *m = f->m;
    uint32_t bits = 0644;
    int64_t decimal;

    if (!path || path[0] == '/' || STR_IN(path, "", ".", "..") || str_starts(path, "../") ||
        strstr(path, "/../") || str_ends(path, "/.."))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "path \"%s\" of an item leads out of it",
                       path ? path : "");
    mode = mode ? mode : f->mode;
    /* 0440 is octal, 288 means the same. */
    if (mode && mode[0] != '0' && parse_i64(mode, 0, 0777, &decimal) == 0)
        bits = (uint32_t)decimal;
    else if (mode && parse_octal(mode, 0777, &bits) < 0)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "\"%s\" is no file mode", mode);
    int r = kube_data_entry(m, f->data, f->secret, key, &value);
    if (r == 0)
        return err_set(m->err, ERR_NOT_FOUND, ENOENT, "key \"%s\" is not in %s \"%s\"", key,
                       f->secret ? "secret" : "ConfigMap", f->data->metadata.name);
    if (r < 0)
        return r;
    const char *slash = strrchr(path, '/');
    if (slash) {
        char *parent = arena_strndup(m->a, path, (size_t)(slash - path));
        r = fs_mkdirs(f->dir, parent, 0755);
    }
    if (r >= 0)
        r = fs_replace(f->dir, path, value.data ? value.data : "", value.len, (mode_t)bits,
                       FS_NOSYNC);
    return r < 0 ? err_sys(m->err, -r, "writing %s", path) : 0;
}

static int write_all_entries(struct files *f)
{
    const kv_list *lists[] = { &f->data->data, &f->data->binary_data, &f->data->string_data };
    int r = 0;

    for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
        for (size_t i = 0; r == 0 && i < lists[l]->n; i++)
            r = write_entry(f, lists[l]->items[i].key, lists[l]->items[i].key, NULL);
    return r;
}

/* A volume named as the object is, with a file for each entry, as it is now. */
static int data_volume(struct kube_maker *m, const struct kube_volume *v,
                       const struct kube_mount *at, struct container_mount *out)
{
    bool secret = v->secret != NULL;
    const char *name = secret ? v->secret->name : v->config_map->name;
    bool optional = secret ? v->secret->optional : v->config_map->optional;
    const struct kube_item *items = secret ? v->secret->items.items : v->config_map->items.items;
    size_t n = secret ? v->secret->items.n : v->config_map->items.n;
    struct kube_data data;

    int r = (secret ? kube_secret : kube_config_map)(m, name ? name : "", optional, &data);
    if (r < 0)
        return r;
    if (!data.metadata.name) /* not there, which may be: nothing is mounted */
        return 0;
    struct volume_config vol = { .name = arena_strdup(m->a, name),
                                 .driver = arena_strdup(m->a, "local") };
    struct volume made;
    r = volumes_create(m->e, m->a, &vol, true, m->err);
    if (r == 0)
        r = volumes_find(m->e, m->a, vol.name, &made, m->err);
    if (r < 0)
        return r;
    struct files f = { .m = m,
                       .data = &data,
                       .secret = secret,
                       .mode = secret ? v->secret->default_mode : v->config_map->default_mode };
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, made.path);
    if (dir < 0)
        return err_sys(m->err, -dir, "opening volume %s", vol.name);
    f.dir = dir;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = write_entry(&f, items[i].key ? items[i].key : "", items[i].path, items[i].mode);
    if (r == 0 && !n)
        r = write_all_entries(&f);
    out->type = arena_strdup(m->a, "volume");
    out->source = vol.name;
    out->subpath = at->subpath;
    return r;
}

/* ---------- all kinds ---------- */

static int fill_mount(struct kube_maker *m, const struct kube_volume *v,
                      const struct kube_mount *at, struct container_config *c,
                      struct container_mount *out)
{
    if (v->host_path)
        return host_path(m, v->host_path, at, c, out);
    if (v->empty_dir)
        return empty_dir(m, v, at, out);
    if (v->config_map || v->secret)
        return data_volume(m, v, at, out);
    if (v->claim) {
        out->type = arena_strdup(m->a, "volume");
        out->source = v->claim->name;
        out->subpath = at->subpath;
        if (v->claim->read_only)
            out->options = strv_add(m->a, out->options, "ro");
        return str_empty(v->claim->name) ? err_set(m->err, ERR_BAD_PARAM, EINVAL,
                                                   "volume %s: a claim without a name", v->name)
                                         : 0;
    }
    if (v->image) {
        out->type = arena_strdup(m->a, "image");
        out->source = v->image->reference;
        out->subpath = at->subpath;
        return 0;
    }
    return err_set(m->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                   "volume %s: HostPath, EmptyDir, ConfigMap, Secret, PersistentVolumeClaim and "
                   "Image are the only supported volume sources",
                   v->name);
}

static const char *const propagations[][2] = { { "None", "private" },
                                               { "HostToContainer", "rslave" },
                                               { "Bidirectional", "rshared" } };

static int one_mount(struct kube_maker *m, const struct kube_mount *at, struct container_config *c)
{
    const struct kube_volume *v = NULL;
    struct container_mount out = { 0 };

    for (size_t i = 0; i < m->spec->volumes.n; i++)
        if (str_same(m->spec->volumes.items[i].name, at->name))
            v = &m->spec->volumes.items[i];
    if (!v)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                       "volume mount %s specified for container but not configured in volumes",
                       at->name ? at->name : "");
    if (at->subpath && (at->subpath[0] == '/' || strstr(at->subpath, "..")))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                       "subPath \"%s\" of volume mount %s leads out of the volume", at->subpath,
                       at->name);
    if (str_empty(at->path))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "volume mount %s without a mountPath",
                       at->name);
    int r = fill_mount(m, v, at, c, &out);
    if (r < 0 || !out.type)
        return r;
    out.destination = path_clean(m->a, at->path[0] == '/' ? at->path
                                                          : arena_printf(m->a, "/%s", at->path));
    if (at->read_only)
        out.options = strv_add(m->a, out.options, "ro");
    for (size_t i = 0; at->propagation && i < ARRAY_SIZE(propagations); i++)
        if (STR_EQ(at->propagation, propagations[i][0]) && STR_EQ(out.type, "bind"))
            out.options = strv_add(m->a, out.options, propagations[i][1]);
    const char *z = kube_annotation(m, "bind-mount-options", out.source ? out.source : "");
    if (z && STR_EQ(out.type, "bind"))
        out.options = strv_add(m->a, out.options, z);
    *LIST_ADD(m->a, c->mounts) = out;
    return 0;
}

int kube_mounts(struct kube_maker *m, const struct kube_container *k, struct container_config *c)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < k->mounts.n; i++)
        r = one_mount(m, &k->mounts.items[i], c);
    return r;
}
