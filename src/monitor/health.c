/* Health checks: an exec session of our own, again and again.
 *
 * What is configured is read from the disk for each run, since this process stays in memory for every container;
 * between two runs only times and counts are kept. */
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "monitor/monitor.h"
#include "spec/event.h"

#include "base/banned.h"

enum { EXIT_TIMED_OUT = -1, EXIT_NO_START = 126, OUTPUT_MAX = 64 * 1024 };

static bool load(const struct monitor *m, struct arena *a, struct monitor_config *c)
{
    AUTO_JSON *doc = json_parse_file(m->bundle_dir, "monitor.json", LIMIT_JSON_FILE, NULL);

    return doc && json_read(a, doc, &monitor_config_type, c, NULL) == 0;
}

/* Output as JSON takes it: what is no UTF-8 becomes U+FFFD. */
static char *clean_text(struct arena *a, const char *s, size_t n)
{
    AUTO_BUF b = { 0 };

    for (size_t i = 0; i < n;) {
        size_t len = s[i] ? log_utf8_length((const unsigned char *)s + i, n - i) : 0;
        if (len)
            buf_put(&b, s + i, len);
        else
            buf_puts(&b, "\xef\xbf\xbd");
        i += MAX(len, 1);
    }
    return arena_strdup(a, b.data ? b.data : "");
}

/* ---------- the state file ---------- */

static void read_state(const struct monitor *m, struct arena *a, struct health_state *st)
{
    AUTO_JSON *doc = json_parse_file(m->run_dir, "health", LIMIT_JSON_FILE, NULL);

    *st = (struct health_state) { 0 };
    if (!doc || json_read(a, doc, &health_state_type, st, NULL) < 0 || !st->status)
        *st = (struct health_state) { .status = arena_strdup(a, "starting") };
}

static void write_state(const struct monitor *m, const struct health_config *h,
                        const struct health_state *st)
{
    AUTO_JSON *doc = json_from(&health_state_type, st);
    AUTO_BUF b = { 0 };

    json_text(doc, 0, &b);
    (void)!fs_replace(m->run_dir, "health", b.data, b.len, 0644, FS_NOSYNC);
    if (h->log_destination && h->log_destination[0] == '/') {
        AUTO_FREE char *path = xasprintf("%s/%s-healthcheck.log", h->log_destination, m->id);
        (void)!fs_replace(AT_FDCWD, path, b.data, b.len, 0600, FS_NOSYNC);
    }
}

static void remember(struct arena *a, const struct health_config *h, const struct health_run *run,
                     struct health_state *st)
{
    *LIST_ADD(a, st->log) = *run;
    if (h->max_log_count > 0 && st->log.n > (size_t)h->max_log_count) {
        size_t old = st->log.n - (size_t)h->max_log_count;
        st->log.items += old;
        st->log.n -= old;
    }
}

/* ---------- what a result means ---------- */

static void act(struct monitor *m, const struct monitor_config *c)
{
    const char *what = c->health.on_failure;
    int64_t now = time_monotonic();

    if (str_empty(what) || STR_EQ(what, "none"))
        return;
    if (STR_EQ(what, "kill")) {
        container_signal(m, SIGKILL);
        return;
    }
    if (STR_EQ(what, "restart"))
        m->health.restart = true;
    else
        m->state.stopped_by_user = true;
    m->status = RUN_STOPPING;
    state_save(m);
    container_signal(m, c->stop_signal > 0 ? (int)c->stop_signal : SIGTERM);
    m->kill_at = now + 10 * NSEC_PER_SEC;
}

/* A startup check has been run: true when it has done its work. */
static bool startup_done(struct monitor *m, const struct health_config *h, int64_t code)
{
    if (code == 0)
        return ++m->health.good >= MAX(h->startup_success, 1);
    m->health.good = 0;
    if (h->startup_retries > 0 && ++m->health.bad >= h->startup_retries) {
        m->health.restart = true;
        container_signal(m, SIGKILL);
    }
    return false;
}

