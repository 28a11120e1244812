#include "engine/engine_priv.h"
#include "engine/images.h"
#include "engine/networks.h"
#include "engine/pods.h"
#include "engine/system.h"
#include "image/gc.h"
#include "engine/volumes.h"

#include "base/banned.h"

static void add_problem(struct arena *a, struct system_pruned *p, struct err *e)
{
    p->problems = strv_add(a, p->problems, e->msg);
    err_clear(e);
}

/* One that a monitor still cares for is none that has stopped. */
static bool is_stopped(const struct container *c)
{
    bool stays = !str_empty(c->config.restart_policy) && !STR_EQ(c->config.restart_policy, "no");

    return !c->alive || (c->status == CTR_EXITED && !stays);
}

static int prune_containers(struct engine *e, struct arena *a, char *const *filters,
                            struct system_pruned *ret, struct err *err)
{
    const struct container_remove_options rm = { .volumes = true };
    struct container_list list = { 0 };
    int r = container_list(e, a, &list, err);

    if (r == 0)
        r = container_filter(e, a, &list, filters, err);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct container *c = &list.items[i];
        int64_t rw = 0, all;
        struct err one = { 0 };
        if (!is_stopped(c) || c->config.infra) /* which goes with its pod */
            continue;
        if (container_size(e, c, &rw, &all, &one) < 0) {
            err_clear(&one);
            rw = 0;
        }
        if (container_remove(e, c, &rm, &one) < 0)
            add_problem(a, ret, &one);
        else {
            ret->containers = strv_add(a, ret->containers, c->config.id);
            ret->bytes += rw;
        }
    }
    return r;
}

int system_prune(struct engine *e, struct arena *a, const struct system_prune_options *o,
                 struct system_pruned *ret, struct err *err)
{
    if (o->external && (o->all || o->volumes || o->filters))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "system prune --external cannot be combined with other options");
    int r = container_reap(e, err);
    if (r == 0 && !o->external && !o->filters)
        r = pod_prune(e, a, &ret->pods, err);
    if (r == 0 && !o->external)
        r = prune_containers(e, a, o->filters, ret, err);
    if (r == 0 && !o->external)
        r = images_prune(e, a, o->all, o->filters, &ret->images, &ret->bytes, err);
    struct err one = { 0 };
    if (r == 0 && !o->external && networks_prune(e, a, o->filters, &ret->networks, &one) < 0)
        add_problem(a, ret, &one); /* no reason to keep the rest */
    if (r == 0 && o->volumes)
        r = volumes_prune(e, a, true, false, o->filters, &ret->volumes, &ret->bytes, err);
    /* Cut-off downloads, layers and blobs that nobody refers to. */
    return r < 0 ? r : gc_sweep(e->store, &ret->bytes, err);
}
