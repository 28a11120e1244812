/* base/sdbus.h: sd-bus of libsystemd, loaded by whoever first has something to say on a D-Bus: nobody pays for it
 * otherwise, and a host without it has nobody to talk to.  Its interface is stable and documented, so that no header is
 * needed. */
#pragma once

#include "base/util.h"

struct sd_bus;
struct sd_bus_message;
struct sd_bus_slot;
struct sd_bus_error {
    const char *name, *message;
    int need_free;
};
typedef int sd_bus_handler(struct sd_bus_message *m, void *arg, struct sd_bus_error *e);

/* The functions sd_bus_..., filled by sdbus_load(). */
struct sdbus {
    int (*bus_new)(struct sd_bus **);
    int (*open_system)(struct sd_bus **);
    int (*set_address)(struct sd_bus *, const char *);
    int (*set_timeout)(struct sd_bus *, uint64_t usec);
    int (*start)(struct sd_bus *);
    int (*match_signal)(struct sd_bus *, struct sd_bus_slot **, const char *sender,
                        const char *path, const char *interface, const char *member,
                        sd_bus_handler *, void *);
    int (*call_method)(struct sd_bus *, const char *dest, const char *path, const char *interface,
                       const char *member, struct sd_bus_error *, struct sd_bus_message **,
                       const char *types, ...);
    struct sd_bus_message *(*message_unref)(struct sd_bus_message *);
    int (*message_read)(struct sd_bus_message *, const char *types, ...);
    int (*process)(struct sd_bus *, struct sd_bus_message **);
    int (*wait)(struct sd_bus *, uint64_t usec);
    struct sd_bus *(*close_unref)(struct sd_bus *);
    void (*error_free)(struct sd_bus_error *);
};
extern struct sdbus sd;

/* NULL, or why it cannot be used. */
const char *sdbus_load(void) MUST_CHECK;
void sdbus_closep(struct sd_bus **bus);
#define AUTO_SDBUS CLEANUP(sdbus_closep) struct sd_bus *
