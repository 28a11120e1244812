/* engine/spec_parts.h: the parts of spec.c that live in files of their own. */
#pragma once

#include "base/proc.h"
#include "engine/engine_priv.h"
#include "spec/runtime.h"

struct spec_builder {
    struct engine *e;
    struct arena *a;
    const struct container_config *c;
    const struct network_state *net;
    char *const *lower; /* layer directories, topmost first; NULL with --rootfs */
    char **caps;        /* the bounding set */
    char ***warnings;
    struct oci_spec spec;
};

/* spec.c: the limits alone. */
int spec_resources(struct engine *e, struct arena *a, const struct container_config *c,
                   struct oci_resources **ret, struct err *err) MUST_CHECK;

/* secrets.c: files and variables. */
int secrets_apply(struct spec_builder *b, struct err *err) MUST_CHECK;

/* Did --security-opt unmask=... name @path? */
bool spec_unmasked(const struct container_config *c, const char *path);
bool spec_has_namespace(const struct spec_builder *b, const char *type);

/* spec_mounts.c: mounts and the files of ours among them; devices. */
int spec_mounts(struct spec_builder *b, struct err *err) MUST_CHECK;
int spec_devices(struct spec_builder *b, struct err *err) MUST_CHECK;
struct oci_mount *spec_add_mount(struct spec_builder *b, const char *dst, const char *type,
                                 const char *src, const char *options);
/* What the runtime is to be told of a bind mount: the user's options without those that are ours. */
void spec_bind_options(struct spec_builder *b, const struct container_mount *m, char ***ret);

/* volume_overlay.c: mounts that are more than one bind.  @m is one of b->c->mounts. */
int volume_overlay_mount(struct spec_builder *b, const struct container_mount *m,
                         const char *source, struct err *err) MUST_CHECK;
int volume_image_mount(struct spec_builder *b, const struct container_mount *m,
                       struct err *err) MUST_CHECK;
int volume_glob_mount(struct spec_builder *b, const struct container_mount *m,
                      struct err *err) MUST_CHECK;

/* caps.c: "net_admin" -> "CAP_NET_ADMIN", NULL when there is no such thing. */
char *capability_name(struct arena *a, const char *name);
/* What a process of user @uid gets out of the bounding set @bounding: root all of it, others what --cap-add
 * named. */
/* The limits of a process of @c. */
void rlimits_of(struct arena *a, const struct container_config *c, struct oci_process *p);

struct oci_capabilities *capabilities_of(struct arena *a, const struct container_config *c,
                                         char **bounding, uint32_t uid);
/* Defaults plus cap_add minus cap_drop; all of them when privileged. */
int capabilities_resolve(struct arena *a, const struct container_config *c, char *const *defaults,
                         char ***ret, struct err *err) MUST_CHECK;

/* What the label io.containers.capabilities asks for and @set lacks; NULL: nothing.  Then the label counts for
 * nothing. */
char **capabilities_refused(struct arena *a, const struct container_config *c, char *const *set);

/* subscriptions.c: what mounts.conf says.  @dir is the run directory, @add makes a bind mount. */
typedef void (*subscription_add)(struct spec_builder *b, const char *dst, const char *src);
int subscription_mounts(struct spec_builder *b, int dir, subscription_add add,
                        struct err *err) MUST_CHECK;

/* user.c: the container's /etc/passwd and /etc/group, as its layers and --hostuser make them. */
struct account_files {
    struct buf passwd, group; /* the caller sets their ceilings */
};
void account_files_done(struct account_files *f);
int account_files_read(struct engine *e, struct arena *a, const struct container_config *c,
                       char *const *lower, struct account_files *files, struct err *err) MUST_CHECK;
bool account_known(const struct buf *file, uint32_t id); /* has an entry with this number */

/* accounts.c: appends the host's users that --hostuser names. */
int accounts_add_host_users(struct arena *a, const struct container_config *c,
                            struct account_files *files, struct err *err) MUST_CHECK;
/* The files with an entry for whoever @u is, when they lack one; an empty buffer: they stay as they are. */
int accounts_complete(struct spec_builder *b, const struct oci_user *u, struct account_files *files,
                      struct err *err) MUST_CHECK;

/* user.c: "name[:group]" or "uid[:gid]" by the container's /etc/passwd and /etc/group. */
int user_lookup(struct engine *e, struct arena *a, const struct container_config *c,
                char *const *lower, const char *user, struct oci_user *ret,
                struct err *err) MUST_CHECK;
/* The same inside a running container. */
int user_lookup_running(struct arena *a, pid_t pid, const char *user, char *const *groups,
                        struct oci_user *ret, struct err *err) MUST_CHECK;

/* rootfs.c: directories and ids of the root file system. */
int rootfs_prepare(struct engine *e, struct arena *a, const struct container_config *c,
                   struct rootfs_config *ret, struct err *err) MUST_CHECK;
char *engine_init_path(struct engine *e, struct arena *a);

/* userns.c: what --userns means: fills c->uid_map and c->gid_map. */
int userns_resolve(struct engine *e, struct arena *a, struct container_config *c,
                   struct err *err) MUST_CHECK;
