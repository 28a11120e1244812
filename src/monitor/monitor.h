/* monitor/monitor.h: the inside of podman-monitor (spec/monitor.h is its outside).
 *
 * One process, one thread, one poll loop.  After the start nothing allocates but what a client brings
 * with it (a connection, an exec session, a request while it is answered) and frees again.
 *
 *   monitor.c   start, end, restart          io.c       streams, attach connections, frames
 *   loop.c      who is polled, deadlines     control.c  requests and their answers
 *   log.c       log drivers                  session.c  exec sessions
 *   foreign.c   containers run by another OCI runtime */
#pragma once

#include "oci/oci.h"
#include "spec/monitor.h"

struct logger {
    enum log_driver { LOG_NONE, LOG_K8S, LOG_JSON, LOG_JOURNALD } driver;
    int fd;
    int64_t size, max_size;
    char *path;
    char *journal_fields; /* constant part of every journald message */
};
int logger_open(struct logger *l, const struct monitor_config *cfg, struct err *err) MUST_CHECK;
/* @stderr_: which stream.  What cannot be written is lost: a full disk must not stop a container. */
void logger_write(struct logger *l, bool stderr_, const char *data, size_t len);

/* The standard streams of the container or of an exec session. */
struct io {
    int in, out, err; /* with a terminal in and out are the same descriptor */
    bool tty, keep_in, once;
    bool ended; /* its process is gone; `code` is valid */
    int code;
    struct logger *log; /* NULL: none */
    struct conn *slow;  /* the one client that the frame in `held` waits for */
    unsigned char *held;
    size_t held_len;
};
#define IO_INIT                                                                                    \
    {                                                                                              \
        .in = -EBADF, .out = -EBADF, .err = -EBADF                                                 \
    }

enum conn_kind {
    CONN_REQUEST, /* on the control socket: reads requests */
    CONN_ATTACH,
    CONN_STOP, /* gets its answer when the container has stopped */
    CONN_WAIT, /* gets its answer when the container has ended for good */
    CONN_DEAD,
};
struct conn {
    struct conn *next;
    int fd;
    enum conn_kind kind;
    struct io *io;
    bool engine; /* the start socket: its client takes the exit over */
    char *in;    /* input that the container does not take yet */
    size_t in_len;
};

struct session {
    struct session *next;
    char id[72];
    pid_t pid;
    int pidfd;
    int64_t deadline;
    struct io io;
};

struct monitor {
    const char *bundle, *run_dir;
    int bundle_fd, run_fd;
    struct arena arena; /* configuration, lives as long as we */
    struct monitor_config cfg;
    struct run_state state;
    int alive_fd, attach_fd, control_fd, signal_fd;
    struct logger log;

    /* the container */
    struct arena run_arena; /* of this run: plan, specification; freed once it runs */
    struct oci_spec spec;   /* valid while run_arena is */
    struct oci_container c;
    struct io io;
    char *poststop_state;
    bool waiting, running, want_stop;
    int64_t stop_deadline, timeout_deadline, restart_at, drain_deadline, backoff_ns;

    struct conn *conns;
    struct session *sessions;
    bool engine_has_exit, done;
};

/* monitor.c */
int monitor_run(const char *bundle, const char *run_dir);
int monitor_start_program(struct monitor *m, struct err *err) MUST_CHECK;
void monitor_save_state(struct monitor *m, enum run_status status);
void monitor_container_ended(struct monitor *m);
void monitor_restart(struct monitor *m);
int monitor_stop(struct monitor *m, int sig, int64_t timeout_ns);
int monitor_load_spec(struct monitor *m, struct arena *a, struct oci_spec *ret,
                      struct err *err) MUST_CHECK;

/* loop.c */
void monitor_loop(struct monitor *m);

/* io.c */
struct conn *conn_add(struct monitor *m, int fd, enum conn_kind kind, struct io *io);
void conn_close(struct monitor *m, struct conn *c);
void conn_sweep(struct monitor *m);
void conn_read_frame(struct monitor *m, struct conn *c);
void conn_flush_input(struct monitor *m, struct conn *c);
bool io_read(struct monitor *m, struct io *io, bool stderr_); /* false: end of that stream */
void io_flush_held(struct monitor *m, struct io *io);
void io_resize(const struct io *io, unsigned rows, unsigned cols);
/* Sends EXIT to all clients of @io and closes it; false while output is still on its way. */
bool io_finish(struct monitor *m, struct io *io);
void io_done(struct io *io);
/* Makes the pipes; @ret_child gets the ends for the program.  Nothing for a terminal. */
int io_pipes(struct io *io, bool want_in, int *ret_child, struct err *err) MUST_CHECK;

/* control.c */
void control_read(struct monitor *m, struct conn *c);
void control_answer(struct conn *c, json_t *doc); /* takes the reference; NULL: {"ok":true} */
void control_answer_error(struct conn *c, const struct err *err);
/* Answers those who wait for the container to stop, or (@for_good) to have ended. */
void control_container_ended(struct monitor *m, bool for_good);

/* session.c */
int session_start(struct monitor *m, struct conn *c, const json_t *req, struct err *err) MUST_CHECK;
struct session *session_find(struct monitor *m, const char *id);
void session_ended(struct monitor *m, struct session *s);
void session_sweep(struct monitor *m);
