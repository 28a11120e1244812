/* podman events, podman system events */
#include <inttypes.h>

#include "base/json.h"
#include "base/parse.h"
#include "cli/format.h"
#include "cli/commands.h"
#include "engine/events.h"

#include "base/banned.h"

struct events_args {
    char **filter;
    char *format, *since, *until;
    bool stream, no_trunc;
};

struct printer {
    struct cmd_ctx *x;
    const struct events_args *o;
};

/* ---------- a line for people ---------- */

static int by_key(const void *x, const void *y)
{
    return strcmp(((const struct kv *)x)->key, ((const struct kv *)y)->key);
}

static void print_container(const struct event *ev, const char *id, const char *stamp)
{
    printf("%s %s %s %s (image=%s, name=%s", stamp, ev->type, ev->status, id,
           ev->image ? ev->image : "", ev->name ? ev->name : "");
    if (ev->pod_id)
        printf(", pod_id=%s", ev->pod_id);
    if (ev->health_status)
        printf(", health_status=%s", ev->health_status);
    if (ev->attributes.n)
        qsort(ev->attributes.items, ev->attributes.n, sizeof(struct kv), by_key);
    for (size_t i = 0; i < ev->attributes.n; i++)
        printf(", %s=%s", ev->attributes.items[i].key, ev->attributes.items[i].val);
    puts(")");
}

static void print_text(const struct event *ev, bool whole)
{
    char stamp[TIME_TEXT_MAX], id[80];

    snprintf(id, sizeof(id), "%.*s", whole ? 64 : 12, ev->id ? ev->id : "");
    time_format_go(ev->time, stamp);
    if (STR_IN(ev->type, "container", "pod"))
        print_container(ev, id, stamp);
    else if (STR_EQ(ev->type, "network") && ev->network)
        printf("%s %s %s %s (container=%s, name=%s)\n", stamp, ev->type, ev->status, id, id,
               ev->network);
    else if (STR_EQ(ev->type, "volume"))
        printf("%s %s %s %s\n", stamp, ev->type, ev->status, ev->name ? ev->name : "");
    else
        printf("%s %s %s %s %s%s%s\n", stamp, ev->type, ev->status, id, ev->name ? ev->name : "",
               ev->error ? " " : "", ev->error ? ev->error : "");
}

/* ---------- documents ---------- */

static void set_text(json_t *row, const char *key, const char *value, bool always)
{
    if (value || always)
        json_object_set_new(row, key, json_string(value ? value : ""));
}

/* @all: a template may ask for any field. */
static json_t *document(const struct event *ev, bool all, bool whole)
{
    json_t *row = json_object(), *attributes = json_object();
    char id[80];

    snprintf(id, sizeof(id), "%.*s", whole ? 64 : 12, ev->id ? ev->id : "");
    if (ev->exit_code || all)
        json_object_set_new(row, "ContainerExitCode",
                            ev->exit_code ? json_integer(*ev->exit_code) : json_null());
    if (ev->oom_killed || all)
        json_object_set_new(row, "OOMKilled",
                            ev->oom_killed ? json_boolean(*ev->oom_killed) : json_null());
    set_text(row, "ID", *id ? id : NULL, all);
    set_text(row, "Image", ev->image, all);
    set_text(row, "Name", ev->name, all);
    set_text(row, all ? "Network" : "network", ev->network, all);
    set_text(row, "Status", ev->status, true);
    json_object_set_new(row, all ? "Time" : "time", json_integer(ev->time / NSEC_PER_SEC));
    json_object_set_new(row, all ? "TimeNano" : "timeNano", json_integer(ev->time));
    set_text(row, "Type", ev->type, true);
    set_text(row, all ? "HealthStatus" : "health_status", ev->health_status, all);
    set_text(row, "Error", ev->error, all);
    set_text(row, "ContainerInspectData", ev->inspect_data, all);
    set_text(row, "PodID", ev->pod_id, all);
    for (size_t i = 0; i < ev->attributes.n; i++)
        json_object_set_new(attributes, ev->attributes.items[i].key,
                            json_string(ev->attributes.items[i].val));
    if (ev->attributes.n || all)
        json_object_set(row, "Attributes", attributes);
    json_decref(attributes);
    return row;
}

static int print_event(void *arg, const struct event *ev)
{
    const struct printer *p = arg;
    const char *format = p->o->format;
    int r = 0;

    if (!format) {
        print_text(ev, p->o->no_trunc);
    } else if (cli_format_is_json(format)) {
        AUTO_JSON *row = document(ev, false, p->o->no_trunc);
        AUTO_BUF line = { 0 };
        json_text(row, 0, &line);
        puts(line.data);
    } else {
        AUTO_JSON *rows = json_array();
        json_array_append_new(rows, document(ev, true, p->o->no_trunc));
        r = cli_print_list(
            rows, &(struct cli_list) { .format = format, .title = "events", .no_heading = true },
            p->x->err);
    }
    return r == 0 && fflush(stdout) != 0 ? err_sys(p->x->err, errno, "writing events") : r;
}

static int time_option(struct cmd_ctx *x, const char *name, const char *text, int64_t *ret)
{
    if (str_empty(text) || parse_time(text, time_now(), ret) == 0)
        return 0;
    return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unable to parse --%s %s: no time", name, text);
}

static int events_run(struct cmd_ctx *x, void *args)
{
    const struct events_args *o = args;
    struct events_options i = { .filters = o->filter, .stream = o->stream };
    struct printer p = { x, o };
    struct engine *e = cmd_engine(x);
    int r = e ? time_option(x, "since", o->since, &i.since) : -EIO;

    if (r == 0)
        r = time_option(x, "until", o->until, &i.until);
    return r < 0 ? r : events_read(e, &i, print_event, &p, x->err);
}

static const struct opt events_opts[] = {
    O_STRV('f', "filter", struct events_args, filter, "filter",
           "Filter output: container, image, artifact, volume, network, pod, event, label, type"),
    O_STR(0, "format", struct events_args, format, "template",
          "Format the output using a Go template, or json"),
    O_BOOL(0, "no-trunc", struct events_args, no_trunc, "Do not truncate the output",
           .def = "true"),
    O_STR(0, "since", struct events_args, since, "timestamp",
          "Show all events created since timestamp"),
    O_BOOL(0, "stream", struct events_args, stream,
           "Stream events and do not exit when returning the last known event", .def = "true"),
    O_STR(0, "until", struct events_args, until, "timestamp", "Show all events until timestamp"),
    { 0 },
};
static const struct opt *const events_tables[] = { events_opts, NULL };
static const char *const events_examples[] = { "podman events",
                                               "podman events --filter event=create",
                                               "podman events --format {{.Image}}",
                                               "podman events --since 1h30s", NULL };
const struct cmd cmd_events = {
    .name = "events",
    .summary = "Show podman system events",
    .usage = "[options]",
    .description = "Monitor podman system events. By default, streaming mode is used, printing new "
                   "events as they occur. Previous events can be listed via --since and --until.",
    .examples = events_examples,
    .max_args = 0,
    .opts = events_tables,
    .args_size = sizeof(struct events_args),
    .run = events_run,
};
