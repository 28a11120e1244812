#include <strings.h>

#include "engine/engine_priv.h"
#include "engine/pods.h"

#include "base/banned.h"

/* Finding pods, and what state their members add up to. */

const char *const pod_status_names[POD_STATUS_COUNT] = {
    [POD_CREATED] = "Created", [POD_RUNNING] = "Running", [POD_DEGRADED] = "Degraded",
    [POD_PAUSED] = "Paused",   [POD_STOPPED] = "Stopped", [POD_EXITED] = "Exited",
    [POD_ERROR] = "Error",
};

static int decode(struct arena *a, const char *text, struct pod_config *p, struct err *err)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "a pod's record", err);

    return doc ? json_read(a, doc, &pod_config_type, p, err) : -EPROTO;
}

/* An init container that has done its work says nothing of the pod's. */
static bool counts(const struct container *c)
{
    return !c->config.init_type || c->status != CTR_EXITED;
}

static enum pod_status status_of(const struct pod *p)
{
    size_t n = 0, by[CTR_STATUS_COUNT] = { 0 };

    for (size_t i = 0; i < p->members.n; i++)
        if (counts(&p->members.items[i])) {
            n++;
            by[p->members.items[i].status]++;
        }
    size_t running = by[CTR_RUNNING];
    if (n == 0)
        return POD_CREATED;
    if (running)
        return running == n ? POD_RUNNING : POD_DEGRADED;
    if (by[CTR_PAUSED] == n)
        return POD_PAUSED;
    if (by[CTR_EXITED])
        return by[CTR_EXITED] == n ? POD_EXITED : POD_STOPPED;
    return by[CTR_STOPPING] ? POD_ERROR : POD_CREATED;
}

/* One that is to go with its end and has ended is only waiting to be reaped. */
static bool waits_for_reaper(const struct container *c)
{
    return c->config.auto_remove && c->status == CTR_EXITED && !c->alive;
}

int pod_refresh(struct engine *e, struct arena *a, struct pod *p, struct err *err)
{
    struct db *db = store_db(e->store, err);
    int r = 0;

    if (!db)
        return -EIO;
    p->members = (struct container_list) { 0 };
    struct rows q = db_query(
        db, err, "SELECT config FROM containers WHERE pod = ? ORDER BY created", "s", p->config.id);
    while (r == 0 && rows_next(&q)) {
        struct container *c = LIST_ADD(a, p->members);
        memset(c, 0, sizeof(*c));
        r = container_decode(a, rows_text(&q, 0), &c->config, err);
    }
    int end = rows_end(&q);
    r = r < 0 ? r : end;
    size_t kept = 0;
    for (size_t i = 0; r == 0 && i < p->members.n; i++) {
        struct container *c = &p->members.items[i];
        r = container_refresh(e, a, c, err);
        if (!waits_for_reaper(c))
            p->members.items[kept++] = *c;
    }
    p->members.n = kept;
    p->status = status_of(p);
    return r;
}

static int not_found(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, ENOENT, "no pod with name or ID %s found: no such pod",
                   name);
}

/* By unique key first, then by the beginning of an ID. */
int pod_config_find(struct engine *e, struct arena *a, const char *name, struct pod_config *ret,
                    struct err *err)
{
    static const char *const queries[] = {
        "SELECT config FROM pods WHERE name = ?1 OR id = ?1",
        "SELECT config FROM pods WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 2",
    };
    struct db *db = store_db(e->store, err);
    bool hex = *name && strspn(name, "0123456789abcdef") == strlen(name) && strlen(name) <= 64;
    int found = 0, r = 0;

    if (!db)
        return -EIO;
    for (size_t i = 0; r == 0 && !found && i < (hex ? 2 : 1); i++) {
        struct rows q = db_query(db, err, queries[i], "s", name);
        while (r == 0 && rows_next(&q))
            if (++found == 1)
                r = decode(a, rows_text(&q, 0), ret, err);
        int end = rows_end(&q);
        r = r < 0 ? r : end;
    }
    if (r < 0)
        return r;
    if (found > 1)
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "more than one result for pod name or ID %s: pod already exists", name);
    return found ? 0 : not_found(name, err);
}

int pod_find(struct engine *e, struct arena *a, const char *name, struct pod *ret, struct err *err)
{
    memset(ret, 0, sizeof(*ret));
    int r = pod_config_find(e, a, name, &ret->config, err);

    return r < 0 ? r : pod_refresh(e, a, ret, err);
}

bool pod_exists(struct engine *e, const char *name)
{
    AUTO_ARENA a = { 0 };
    struct pod_config p = { 0 };

    return pod_config_find(e, &a, name, &p, NULL) == 0;
}

const char *pod_name(struct engine *e, struct arena *a, const char *id)
{
    struct pod_config p = { 0 };

    return !str_empty(id) && pod_config_find(e, a, id, &p, NULL) == 0 ? p.name : "";
}

static int list_rows(struct engine *e, struct arena *a, const char *sql, struct pod_list *out,
                     struct err *err)
{
    struct db *db = store_db(e->store, err);
    int r = 0;

    if (!db)
        return -EIO;
    struct rows q = db_query(db, err, sql, "");
    while (r == 0 && rows_next(&q)) {
        struct pod *p = LIST_ADD(a, *out);
        memset(p, 0, sizeof(*p));
        r = decode(a, rows_text(&q, 0), &p->config, err);
    }
    int end = rows_end(&q);
    r = r < 0 ? r : end;
    for (size_t i = 0; r == 0 && i < out->n; i++)
        r = pod_refresh(e, a, &out->items[i], err);
    return r;
}

int pod_list(struct engine *e, struct arena *a, struct pod_list *out, struct err *err)
{
    return list_rows(e, a, "SELECT config FROM pods ORDER BY created", out, err);
}

int pod_latest(struct engine *e, struct arena *a, struct pod *ret, struct err *err)
{
    struct pod_list one = { 0 };
    int r = list_rows(e, a, "SELECT config FROM pods ORDER BY created DESC LIMIT 1", &one, err);

    if (r == 0 && !one.n)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "unable to find latest pod: no such pod");
    if (r == 0)
        *ret = one.items[0];
    return r;
}

const struct container *pod_infra(const struct pod *p)
{
    for (size_t i = 0; i < p->members.n; i++)
        if (p->members.items[i].config.infra)
            return &p->members.items[i];
    return NULL;
}

char **pod_names(struct engine *e, struct arena *a, const struct container_config *infra)
{
    struct pod p;
    char **names = NULL;

    if (str_empty(infra->pod) || pod_find(e, a, infra->pod, &p, NULL) < 0)
        return NULL;
    names = strv_add(a, names, p.config.name);
    for (size_t i = 0; i < p.members.n; i++) {
        const struct container_config *c = &p.members.items[i].config;
        bool shares = str_starts(c->netns ? c->netns : "", "container:");
        if (shares && !strv_has(names, c->name))
            names = strv_add(a, names, c->name);
    }
    return names;
}
