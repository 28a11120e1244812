#include "spec/event.h"

#include <inttypes.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"

#include "base/banned.h"

#define E struct event
static const struct json_field event_rows[] = {
    JF_PI64(E, exit_code, "ContainerExitCode", JF_OMIT_EMPTY),
    JF_PBOOL(E, oom_killed, "OOMKilled", JF_OMIT_EMPTY),
    JF_STR(E, id, "ID", JF_OMIT_EMPTY),
    JF_STR(E, image, "Image", JF_OMIT_EMPTY),
    JF_STR(E, name, "Name", JF_OMIT_EMPTY),
    JF_STR(E, network, "network", JF_OMIT_EMPTY),
    JF_STR(E, status, "Status", 0),
    JF_TIME(E, time, "Time", 0),
    JF_STR(E, type, "Type", 0),
    JF_STR(E, health_status, "health_status", JF_OMIT_EMPTY),
    JF_STR(E, health_log, "health_log", JF_OMIT_EMPTY),
    JF_I64(E, health_failing_streak, "health_failing_streak", JF_OMIT_EMPTY),
    JF_STR(E, error, "error", JF_OMIT_EMPTY),
    JF_STR(E, inspect_data, "ContainerInspectData", JF_OMIT_EMPTY),
    JF_STR(E, pod_id, "PodID", JF_OMIT_EMPTY),
    JF_MAP(E, attributes, "Attributes", JF_OMIT_EMPTY),
    { 0 },
};
#undef E
const struct json_type event_type = JSON_TYPE(struct event, event_rows);

static const struct json_field log_rows[] = {
    JF_STR(struct event_log, driver, "driver", JF_OMIT_EMPTY),
    JF_STR(struct event_log, path, "path", JF_OMIT_EMPTY),
    JF_I64(struct event_log, max_size, "max_size", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type event_log_type = JSON_TYPE(struct event_log, log_rows);

/* ---------- the file ---------- */

/* The file under its name, locked: it may have been replaced while we waited. */
static int open_locked(const char *path, int operation)
{
    struct stat here, there;

    for (int tries = 0; tries < 100; tries++) {
        AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0 && errno == ENOENT && tries == 0) {
            AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
            int r = fs_mkdirs(AT_FDCWD, dir, 0700);
            if (r < 0)
                return r;
            continue;
        }
        if (fd < 0)
            return -errno;
        while (flock(fd, operation) < 0)
            if (errno != EINTR)
                return -errno;
        if (fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino)
            return HANDOVER_FD(fd);
    }
    return -EAGAIN;
}

/* Keeps the newer half, from the beginning of a line. */
static int shorten(const char *path, int64_t max)
{
    AUTO_CLOSE int fd = open_locked(path, LOCK_EX);
    AUTO_BUF b = { 0 };
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || st.st_size <= max) /* somebody else was quicker */
        return 0;
    off_t from = st.st_size - (off_t)(max / 2);
    int r = lseek(fd, from, SEEK_SET) < 0 ? -errno : buf_read_fd(&b, fd);
    const char *line = r == 0 && b.data ? memchr(b.data, '\n', b.len) : NULL;
    if (r < 0 || !line)
        return r;
    line++;
    return fs_replace(AT_FDCWD, path, line, b.len - (size_t)(line - b.data), 0600, FS_NOSYNC);
}

static int write_file(const struct event_log *log, const struct event *ev)
{
    AUTO_JSON *doc = json_from(&event_type, ev);
    AUTO_BUF line = { 0 };
    struct stat st;

    json_text(doc, 0, &line);
    buf_putc(&line, '\n');
    AUTO_CLOSE int fd = open_locked(log->path, LOCK_SH);
    if (fd < 0)
        return fd;
    int r = write_all(fd, line.data, line.len);
    bool too_long = r == 0 && log->max_size > 0 && fstat(fd, &st) == 0 &&
                    st.st_size > log->max_size;
    close(HANDOVER_FD(fd));
    return too_long ? shorten(log->path, log->max_size) : r;
}

/* ---------- the journal ---------- */

/* The native protocol: "KEY=value\n", or with the length in front where the value has lines. */
static void field(struct buf *b, const char *key, const char *value)
{
    size_t len = value ? strlen(value) : 0;
    uint64_t size = len;

    if (!len)
        return;
    if (!strchr(value, '\n')) {
        buf_printf(b, "%s=%s\n", key, value);
        return;
    }
    buf_printf(b, "%s\n", key);
    for (int i = 0; i < 8; i++, size >>= 8)
        buf_putc(b, (char)(size & 0xff));
    buf_put(b, value, len);
    buf_putc(b, '\n');
}

static void event_fields(const struct event *ev, struct buf *b)
{
    char number[24], stamp[TIME_TEXT_MAX];
    AUTO_JSON *labels = json_object();
    AUTO_BUF text = { 0 };

    field(b, "SYSLOG_IDENTIFIER", "podman");
    field(b, "PODMAN_EVENT", ev->status);
    field(b, "PODMAN_TYPE", ev->type);
    field(b, "PODMAN_TIME", time_format_rfc3339(ev->time, stamp));
    field(b, "PODMAN_NAME", ev->name);
    field(b, "PODMAN_ID", ev->id);
    field(b, "PODMAN_IMAGE", ev->image);
    field(b, "PODMAN_NETWORK_NAME", ev->network);
    field(b, "PODMAN_POD_ID", ev->pod_id);
    field(b, "PODMAN_HEALTH_STATUS", ev->health_status);
    field(b, "PODMAN_HEALTH_LOG", ev->health_log);
    field(b, "PODMAN_CONTAINER_INSPECT_DATA", ev->inspect_data);
    field(b, "ERROR", ev->error);
    if (ev->exit_code) {
        snprintf(number, sizeof(number), "%" PRId64, *ev->exit_code);
        field(b, "PODMAN_EXIT_CODE", number);
    }
    if (ev->oom_killed)
        field(b, "PODMAN_OOM_KILLED", *ev->oom_killed ? "true" : "false");
    for (size_t i = 0; i < ev->attributes.n; i++)
        json_object_set_new(labels, ev->attributes.items[i].key,
                            json_string(ev->attributes.items[i].val));
    if (ev->attributes.n) {
        json_text(labels, 0, &text);
        field(b, "PODMAN_LABELS", text.data);
    }
    buf_printf(b, "PRIORITY=6\nMESSAGE=%s %s %s (image=%s, name=%s)\n", ev->type, ev->status,
               ev->id ? ev->id : "", ev->image ? ev->image : "", ev->name ? ev->name : "");
}

static int write_journal(const struct event *ev)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    AUTO_BUF b = { 0 };

    event_fields(ev, &b);
    if (fd < 0 || sendto(fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return -errno;
    return 0;
}

void event_write(const struct event_log *log, const struct event *ev)
{
    struct event now = *ev;
    bool journal = str_same(log->driver, "journald");

    if (str_empty(log->driver) || STR_EQ(log->driver, "none"))
        return;
    if (!now.time)
        now.time = time_now();
    int r = journal ? write_journal(&now) : write_file(log, &now);
    if (r < 0)
        log_warn("event %s %s is not noted: %s: %s", now.type, now.status,
                 journal ? "the journal" : log->path, strerror(-r));
}
