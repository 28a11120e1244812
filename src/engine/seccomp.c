#include "engine/seccomp.h"

#include "base/fs.h"
#include "base/limits.h"

#include "base/banned.h"

/* The default system call filter, with the effect that users of Podman know: what is listed as allowed
 * is allowed, what needs a capability is allowed with that capability and EPERM without it, a few calls
 * are EPERM always, and everything else (calls that are newer than this table) is ENOSYS, so that a C
 * library falls back to an older call. */

static const char *const allowed[] = {
    "_llseek",
    "_newselect",
    "accept",
    "accept4",
    "access",
    "adjtimex",
    "alarm",
    "arch_prctl",
    "arm_fadvise64_64",
    "arm_sync_file_range",
    "bind",
    "breakpoint",
    "brk",
    "cacheflush",
    "cachestat",
    "capget",
    "capset",
    "chdir",
    "chmod",
    "chown",
    "chown32",
    "clock_adjtime",
    "clock_adjtime64",
    "clock_getres",
    "clock_getres_time64",
    "clock_gettime",
    "clock_gettime64",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "clone",
    "clone3",
    "close",
    "close_range",
    "connect",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_ctl_old",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "epoll_wait_old",
    "eventfd",
    "eventfd2",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fadvise64_64",
    "fallocate",
    "fanotify_mark",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchown32",
    "fchownat",
    "fcntl",
    "fcntl64",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fork",
    "fremovexattr",
    "fsconfig",
    "fsetxattr",
    "fsmount",
    "fsopen",
    "fspick",
    "fstat",
    "fstat64",
    "fstatat64",
    "fstatfs",
    "fstatfs64",
    "fsync",
    "ftruncate",
    "ftruncate64",
    "futex",
    "futex_requeue",
    "futex_time64",
    "futex_wait",
    "futex_waitv",
    "futex_wake",
    "futimesat",
    "get_mempolicy",
    "get_robust_list",
    "get_thread_area",
    "getcpu",
    "getcwd",
    "getdents",
    "getdents64",
    "getegid",
    "getegid32",
    "geteuid",
    "geteuid32",
    "getgid",
    "getgid32",
    "getgroups",
    "getgroups32",
    "getitimer",
    "getpeername",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresgid32",
    "getresuid",
    "getresuid32",
    "getrlimit",
    "getrusage",
    "getsid",
    "getsockname",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "getuid32",
    "getxattr",
    "getxattrat",
    "inotify_add_watch",
    "inotify_init",
    "inotify_init1",
    "inotify_rm_watch",
    "io_cancel",
    "io_destroy",
    "io_getevents",
    "io_setup",
    "io_submit",
    "ioctl",
    "ioprio_get",
    "ioprio_set",
    "ipc",
    "keyctl",
    "kill",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "lchown",
    "lchown32",
    "lgetxattr",
    "link",
    "linkat",
    "listen",
    "listmount",
    "listxattr",
    "listxattrat",
    "llistxattr",
    "lremovexattr",
    "lseek",
    "lsetxattr",
    "lstat",
    "lstat64",
    "madvise",
    "map_shadow_stack",
    "mbind",
    "membarrier",
    "memfd_create",
    "memfd_secret",
    "mincore",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "mlock",
    "mlock2",
    "mlockall",
    "mmap",
    "mmap2",
    "modify_ldt",
    "mount",
    "mount_setattr",
    "move_mount",
    "mprotect",
    "mq_getsetattr",
    "mq_notify",
    "mq_open",
    "mq_timedreceive",
    "mq_timedreceive_time64",
    "mq_timedsend",
    "mq_timedsend_time64",
    "mq_unlink",
    "mremap",
    "mseal",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "name_to_handle_at",
    "nanosleep",
    "newfstatat",
    "open",
    "open_tree",
    "openat",
    "openat2",
    "pause",
    "pidfd_getfd",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe",
    "pipe2",
    "pivot_root",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    "poll",
    "ppoll",
    "ppoll_time64",
    "prctl",
    "pread64",
    "preadv",
    "preadv2",
    "prlimit64",
    "process_mrelease",
    "process_vm_readv",
    "process_vm_writev",
    "pselect6",
    "pselect6_time64",
    "ptrace",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readdir",
    "readlink",
    "readlinkat",
    "readv",
    "reboot",
    "recv",
    "recvfrom",
    "recvmmsg",
    "recvmmsg_time64",
    "recvmsg",
    "remap_file_pages",
    "removexattr",
    "removexattrat",
    "rename",
    "renameat",
    "renameat2",
    "restart_syscall",
    "rmdir",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_sigtimedwait_time64",
    "rt_tgsigqueueinfo",
    "s390_pci_mmio_read",
    "s390_pci_mmio_write",
    "s390_runtime_instr",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_rr_get_interval_time64",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "sched_yield",
    "seccomp",
    "select",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "semtimedop_time64",
    "send",
    "sendfile",
    "sendfile64",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_mempolicy",
    "set_mempolicy_home_node",
    "set_robust_list",
    "set_thread_area",
    "set_tid_address",
    "set_tls",
    "setfsgid",
    "setfsgid32",
    "setfsuid",
    "setfsuid32",
    "setgid",
    "setgid32",
    "setgroups",
    "setgroups32",
    "setitimer",
    "setns",
    "setpgid",
    "setpriority",
    "setregid",
    "setregid32",
    "setresgid",
    "setresgid32",
    "setresuid",
    "setresuid32",
    "setreuid",
    "setreuid32",
    "setrlimit",
    "setsid",
    "setsockopt",
    "setuid",
    "setuid32",
    "setxattr",
    "setxattrat",
    "shmat",
    "shmctl",
    "shmdt",
    "shmget",
    "shutdown",
    "sigaction",
    "sigaltstack",
    "signal",
    "signalfd",
    "signalfd4",
    "sigpending",
    "sigprocmask",
    "sigreturn",
    "sigsuspend",
    "socketcall",
    "socketpair",
    "splice",
    "stat",
    "stat64",
    "statfs",
    "statfs64",
    "statmount",
    "statx",
    "symlink",
    "symlinkat",
    "sync",
    "sync_file_range",
    "sync_file_range2",
    "syncfs",
    "syscall",
    "sysinfo",
    "syslog",
    "tee",
    "tgkill",
    "time",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_gettime64",
    "timer_settime",
    "timer_settime64",
    "timerfd",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_gettime64",
    "timerfd_settime",
    "timerfd_settime64",
    "times",
    "tkill",
    "truncate",
    "truncate64",
    "ugetrlimit",
    "umask",
    "umount",
    "umount2",
    "uname",
    "unlink",
    "unlinkat",
    "unshare",
    "utime",
    "utimensat",
    "utimensat_time64",
    "utimes",
    "vfork",
    "wait4",
    "waitid",
    "waitpid",
    "write",
    "writev",
    NULL,
};

