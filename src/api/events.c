/* GET /events. */
#include <inttypes.h>

#include "api/documents.h"
#include "api/route.h"
#include "api/stream.h"
#include "base/parse.h"
#include "engine/events.h"

#include "base/banned.h"

struct events_query {
    char *since, *until, **filters;
    bool stream;
};
static const struct query_field events_fields[] = {
    QF_STR(struct events_query, since, "since", NULL),
    QF_STR(struct events_query, until, "until", NULL),
    QF_BOOL(struct events_query, stream, "stream", "true"),
    QF_FILTERS(struct events_query, filters),
    { 0 },
};

/* What Docker calls by another name. */
static const struct {
    const char *type, *ours, *docker;
} words[] = {
    { "container", "died", "die" },     { "container", "remove", "destroy" },
    { "image", "remove", "delete" },    { "volume", "remove", "destroy" },
    { "network", "remove", "destroy" },
};

static const char *docker_word(const struct event *ev)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (STR_EQ(ev->type, words[i].type) && STR_EQ(ev->status, words[i].ours))
            return words[i].docker;
    return ev->status;
}

/* Filters with Docker's words: event=die finds what we call died. */
static char **own_filters(struct request *r, char *const *given)
{
    char **out = NULL;

    for (; given && *given; given++) {
        bool found = false;
        if (!r->libpod && STR_IN(*given, "scope=local"))
            continue;
        for (size_t i = 0; !r->libpod && i < ARRAY_SIZE(words); i++)
            if (str_starts(*given, "event=") && STR_EQ(*given + 6, words[i].docker) && !found) {
                found = true;
                out = strv_add(r->arena, out, arena_printf(r->arena, "event=%s", words[i].ours));
            }
        if (!found)
            out = strv_add(r->arena, out, *given);
    }
    return out;
}

/* Of a container whose labels the socket is for: an event has them as attributes. */
static bool sees(const struct request *r, const struct event *ev)
{
    const struct container_config c = { .labels = ev->attributes };

    return !r->scope->labels || (STR_EQ(ev->type, "container") && request_sees(r, &c));
}

static int send(void *arg, const struct event *ev)
{
    struct request *r = arg;
    const char *action = r->libpod ? ev->status : docker_word(ev);
    const char *id = ev->id ? ev->id : ev->name ? ev->name : "";

    if (!sees(r, ev))
        return 0;
    json_t *attributes = doc_map(&ev->attributes);
    if (ev->image)
        json_object_set_new(attributes, "image", json_string(ev->image));
    if (ev->name)
        json_object_set_new(attributes, "name", json_string(ev->name));
    if (ev->network)
        json_object_set_new(attributes, "name", json_string(ev->network));
    if (ev->exit_code) {
        json_object_set_new(attributes, "containerExitCode",
                            json_sprintf("%" PRId64, *ev->exit_code));
        json_object_set_new(attributes, "exitCode", json_sprintf("%" PRId64, *ev->exit_code));
    }
    if (ev->error)
        json_object_set_new(attributes, "error", json_string(ev->error));
    if (STR_EQ(ev->type, "network") && ev->id)
        json_object_set_new(attributes, "container", json_string(ev->id));
    json_t *doc = json_pack("{s:s,s:s,s:s,s:s,s:s,s:{s:s,s:o},s:s,s:I,s:I}", "status", action, "id",
                            id, "from", ev->image ? ev->image : "", "Type", ev->type, "Action",
                            action, "Actor", "ID", id, "Attributes", attributes, "scope", "local",
                            "time", (json_int_t)(ev->time / NSEC_PER_SEC), "timeNano",
                            (json_int_t)ev->time);
    if (ev->health_status)
        json_object_set_new(doc, "HealthStatus", json_string(ev->health_status));
    return stream_json(r, doc);
}

static int when(struct request *r, const char *name, const char *text, int64_t *ret)
{
    if (str_empty(text) || STR_EQ(text, "0"))
        return 0;
    return parse_time(text, time_now(), ret) < 0
               ? err_set(r->err, ERR_BAD_PARAM, EINVAL,
                         "failed to parse parameters: invalid value \"%s\" for \"%s\": not a time",
                         text, name)
               : 0;
}

static int events(struct request *r, const void *query)
{
    const struct events_query *q = query;
    struct engine *e = request_engine(r);
    struct events_options o = { .stream = r->libpod ? q->stream : true,
                                .filters = e ? own_filters(r, q->filters) : NULL };
    int res = e ? when(r, "since", q->since, &o.since) : -EIO;

    if (res == 0)
        res = when(r, "until", q->until, &o.until);
    if (res < 0)
        return res;
    if (conn_begin(r->conn, 200, "application/json", NULL) < 0)
        return 0;
    stream_watch(r);
    res = events_read(e, &o, send, r, r->err);
    if (res < 0 && !r->conn->lost)
        (void)!stream_json(r, json_pack("{s:s}", "error", r->err->msg));
    conn_finish(r->conn, res == 0);
    return 0;
}

const struct route event_routes[] = {
    ROUTE_Q("GET", "/events", ROUTE_BOTH | ROUTE_SCOPED, events, struct events_query,
            events_fields),
    { 0 },
};
