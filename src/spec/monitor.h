/* spec/monitor.h: what the engine and podman-monitor say to each other.
 *
 * One podman-monitor process supervises one running container.  The engine prepares two files,
 *
 *   <bundle>/config.json    the OCI runtime specification of the container
 *   <bundle>/monitor.json   struct monitor_config below: what lies outside that specification
 *
 * (bundle = graphroot/containers/<id>) and starts
 *
 *   podman-monitor run --bundle <bundle> --run-dir <runroot/containers/<id>>
 *
 * (and `podman-monitor cleanup --cgroup <path>` for what a killed monitor left in the cgroup tree)
 * with a SOCK_SEQPACKET socket pair as descriptor 3 (the "start socket").  The monitor detaches from
 * its parent itself only in the sense of setsid(); the engine starts it with double-fork semantics.
 *
 * Files of the run directory (tmpfs, removed by the engine with the container):
 *
 *   alive    locked exclusively (base/lock.h) by the monitor as long as it lives.  Not locked = the
 *            container does not run, whatever `state` says.
 *   state    struct run_state as JSON, replaced atomically, written by the monitor alone.  None while
 *            a start is under way.
 *   attach   SOCK_SEQPACKET listening socket, frames below.
 *   control  SOCK_SEQPACKET listening socket, one JSON request per packet, one JSON answer each.
 *   exec/<session>   struct exec_state as JSON.
 *   network  struct network_state (spec/network_state.h), written by the engine alone.
 *   host_lines   lines of the container's `hosts` that have the host's own address; written by the engine, and by
 *            the monitor when that address is another (monitor/host_lines.h).  None without such lines.
 *   dhcp     struct dhcp_leases (spec/dhcp.h), written by the monitor alone: addresses that it keeps.
 *
 * Network.  With monitor_config.network the engine sets the container's network up.  The monitor, once
 * the container is created and before its program runs, sends {"phase":"network","pid":N} on the start
 * socket, with the network namespace as descriptor.  The engine answers with one or more packets
 * {"fds":["use",...],"more":bool}, each with as many descriptors (at most NETWORK_FDS_MAX), or
 * closes its end: then the start fails.  What each descriptor is for, as long as the monitor lives:
 *   "hold"                   kept open and left alone: the reservation of a host's port
 *   "address NETWORK"        kept as long as the container is on the network: a claim on its address
 *   "dns-udp", "dns-tcp"     sockets inside the namespace on which names are answered (the second listens)
 *   "proxy tcp|udp ADDRESS PORT"   a socket of the host (tcp: it listens): what arrives is passed on to
 *                            ADDRESS PORT by sockets inside the namespace; ADDRESS "-": the one that the namespace
 *                            has towards who asks
 *   "dhcp LEASE"             a packet socket on the interface of LEASE (struct dhcp_lease as JSON, spec/dhcp.h): the
 *                            monitor renews it, and gives it back when the container has ended for good
 * A restart by policy keeps namespace, addresses and descriptors.
 *
 * Start socket.  The monitor sends exactly one struct start_report as JSON once the container is
 * created (with "wait" in monitor_config.start: created and waiting; otherwise its program is
 * running) or could not be.  When the engine asked to attach (monitor_config.attach), the start
 * socket then turns into an attach connection: same frames, and it is connected before the program
 * runs, so no output is lost.  Otherwise the monitor closes it.
 *
 * Attach frames.  Each packet is one byte of enum attach_frame and then data (at most
 * ATTACH_FRAME_MAX).  Client to monitor: STDIN (data; an empty STDIN frame closes the container's
 * stdin), RESIZE (uint16_t rows, uint16_t columns, host order), SIGNAL (one byte: signal number).
 * Monitor to client: STDOUT, STDERR, EXIT (int32_t exit code; the last frame).  A client that goes
 * away is forgotten; a slow one blocks nobody but itself (its socket buffer is bounded: the monitor
 * waits for it only while it is the only reader that keeps the container's pipe from draining).
 *
 * Control requests are objects with "op":
 *   {"op":"start"}                                  run the program of a container that waits
 *   {"op":"kill","signal":N,"all":bool}
 *   {"op":"stop","signal":N,"timeout_ns":N}         mark as asked-for, signal, wait, SIGKILL; the
 *                                                   answer comes when the container has ended; then
 *                                                   who asked cleans up, and exit_command is not run
 *   {"op":"pause"} {"op":"unpause"}
 *   {"op":"resize","rows":N,"cols":N}
 *   {"op":"update","resources":{linux.resources},"restart":{...},"health":bool}
 *                                                   health: monitor.json has another check now
 *   {"op":"exec","session":"hex","process":{OCI process},"attach":bool,"stdin":bool}
 *        answer: {"pid":N}; with "attach" the same connection then becomes an attach connection.  A
 *        terminal is process.terminal; "stdin" says whether stdin is connected without one.
 *        "keep":[N,...]: as many descriptors come with the request, which the process finds under these
 *        numbers.
 *   {"op":"network_add","fds":["use",...]}          with as many descriptors, as in the network phase
 *   {"op":"network_remove","ports":[{network_port},...]}   lets go of the sockets bound to these ports
 *        "interface":"eth1"                         and gives back what this interface has by DHCP
 *   {"op":"exec_resize","session":"hex","rows":N,"cols":N}
 *   {"op":"exec_kill","session":"hex","signal":N}
 *   {"op":"health"}                                 runs the health check now (or waits for one that
 *                                                   runs): {"exit_code":N,"status":"healthy"}
 *   {"op":"stats"}                                  answer: {"stats":{...}} (spec/stats.h)
 *   {"op":"top"}                                    answer: {"pids":[N,...]} host pids
 *   {"op":"sessions"}                               answer: {"sessions":["hex",...]} that run
 *   {"op":"wait"}                                   answer when the container has ended for good:
 *                                                   {"exit_code":N}
 * Answers: {"ok":true,...} or {"ok":false,"kind":N (enum err_kind),"errno":N,"error":"text"}.
 * Every connection is served as it comes; none blocks another. */
