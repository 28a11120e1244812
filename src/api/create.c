/* POST /containers/create. */
#include "api/create.h"

#include <fcntl.h>

#include "api/documents.h"
#include "api/route.h"
#include "base/fs.h"
#include "engine/options.h"

#include "base/banned.h"

int create_volumes_from(struct request *r, struct container_config *c, char *const *from)
{
    for (; from && *from; from++) {
        char **f = strv_split(r->arena, *from, ':');
        struct container other;
        int res = request_find(r, f[0], &other);
        if (res < 0)
            return res;
        if (f[1] && !STR_IN(f[1], "ro", "rw", "z"))
            return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                           "invalid option \"%s\" of VolumesFrom: use ro, rw or z", f[1]);
        for (size_t i = 0; i < other.config.mounts.n; i++) {
            struct container_mount m = other.config.mounts.items[i];
            bool have = STR_EQ(m.type, "tmpfs");
            for (size_t k = 0; k < c->mounts.n; k++)
                have |= STR_EQ(c->mounts.items[k].destination, m.destination);
            if (have)
                continue;
            m.anonymous = false; /* the other one's to remove */
            if (f[1])
                m.options = strv_add(r->arena, strv_copy(r->arena, m.options), f[1]);
            *LIST_ADD(r->arena, c->mounts) = m;
        }
    }
    return 0;
}

int create_bind_source(struct request *r, const struct container_mount *m)
{
    if (!STR_EQ(m->type, "bind") || access(m->source, F_OK) == 0)
        return 0;
    int res = fs_mkdirs(AT_FDCWD, m->source, 0755);
    return res < 0 ? err_sys(r->err, -res, "making the directory %s for a bind mount", m->source)
                   : 0;
}

/* What the socket is for is what comes out of it, and what it joins. */
static int apply_scope(struct request *r, struct container_config *c)
{
    const char *const modes[] = { c->netns, c->pidns, c->ipcns, c->utsns, c->userns, c->cgroupns };
    struct container other;
    int res = 0;

    if (!r->scope->labels)
        return 0;
    if (c->pod)
        return err_set(r->err, ERR_DENIED, EPERM,
                       "this socket is for containers with its label only: they cannot be in pods");
    for (size_t i = 0; res == 0 && i < ARRAY_SIZE(modes); i++)
        if (modes[i] && str_starts(modes[i], "container:"))
            res = request_find(r, modes[i] + strlen("container:"), &other);
    for (char **l = r->scope->labels; l && *l; l++) {
        const char *eq = strchrnul(*l, '=');
        kv_set(r->arena, &c->labels, arena_strndup(r->arena, *l, (size_t)(eq - *l)),
               *eq ? eq + 1 : "");
    }
    return res;
}

struct create_query {
    char *name, *platform;
};
static const struct query_field create_fields[] = {
    QF_STR(struct create_query, name, "name", NULL),
    QF_STR(struct create_query, platform, "platform", NULL),
    { 0 },
};

static int platform_of(struct request *r, const char *text, struct pull_request *p)
{
    if (str_empty(text))
        return 0;
    char **f = strv_split(r->arena, text, '/');
    size_t n = strv_len(f);
    if (n > 3 || !*f[0])
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "invalid platform \"%s\": must be os/arch[/variant]", text);
    p->os = f[0];
    p->arch = n > 1 ? f[1] : NULL;
    p->variant = n > 2 ? f[2] : NULL;
    return 0;
}

static int create(struct request *r, const void *query)
{
    const struct create_query *q = query;
    struct container_config c = { .stop_timeout = -2, .log_size_max = -1, .read_only_tmpfs = true };
    struct pull_request pull = { .policy = "never", .tls_verify = -1, .retry_delay_ns = -1 };
    char *image = NULL, **warnings = NULL;
    AUTO_JSON *doc = request_json(r, false);

    if (!doc || !request_engine(r))
        return -EINVAL;
    int res = r->libpod ? create_from_libpod(r, doc, &c, &image)
                        : create_from_compat(r, doc, &c, &image);
    if (res == 0)
        res = platform_of(r, q->platform, &pull);
    if (res < 0)
        return res;
    if (!str_empty(q->name))
        c.name = q->name;
    if (c.name && *c.name == '/')
        c.name++;
    if (!str_empty(c.name) && option_name_check(c.name, r->err) < 0)
        return -EINVAL;
    if (str_empty(image) && str_empty(c.rootfs))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "must provide an image or a rootfs: bad parameter");
    res = apply_scope(r, &c);
    if (res < 0)
        return res;
    res = container_create(request_engine(r), r->arena, &c, str_empty(image) ? NULL : image, &pull,
                           false, &warnings, r->err);
    if (res < 0 && r->err->kind == ERR_NOT_FOUND && strstr(r->err->msg, "image not known")) {
        err_clear(r->err); /* Docker's clients pull when they read this */
        return err_set(r->err, ERR_NOT_FOUND, ENOENT, "No such image: %s: image not known", image);
    }
    if (res < 0)
        return res;
    return reply_json(r, 201,
                      json_pack("{s:s,s:o}", "Id", c.id, "Warnings", doc_strings(warnings, false)));
}

const struct route create_routes[] = {
    ROUTE_Q("POST", "/containers/create", ROUTE_BOTH | ROUTE_SCOPED, create, struct create_query,
            create_fields),
    { 0 },
};
