#include "engine/update.h"

#include "engine/events.h"
#include "engine/health.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* ---------- what is to be ---------- */

#define TAKE(field)                                                                                \
    if (from->field)                                                                               \
    to->field = from->field
#define TAKE_LIST(field)                                                                           \
    if (from->field.n)                                                                             \
    to->field = from->field

static void take_resources(const struct container_resources *from, struct container_resources *to)
{
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
}

static bool gives_resources(const struct container_resources *r)
{
    static const struct container_resources none;

    return memcmp(r, &none, sizeof(none)) != 0;
}

static char **without(struct arena *a, char *const *env, const char *key)
{
    size_t n = strlen(key);
    char **out = NULL;

    for (; env && *env; env++)
        if (strncmp(*env, key, n) != 0 || (*env)[n] != '=')
            out = strv_add(a, out, *env);
    return out;
}

static int take_env(struct arena *a, const struct container_changes *what,
                    struct container_config *c, struct err *err)
{
    for (char *const *p = what->unsetenv; p && *p; p++)
        c->env = without(a, c->env, *p);
    for (char *const *p = what->env; p && *p; p++) {
        if (**p == '=' || !strchr(*p, '='))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid variable: \"%s\"", *p);
        c->env = strv_add(a, without(a, c->env, arena_strndup(a, *p, strcspn(*p, "="))), *p);
    }
    return 0;
}

/* The ulimits that are given replace those of the same name. */
static int take_ulimits(struct arena *a, char *const *ulimits, struct container_config *c,
                        struct err *err)
{
    struct container_config given = { 0 };
    int r = 0;

    for (; r == 0 && ulimits && *ulimits; ulimits++)
        r = option_ulimit(a, *ulimits, &given, err);
    for (size_t i = 0; r == 0 && i < given.ulimits.n; i++) {
        size_t k = 0;
        while (k < c->ulimits.n && !STR_EQ(c->ulimits.items[k].name, given.ulimits.items[i].name))
            k++;
        if (k == c->ulimits.n)
            (void)LIST_ADD(a, c->ulimits);
        c->ulimits.items[k] = given.ulimits.items[i];
    }
    return r;
}

static int take(struct arena *a, const struct container_changes *what, struct container_config *c,
                struct err *err)
{
    const struct container_resources *r = &c->resources;

    take_resources(&what->resources, &c->resources);
    /* Twice the memory is what nobody asked for: it follows the memory. */
    if (what->resources.memory && !what->resources.memory_swap && r->memory_swap > 0 &&
        r->memory_swap < r->memory)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the memory limit would be above that of memory and swap together: give "
                       "--memory-swap as well");
    if (r->memory && r->memory_swap > 0 && r->memory_swap < r->memory)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "minimum memory swap limit should be larger than memory limit");
    if (what->restart && c->auto_remove && !STR_IN(what->restart, "no", "never", ""))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the --rm option conflicts with --restart, when the restartPolicy is not "
                       "\"\" and \"no\"");
    if (what->health)
        c->health = *what->health;
    int h = what->health ? health_complete(a, NULL, c, err) : 0;
    if (h < 0)
        return h;
    int rc = what->restart ? option_restart(a, what->restart, c, err) : 0;
    if (rc == 0)
        rc = take_env(a, what, c, err);
    return rc < 0 ? rc : take_ulimits(a, what->ulimits, c, err);
}

/* ---------- telling the monitor ---------- */

static int tell(struct engine *e, struct arena *a, const struct container *c, bool limits,
                bool restart, bool health, struct err *err)
{
    AUTO_JSON *req = json_pack("{s:s}", "op", "update");
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    const int64_t *pids = c->config.resources.pids_limit;

    if (dir < 0)
        return err_sys(err, -dir, "opening the run directory of %s", c->config.id);
    if (limits) {
        struct oci_resources *res;
        int r = spec_resources(e, a, &c->config, &res, err);
        if (r < 0)
            return r;
        if (pids && *pids <= 0) { /* at a start nothing has to be taken back */
            res->pids = arena_alloc(a, sizeof(*res->pids));
            res->pids->limit = -1;
        }
        json_object_set_new(req, "resources", json_from(&oci_resources_type, res));
    }
    if (restart) {
        struct restart_config policy = { c->config.restart_policy, c->config.restart_tries };
        json_object_set_new(req, "restart", json_from(&restart_config_type, &policy));
    }
    if (health) { /* the monitor reads its configuration again */
        int r = spec_write_monitor(e, a, c, false, false, err);
        if (r < 0)
            return r;
        json_object_set_new(req, "health", json_true());
    }
    return supervise_request(dir, req, 30000, NULL, NULL, err);
}

int container_update(struct engine *e, struct arena *a, const struct container *c,
                     const struct container_changes *what, struct err *err)
{
    AUTO_CLOSE int lock = store_lock(e->store, "container", c->config.id, err);
    struct container now;
    int r = lock < 0 ? lock : container_find(e, a, c->config.id, &now, err);

    if (r == 0)
        r = take(a, what, &now.config, err);
    if (r < 0)
        return r;
    bool limits = gives_resources(&what->resources), runs = now.alive && now.run.pid > 0;
    if (runs && (limits || what->restart || what->health))
        r = tell(e, a, &now, limits, what->restart != NULL, what->health != NULL, err);
    if (r == 0)
        r = network_save_config(e, &now.config, err);
    return container_did(e, &now.config, "update", r);
}
