#include "engine/commit.h"

#include <inttypes.h>
#include <sched.h>

#include "base/fs.h"
#include "engine/changes.h"
#include "engine/events.h"
#include "engine/spec_parts.h"
#include "image/image.h"
#include "spec/image_change.h"

#include "base/banned.h"

/* ---------- the file system ---------- */

static void fill_tree(const struct container *c, int root, struct image_tree *ret)
{
    *ret = (struct image_tree) { .root = root,
                                 .uid_map = c->config.uid_map.items,
                                 .n_uid = c->config.uid_map.n,
                                 .gid_map = c->config.gid_map.items,
                                 .n_gid = c->config.gid_map.n };
}

int container_export(struct engine *e, struct arena *a, const struct container *c, int fd,
                     struct err *err)
{
    AUTO_CLOSE int root = rootfs_of_container(e, a, &c->config, false, err);
    struct image_tree tree;

    if (root < 0)
        return root;
    fill_tree(c, root, &tree);
    return container_did(e, &c->config, "export", image_export(&tree, fd, err));
}

/* ---------- the configuration ---------- */

static char **add_once(struct arena *a, char **v, const char *s)
{
    for (char **p = v; p && *p; p++)
        if (STR_EQ(*p, s))
            return v;
    return strv_add(a, v, s);
}

/* What we ourselves put into every container's environment is not the image's. */
static char **own_env(struct arena *a, const struct container_config *c)
{
    char *host = arena_printf(a, "HOSTNAME=%s", c->hostname ? c->hostname : "");
    char *id = arena_printf(a, "HOSTNAME=%.12s", c->id), **out = NULL;

    for (char *const *p = c->env; p && *p; p++)
        if (!STR_EQ(*p, host) && !STR_EQ(*p, id) && !STR_EQ(*p, "container=podman"))
            out = strv_add(a, out, *p);
    return out;
}

/* What the user gave the container is the image's from now on. */
static void take_container(struct arena *a, const struct container_config *c, bool volumes,
                           struct image_exec *x)
{
    x->env = own_env(a, c);
    if (c->entrypoint_given) {
        x->entrypoint = c->entrypoint;
        x->cmd = c->command;
    } else if (c->command)
        x->cmd = c->command;
    if (!str_empty(c->user))
        x->user = c->user;
    if (c->workdir_given)
        x->working_dir = c->workdir;
    if (!str_empty(c->stop_signal) &&
        !(str_empty(x->stop_signal) && STR_EQ(c->stop_signal, "SIGTERM")))
        x->stop_signal = c->stop_signal;
    x->labels = c->labels;
    for (char *const *p = c->expose; p && *p; p++)
        x->exposed_ports = add_once(a, x->exposed_ports, *p);
    for (size_t i = 0; i < c->ports.n; i++)
        for (int64_t k = 0; k < c->ports.items[i].range; k++)
            x->exposed_ports = add_once(a, x->exposed_ports,
                                        arena_printf(a, "%" PRId64 "/%s",
                                                     c->ports.items[i].container_port + k,
                                                     c->ports.items[i].protocol));
    for (size_t i = 0; volumes && i < c->mounts.n; i++)
        if (!c->mounts.items[i].from_image)
            x->volumes = add_once(a, x->volumes, c->mounts.items[i].destination);
}

static int take_options(struct arena *a, const struct container_commit_options *o,
                        struct image_exec *x, struct err *err)
{
    int r = 0;

    if (o->config) {
        AUTO_JSON *doc = json_parse(o->config, strlen(o->config), "--config", err);
        r = doc ? json_read_nocase(a, doc, &image_exec_type, x, err) : -EINVAL;
    }
    for (char *const *p = o->changes; r == 0 && p && *p; p++)
        r = image_change(a, x, *p, err);
    return r;
}

static int make_config(struct arena *a, const struct container *c, const struct image *base,
                       const struct container_commit_options *o, struct image_config *ret,
                       struct err *err)
{
    *ret = base->config;
    if (o->squash) {
        ret->history.items = NULL;
        ret->history.n = 0;
    }
    ret->parent = NULL;
    ret->comment = NULL;
    take_container(a, &c->config, o->include_volumes, &ret->config);
    return take_options(a, o, &ret->config, err);
}

/* ---------- commit ---------- */

static int find_changes(struct engine *e, struct arena *a, const struct container *c,
                        struct image_tree *tree, struct err *err)
{
    change_list list = { 0 };
    int r = changes_container(e, a, c, &list, err);
    struct image_tree_change *out = arena_alloc(a, (list.n + 1) * sizeof(*out));

    for (size_t i = 0; i < list.n; i++)
        out[i] = (struct image_tree_change) { .path = list.items[i].path + 1,
                                              .gone = list.items[i].kind == CHANGE_DELETED };
    tree->changes = out;
    tree->n_changes = list.n;
    return r;
}

static int commit(struct engine *e, struct arena *a, const struct container *c,
                  const struct container_commit_options *o, char **ret_id, struct err *err)
{
    struct image base = { 0 };
    struct image_tree tree;
    struct image_commit_options i = { .tree = &tree,
                                      .docker = o->docker,
                                      .created_by = strv_join(a, c->config.command, " "),
                                      .author = o->author,
                                      .comment = o->message,
                                      .reference = o->reference };

    if (c->config.rootfs)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "cannot commit container %s: it uses an exploded rootfs and has no image",
                       c->config.name);
    int r = image_find(e->store, a, c->config.image, &base, err);
    if (r < 0)
        return err_wrap(err, "the image of container %s", c->config.name);
    r = make_config(a, c, &base, o, &i.config, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int root = rootfs_of_container(e, a, &c->config, false, err);
    if (root < 0)
        return root;
    fill_tree(c, root, &tree);
    if (!o->squash) {
        i.base = &base;
        r = find_changes(e, a, c, &tree, err);
    }
    if (r == 0)
        r = image_commit(e->store, a, &i, ret_id, err);
    return container_did(e, &c->config, "commit", r);
}

int container_commit(struct engine *e, struct arena *a, const struct container *c,
                     const struct container_commit_options *o, char **ret_id, struct err *err)
{
    bool pause = o->pause && c->status == CTR_RUNNING;
    struct err later = { 0 };
    struct container now = *c;
    int r = pause ? container_pause(e, c, true, err) : 0;

    if (r < 0)
        return r;
    r = commit(e, a, c, o, ret_id, err);
    if (pause && container_refresh(e, a, &now, &later) == 0 && now.status == CTR_PAUSED &&
        container_pause(e, &now, false, &later) < 0 && r == 0) {
        if (err)
            *err = later;
        r = -later.errnum;
    }
    return r;
}
