/* engine/containers.h: the life of containers.
 *
 * A container is a row of the database (its struct container_config), a directory below graphroot and,
 * while it runs or since it ran last in this boot, a run directory whose owner is its monitor.  Readers
 * take no lock; what changes a container holds its lock ("container", id), except the monitor, which is
 * the single writer of the run state. */
#pragma once

#include "engine/engine.h"
#include "spec/container.h"
#include "spec/monitor.h"
#include "spec/stats.h"

enum container_status {
    CTR_CREATED,     /* "created": never started in this boot */
    CTR_INITIALIZED, /* "initialized": set up, its program waits */
    CTR_RUNNING,
    CTR_PAUSED,
    CTR_STOPPING,
    CTR_EXITED,
    CTR_STATUS_COUNT
};
extern const char *const container_status_names[CTR_STATUS_COUNT];

struct container {
    struct container_config config;
    enum container_status status;
    struct run_state run; /* zero when it never ran */
    bool alive;           /* a monitor supervises it */
    const int *keep_fds;  /* descriptors of ours that its program gets at this start, ... */
    size_t nkeep_fds;     /* ... under the same numbers (--preserve-fd) */
    bool bound;           /* it has no row, and ends with whoever starts it (engine/transient.h) */
};

struct container_list {
    struct container *items;
    size_t n;
};

/* ---------- finding ---------- */

/* By full name, full ID or unambiguous prefix of one; with its state.  ERR_NOT_FOUND:
 * no container with name or ID "x" found: no such container. */
int container_find(struct engine *e, struct arena *a, const char *name, struct container *ret,
                   struct err *err) MUST_CHECK;
/* The one created last. */
int container_latest(struct engine *e, struct arena *a, struct container *ret,
                     struct err *err) MUST_CHECK;
bool container_exists(struct engine *e, const char *name);
/* All, oldest first. */
int container_list(struct engine *e, struct arena *a, struct container_list *out,
                   struct err *err) MUST_CHECK;
/* Keeps those that pass all filters ("status=exited", "name=...", ...).  ERR_BAD_PARAM names an unknown
 * filter.  Filters of one key are alternatives, of different keys all apply. */
int container_filter(struct engine *e, struct arena *a, struct container_list *list,
                     char *const *filters, struct err *err) MUST_CHECK;
/* Refreshes the state. */
int container_refresh(struct engine *e, struct arena *a, struct container *c,
                      struct err *err) MUST_CHECK;

/* Directories: descriptors that the caller closes, or negative errno. */
int container_run_dir(struct engine *e, const char *id);
char *container_bundle(struct engine *e, struct arena *a, const char *id);

/* ---------- making ---------- */

struct pull_request {
    const char *policy, *os, *arch, *variant, *authfile, *creds, *cert_dir;
    char **decryption_keys; /* as image_pull_options' */
    int tls_verify;
    uint64_t retry;
    int64_t retry_delay_ns;
    bool quiet;
};

/* The image @name, pulled when the policy says so; *ret_name as image_find_named(). */
struct image;
int container_image(struct engine *e, struct arena *a, const char *name,
                    const struct pull_request *p, struct image *img, char **ret_name,
                    struct err *err) MUST_CHECK;

/* Completes @c (in arena @a) from its image and the configuration, and stores it.  @image is the image's
 * name as given (NULL with c->rootfs).  c->id and c->name are set on return.  @replace removes one with
 * the same name first.  Warnings are appended to *warnings. */
int container_create(struct engine *e, struct arena *a, struct container_config *c,
                     const char *image, const struct pull_request *pull, bool replace,
                     char ***warnings, struct err *err) MUST_CHECK;

/* ---------- running ---------- */

/* Starts it.  With @ret_sock the caller gets an attach connection that misses no output.
 * @wait: set it up only (init). */
int container_start(struct engine *e, struct arena *a, const struct container *c, bool wait,
                    int *ret_sock, char ***warnings, struct err *err) MUST_CHECK;

struct container_attach {
    int in, out, err;
    bool sig_proxy;
    const char *detach_keys;
};
enum container_attach_end { CTR_ATTACH_ENDED, CTR_ATTACH_DETACHED };
/* Drives an attach connection to its end; *ret_code is the exit code when it ended. */
int container_attach_run(struct engine *e, const struct container *c, int sock,
                         const struct container_attach *io, enum container_attach_end *ret_end,
                         int *ret_code, struct err *err) MUST_CHECK;
/* Is this stream ("stdout") among those that --attach named when it was made?  Without it all are. */
static inline bool container_attaches(const struct container_config *c, const char *stream)
{
    return !c->attach || strv_has(c->attach, stream);
}
int container_attach_open(struct engine *e, const struct container *c, struct err *err) MUST_CHECK;

/* "ctrl-p,ctrl-q" as bytes; their number, or -EINVAL. */
int container_detach_keys(const char *keys, unsigned char *out, size_t max) MUST_CHECK;