/* The new status; true when it has just become bad enough to act on. */
static bool judge(struct monitor *m, struct arena *a, const struct health_config *h, int64_t code,
                  struct health_state *st)
{
    bool early = time_now() - m->state.started_at < h->start_period;

    if (code == 0) {
        st->status = arena_strdup(a, "healthy");
        st->failing_streak = 0;
        return false;
    }
    if (early && STR_EQ(st->status, "starting"))
        return false;
    if (++st->failing_streak < MAX(h->retries, 1))
        return false;
    st->status = arena_strdup(a, "unhealthy");
    return true;
}

static void tell_event(const struct monitor_config *c, struct arena *a,
                       const struct health_state *st, const struct health_run *run)
{
    bool with_log = c->health.log_destination && STR_EQ(c->health.log_destination, "events_logger");
    struct event ev = { .type = arena_strdup(a, "container"),
                        .status = arena_strdup(a, "health_status"),
                        .id = c->id,
                        .name = c->name,
                        .image = c->image,
                        .attributes = c->labels,
                        .health_status = st->status,
                        .health_log = with_log ? run->output : NULL,
                        .health_failing_streak = st->failing_streak };

    if (!c->health_events_off)
        event_write(&c->events, &ev);
}

/* With --sdnotify=healthy the service has begun when it is well for the first time. */
static void announce(struct monitor *m, const struct monitor_config *c)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    const char *path = c->notify_socket;
    size_t n = path ? strlen(path) : 0;

    if (m->health.announced || n < 2 || n >= sizeof(sa.sun_path))
        return;
    m->health.announced = true;
    memcpy(sa.sun_path, path, n);
    if (path[0] == '@') /* an abstract one */
        sa.sun_path[0] = '\0';
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)!sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&sa,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static void answer_waiting(struct monitor *m, int64_t code, const char *status)
{
    for (struct client *c = m->clients; c; c = c->next)
        if (c->kind == CLIENT_WAIT_HEALTH)
            answer_ok(c, json_pack("{s:I,s:s}", "exit_code", (json_int_t)code, "status", status));
}

static void schedule(struct monitor *m, const struct health_config *h, bool at_once)
{
    int64_t interval = m->health.startup ? h->startup_interval : h->interval;
    int64_t now = time_monotonic();

    m->health.next_at = at_once ? now : interval > 0 ? now + interval : 0;
}

static void finished(struct monitor *m, int64_t code, const char *output, size_t len)
{
    AUTO_ARENA a = { 0 };
    struct monitor_config c = { 0 };
    struct health_state st;
    bool bad = false, next_at_once = false;

    m->health.session = NULL;
    m->health.deadline = 0;
    if (!load(m, &a, &c))
        return;
    const struct health_config *h = &c.health;
    size_t keep = h->max_log_size > 0 ? MIN(len, (size_t)h->max_log_size) : len;
    struct health_run run = { .start = m->health.begun,
                              .end = time_now(),
                              .exit_code = code,
                              .output = clean_text(&a, output, keep) };
    read_state(m, &a, &st);
    remember(&a, h, &run, &st);
    if (m->health.startup) {
        if (startup_done(m, h, code)) {
            m->health.startup = false;
            next_at_once = true;
        }
    } else
        bad = judge(m, &a, h, code, &st);
    write_state(m, h, &st);
    tell_event(&c, &a, &st, &run);
    if (STR_EQ(st.status, "healthy"))
        announce(m, &c);
    answer_waiting(m, code, st.status);
    schedule(m, h, next_at_once);
    if (bad)
        act(m, &c);
}

/* ---------- running ---------- */

static json_t *make_request(struct monitor *m, struct arena *a, const struct health_config *h)
{
    AUTO_JSON *spec = json_parse_file(m->bundle_dir, "config.json", LIMIT_JSON_FILE, NULL);
    json_t *process = json_object_get(spec, "process"), *args = json_array();
    char id[33], **command = health_command(a, m->health.startup ? h->startup_test : h->test);
    uint64_t random[2] = { 0 };

    (void)!getrandom(random, sizeof(random), 0);
    snprintf(id, sizeof(id), "%016llx%016llx", (unsigned long long)random[0],
             (unsigned long long)random[1]);
    for (; command && *command; command++)
        json_array_append_new(args, json_string(*command));
    if (!process || !json_array_size(args)) {
        json_decref(args);
        return NULL;
    }
    json_object_set_new(process, "args", args);
    json_object_set_new(process, "terminal", json_false());
    return json_pack("{s:s,s:O,s:b,s:b}", "session", id, "process", process, "attach", 1, "stdin",
                     0);
}

