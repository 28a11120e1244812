/* engine/auto_update.h: services whose image has a newer version are restarted with it.
 *
 * A container takes part by its label io.containers.autoupdate (registry, local, disabled) and the label
 * PODMAN_SYSTEMD_UNIT, which `podman run` gives it inside a unit.  One request a registry image says whether
 * there is something new.  A unit that does not start with the new image gets the old one back. */
#pragma once

#include "engine/containers.h"

#define AUTO_UPDATE_LABEL      "io.containers.autoupdate"
#define AUTO_UPDATE_AUTH_LABEL "io.containers.autoupdate.authfile"
#define UNIT_LABEL             "PODMAN_SYSTEMD_UNIT"

struct auto_update_options {
    const char *authfile;
    bool dry_run, rollback;
    int tls_verify; /* -1: as configured */
};
struct auto_update_row {
    const char *unit, *container_id, *container_name, *image, *policy;
    const char *updated; /* "true", "false", "pending", "failed", "rolled back" */
};
struct auto_update_rows {
    struct auto_update_row *items;
    size_t n;
};

/* What goes wrong with one does not keep the others: each problem is a line of *problems. */
int auto_update(struct engine *e, struct arena *a, const struct auto_update_options *o,
                struct auto_update_rows *out, char ***problems, struct err *err) MUST_CHECK;

/* Called when a container is made: a policy that does not exist, or an image whose registry would have to be
 * guessed (@image as given), is refused then. */
int auto_update_check_label(const struct container_config *c, const char *image,
                            struct err *err) MUST_CHECK;
