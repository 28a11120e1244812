/* What only the monitor sees happen: the program begins and ends. */
#include "base/limits.h"
#include "monitor/monitor.h"
#include "spec/event.h"

#include "base/banned.h"

static void note(const struct monitor *m, const struct monitor_config *c, const char *status,
                 int64_t *exit_code)
{
    AUTO_ARENA a = { 0 };
    bool oom = m->state.oom_killed;
    struct event ev = { .type = arena_strdup(&a, "container"),
                        .status = arena_strdup(&a, status),
                        .id = c->id,
                        .name = c->name,
                        .image = c->image,
                        .attributes = c->labels,
                        .exit_code = exit_code,
                        .oom_killed = exit_code && oom ? &oom : NULL };

    event_write(&c->events, &ev);
}

void monitor_event(const struct monitor *m, const struct monitor_config *c, const char *status)
{
    if (c) {
        note(m, c, status, NULL);
        return;
    }
    monitor_event_code(m, status, NULL);
}

/* This process stays in memory once for every container: what is wanted once is read from the disk. */
void monitor_event_code(const struct monitor *m, const char *status, int64_t *exit_code)
{
    AUTO_ARENA a = { 0 };
    struct monitor_config c = { 0 };
    AUTO_JSON *doc = json_parse_file(m->bundle_dir, "monitor.json", LIMIT_JSON_FILE, NULL);

    if (doc && json_read(&a, doc, &monitor_config_type, &c, NULL) == 0)
        note(m, &c, status, exit_code);
}