static const char *const refused[] = {
    "bdflush",
    "io_pgetevents",
    "kexec_file_load",
    "kexec_load",
    "migrate_pages",
    "move_pages",
    "nfsservctl",
    "nice",
    "oldfstat",
    "oldlstat",
    "oldolduname",
    "oldstat",
    "olduname",
    "pciconfig_iobase",
    "pciconfig_read",
    "pciconfig_write",
    "sgetmask",
    "ssetmask",
    "swapcontext",
    "swapoff",
    "swapon",
    "sysfs",
    "uselib",
    "userfaultfd",
    "ustat",
    "vm86",
    "vm86old",
    "vmsplice",
    NULL,
};

static const struct {
    const char *cap;
    const char *const *names;
} gated[] = {
    { "CAP_DAC_READ_SEARCH", (const char *const[]) { "open_by_handle_at", NULL } },
    { "CAP_SYS_ADMIN", (const char *const[]) { "bpf", "fanotify_init", "lookup_dcookie",
                                               "perf_event_open", "quotactl", "quotactl_fd",
                                               "setdomainname", "sethostname", "setns", NULL } },
    { "CAP_SYS_CHROOT", (const char *const[]) { "chroot", NULL } },
    { "CAP_SYS_MODULE", (const char *const[]) { "delete_module", "finit_module", "init_module",
                                                "query_module", NULL } },
    { "CAP_SYS_PACCT", (const char *const[]) { "acct", NULL } },
    { "CAP_SYS_PTRACE", (const char *const[]) { "kcmp", "process_madvise", NULL } },
    { "CAP_SYS_RAWIO", (const char *const[]) { "ioperm", "iopl", NULL } },
    { "CAP_SYS_TIME",
      (const char *const[]) { "clock_settime", "clock_settime64", "settimeofday", "stime", NULL } },
    { "CAP_SYS_TTY_CONFIG", (const char *const[]) { "vhangup", NULL } },
};

static const int64_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

#if defined(__x86_64__)
static const char *const architectures[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
                                             NULL };
#elif defined(__aarch64__)
static const char *const architectures[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL };
#elif defined(__s390x__)
static const char *const architectures[] = { "SCMP_ARCH_S390X", "SCMP_ARCH_S390", NULL };
#else
static const char *const architectures[] = { NULL };
#endif

enum { NETLINK = 16, NETLINK_AUDIT = 9 };

static struct oci_seccomp_rule *add_rule(struct arena *a, struct oci_seccomp *s,
                                         const char *const *names, const char *action,
                                         int64_t errno_ret)
{
    struct oci_seccomp_rule *r = LIST_ADD(a, s->syscalls);

    memset(r, 0, sizeof(*r));
    /* The tables are constant: only the vector's type has to forget it. */
    r->names = (char **)(uintptr_t)names;
    r->action = arena_strdup(a, action);
    if (errno_ret)
        r->errno_ret = arena_memdup(a, &errno_ret, sizeof(errno_ret));
    return r;
}

static void add_arg(struct arena *a, struct oci_seccomp_rule *r, int64_t index, uint64_t value,
                    const char *op)
{
    struct oci_seccomp_arg *arg = LIST_ADD(a, r->args);

    *arg = (struct oci_seccomp_arg) { .index = index, .value = value, .op = arena_strdup(a, op) };
}

