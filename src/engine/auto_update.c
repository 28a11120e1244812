#include "engine/auto_update.h"

#include "base/log.h"
#include "engine/engine_priv.h"
#include "engine/events.h"
#include "engine/images.h"
#include "engine/rootless.h"
#include "supervise/units.h"

#include "base/banned.h"

enum policy { POLICY_NONE, POLICY_REGISTRY, POLICY_LOCAL, POLICY_COUNT };
static const char *const policy_names[POLICY_COUNT] = { "disabled", "registry", "local" };

struct task {
    struct auto_update_row *row;
    enum policy policy;
    const char *image, *old_id, *authfile;
    bool newer;
};
struct run {
    struct engine *e;
    struct arena *a;
    const struct auto_update_options *o;
    struct task *tasks;
    size_t n;
    char ***problems;
};

static int parse_policy(const char *text, enum policy *ret, struct err *err)
{
    if (STR_IN(text, "", "disabled"))
        *ret = POLICY_NONE;
    else if (STR_IN(text, "registry", "image"))
        *ret = POLICY_REGISTRY;
    else if (STR_EQ(text, "local"))
        *ret = POLICY_LOCAL;
    else
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "invalid auto-update policy \"%s\": valid policies are [disabled image local "
            "registry]",
            text);
    return 0;
}

/* "registry.example.com/x", "localhost:5000/x": its first part says where. */
static bool names_registry(const char *image)
{
    const char *slash = strchr(image, '/');
    if (!slash)
        return false;
    size_t n = (size_t)(slash - image);
    return memchr(image, '.', n) || memchr(image, ':', n) || str_starts(image, "localhost/");
}

int auto_update_check_label(const struct container_config *c, const char *image, struct err *err)
{
    const char *text = kv_get(&c->labels, AUTO_UPDATE_LABEL);
    enum policy policy;

    if (!text)
        return 0;
    int r = parse_policy(text, &policy, err);
    if (r == 0 && policy == POLICY_REGISTRY && image && !names_registry(image))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "short name: auto updates require fully-qualified image reference: \"%s\"",
                       image);
    return r;
}

static void problem(struct run *x, const char *text)
{
    *x->problems = strv_add(x->a, *x->problems, text);
}

/* ---------- who takes part ---------- */

static void add_task(struct run *x, const struct container_config *c, struct auto_update_rows *out)
{
    const char *text = kv_get(&c->labels, AUTO_UPDATE_LABEL), *unit;
    struct err why = { 0 };
    enum policy policy;

    if (!text)
        return;
    if (parse_policy(text, &policy, &why) < 0) {
        problem(x, arena_printf(x->a, "auto-updating container \"%s\": %s", c->name, why.msg));
        return;
    }
    if (policy == POLICY_NONE)
        return;
    unit = kv_get(&c->labels, UNIT_LABEL);
    if (!unit) {
        problem(x, arena_printf(x->a, "auto-updating container \"%s\": no %s label found", c->name,
                                UNIT_LABEL));
        return;
    }
    const char *authfile = kv_get(&c->labels, AUTO_UPDATE_AUTH_LABEL);
    out->items[out->n] = (struct auto_update_row) {
        .unit = unit,
        .container_id = c->id,
        .container_name = c->name,
        .image = c->image_name ? c->image_name : "",
        .policy = policy_names[policy],
        .updated = "false",
    };
    x->tasks[x->n++] = (struct task) {
        .row = &out->items[out->n++],
        .policy = policy,
        .image = c->image_name ? c->image_name : "",
        .old_id = c->image ? c->image : "",
        .authfile = authfile ? authfile : x->o->authfile,
    };
}

/* ---------- what is new ---------- */

static struct image_pull_options how(const struct run *x, const struct task *t)
{
    return (struct image_pull_options) {
        .policy = "always",
        .authfile = t->authfile,
        .tls_verify = x->o->tls_verify,
        .quiet = true,
        .retry = 3,
        .retry_delay_ns = -1,
    };
}

static bool has_digest(const struct image *img, const char *digest)
{
    if (str_same(img->digest, digest))
        return true;
    for (char **d = img->repo_digests; d && *d; d++) {
        const char *at = strrchr(*d, '@');
        if (at && STR_EQ(at + 1, digest))
            return true;
    }
    return false;
}

