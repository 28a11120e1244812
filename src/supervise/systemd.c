#include "supervise/systemd.h"

#include <signal.h>
#include <time.h>

#include "base/sdbus.h"

#include "base/banned.h"

static int load(struct err *err)
{
    const char *why = sdbus_load();

    return why ? err_set(err, ERR_UNSUPPORTED, ENOENT,
                         "cgroup manager systemd: %s (or use --cgroup-manager cgroupfs)", why)
               : 0;
}

struct job {
    const char *unit;
    char result[64]; /* "done", "failed", "timeout", ...; empty while it runs */
};

static int on_job_removed(struct sd_bus_message *m, void *arg, struct sd_bus_error *e)
{
    struct job *job = arg;
    uint32_t id;
    const char *path, *unit, *result;

    (void)e;
    if (sd.message_read(m, "uoss", &id, &path, &unit, &result) >= 0 && STR_EQ(unit, job->unit))
        snprintf(job->result, sizeof(job->result), "%s", result);
    return 0;
}

/* Whoever holds up a shutdown longer than this is killed. */
#define STOP_TIMEOUT_US UINT64_C(10000000)

static int call_start(struct sd_bus *bus, const struct systemd_scope *s, pid_t pid,
                      struct sd_bus_error *e)
{
    return sd.call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                          "org.freedesktop.systemd1.Manager", "StartTransientUnit", e, NULL,
                          "ssa(sv)a(sa(sv))", s->name, "fail", 6, /* properties */
                          "Description", "s", s->description,     /* */
                          "Slice", "s", s->slice,                 /* */
                          "Delegate", "b", 1,                     /* */
                          "PIDs", "au", 1, (uint32_t)pid,         /* */
                          "CollectMode", "s",
                          "inactive-or-failed",                    /* leave no failed unit behind */
                          "TimeoutStopUSec", "t", STOP_TIMEOUT_US, /* */
                          0);                                      /* auxiliary units */
}

static int wait_job(struct sd_bus *bus, struct job *job, const struct systemd_scope *s,
                    struct err *err)
{
    while (!job->result[0]) {
        int r = sd.process(bus, NULL);
        if (r == 0)
            r = sd.wait(bus, UINT64_MAX);
        if (r < 0)
            return err_sys(err, -r, "waiting for systemd to start %s", s->name);
    }
    if (!STR_EQ(job->result, "done"))
        return err_set(err, ERR_INTERNAL, EIO, "systemd could not start %s: %s", s->name,
                       job->result);
    return 0;
}

/* The monitor of the last run has gone, so what is left in its scope only waits for our lock, to clean up
 * what we have cleaned up already. */
static void kill_left(struct sd_bus *bus, const struct systemd_scope *s)
{
    struct sd_bus_error e = { 0 };

    sd.call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                   "org.freedesktop.systemd1.Manager", "KillUnit", &e, NULL, "ssi", s->name, "all",
                   SIGKILL);
    sd.error_free(&e);
}

/* A scope that exists is the container's last run's, and goes when it is empty: a moment.  After a fifth of
 * a second it is helped along; after ten it is an error. */
#define SCOPE_POLL_NS    20000000
#define SCOPE_KILL_AFTER 10
#define SCOPE_TRIES      500

int systemd_scope_start(const struct systemd_scope *s, pid_t pid, struct err *err)
{
    AUTO_SDBUS bus = NULL;
    AUTO_FREE char *address = xasprintf("unix:path=%s", s->socket);
    struct job job = { .unit = s->name };

    int r = load(err);
    if (r < 0)
        return r;
    r = sd.bus_new(&bus);
    if (r >= 0)
        r = sd.set_address(bus, address);
    if (r >= 0)
        r = sd.start(bus);
    if (r >= 0)
        r = sd.match_signal(bus, NULL, NULL, "/org/freedesktop/systemd1",
                            "org.freedesktop.systemd1.Manager", "JobRemoved", on_job_removed, &job);
    if (r < 0)
        return err_sys(err, -r, "connecting to systemd (%s)", s->socket);
    for (int tries = 0;; tries++) {
        struct sd_bus_error e = { 0 };
        r = call_start(bus, s, pid, &e);
        bool again = r < 0 && tries < SCOPE_TRIES && e.name && str_ends(e.name, ".UnitExists");
        if (r < 0 && !again)
            (void)!err_set(err, err_kind_of_errno(-r), -r, "systemd could not start %s: %s",
                           s->name, e.message ? e.message : strerror(-r));
        sd.error_free(&e);
        if (!again)
            break;
        if (tries % SCOPE_KILL_AFTER == SCOPE_KILL_AFTER - 1)
            kill_left(bus, s);
        nanosleep(&(struct timespec) { .tv_nsec = SCOPE_POLL_NS }, NULL);
    }
    return r < 0 ? r : wait_job(bus, &job, s, err);
}

int systemd_unit_stop(const char *socket, const char *name, struct err *err)
{
    AUTO_SDBUS bus = NULL;
    AUTO_FREE char *address = xasprintf("unix:path=%s", socket ? socket : "");
    struct sd_bus_error e = { 0 };

    if (!socket) /* systemd has gone since, and its cgroups with it */
        return 0;
    int r = load(err);
    if (r < 0)
        return r;
    r = sd.bus_new(&bus);
    if (r >= 0)
        r = sd.set_address(bus, address);
    if (r >= 0)
        r = sd.start(bus);
    if (r < 0)
        return err_sys(err, -r, "connecting to systemd (%s)", socket);
    r = sd.call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                       "org.freedesktop.systemd1.Manager", "StopUnit", &e, NULL, "ss", name,
                       "replace");
    bool absent = r < 0 && e.name && str_ends(e.name, ".NoSuchUnit");
    if (r < 0 && !absent)
        (void)!err_set(err, err_kind_of_errno(-r), -r, "systemd could not stop %s: %s", name,
                       e.message ? e.message : strerror(-r));
    sd.error_free(&e);
    return absent ? 0 : MIN(r, 0);
}