#pragma once

#include "base/json.h"
#include "spec/event.h"
#include "spec/health.h"

enum { ATTACH_FRAME_MAX = 32768, NETWORK_FDS_MAX = 250, KEEP_FDS_MAX = 64 };
enum { EXIT_CODE_TIMED_OUT = -1 }; /* of a container that --timeout ended */

enum attach_frame {
    ATTACH_STDIN = 0,
    ATTACH_STDOUT = 1,
    ATTACH_STDERR = 2,
    ATTACH_EXIT = 3,
    ATTACH_RESIZE = 4,
    ATTACH_SIGNAL = 5,
};

/* How the root file system of the container is made, inside its own mount namespace. */
struct rootfs_config {
    char *type;   /* "overlay": layers below; "bind": @path is the root as it is (--rootfs, vfs) */
    char **lower; /* overlay: absolute directories, topmost first; at least one */
    char *upper, *work;  /* overlay: absolute; NULL upper = read-only overlay */
    char *path;          /* bind: absolute directory */
    bool userxattr;      /* overlay in a user namespace */
    char *label;         /* of all its files, with SELinux */
    bool volatile_;      /* overlay: no fsync (the upper directory does not outlive a power cut) */
    char *mount_options; /* storage.conf mountopt, comma separated, may be NULL */
    bool idmap; /* map lower layers with the container's user namespace (root with --userns) */
};
extern const struct json_type rootfs_config_type;

struct log_config {
    char
        *driver; /* "k8s-file", "json-file", "journald", "none", "passthrough", "passthrough-tty" */
    char *path;  /* absolute, for the file drivers */
    int64_t max_size; /* bytes before rotation; 0 or less: unlimited */
    char *tag;        /* may be NULL */
    kv_list labels;   /* extra journald/json fields */
};
extern const struct json_type log_config_type;

