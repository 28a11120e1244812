#include <fcntl.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/runtime.h"

#include "base/banned.h"

const char *const runtime_status_names[] = {
    [RT_CREATED] = "created",
    [RT_RUNNING] = "running",
    [RT_PAUSED] = "paused",
    [RT_STOPPED] = "stopped",
};

#define S struct runtime_state
static const struct json_field state_rows[] = {
    JF_STR(S, oci_version, "ociVersion", 0),
    JF_STR(S, id, "id", JF_REQUIRED),
    JF_I64(S, pid, "pid", 0),
    JF_I64(S, start_time, "startTime", 0),
    JF_STR(S, bundle, "bundle", 0),
    JF_STR(S, rootfs, "rootfs", 0),
    JF_STR(S, created, "created", 0),
    JF_STR(S, user, "owner", 0),
    JF_STR(S, cgroup, "cgroup", JF_OMIT_EMPTY),
    JF_I64(S, namespaces, "namespaces", 0),
    JF_BOOL(S, started, "started", 0),
    JF_BOOL(S, paused, "paused", 0),
    JF_MAP(S, annotations, "annotations", JF_OMIT_EMPTY),
    { 0 },
};
#undef S
static const struct json_type state_type = JSON_TYPE(struct runtime_state, state_rows);

static const char *root_path(struct arena *a)
{
    const char *run = getenv("XDG_RUNTIME_DIR");

    if (runtime_global.root)
        return runtime_global.root;
    if (geteuid() == 0 && str_empty(getenv("_CONTAINERS_USERNS_CONFIGURED")))
        return "/run/podman-runtime";
    return str_empty(run) ? arena_printf(a, "/tmp/podman-runtime-%u", (unsigned)getuid())
                          : arena_printf(a, "%s/podman-runtime", run);
}

int runtime_root(struct err *err)
{
    AUTO_ARENA a = { 0 };
    const char *path = root_path(&a);

    int r = fs_mkdirs(AT_FDCWD, path, 0700);
    if (r < 0)
        return err_sys(err, -r, "creating %s", path);
    int fd = fs_open_dir(AT_FDCWD, path);
    return fd < 0 ? err_sys(err, -fd, "opening %s", path) : fd;
}

char *runtime_path(struct arena *a, const char *id, const char *file)
{
    return arena_printf(a, "%s/%s/%s", root_path(a), id, file);
}

int runtime_check_id(const char *id, struct err *err)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-");

    if (!n || id[n] || n > 200 || id[0] == '.')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid container id `%s`", id);
    return 0;
}

int runtime_load(const char *id, struct arena *a, struct runtime_state *ret, struct err *err)
{
    int r = runtime_check_id(id, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int root = runtime_root(err);
    if (root < 0)
        return root;
    char *path = arena_printf(a, "%s/state.json", id);
    if (faccessat(root, path, F_OK, 0) < 0)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "container `%s` does not exist", id);
    AUTO_JSON *doc = json_parse_file(root, path, LIMIT_JSON_FILE, err);
    return doc ? json_read(a, doc, &state_type, ret, err) : -EINVAL;
}

int runtime_save(const struct runtime_state *s, struct err *err)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *doc = json_from(&state_type, s);

    json_text(doc, 0, &text);
    AUTO_CLOSE int root = runtime_root(err);
    if (root < 0)
        return root;
    AUTO_CLOSE int dir = fs_open_dir(root, s->id);
    int r = dir < 0 ? dir : fs_replace(dir, "state.json", text.data, text.len, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "saving the state of %s", s->id) : 0;
}

int runtime_forget(const char *id, struct err *err)
{
    AUTO_CLOSE int root = runtime_root(err);
    if (root < 0)
        return root;
    int r = fs_remove_tree(root, id);
    return r < 0 ? err_sys(err, -r, "removing the state of %s", id) : 0;
}

static bool is_zombie(pid_t pid)
{
    char path[64], text[512];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return true;
    text[n] = '\0';
    const char *p = strrchr(text, ')');
    return !p || p[1] != ' ' || p[2] == 'Z' || p[2] == 'X';
}

enum runtime_status runtime_status_of(const struct runtime_state *s)
{
    if (s->pid <= 0 || proc_start_time((pid_t)s->pid) != (uint64_t)s->start_time ||
        is_zombie((pid_t)s->pid))
        return RT_STOPPED;
    if (s->paused)
        return RT_PAUSED;
    return s->started ? RT_RUNNING : RT_CREATED;
}

int runtime_load_spec(int dir, const char *path, struct arena *a, struct oci_spec *ret,
                      json_t **ret_doc, struct err *err)
{
    json_t *doc = json_parse_file(dir, path, LIMIT_JSON_FILE, err);
    if (!doc)
        return -EINVAL;
    int r = json_read(a, doc, &oci_spec_type, ret, err);
    if (r < 0 || !ret_doc)
        json_decref(doc);
    else
        *ret_doc = doc;
    return r < 0 ? err_wrap(err, "%s", path) : 0;
}

int runtime_signal(const char *name, int *ret, struct err *err)
{
    int64_t n;

    if (parse_i64(name, 0, 64, &n) == 0) {
        *ret = (int)n;
        return 0;
    }
    const char *s = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;
    for (int i = 1; i < 32; i++) {
        const char *abbrev = sigabbrev_np(i);
        if (abbrev && strcasecmp(abbrev, s) == 0) {
            *ret = i;
            return 0;
        }
    }
    if (strncasecmp(s, "RTMIN", 5) == 0) {
        n = 0;
        if (!s[5] || parse_i64(s + 5 + (s[5] == '+'), 0, 30, &n) == 0) {
            *ret = 34 + (int)n;
            return 0;
        }
    }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown signal `%s`", name);
}

int runtime_send_console(const char *path, int pty, struct err *err)
{
    static char name[] = "/dev/ptmx";
    struct iovec iov = { name, sizeof(name) - 1 };
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } u = { 0 };
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.space, .msg_controllen = sizeof(u.space)
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

    AUTO_CLOSE int fd = unix_connect(AT_FDCWD, path, SOCK_STREAM);
    if (fd < 0)
        return err_sys(err, -fd, "connecting to console socket %s", path);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &pty, sizeof(pty));
    return sendmsg(fd, &mh, MSG_NOSIGNAL) < 0 ? err_sys(err, errno, "console socket %s", path) : 0;
}
