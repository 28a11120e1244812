#include "api/route.h"

#include "base/parse.h"

#include "base/banned.h"

static const struct route *const tables[] = {
    system_routes, container_routes, create_routes,   stream_routes,   exec_routes,
    copy_routes,   image_routes,     transfer_routes, volume_routes,   network_routes,
    secret_routes, event_routes,     manifest_routes, artifact_routes, build_routes,
    pod_routes,    kube_routes,      unit_routes,     later_routes,
};

enum { PATH_LENGTH_MAX = 4096 };

/* One segment of a pattern, and where the next begins. */
static const char *segment(const char *p, size_t *ret_len)
{
    *ret_len = strcspn(p, "/");
    return p + *ret_len;
}

static bool match(struct arena *a, const char *pattern, const char *path, char ***vars)
{
    size_t want, have;

    if (!*pattern || !*path)
        return *pattern == *path;
    pattern++; /* both begin with a slash */
    path++;
    const char *pattern_rest = segment(pattern, &want), *path_rest = segment(path, &have);
    if (*pattern != '{') {
        if (want != have || memcmp(pattern, path, want) != 0)
            return false;
        return match(a, pattern_rest, path_rest, vars);
    }
    bool many = pattern[want - 2] == '*';
    for (;;) {
        size_t len = (size_t)(path_rest - path);
        size_t nth = strv_len(*vars);
        char **more = len ? strv_add(a, strv_copy(a, *vars), "") : NULL;
        if (more && match(a, pattern_rest, path_rest, &more)) {
            more[nth] = http_unescape(a, path, len, false);
            *vars = more;
            return more[nth] != NULL;
        }
        if (!many || !*path_rest)
            return false;
        path_rest += 1 + strcspn(path_rest + 1, "/");
    }
}

bool route_match(struct arena *a, const char *pattern, const char *path, char ***ret_vars)
{
    *ret_vars = NULL;
    return *path == '/' && match(a, pattern, path, ret_vars);
}

/* "/v1.41/containers" -> "/containers"; also "/v4.3.0". */
static const char *strip_version(struct request *r, const char *path)
{
    int64_t n[2] = { 0 };
    const char *p = path + 2;

    if (path[1] != 'v' || *p < '0' || *p > '9')
        return path;
    for (int part = 0; part < 3; part++) {
        const char *from = p;
        while (*p >= '0' && *p <= '9') {
            if (part < 2 && n[part] < 100000)
                n[part] = n[part] * 10 + (*p - '0');
            p++;
        }
        if (p == from)
            return path;
        if (*p != '.' || part == 2)
            break;
        p++;
    }
    if (*p != '/')
        return path;
    r->major = (int)n[0];
    r->minor = (int)n[1];
    return p;
}

static bool of_method(const struct route *t, const char *method)
{
    return STR_EQ(t->method, method) || (STR_EQ(t->method, "GET") && STR_EQ(method, "HEAD")) ||
           STR_EQ(t->method, "ANY");
}

static bool of_version(const struct request *r, const struct route *t)
{
    return !(t->flags & ROUTE_BEFORE_4) || (r->major > 0 && r->major < 4);
}

const struct route *route_find(struct request *r, bool *ret_other)
{
    const char *path = strip_version(r, r->conn->head.path);
    char *trimmed = arena_strdup(r->arena, path);

    r->libpod = str_starts(path, "/libpod/");
    path = r->libpod ? trimmed + strlen("/libpod") : trimmed;
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        trimmed[strlen(trimmed) - 1] = '\0';
    unsigned family = r->libpod ? ROUTE_LIBPOD : ROUTE_COMPAT;
    *ret_other = false;
    if (strlen(path) > PATH_LENGTH_MAX) /* no name is so long, and {x*} tries every slash */
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct route *t = tables[i]; t->method; t++) {
            char **vars;
            if (!(t->flags & family) || !of_version(r, t) ||
                !route_match(r->arena, t->pattern, path, &vars))
                continue;
            if (of_method(t, r->conn->head.method)) {
                r->vars = vars;
                return t;
            }
            *ret_other = true;
        }
    return NULL;
}
