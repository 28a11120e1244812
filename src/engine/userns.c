#include <pwd.h>

#include "base/fs.h"
#include "base/parse.h"
#include "engine/rootless.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

int64_t idmap_host_id(const struct container_idmap *m, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (id >= m[i].container && id < m[i].container + m[i].size)
            return m[i].host + id - m[i].container;
    return -1;
}

/* --userns host | auto[:size=N] | keep-id[:uid=N,gid=N] | nomap | private | ns:PATH | container:NAME */

static void add_map(struct arena *a, struct container_config *c, bool gid, int64_t ctr,
                    int64_t host, int64_t size)
{
    struct container_idmap m = { ctr, host, size };

    if (size <= 0)
        return;
    if (gid)
        *LIST_ADD(a, c->gid_map) = m;
    else
        *LIST_ADD(a, c->uid_map) = m;
}

/* How many ids our own namespace has: 4294967295 for the host's. */
static int64_t available_ids(void)
{
    AUTO_BUF b = { .max = 65536 };
    int64_t total = 0;

    if (fs_read_file(AT_FDCWD, "/proc/self/uid_map", &b) < 0 || !b.data)
        return 0;
    AUTO_ARENA a = { 0 };
    for (char **line = strv_split(&a, b.data, '\n'); *line; line++) {
        const char *last = strrchr(*line, ' ');
        uint64_t n;
        if (last && parse_u64(last + 1, UINT32_MAX, &n) == 0)
            total += (int64_t)n;
    }
    return total;
}

static int numbers(struct arena *a, const char *options, int64_t *uid, int64_t *gid, int64_t *size,
                   struct err *err)
{
    for (char **o = strv_split(a, options, ','); *o; o++) {
        int64_t *to = str_starts(*o, "uid=")    ? uid
                      : str_starts(*o, "gid=")  ? gid
                      : str_starts(*o, "size=") ? size
                                                : NULL;
        if (!**o)
            continue;
        if (!to || parse_i64(strchr(*o, '=') + 1, 0, UINT32_MAX, to) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "unknown option specified: \"%s\" in --userns", *o);
    }
    return 0;
}

/* The user keeps his number: id 0 of our namespace is he, and it becomes @ctr inside; the others move
 * into the places that are left. */
static void keep_id(struct arena *a, struct container_config *c, bool gid, int64_t ctr,
                    int64_t total)
{
    add_map(a, c, gid, 0, 1, MIN(ctr, total - 1));
    add_map(a, c, gid, ctr, 0, 1);
    add_map(a, c, gid, ctr + 1, ctr + 1, total - 1 - ctr);
}

/* The first range of the pool's owner that no container of ours uses. */
static int auto_range(struct engine *e, struct arena *a, int64_t size, int64_t *ret,
                      struct err *err)
{
    int64_t first = 1, end = available_ids();

    if (!e->rootless) {
        AUTO_BUF b = { .max = 1u << 20 };
        first = end = 0;
        if (fs_read_file(AT_FDCWD, "/etc/subuid", &b) == 0 && b.data)
            for (char **line = strv_split(a, b.data, '\n'); *line; line++) {
                char **f = strv_split(a, *line, ':');
                int64_t start, n;
                if (strv_len(f) == 3 && STR_EQ(f[0], "containers") &&
                    parse_i64(f[1], 0, UINT32_MAX, &start) == 0 &&
                    parse_i64(f[2], 0, UINT32_MAX, &n) == 0) {
                    first = start;
                    end = start + n;
                }
            }
        if (first == end)
            return err_set(
                err, ERR_NOT_FOUND, ENOENT,
                "cannot find UID/GID for user containers: add a line containers:START:COUNT to "
                "/etc/subuid and /etc/subgid to use --userns=auto");
    }
    struct container_list all = { 0 };
    int r = container_list(e, a, &all, err);
    for (bool moved = true; r == 0 && moved;) {
        moved = false;
        for (size_t i = 0; i < all.n; i++)
            for (size_t k = 0; k < all.items[i].config.uid_map.n; k++) {
                const struct container_idmap *m = &all.items[i].config.uid_map.items[k];
                if (first < m->host + m->size && m->host < first + size) {
                    first = m->host + m->size;
                    moved = true;
                }
            }
    }
    if (r == 0 && first + size > end)
        return err_set(err, ERR_CONFLICT, ENOSPC, "not enough unused IDs in the user namespace");
    *ret = first;
    return r;
}

