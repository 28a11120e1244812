/* engine/options.h: the small languages of options, as the command line and the API both speak them.
 *
 * Each parser fills a part of struct container_config in arena @a; errors name the option's text. */
#pragma once

#include "spec/container.h"

/* -v [SRC:]DST[:OPTS]; a SRC without a slash is a volume's name. */
int option_volume(struct arena *a, const char *text, struct container_mount *ret,
                  struct err *err) MUST_CHECK;
/* --mount type=bind,src=...,dst=...,ro=true,... */
int option_mount(struct arena *a, const char *text, struct container_mount *ret,
                 struct err *err) MUST_CHECK;
/* --tmpfs DST[:OPTS] */
int option_tmpfs(struct arena *a, const char *text, struct container_mount *ret,
                 struct err *err) MUST_CHECK;
/* --device HOST[:CTR[:rwm]] */
int option_device(struct arena *a, const char *text, struct container_device *ret,
                  struct err *err) MUST_CHECK;
/* --device-cgroup-rule "c 42:* rwm" */
struct device_rule {
    const char *type;     /* "a", "b" or "c" */
    int64_t major, minor; /* -1: any */
    const char *access;   /* some of "rwm" */
};
int option_device_rule(struct arena *a, const char *text, struct device_rule *ret,
                       struct err *err) MUST_CHECK;
/* --blkio-weight 10..1000; 0: none */
int option_blkio_weight(const char *text, int64_t *ret, struct err *err) MUST_CHECK;
/* --blkio-weight-device DEVICE:WEIGHT */
int option_weight_device(struct arena *a, const char *text, struct container_throttle *ret,
                         struct err *err) MUST_CHECK;
/* --device-read-bps DEVICE:RATE and the like; @bytes: the rate may have a unit. */
int option_throttle(struct arena *a, const char *text, bool bytes, struct container_throttle *ret,
                    struct err *err) MUST_CHECK;
/* --ulimit name=soft[:hard]; "host" copies all of ours. */
int option_ulimit(struct arena *a, const char *text, struct container_config *c,
                  struct err *err) MUST_CHECK;
/* --security-opt; also no-new-privileges and the rest. */
int option_security(struct arena *a, const char *text, struct container_config *c,
                    struct err *err) MUST_CHECK;
/* --uidmap/--gidmap container:host:size ("@" and "+" prefixes as Podman); several separated by commas. */
int option_idmap(struct arena *a, const char *text, struct container_config *c, bool gid,
                 struct err *err) MUST_CHECK;
/* All ranges of @name in @file (/etc/subuid), as a map from 0 on. */
int option_subids(struct arena *a, const char *file, const char *name, struct container_config *c,
                  bool gid, struct err *err) MUST_CHECK;
/* --restart always | no | never | on-failure[:N] | unless-stopped */
int option_restart(struct arena *a, const char *text, struct container_config *c,
                   struct err *err) MUST_CHECK;
/* --cpus 1.5 into quota and period. */
int option_cpus(double cpus, struct container_resources *r, struct err *err) MUST_CHECK;
/* "SIGTERM", "term", "15", "RTMIN+3" -> number; -EINVAL with @err. */
int option_signal(const char *text, int *ret, struct err *err) MUST_CHECK;
const char *signal_name(int signo); /* "SIGTERM"; NULL when unknown */
/* KEY=value lines of an env or label file into @env; "KEY" alone takes our environment's value,
 * "PREFIX*" all that match. */
int option_env_file(struct arena *a, const char *path, char ***env, struct err *err) MUST_CHECK;
/* -e KEY=value, KEY, KEY* */
char **option_env(struct arena *a, const char *text, char **env);
int option_name_check(const char *name, struct err *err) MUST_CHECK;
/* "ctrl-p,ctrl-q" */
int option_detach_keys(const char *keys, struct err *err) MUST_CHECK;
/* "/a/../b//c/" -> "/b/c" */
char *path_clean(struct arena *a, const char *path);
