/* supervise/units.h: what a service manager says of its units, and asking it to stop one or to read them again.
 *
 * Talks to the manager's own socket, as supervise/systemd.h does. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct sd_bus;

/* -ENOENT where no manager runs. */
int units_connect(const char *socket, struct sd_bus **ret, struct err *err) MUST_CHECK;
void units_closep(struct sd_bus **bus);
#define AUTO_UNITS CLEANUP(units_closep) struct sd_bus *

/* "active/running", "inactive/dead", or "Not loaded" for a unit that the manager does not know. */
const char *units_state(struct sd_bus *bus, struct arena *a, const char *unit);
int units_stop(struct sd_bus *bus, const char *unit, struct err *err) MUST_CHECK;
/* Restarts it and waits until it is active again; an error when it does not become so. */
int units_restart(struct sd_bus *bus, const char *unit, struct err *err) MUST_CHECK;
/* systemctl daemon-reload: generators run, and it returns when they have. */
int units_reload(struct sd_bus *bus, struct err *err) MUST_CHECK;
