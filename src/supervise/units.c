#include "supervise/units.h"

#include "base/sdbus.h"

#include "base/banned.h"

#define SYSTEMD                                                                                    \
    "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define TIMEOUT_US UINT64_C(120000000) /* a stop waits for the service */

struct job {
    const char *unit;
    char result[64]; /* "done", "failed", ...; empty while it runs */
};

int units_connect(const char *socket, struct sd_bus **ret, struct err *err)
{
    AUTO_SDBUS bus = NULL;
    AUTO_FREE char *address = xasprintf("unix:path=%s", socket);

    if (access(socket, F_OK) < 0)
        return err_sys(err, errno, "systemd does not run here: %s", socket);
    const char *why = sdbus_load();
    if (why)
        return err_set(err, ERR_UNSUPPORTED, ENOENT, "talking to systemd: %s", why);
    int r = sd.bus_new(&bus);
    if (r >= 0)
        r = sd.set_address(bus, address);
    if (r >= 0)
        r = sd.set_timeout(bus, TIMEOUT_US);
    if (r >= 0)
        r = sd.start(bus);
    if (r < 0)
        return err_sys(err, -r, "connecting to systemd (%s)", socket);
    *ret = HANDOVER(bus);
    return 0;
}

void units_closep(struct sd_bus **bus)
{
    sdbus_closep(bus);
}

const char *units_state(struct sd_bus *bus, struct arena *a, const char *unit)
{
    struct sd_bus_message *m = NULL;
    const char *name, *description, *load, *active = NULL, *sub = NULL, *state = "Not loaded";

    if (sd.call_method(bus, SYSTEMD, "ListUnitsByNames", NULL, &m, "as", 1, unit) < 0)
        return state;
    if (sd.message_read(m, "a(ssssssouso)", 1, &name, &description, &load, &active, &sub, NULL,
                        NULL, NULL, NULL, NULL) > 0 &&
        STR_EQ(load, "loaded"))
        state = arena_printf(a, "%s/%s", active, sub);
    sd.message_unref(m);
    return state;
}

/* A job that has been queued ends in its own time: wait until the unit is no longer active. */
int units_stop(struct sd_bus *bus, const char *unit, struct err *err)
{
    struct sd_bus_error e = { 0 };
    AUTO_ARENA a = { 0 };
    int r = sd.call_method(bus, SYSTEMD, "StopUnit", &e, NULL, "ss", unit, "replace");

    if (r < 0)
        (void)!err_set(err, ERR_INTERNAL, -r, "stopping %s: %s", unit,
                       e.message ? e.message : strerror(-r));
    sd.error_free(&e);
    for (int i = 0; r >= 0 && i < 1200; i++) {
        const char *state = units_state(bus, &a, unit);
        if (!str_starts(state, "active/") && !str_starts(state, "deactivating/"))
            break;
        usleep(100000);
    }
    return r < 0 ? r : 0;
}

/* The end of a job is announced; asking for the state alone would take a failed start for a slow one. */
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

int units_restart(struct sd_bus *bus, const char *unit, struct err *err)
{
    struct sd_bus_error e = { 0 };
    struct job job = { .unit = unit };

    int r = sd.match_signal(bus, NULL, NULL, "/org/freedesktop/systemd1",
                            "org.freedesktop.systemd1.Manager", "JobRemoved", on_job_removed, &job);
    if (r >= 0)
        r = sd.call_method(bus, SYSTEMD, "RestartUnit", &e, NULL, "ss", unit, "replace");
    if (r < 0)
        (void)!err_set(err, ERR_INTERNAL, -r, "restarting unit %s: %s", unit,
                       e.message ? e.message : strerror(-r));
    sd.error_free(&e);
    while (r >= 0 && !job.result[0]) {
        r = sd.process(bus, NULL);
        if (r == 0)
            r = sd.wait(bus, UINT64_MAX);
        if (r < 0)
            return err_sys(err, -r, "waiting for systemd to restart %s", unit);
    }
    if (r >= 0 && !STR_EQ(job.result, "done"))
        r = err_set(err, ERR_INTERNAL, EIO,
                    "restarting unit %s: expected \"done\" but received \"%s\"", unit, job.result);
    return r < 0 ? r : 0;
}

int units_reload(struct sd_bus *bus, struct err *err)
{
    struct sd_bus_error e = { 0 };
    int r = sd.call_method(bus, SYSTEMD, "Reload", &e, NULL, "");

    if (r < 0)
        (void)!err_set(err, ERR_INTERNAL, -r, "reloading systemd: %s",
                       e.message ? e.message : strerror(-r));
    sd.error_free(&e);
    return r < 0 ? r : 0;
}