static int is_newer(struct run *x, const struct task *t, bool *ret, struct err *err)
{
    struct image img = { 0 };
    struct image_fetched there = { 0 };
    int r = images_find(x->e, x->a, t->image, &img, err);

    if (r < 0)
        return r;
    *ret = !STR_EQ(img.id, t->old_id); /* another container's update, or a build */
    if (*ret || t->policy == POLICY_LOCAL)
        return 0;
    struct image_pull_options o = how(x, t);
    AUTO_FREE char *name = xasprintf("docker://%s", t->image);
    r = image_fetch(engine_store(x->e), x->a, name, &o, FETCH_TEXT, &there, err);
    if (r == 0)
        *ret = !has_digest(&img, there.digest);
    return r;
}

static int get_newer(struct run *x, const struct task *t, struct err *err)
{
    struct image img = { 0 };
    char **ids = NULL;
    struct image_pull_options o = how(x, t);

    /* Another task may have brought it already. */
    if (t->policy == POLICY_LOCAL ||
        (images_find(x->e, x->a, t->image, &img, NULL) == 0 && !STR_EQ(img.id, t->old_id)))
        return 0;
    return images_pull(x->e, x->a, t->image, &o, &ids, err);
}

static void check_task(struct run *x, struct task *t)
{
    struct err why = { 0 };
    int r = is_newer(x, t, &t->newer, &why);

    if (r == 0 && t->newer && !x->o->dry_run)
        r = get_newer(x, t, &why);
    if (r < 0) {
        problem(x, arena_printf(x->a, "auto-updating container \"%s\": %s", t->row->container_name,
                                why.msg));
        t->newer = false;
        t->row->updated = "failed";
    } else if (t->newer) {
        t->row->updated = "pending";
    }
}

/* ---------- units ---------- */

static void mark(struct run *x, const char *unit, const char *updated)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->tasks[i].newer && STR_EQ(x->tasks[i].row->unit, unit))
            x->tasks[i].row->updated = updated;
}

/* The names of the unit's images mean what they meant before. */
static int roll_back(struct run *x, struct sd_bus *bus, const char *unit, struct err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->n; i++)
        if (x->tasks[i].newer && STR_EQ(x->tasks[i].row->unit, unit))
            r = images_tag(x->e, x->tasks[i].old_id, x->tasks[i].image, err);
    return r == 0 ? units_restart(bus, unit, err) : r;
}

static void restart(struct run *x, struct sd_bus *bus, const char *unit)
{
    struct err why = { 0 }, again = { 0 };

    if (units_restart(bus, unit, &why) == 0) {
        mark(x, unit, "true");
        return;
    }
    mark(x, unit, "failed");
    if (!x->o->rollback) {
        problem(x, arena_strdup(x->a, why.msg));
        return;
    }
    if (roll_back(x, bus, unit, &again) == 0) {
        log_warn("%s: the old image is back", why.msg);
        mark(x, unit, "rolled back");
    } else {
        problem(x,
                arena_printf(x->a, "%s; and going back to the old image: %s", why.msg, again.msg));
    }
}

int auto_update(struct engine *e, struct arena *a, const struct auto_update_options *o,
                struct auto_update_rows *out, char ***problems, struct err *err)
{
    struct run x = { .e = e, .a = a, .o = o, .problems = problems };
    struct container_list all = { 0 };
    AUTO_UNITS bus = NULL;
    AUTO_FREE char *socket = systemd_socket(rootless_is());

    int r = container_list(e, a, &all, err);
    if (r < 0)
        return r;
    out->items = arena_alloc(a, (all.n + 1) * sizeof(*out->items));
    x.tasks = arena_alloc(a, (all.n + 1) * sizeof(*x.tasks));
    for (size_t i = 0; i < all.n; i++)
        add_task(&x, &all.items[i].config, out);
    if (x.n && !o->dry_run) {
        r = units_connect(socket, &bus, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < x.n; i++)
        check_task(&x, &x.tasks[i]);
    for (size_t i = 0; bus && i < x.n; i++)
        if (x.tasks[i].newer && STR_EQ(x.tasks[i].row->updated, "pending"))
            restart(&x, bus, x.tasks[i].row->unit);
    if (!o->dry_run)
        engine_event(e, "system", "auto-update", "", "");
    return 0;
}