/* Stops; *ret_was_running false when there was nothing to do.  @timeout_s < -1: the container's own;
 * -1: wait for ever. */
int container_stop(struct engine *e, const struct container *c, int64_t timeout_s,
                   bool *ret_was_running, struct err *err) MUST_CHECK;
int container_kill(struct engine *e, const struct container *c, int signo,
                   struct err *err) MUST_CHECK;
int container_pause(struct engine *e, const struct container *c, bool pause,
                    struct err *err) MUST_CHECK;

struct container_remove_options {
    bool force, volumes;
    bool of_pod;         /* its pod goes as well: an infra container may go */
    bool depend;         /* and before it the containers that need it: */
    struct arena *arena; /* their IDs, in this arena, when @also is not NULL */
    char ***also;
    int64_t timeout_s; /* as container_stop() */
};
/* ERR_STATE when it runs and force is not given. */
int container_remove(struct engine *e, const struct container *c,
                     const struct container_remove_options *o, struct err *err) MUST_CHECK;

/* The size of its terminal. */
int container_resize(struct engine *e, const struct container *c, uint16_t rows, uint16_t cols,
                     struct err *err) MUST_CHECK;

int container_rename(struct engine *e, const struct container *c, const char *name,
                     struct err *err) MUST_CHECK;

enum { CTR_WAIT_HEALTHY = 1 << 16, CTR_WAIT_UNHEALTHY = 1 << 17 };
/* Waits until the container has any of the states (bit mask of 1 << enum container_status, and of those above); *ret_code is
 * its exit code. */
int container_wait(struct engine *e, const struct container *c, unsigned states,
                   int64_t interval_ns, int *ret_code, struct err *err) MUST_CHECK;

/* What has to be done once it has ended: removal of auto_remove containers, stale run state.  Never fails
 * because there is nothing to do. */
int container_cleanup(struct engine *e, const struct container *c, bool remove, bool remove_image,
                      struct err *err) MUST_CHECK;

/* Removes what killed processes left: auto_remove containers that ended, directories without a row. */
int container_reap(struct engine *e, struct err *err) MUST_CHECK;

/* ---------- exec ---------- */

struct exec_options {
    char **command, **env;
    const char *user, *workdir, *detach_keys;
    bool terminal, interactive, privileged, detach;
    const int *keep_fds; /* as in struct container */
    size_t nkeep_fds;
    int64_t wait_s; /* > 0: retry for that long while the container is not running */
    int in, out, err;
};
/* Runs to the end (unless detach); *ret_code is the command's.  The session's ID in @session (65 bytes). */
int container_exec(struct engine *e, const struct container *c, const struct exec_options *o,
                   char *session, int *ret_code, struct err *err) MUST_CHECK;

/* Starts it as the session @session (64 hexadecimal digits) and leaves it to the caller: unless o->detach *ret_sock is
 * its attach connection. */
int container_exec_begin(struct engine *e, const struct container *c, const struct exec_options *o,
                         const char *session, int64_t *ret_pid, int *ret_sock,
                         struct err *err) MUST_CHECK;

/* Removes the record of a session that has ended; ERR_STATE when it runs. */
int container_exec_forget(struct engine *e, const struct container *c, const char *session,
                          struct err *err) MUST_CHECK;

/* ---------- looking ---------- */

/* One line of the log; @text has no newline unless the line was complete (partial lines). */
typedef int (*log_sink)(void *arg, int64_t when, bool err, bool complete, const char *text,
                        size_t len);
struct log_options {
    int64_t since, until; /* ns, 0: none */
    int64_t tail;         /* lines, < 0: all */
    bool follow;
};
struct log_source {
    const struct container *c;
    void *arg; /* the sink's */
};
/* All of the first, then all of the second and so on; with o->follow then what comes from any of them,
 * until all have ended. */
int container_logs(struct engine *e, const struct log_source *sources, size_t n,
                   const struct log_options *o, log_sink sink, struct err *err) MUST_CHECK;

/* `podman inspect`'s document, a new reference; NULL with @err set. */
json_t *container_inspect(struct engine *e, struct arena *a, const struct container *c, bool size,
                          struct err *err);

/* Are these all descriptors that container_top() knows? */
bool container_top_knows(char *const *descriptors);
/* Rows of text cells of `top`; the first row holds the headers. */
int container_top(struct engine *e, struct arena *a, const struct container *c,
                  char *const *descriptors, char ****ret_rows, struct err *err) MUST_CHECK;

/* What it has used since it was started; zeros when it does not run. */
int container_stats(struct engine *e, struct arena *a, const struct container *c,
                    struct run_stats *ret, struct err *err) MUST_CHECK;

/* Bytes of the writable layer and of all layers. */
int container_size(struct engine *e, const struct container *c, int64_t *ret_rw, int64_t *ret_root,
                   struct err *err) MUST_CHECK;