struct restart_config {
    char *policy;      /* "no", "always", "on-failure", "unless-stopped" */
    int64_t max_tries; /* on-failure: 0 = unlimited */
};
extern const struct json_type restart_config_type;

struct monitor_config {
    char *id, *name;
    struct rootfs_config rootfs;
    bool terminal;   /* the OCI process has a terminal */
    bool stdin_open; /* -i: keep stdin of the container open for attached clients */
    bool stdin_once; /* close stdin when the first attached client goes (Docker's StdinOnce) */
    bool attach;     /* the start socket becomes an attach connection */
    bool bound;      /* the container is killed when that connection ends */
    char *start;     /* "run" (default) or "wait" (podman init, and create of a pod's infra) */
    struct log_config log;
    struct restart_config restart;
    int64_t stop_signal;
    int64_t timeout_s; /* --timeout: kill after that many seconds; 0 none */
    char *cgroup; /* cgroup path relative to each hierarchy's root, e.g. "/libpod_parent/libpod-ID";
                          NULL or "" = none of our own (--cgroups=disabled / no-conmon) */
    bool
        cgroup_split; /* --cgroups=split: container and monitor in sub-cgroups of the current one */
    char *cgroup_manager; /* "cgroupfs" or "systemd" */
    char *runtime;        /* NULL: ours, in process; otherwise an OCI runtime's path */
    char **runtime_flags;
    char *pid_file;         /* --pidfile: the container's pid is written here */
    char *monitor_pid_file; /* --conmon-pidfile */
    struct health_config health;
    bool health_events_off;
    char *notify_socket;     /* hears READY=1 when the container is healthy for the first time */
    struct event_log events; /* what happens is noted there, */
    char *image;             /* with these */
    kv_list labels;
    char **exit_command;  /* run (detached) once the container has ended for good and no attached
                               engine took the exit over; NULL: nothing */
    char **seccomp_cache; /* [0]: directory for compiled filters, may be absent */
    char *sdnotify;       /* "container", "conmon", "healthy", "ignore" */
    char *init_path; /* host path of the init program bind-mounted at /run/podman-init; NULL none */
    bool no_pivot;
    bool
        cwd_must_exist; /* the working directory was asked for by name: it is not made when missing */
    bool no_new_keyring;
    bool
        passes_exit; /* the program's exit code becomes the monitor's, also when it was asked to stop */
    JSON_LIST(int64_t)
    keep_fds; /* the next packet on the start socket brings descriptors that the program finds under these
                 numbers, at its first start only */
    bool network; /* the engine sets the network up before the program runs */
    char **
        repair_command; /* run when the firewall's table or a bridge is gone; NULL: nothing is watched */
};
extern const struct json_type monitor_config_type;

enum run_status {
    RUN_CREATED, /* the container exists, its program waits */
    RUN_RUNNING,
    RUN_PAUSED,
    RUN_STOPPING, /* asked to stop, not yet ended */
    RUN_EXITED,
    RUN_STATUS_COUNT
};
extern const char *const run_status_names[RUN_STATUS_COUNT];

struct run_state {
    int64_t version; /* 1 */
    char *status;    /* one of run_status_names */
    int64_t pid;     /* host pid of the container's init; 0 when it has ended */
    uint32_t monitor_pid;
    int64_t started_at, finished_at; /* ns */
    int64_t exit_code;
    bool oom_killed;
    bool stopped_by_user; /* a stop or kill was asked for: no restart for unless-stopped/always */
    int64_t restart_count;
    char *error;
    char *cgroup;
    char **warnings;   /* what this machine forbade and the container goes without */
    bool monitor_lost; /* not in the file: the reader found that the monitor was killed */
};
extern const struct json_type run_state_type;

struct start_report {
    bool ok;
    int64_t kind, errnum; /* enum err_kind, errno */
    char *error;
    int64_t pid;
    char **warnings;
};
extern const struct json_type start_report_type;

struct exec_state {
    char *session;
    bool running;
    int64_t pid, exit_code;
};
extern const struct json_type exec_state_type;