/* Audit messages need a capability; every other socket is free. */
static void socket_rules(struct arena *a, struct oci_seccomp *s, bool audit)
{
    static const char *const names[] = { "socket", NULL };

    if (audit) {
        add_rule(a, s, names, "SCMP_ACT_ALLOW", 0);
        return;
    }
    struct oci_seccomp_rule *r = add_rule(a, s, names, "SCMP_ACT_ERRNO", EINVAL);
    add_arg(a, r, 0, NETLINK, "SCMP_CMP_EQ");
    add_arg(a, r, 2, NETLINK_AUDIT, "SCMP_CMP_EQ");
    add_arg(a, add_rule(a, s, names, "SCMP_ACT_ALLOW", 0), 2, NETLINK_AUDIT, "SCMP_CMP_NE");
    add_arg(a, add_rule(a, s, names, "SCMP_ACT_ALLOW", 0), 0, NETLINK, "SCMP_CMP_NE");
}

static struct oci_seccomp *default_profile(struct arena *a, char *const *caps)
{
    static const char *const personality[] = { "personality", NULL };
    struct oci_seccomp *s = arena_alloc(a, sizeof(*s));
    int64_t enosys = ENOSYS;

    s->default_action = arena_strdup(a, "SCMP_ACT_ERRNO");
    s->default_errno_ret = arena_memdup(a, &enosys, sizeof(enosys));
    s->architectures = (char **)(uintptr_t)architectures;
    add_rule(a, s, refused, "SCMP_ACT_ERRNO", EPERM);
    add_rule(a, s, allowed, "SCMP_ACT_ALLOW", 0);
    for (size_t i = 0; i < ARRAY_SIZE(personalities); i++)
        add_arg(a, add_rule(a, s, personality, "SCMP_ACT_ALLOW", 0), 0, (uint64_t)personalities[i],
                "SCMP_CMP_EQ");
    for (size_t i = 0; i < ARRAY_SIZE(gated); i++) {
        bool has = strv_has(caps, gated[i].cap);
        add_rule(a, s, gated[i].names, has ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO", has ? 0 : EPERM);
    }
    socket_rules(a, s, strv_has(caps, "CAP_AUDIT_WRITE"));
    return s;
}

/* ---------- profiles from a file ---------- */

/* A profile in Docker's format has rules that apply to some architectures or capabilities only. */
static bool condition_holds(const json_t *rule, char *const *caps)
{
    size_t i;
    json_t *each;
    const json_t *inc = json_object_get(rule, "includes"), *exc = json_object_get(rule, "excludes");

    json_array_foreach (json_object_get(inc, "caps"), i, each) {
        if (json_is_string(each) && !strv_has(caps, json_string_value(each)))
            return false;
    }
    json_array_foreach (json_object_get(exc, "caps"), i, each) {
        if (json_is_string(each) && strv_has(caps, json_string_value(each)))
            return false;
    }
#if defined(__x86_64__)
    static const char *const ours[] = { "amd64", "x32", "x86", NULL };
#elif defined(__aarch64__)
    static const char *const ours[] = { "arm64", "arm", NULL };
#else
    static const char *const ours[] = { NULL };
#endif
    const json_t *arches = json_object_get(inc, "arches");
    bool match = json_array_size(arches) == 0;
    json_array_foreach (arches, i, each) {
        if (json_is_string(each) && str_in_list(json_string_value(each), ours))
            match = true;
    }
    json_array_foreach (json_object_get(exc, "arches"), i, each) {
        if (json_is_string(each) && str_in_list(json_string_value(each), ours))
            return false;
    }
    return match;
}

static int load_profile(struct arena *a, const char *path, char *const *caps,
                        struct oci_seccomp **ret, struct err *err)
{
    AUTO_JSON *doc = json_parse_file(AT_FDCWD, path, LIMIT_JSON_FILE, err);
    if (!doc)
        return err_wrap(err, "opening seccomp profile failed");
    /* Drop what does not apply here, and Docker's "name" in place of "names". */
    json_t *rules = json_object_get(doc, "syscalls");
    for (size_t i = json_array_size(rules); i-- > 0;) {
        json_t *rule = json_array_get(rules, i);
        const char *name = json_string_value(json_object_get(rule, "name"));
        if (name && !json_object_get(rule, "names"))
            json_object_set_new(rule, "names", json_pack("[s]", name));
        if (!condition_holds(rule, caps))
            json_array_remove(rules, i);
    }
    *ret = arena_alloc(a, sizeof(**ret));
    int r = json_read(a, doc, &oci_seccomp_type, *ret, err);
    if (r < 0)
        return err_wrap(err, "seccomp profile %s", path);
    if (!(*ret)->architectures)
        (*ret)->architectures = (char **)(uintptr_t)architectures;
    return 0;
}

int seccomp_profile(struct arena *a, const char *path, char *const *caps, struct oci_seccomp **ret,
                    struct err *err)
{
    *ret = NULL;
    if (path && STR_EQ(path, "unconfined"))
        return 0;
    if (!str_empty(path))
        return load_profile(a, path, caps, ret, err);
    *ret = default_profile(a, caps);
    return 0;
}
