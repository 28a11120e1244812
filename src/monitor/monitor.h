/* monitor/monitor.h: the insides of `podman-monitor run`, the supervisor of one container.
 *
 * One thread, one poll loop (loop.c).  Nothing in the loop blocks: what cannot be written at once waits in
 * a buffer with a ceiling, and its source is not read meanwhile.  Documents are read into an arena that is
 * gone before the loop begins (launch.c), since this process stays in memory once for every container.
 * The protocol with the engine is spec/monitor.h. */
#pragma once

#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "monitor/source.h"
#include "oci/oci.h"
#include "spec/monitor.h"
#include "spec/network_state.h"

/* Where a program's three streams are; with a terminal only `in`, which is the pty. */
struct streams {
    int in, out, err;
    bool terminal;
    struct buf pending; /* input that the program has not taken yet */
    bool close_in;      /* once pending is written */
};

/* Where a container's output is kept. */
struct logger {
    enum { LOGGER_NONE, LOGGER_K8S, LOGGER_JSON, LOGGER_JOURNAL } kind;
    int fd;
    char *path, *tag, *id, *name;
    int64_t size, max_size;
};
int logger_open(struct logger *l, const struct monitor_config *c, struct err *err) MUST_CHECK;
void logger_write(struct logger *l, bool err, const char *data, size_t len);
void logger_close(struct logger *l);
/* Bytes of the UTF-8 character at @s, 0 when it is none. */
size_t log_utf8_length(const unsigned char *s, size_t n);

struct exec_session {
    struct exec_session *next;
    char id[65];
    pid_t pid;
    struct streams io;
    bool ended, health;
    int code;
};

/* A connection on attach or control, or the start socket. */
struct client {
    struct client *next;
    int fd;
    enum {
        CLIENT_CONTROL,
        CLIENT_ATTACH,
        CLIENT_EXEC,
        CLIENT_WAIT_STOP,
        CLIENT_WAIT_EXIT,
        CLIENT_WAIT_HEALTH
    } kind;
    struct exec_session *session; /* CLIENT_EXEC */
    struct buf pending;           /* one frame that its socket did not take */
    int64_t blocked_since;
    bool starter; /* the engine that started us: it cleans up after the exit when it is there */
    bool dead;
};

/* See network.h. */
struct network {
    int netns, userns; /* of the container; -EBADF: not ours to keep */
    int run_dir, run;  /* our run directory (borrowed); that of all containers */
    int *held;
    size_t nheld;
    struct claim {
        char *network;
        int fd;
    } * claims; /* addresses on networks (net/claims.h) */
    size_t nclaims;
    struct source_list sources;
    int transparent;            /* transparent.c: 0 not tried, 1 prepared, -1 cannot be */
    unsigned queries, visitors; /* names being asked for elsewhere; TCP connections */
    struct dns_cache *cache;
    struct network_state state; /* as last read, in arena */
    struct arena arena;
    uint64_t read_ino;
    struct timespec read_at;
};

struct monitor {
    const char *bundle, *run_path, *program;
    int run_dir, bundle_dir, alive;
    int attach, control, signals; /* listening sockets, signalfd */

    /* from monitor.json, owned */
    char *id, *cgroup, *seccomp_cache, *runtime, *pid_file;
    char **exit_command, **runtime_flags, **repair_command;
    bool no_keyring, stdin_open, stdin_once, bound, wait_start, wants_network, passes_exit,
        stop_asked;
    int64_t timeout_s, restart_max;
    enum { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE } restart;

    struct oci_container ctr;
    struct arena ctr_arena; /* alive while the container waits for its start */
    unsigned namespaces;
    struct streams io;
    struct logger log;
    struct network net;
    struct client *clients;
    struct exec_session *sessions;

    enum run_status status;
    struct run_state state; /* strings owned by hand: error, cgroup */
    char **warnings;        /* in warn_arena */
    struct arena warn_arena;
    int64_t kill_at, timeout_at, restart_at, backoff; /* monotonic ns, 0: none */
    struct {
        int64_t next_at, deadline; /* monotonic ns, 0: none */
        int64_t begun;
        int64_t good, bad; /* of the startup check */
        struct exec_session *session;
        struct buf output;
        bool startup, timed_out;
        bool announced; /* to the service manager */
        bool restart;   /* whatever the policy says */
    } health;
    bool stop_killed; /* it did not take its stop signal */
    bool timed_out;   /* --timeout */
    bool done;
};