static void run(struct monitor *m)
{
    AUTO_ARENA a = { 0 };
    struct monitor_config c = { 0 };
    struct err err = { 0 };

    m->health.next_at = 0;
    if (!load(m, &a, &c) || !health_has_check(&c.health))
        return;
    const struct kept none = { 0 };
    int64_t timeout = m->health.startup ? c.health.startup_timeout : c.health.timeout;
    AUTO_JSON *req = make_request(m, &a, &c.health);
    m->health.begun = time_now();
    m->health.timed_out = false;
    buf_reset(&m->health.output);
    int r = req ? session_start(m, req, &none, &m->health.session, &err) : -EINVAL;
    if (r < 0) {
        finished(m, EXIT_NO_START, err.msg, strlen(err.msg));
        return;
    }
    m->health.session->health = true;
    m->health.deadline = timeout > 0 ? time_monotonic() + timeout : 0;
}

void health_started(struct monitor *m, const struct monitor_config *c)
{
    const struct health_state fresh = { .status = (char *)(uintptr_t) "starting" };

    m->health.restart = false;
    if (!health_has_check(&c->health)) {
        (void)!unlinkat(m->run_dir, "health", 0);
        return;
    }
    m->health.startup = c->health.startup_test != NULL;
    m->health.good = m->health.bad = 0;
    m->health.output.max = OUTPUT_MAX;
    write_state(m, &c->health, &fresh);
    if (c->health.interval > 0 || m->health.startup)
        m->health.next_at = time_monotonic();
}

void health_again(struct monitor *m)
{
    AUTO_ARENA a = { 0 };
    struct monitor_config c = { 0 };

    m->health.next_at = 0;
    if (load(m, &a, &c) && m->status == RUN_RUNNING)
        health_started(m, &c);
}

void health_stopped(struct monitor *m)
{
    m->health.next_at = m->health.deadline = 0;
    m->health.session = NULL;
    buf_done(&m->health.output);
    answer_waiting(m, 1, "stopped");
}

void health_output(struct monitor *m, const char *data, size_t len)
{
    size_t room = m->health.output.max - m->health.output.len;

    buf_put(&m->health.output, data, MIN(len, room));
}

void health_session_ended(struct monitor *m, struct exec_session *s, int32_t code)
{
    static const char late[] = "Healthcheck command exceeded timeout";

    if (m->health.session != s)
        return;
    if (m->health.timed_out)
        finished(m, EXIT_TIMED_OUT, late, strlen(late));
    else
        finished(m, code, m->health.output.data ? m->health.output.data : "", m->health.output.len);
    buf_done(&m->health.output);
}

void health_tick(struct monitor *m, int64_t now)
{
    if (m->health.deadline && now >= m->health.deadline) {
        m->health.deadline = 0;
        m->health.timed_out = true;
        if (m->health.session)
            kill(m->health.session->pid, SIGKILL);
    }
    if (m->health.next_at && now >= m->health.next_at && !m->health.session) {
        if (m->status == RUN_RUNNING)
            run(m);
        else /* paused: later */
            m->health.next_at = now + NSEC_PER_SEC;
    }
}

int op_health(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct monitor_config conf = { 0 };

    (void)req;
    if (!load(m, &a, &conf) || !health_has_check(&conf.health))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "container %s has no defined healthcheck",
                       m->id);
    if (m->status != RUN_RUNNING)
        return err_set(err, ERR_STATE, EINVAL, "container %s is not running", m->id);
    c->kind = CLIENT_WAIT_HEALTH;
    if (!m->health.session)
        run(m);
    return 0;
}
