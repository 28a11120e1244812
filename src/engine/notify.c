#include <inttypes.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

/* What a service manager is told that started us as a service of Type=notify: the main process is the
 * monitor, which lives as long as the container does. */

static int tell(const char *path, const char *text)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (sock < 0)
        return -errno;
    if (n >= sizeof(to.sun_path))
        return -ENAMETOOLONG;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    ssize_t sent = sendto(sock, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    return sent < 0 ? -errno : 0;
}

void notify_started(const struct container_config *c, uint32_t monitor_pid)
{
    const char *path = getenv("NOTIFY_SOCKET");
    bool ready = str_same(c->sdnotify, "conmon");
    char text[64];

    if (str_empty(path) || !(ready || (c->sdnotify && STR_IN(c->sdnotify, "container", "healthy"))))
        return;
    snprintf(text, sizeof(text), "MAINPID=%" PRIu32 "%s", monitor_pid, ready ? "\nREADY=1" : "");
    int r = tell(path, text);
    if (r < 0)
        log_warn("telling the service manager at %s: %s", path, strerror(-r));
}
