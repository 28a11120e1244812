#include <strings.h>

#include "base/fs.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

const char *const container_status_names[CTR_STATUS_COUNT] = {
    [CTR_CREATED] = "created", [CTR_INITIALIZED] = "initialized", [CTR_RUNNING] = "running",
    [CTR_PAUSED] = "paused",   [CTR_STOPPING] = "stopping",       [CTR_EXITED] = "exited",
};

int container_decode(struct arena *a, const char *text, struct container_config *c, struct err *err)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "a container's record", err);

    return doc ? json_read(a, doc, &container_config_type, c, err) : -EPROTO;
}

char *container_encode(const struct container_config *c)
{
    AUTO_JSON *doc = json_from(&container_config_type, c);
    AUTO_BUF b = { 0 };

    json_text(doc, 0, &b);
    return buf_steal(&b);
}

int container_run_dir(struct engine *e, const char *id)
{
    char path[128];

    snprintf(path, sizeof(path), "containers/%s", id);
    return fs_open_dir(e->store->run_fd, path);
}

char *container_bundle(struct engine *e, struct arena *a, const char *id)
{
    return arena_printf(a, "%s/containers/%s", e->store->graphroot, id);
}

/* The monitor leaves its last state beside the bundle as well: after a reboot, when the run directory is
 * gone, it still tells when and how the container ended. */
static int state_after_reboot(struct engine *e, struct arena *a, struct container *c)
{
    char path[128];
    AUTO_BUF b = { .max = 1u << 20 };

    snprintf(path, sizeof(path), "containers/%s/state", c->config.id);
    if (fs_read_file(e->store->graph_fd, path, &b) < 0 || !b.data)
        return 0;
    AUTO_JSON *doc = json_parse(b.data, b.len, path, NULL);
    if (!doc || json_read(a, doc, &run_state_type, &c->run, NULL) < 0)
        return 0;
    return 1;
}

static enum container_status status_of(const struct run_state *run)
{
    static const enum container_status map[RUN_STATUS_COUNT] = {
        [RUN_CREATED] = CTR_INITIALIZED, [RUN_RUNNING] = CTR_RUNNING, [RUN_PAUSED] = CTR_PAUSED,
        [RUN_STOPPING] = CTR_STOPPING,   [RUN_EXITED] = CTR_EXITED,
    };

    for (size_t i = 0; i < RUN_STATUS_COUNT; i++)
        if (str_same(run->status, run_status_names[i]))
            return map[i];
    return CTR_EXITED;
}

int container_refresh(struct engine *e, struct arena *a, struct container *c, struct err *err)
{
    memset(&c->run, 0, sizeof(c->run));
    c->alive = false;
    c->status = CTR_CREATED;
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    if (dir < 0 && dir != -ENOENT)
        return err_sys(err, -dir, "opening the run directory of %s", c->config.id);
    int r = dir < 0 ? 0 : supervise_state(dir, a, &c->run, &c->alive, err);
    if (r == 0)
        r = state_after_reboot(e, a, c);
    if (r > 0)
        c->status = status_of(&c->run);
    return r < 0 ? r : 0;
}

static int not_found(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, ENOENT,
                   "no container with name or ID \"%s\" found: no such container", name);
}

/* One look-up by unique key, another by ID prefix; the lower bound makes the prefix an index search. */
static int find_row(struct engine *e, struct arena *a, const char *name, struct container_config *c,
                    struct err *err)
{
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;
    struct rows q = db_query(db, err, "SELECT config FROM containers WHERE name = ?1 OR id = ?1",
                             "s", name);
    int found = 0, r = 0;
    while (r == 0 && rows_next(&q)) {
        found++;
        r = container_decode(a, rows_text(&q, 0), c, err);
    }
    int end = rows_end(&q);
    if (r < 0 || end < 0)
        return r < 0 ? r : end;
    if (found)
        return 0;
    if (!*name || strspn(name, "0123456789abcdef") != strlen(name) || strlen(name) > 64)
        return not_found(name, err);
    q = db_query(
        db, err,
        "SELECT config FROM containers WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 2", "s",
        name);
    while (r == 0 && rows_next(&q))
        if (++found == 1)
            r = container_decode(a, rows_text(&q, 0), c, err);
    end = rows_end(&q);
    if (r < 0 || end < 0)
        return r < 0 ? r : end;
    if (found == 0)
        return not_found(name, err);
    if (found > 1)
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "more than one result for container name or ID %s", name);
    return 0;
}

int container_find(struct engine *e, struct arena *a, const char *name, struct container *ret,
                   struct err *err)
{
    memset(ret, 0, sizeof(*ret));
    int r = find_row(e, a, name[0] == '/' ? name + 1 : name, &ret->config, err);

    return r < 0 ? r : container_refresh(e, a, ret, err);
}

bool container_exists(struct engine *e, const char *name)
{
    AUTO_ARENA a = { 0 };
    struct container_config c = { 0 };

    return find_row(e, &a, name, &c, NULL) == 0;
}

int container_latest(struct engine *e, struct arena *a, struct container *ret, struct err *err)
{
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;
    memset(ret, 0, sizeof(*ret));
    struct rows q = db_query(db, err, "SELECT config FROM containers ORDER BY created DESC LIMIT 1",
                             "");
    int found = 0, r = 0;
    while (r == 0 && rows_next(&q)) {
        found = 1;
        r = container_decode(a, rows_text(&q, 0), &ret->config, err);
    }
    int end = rows_end(&q);
    if (r < 0 || end < 0)
        return r < 0 ? r : end;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "no container to be found: no such container");
    return container_refresh(e, a, ret, err);
}

int container_list(struct engine *e, struct arena *a, struct container_list *out, struct err *err)
{
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;
    struct rows q = db_query(db, err, "SELECT config FROM containers ORDER BY created", "");
    int r = 0;
    while (r == 0 && rows_next(&q)) {
        struct container *c = LIST_ADD(a, *out);
        memset(c, 0, sizeof(*c));
        r = container_decode(a, rows_text(&q, 0), &c->config, err);
    }
    int end = rows_end(&q);
    if (r == 0)
        r = end;
    for (size_t i = 0; r == 0 && i < out->n; i++)
        r = container_refresh(e, a, &out->items[i], err);
    /* One that is to go with its end and has ended is only waiting to be reaped: it is not there. */
    size_t kept = 0;
    for (size_t i = 0; r == 0 && i < out->n; i++)
        if (!(out->items[i].config.auto_remove && out->items[i].status == CTR_EXITED &&
              !out->items[i].alive))
            out->items[kept++] = out->items[i];
    if (r == 0)
        out->n = kept;
    return r;
}