/* auto, keep-id and nomap with their options: both maps from what our own namespace has. */
static int computed_maps(struct engine *e, struct arena *a, struct container_config *c,
                         const char *word, const char *options, struct err *err)
{
    int64_t uid = rootless_uid(), gid = rootless_gid(), size = 0, start = 0,
            total = available_ids();
    int r = numbers(a, options, &uid, &gid, &size, err);

    if (r < 0)
        return r;
    if (STR_EQ(word, "auto")) {
        size = size ? size : 1024;
        r = auto_range(e, a, size, &start, err);
        if (r < 0)
            return r;
        add_map(a, c, false, 0, start, size);
        add_map(a, c, true, 0, start, size);
        return 0;
    }
    if (!e->rootless)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is only supported in rootless mode", word);
    if (rootless_single_id())
        return err_set(
            err, ERR_UNSUPPORTED, EPERM,
            "--userns=%s needs more than one id: add ranges to /etc/subuid and /etc/subgid", word);
    if (STR_EQ(word, "nomap")) {
        add_map(a, c, false, 0, 1, total - 1);
        add_map(a, c, true, 0, 1, total - 1);
        return 0;
    }
    keep_id(a, c, false, uid, total);
    keep_id(a, c, true, gid, total);
    if (str_empty(c->user))
        c->user = arena_printf(a, "%lld:%lld", (long long)uid, (long long)gid);
    return 0;
}

/* What an ordinary user maps are ids of the namespace that he has, not of the host. */
static int maps_check(const struct engine *e, const struct container_config *c, struct err *err)
{
    int64_t total = e->rootless ? available_ids() : INT64_MAX;

    for (size_t i = 0; i < c->uid_map.n + c->gid_map.n; i++) {
        const struct container_idmap *m = i < c->uid_map.n ? &c->uid_map.items[i]
                                                           : &c->gid_map.items[i - c->uid_map.n];
        if (m->host + m->size > total)
            return err_set(
                err, ERR_BAD_PARAM, EINVAL,
                "invalid id mapping %lld:%lld:%lld: this user's namespace has the ids 0 to "
                "%lld only, add ranges to /etc/subuid and /etc/subgid",
                (long long)m->container, (long long)m->host, (long long)m->size,
                (long long)total - 1);
    }
    return 0;
}

int userns_resolve(struct engine *e, struct arena *a, struct container_config *c, struct err *err)
{
    const char *mode = str_empty(c->userns) ? "host" : c->userns;
    const char *options = strchr(mode, ':') ? strchr(mode, ':') + 1 : "";
    char *word = arena_strndup(a, mode, strcspn(mode, ":"));

    if (STR_EQ(word, "container") && c->pod) /* the maps are the pod's */
        return 0;
    if (c->uid_map.n || c->gid_map.n) {
        if (!STR_IN(mode, "host", "private"))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "--userns and --uidmap/--gidmap are mutually exclusive");
        if (!c->gid_map.n)
            memcpy(&c->gid_map, &c->uid_map, sizeof(c->gid_map));
        if (!c->uid_map.n)
            memcpy(&c->uid_map, &c->gid_map, sizeof(c->uid_map));
        c->userns = arena_strdup(a, "private");
        return maps_check(e, c, err);
    }
    if (STR_IN(word, "host", "ns", "container"))
        return 0;
    if (STR_EQ(word, "private"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "--userns=private needs --uidmap and --gidmap");
    if (STR_IN(word, "auto", "keep-id", "nomap"))
        return computed_maps(e, a, c, word, options, err);
    return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid user namespace mode \"%s\"", mode);
}