enum { MONITOR_START_FD = 3 }; /* the engine's connection */

/* placement.c: the container's cgroup (owned by the caller; NULL: none).  May move us into another one. */
int placement_cgroup(const struct monitor_config *c, int starter, char **ret,
                     struct err *err) MUST_CHECK;

/* keep.c: descriptors that podman was given for the container's program */
struct kept {
    struct oci_kept_fd items[KEEP_FDS_MAX];
    size_t n;
};
/* Pairs @fds, which it takes over, with their numbers. */
int kept_pair(struct kept *k, const int64_t *numbers, size_t n, const int *fds, size_t nfds,
              struct err *err) MUST_CHECK;
/* The packet with them on the start socket. */
int kept_receive(struct kept *k, int sock, const int64_t *numbers, size_t n,
                 struct err *err) MUST_CHECK;
void kept_done(struct kept *k);

/* launch.c */
int monitor_prepare(struct monitor *m, struct err *err) MUST_CHECK; /* files, sockets, lock */
int container_up(struct monitor *m,
                 struct err *err) MUST_CHECK; /* create, and start unless it waits */
int container_go(struct monitor *m, struct err *err) MUST_CHECK; /* start one that waits */
int session_start(struct monitor *m, const json_t *req, const struct kept *kept,
                  struct exec_session **ret, struct err *err) MUST_CHECK;
void state_save(struct monitor *m);

/* external.c: another OCI runtime */
int external_create(struct monitor *m, const struct monitor_config *c, const struct oci_spec *spec,
                    const int stdio[3], struct err *err) MUST_CHECK;
int external_start(struct monitor *m, struct err *err) MUST_CHECK;
int external_exec(struct monitor *m, const struct oci_process *p, const int stdio[3],
                  pid_t *ret_pid, int *ret_pty, struct err *err) MUST_CHECK;
void external_delete(struct monitor *m);

/* control.c */
void control_request(struct monitor *m, struct client *c);
void answer_ok(struct client *c, json_t *more);
void answer_error(struct client *c, const struct err *err);

/* health.c */
void health_started(struct monitor *m, const struct monitor_config *c);
void health_again(struct monitor *m); /* its configuration has changed */
void health_stopped(struct monitor *m);
void health_tick(struct monitor *m, int64_t now);
void health_output(struct monitor *m, const char *data, size_t len);
void health_session_ended(struct monitor *m, struct exec_session *s, int32_t code);
int op_health(struct monitor *m, struct client *c, const json_t *req, struct err *err);

/* events.c: with the configuration at hand, or NULL */
void monitor_event(const struct monitor *m, const struct monitor_config *c, const char *status);
void monitor_event_code(const struct monitor *m, const char *status, int64_t *exit_code);

/* stats.c: operations of control.c's table */
int op_top(struct monitor *m, struct client *c, const json_t *req, struct err *err);
int op_stats(struct monitor *m, struct client *c, const json_t *req, struct err *err);

/* clients.c */
struct client *client_add(struct monitor *m, int fd, int kind);
void client_frame(struct client *c, enum attach_frame type, const void *data, size_t len);
void clients_output(struct monitor *m, const struct exec_session *session, bool err,
                    const char *data, size_t len);
void client_flush(struct client *c);
/* Waits until it has taken what it was sent: at an end, after which nobody is left to keep the rest. */
void client_settle(struct client *c);
void client_input(struct monitor *m, struct client *c);
bool clients_blocked(const struct monitor *m, const struct exec_session *session);
void clients_sweep(struct monitor *m);

/* loop.c */
void monitor_loop(struct monitor *m);
void container_signal(struct monitor *m, int signo);
void streams_close(struct streams *s);
void streams_feed(struct streams *s, const void *data, size_t len);

/* hold.c: until the file at @path, which names our process, is gone */
int hold_main(const char *path);

int monitor_main(int argc, char **argv);
