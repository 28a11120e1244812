#include "image/mod/search.h"

#include "base/limits.h"
#include "image/mod/registry_priv.h"

#include "base/banned.h"

enum { DEFAULT_LIMIT = 25, CATALOG_PAGES = 200 };

/* Docker Hub is searched at another name than its images are at. */
#define DOCKER_SEARCH "index.docker.io"

struct searcher {
    struct arena *a;
    const struct image_search_options *o;
    struct registries conf;
    size_t limit;
    image_found_list *ret;
};

static int sink(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

/* A session with @registry; @path "" when it is not about one repository. */
static struct registry *session(struct arena *a, const struct registries *conf,
                                const char *registry, const char *path, const char *scope,
                                struct registry_options *o, struct err *err)
{
    struct registry_place place = { .ref = { .registry = arena_strdup(a, registry),
                                             .path = arena_strdup(a, path) } };
    const struct registry_rule *rule = registries_rule(conf, a, &place.ref);

    if (rule && rule->blocked) {
        err_set(err, ERR_DENIED, EACCES, "registry %s is blocked in registries.conf", rule->prefix);
        return NULL;
    }
    place.insecure = rule && rule->insecure;
    o->helpers = conf->credential_helpers;
    o->scope = scope;
    return registry_open(&place, o, err);
}

/* ---------- login ---------- */

int module_login(struct arena *a, const struct image_login *l, struct err *err)
{
    struct registries conf = { 0 };
    struct registry_options o = { .tls_verify = l->tls_verify,
                                  .cert_dir = l->cert_dir,
                                  .creds = arena_printf(a, "%s:%s", l->user, l->password) };

    http_init();
    int r = registries_load(a, &conf, err);
    if (r < 0)
        return r;
    AUTO_REGISTRY *reg = session(a, &conf, l->registry, "", NULL, &o, err);
    return reg ? registry_check_login(reg, err) : -err->errnum;
}

/* ---------- answers ---------- */

struct v1_result {
    char *name, *description;
    int64_t stars;
    bool official, automated;
};
static const struct json_field result_rows[] = {
    JF_STR(struct v1_result, name, "name", 0),
    JF_STR(struct v1_result, description, "description", 0),
    JF_I64(struct v1_result, stars, "star_count", 0),
    JF_BOOL(struct v1_result, official, "is_official", 0),
    JF_BOOL(struct v1_result, automated, "is_automated", 0),
    { 0 },
};
static const struct json_type result_type = JSON_TYPE(struct v1_result, result_rows);

struct v1_answer {
    JSON_LIST(struct v1_result) results;
};
static const struct json_field answer_rows[] = {
    JF_LIST(struct v1_answer, results, "results", 0, &result_type),
    { 0 },
};
static const struct json_type answer_type = JSON_TYPE(struct v1_answer, answer_rows);

static struct image_found *add(struct searcher *s, const char *index, const char *name)
{
    const char *library = STR_EQ(index, "docker.io") && !strchr(name, '/') ? "library/" : "";
    struct image_found *f = LIST_ADD(s->a, *s->ret);

    f->index = arena_strdup(s->a, index);
    f->name = arena_printf(s->a, "%s/%s%s", index, library, name);
    f->description = arena_strdup(s->a, "");
    f->tag = arena_strdup(s->a, "");
    return f;
}

/* ---------- v1 ---------- */

/* 1: it answered; 0: it has no such search. */
static int search_v1(struct searcher *s, struct registry *reg, const char *index, const char *term,
                     struct err *err)
{
    AUTO_BUF body = { .max = LIMIT_MANIFEST };
    struct v1_answer found = { 0 };
    struct http_answer ans;
    struct http *h = registry_client(reg, err);
    struct http_request rq = { .url = arena_printf(s->a, "%s://%s/v1/search?q=%s&n=%zu",
                                                   reg->scheme, reg->ref.registry,
                                                   http_escape(s->a, term), s->limit) };

    if (!h)
        return -ENOMEM;
    int r = http_request(h, &rq, sink, &body, &ans, err);
    registry_client_back(reg, h);
    if (r < 0 || ans.status != 200) {
        err_clear(err);
        return 0;
    }
    AUTO_JSON *doc = json_parse(body.data ? body.data : "", body.len, "the search's answer", NULL);
    if (!doc || json_read(s->a, doc, &answer_type, &found, NULL) < 0)
        return 0;
    for (size_t i = 0; i < found.results.n && i < s->limit; i++) {
        const struct v1_result *v = &found.results.items[i];
        if (str_empty(v->name))
            continue;
        struct image_found *f = add(s, index, v->name);
        f->description = v->description ? v->description : f->description;
        f->stars = v->stars;
        f->official = v->official;
        f->automated = v->automated;
    }
    return 1;
}

/* ---------- v2 ---------- */

static int read_page(struct searcher *s, struct registry *reg, const char *index, const char *term,
                     char **url, size_t *n, struct err *err)
{
    AUTO_BUF body = { .max = LIMIT_MANIFEST };
    struct http_answer ans;
    struct http_request rq = { .url = *url };
    struct http *h = registry_client(reg, err);
    json_t *each;
    size_t i;

    if (!h)
        return -ENOMEM;
    int r = registry_request(reg, h, &rq, sink, &body, &ans, err);
    if (r == -EFBIG && err->kind == ERR_NONE)
        r = err_set(err, ERR_TOO_BIG, EFBIG, "the catalog's page is larger than %u bytes",
                    LIMIT_MANIFEST);
    else if (r == 0 && ans.status / 100 != 2)
        r = registry_bad_status(s->a, &ans, err);
    *url = r == 0 ? registry_next_page(reg, s->a, ans.link) : NULL;
    registry_client_back(reg, h);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(body.data ? body.data : "", body.len, "the catalog", err);
    if (!doc)
        return -EINVAL;
    json_array_foreach (json_object_get(doc, "repositories"), i, each) {
        const char *name = json_string_value(each);
        if (name && strstr(name, term) && *n < s->limit) {
            add(s, index, name);
            (*n)++;
        }
    }
    return 0;
}

static int search_v2(struct searcher *s, struct registry *reg, const char *index, const char *term,
                     struct err *err)
{
    char *url = arena_printf(s->a, "%s://%s/v2/_catalog", reg->scheme, reg->ref.registry);
    size_t n = 0;
    int r = 0;

    for (int page = 0; r == 0 && url && n < s->limit && page < CATALOG_PAGES; page++)
        r = read_page(s, reg, index, term, &url, &n, err);
    return r;
}

/* ---------- one registry ---------- */

static int search_tags(struct searcher *s, struct registry *reg, const char *index,
                       const char *term, struct err *err)
{
    char **tags = NULL;
    int r = registry_tags(reg, s->a, &tags, err);

    for (size_t i = 0; r == 0 && tags && tags[i] && i < s->limit; i++)
        add(s, index, term)->tag = tags[i];
    return r;
}

static int search_registry(struct searcher *s, const char *index, const char *term, struct err *err)
{
    struct registry_options o = { .tls_verify = s->o->tls_verify,
                                  .cert_dir = s->o->cert_dir,
                                  .authfile = s->o->authfile,
                                  .creds = s->o->creds,
                                  .lazy = true };
    bool hub = STR_EQ(index, "docker.io");
    const char *path = "", *host = index;
    int r;

    if (s->o->list_tags) {
        path = hub && !strchr(term, '/') ? arena_printf(s->a, "library/%s", term) : term;
        struct image_ref ref;
        r = ref_parse(s->a, arena_printf(s->a, "%s/%s", index, path), &ref, err);
        if (r == 0 && (ref.tag || ref.digest))
            r = err_set(err, ERR_BAD_PARAM, EINVAL,
                        "reference \"%s\" must be a docker reference "
                        "without a tag",
                        term);
        if (r < 0)
            return r;
    } else if (hub)
        host = DOCKER_SEARCH;
    AUTO_REGISTRY *reg = session(s->a, &s->conf, host, path,
                                 s->o->list_tags ? NULL : "registry:catalog:*", &o, err);
    if (!reg)
        r = -err->errnum;
    else if (s->o->list_tags)
        r = search_tags(s, reg, index, term, err);
    else {
        r = *term ? search_v1(s, reg, index, term, err) : 0;
        if (r == 0)
            r = search_v2(s, reg, index, term, err);
    }
    return r < 0 ? err_wrap(err, "couldn't search registry \"%s\"", index) : 0;
}

int module_search(struct arena *a, const char *term, const struct image_search_options *o,
                  image_found_list *ret, struct err *err)
{
    struct searcher s = { .a = a, .o = o, .ret = ret };
    struct err first = { 0 };
    const char *slash = strchr(term, '/');

    s.limit = o->limit ? (size_t)o->limit : DEFAULT_LIMIT;
    http_init();
    int r = registries_load(a, &s.conf, err);
    if (r < 0)
        return r;
    char **where = slash ? strv_add(a, NULL, arena_strndup(a, term, (size_t)(slash - term)))
                         : s.conf.search;
    for (; where && *where; where++) {
        struct err e = { 0 };
        if (search_registry(&s, *where, slash ? slash + 1 : term, &e) < 0 && first.kind == ERR_NONE)
            first = e;
    }
    if (ret->n || first.kind == ERR_NONE)
        return 0; /* one that answered probably has what was meant */
    if (err)
        *err = first;
    return -first.errnum;
}
