/* engine/lsm.h: AppArmor's profile and SELinux's labels of a container.  Where a module is off, its part does
 * nothing, and what was asked of it by name is an error (AppArmor) or means nothing (SELinux): as Podman. */
#pragma once

#include "engine/engine_priv.h"

/* The profile that containers get when none was named. */
#define APPARMOR_DEFAULT "containers-default-" PODMAN_VERSION

/* Decides c->apparmor_profile when the container is made; @configured is what containers.conf says. */
int apparmor_choose(struct engine *e, struct arena *a, struct container_config *c,
                    const char *configured, struct err *err) MUST_CHECK;
/* Before each start: a profile of ours is loaded where it is not (after a reboot). */
int apparmor_ensure(struct arena *a, const char *profile, struct err *err) MUST_CHECK;
void apparmor_text(const char *name, struct buf *out);

bool selinux_enabled(void);
/* c->process_label and c->mount_label out of --security-opt label=...; empty where there are none. */
int selinux_choose(struct engine *e, struct arena *a, struct container_config *c,
                   struct err *err) MUST_CHECK;
/* Options z and Z of a mount whose host directory is @path. */
int selinux_relabel(struct arena *a, const struct container_config *c, char *const *options,
                    const char *path, struct err *err) MUST_CHECK;

/* A file of ours that is mounted into the container. */
void selinux_label_file(const struct container_config *c, int dir, const char *name);

/* "process" or "file" in the text of contexts/lxc_contexts. */
char *selinux_default_label(struct arena *a, const char *contexts, const char *key);
/* user:role:type:level with what @opts ("type:x", "level:s0:c1,c2", ...) replace; a @file's label takes
 * "filetype:" and no role.  NULL with @err for an option that is none. */
char *selinux_label(struct arena *a, const char *base, const char *level, char *const *opts,
                    bool file, struct err *err);
