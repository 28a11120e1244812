#include "base/parse.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/spec_parts.h"
#include "supervise/supervise.h"

#include "base/banned.h"

/* Limits and restart policy of a container that exists: its record, and what runs. */

/* What is set in @from replaces what @to has. */
static void merge(struct container_resources *to, const struct container_resources *from)
{
#define TAKE(field)                                                                                \
    do {                                                                                           \
        if (from->field)                                                                           \
            to->field = from->field;                                                               \
    } while (0)
#define TAKE_LIST(field)                                                                           \
    do {                                                                                           \
        if (from->field.n)                                                                         \
            to->field = from->field;                                                               \
    } while (0)
    if (from->memory && !from->memory_swap && to->memory_swap > 0 && to->memory_swap < from->memory)
        to->memory_swap = 0; /* the default again: as much swap as memory */
    TAKE(memory);
    TAKE(memory_swap);
    TAKE(memory_reservation);
    TAKE(swappiness);
    TAKE(cpu_shares);
    TAKE(cpu_period);
    TAKE(cpu_quota);
    TAKE(cpu_rt_period);
    TAKE(cpu_rt_runtime);
    TAKE(nano_cpus);
    TAKE(cpuset_cpus);
    TAKE(cpuset_mems);
    TAKE(pids_limit);
    TAKE(blkio_weight);
    TAKE_LIST(blkio_weight_device);
    TAKE_LIST(read_bps);
    TAKE_LIST(write_bps);
    TAKE_LIST(read_iops);
    TAKE_LIST(write_iops);
#undef TAKE
#undef TAKE_LIST
}

/* An ordinary user without a cgroup of his own keeps the change for a start that has one. */
static int change_running(struct engine *e, struct arena *a, const struct container *c,
                          const struct container_update *u, struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    AUTO_JSON *req = json_pack("{s:s}", "op", "update");
    struct container_config changed = c->config;
    struct oci_resources *limits = NULL;

    if (dir < 0)
        return err_sys(err, -dir, "opening the run directory of %s", c->config.id);
    changed.resources = u->resources;
    if (u->resources.memory && !u->resources.memory_swap)
        changed.resources.memory_swap = c->config.resources.memory_swap;
    int r = spec_resources(e, a, &changed, &limits, err);
    if (r < 0)
        return r;
    if (u->any_limit)
        json_object_set_new(req, "resources", json_from(&oci_resources_type, limits));
    if (u->restart)
        json_object_set_new(req, "restart",
                            json_pack("{s:s,s:I}", "policy", c->config.restart_policy, "max_tries",
                                      (json_int_t)c->config.restart_tries));
    return supervise_request(dir, req, 30000, NULL, NULL, err);
}

int container_update(struct engine *e, struct arena *a, struct container *c,
                     const struct container_update *u, struct err *err)
{
    AUTO_CLOSE int lock = store_lock(e->store, "container", c->config.id, err);
    int r = lock < 0 ? lock : container_find(e, a, c->config.id, c, err);

    if (r < 0)
        return r;
    if (u->restart && c->config.auto_remove && !STR_IN(u->restart, "no", "never", ""))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the --rm option conflicts with --restart, when the restartPolicy is not "
                       "\"\" and \"no\"");
    merge(&c->config.resources, &u->resources);
    const struct container_resources *res = &c->config.resources;
    if (res->memory && res->memory_swap > 0 && res->memory_swap < res->memory)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "minimum memory swap limit should be larger than memory limit");
    if (u->restart)
        r = option_restart(a, u->restart, &c->config, err);
    for (char **p = u->env_unset; p && *p; p++)
        c->config.env = env_unset(a, c->config.env, *p);
    for (char **p = u->env; p && *p; p++)
        c->config.env = env_set(a, c->config.env, *p);
    /* First what runs: a limit that the kernel refuses is none. */
    if (r == 0 && (u->any_limit || u->restart) && c->alive && c->status != CTR_EXITED)
        r = change_running(e, a, c, u, err);
    return r < 0 ? r : network_save_config(e, &c->config, err);
}
