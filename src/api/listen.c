#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "api/server_priv.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"
#include "engine/rootless.h"

#include "base/banned.h"

enum { LISTEN_FIRST_FD = 3, LISTEN_FDS_MAX = 16 };

char *api_default_uri(struct arena *a)
{
    return rootless_is() ? arena_printf(a, "unix://%s/podman/podman.sock", rootless_runtime_dir())
                         : arena_strdup(a, "unix:///run/podman/podman.sock");
}

/* A socket file whose server is gone may be replaced; one that answers may not. */
static int clear_stale(int dir, const char *name, const char *path, struct err *err)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_CONFLICT, EEXIST, "unable to create socket %s: a file is there",
                       path);
    AUTO_CLOSE int fd = unix_connect(dir, name, SOCK_STREAM);
    if (fd >= 0)
        return err_set(err, ERR_CONFLICT, EADDRINUSE,
                       "unable to create socket %s: bind: address already in use", path);
    if (unlinkat(dir, name, 0) < 0)
        return err_sys(err, errno, "removing the old socket %s", path);
    return 0;
}

static int listen_unix(struct arena *a, const char *given, struct api_socket *ret, struct err *err)
{
    AUTO_FREE char *cwd = *given == '/' ? NULL : realpath(".", NULL);
    char *path = cwd ? arena_printf(a, "%s/%s", cwd, given) : arena_strdup(a, given);
    char *slash = strrchr(path, '/');
    char *parent = slash == path ? arena_strdup(a, "/")
                                 : arena_strndup(a, path, (size_t)(slash - path));

    if (!slash[1])
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"unix://%s\" names no socket", given);
    int r = fs_mkdirs(AT_FDCWD, parent, 0700);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(AT_FDCWD, parent);
    if (dir < 0)
        return err_sys(err, -dir, "opening the directory of the socket %s", path);
    r = clear_stale(dir, slash + 1, path, err);
    if (r < 0)
        return r;
    ret->fd = unix_listen(dir, slash + 1, SOCK_STREAM, rootless_is() ? 0600 : 0660);
    if (ret->fd < 0)
        return err_sys(err, -ret->fd, "unable to create socket %s", path);
    ret->path = path;
    return 0;
}

static int bind_one(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol), on = 1;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int saved = errno;
    close(fd);
    return -saved;
}

static int listen_tcp(struct arena *a, const char *where, struct api_socket *ret, struct err *err)
{
    const char *colon = strrchr(where, ':');
    uint64_t port;

    if (!colon || parse_u64(colon + 1, 65535, &port) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"tcp://%s\": use tcp://HOST:PORT", where);
    char *host = arena_strndup(a, where, (size_t)(colon - where));
    size_t n = strlen(host);
    if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        host++;
    }
    struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
    int r = getaddrinfo(*host ? host : NULL, colon + 1, &want, &found);
    if (r != 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "resolving \"%s\": %s", host, gai_strerror(r));
    ret->fd = -EADDRNOTAVAIL;
    for (struct addrinfo *ai = found; ai && ret->fd < 0; ai = ai->ai_next)
        ret->fd = bind_one(ai);
    freeaddrinfo(found);
    return ret->fd < 0 ? err_sys(err, -ret->fd, "unable to listen on tcp://%s", where) : 0;
}

static int listen_one(struct arena *a, const struct api_options *o, const char *uri,
                      struct api_socket *ret, struct err *err)
{
    int r;

    if (str_starts(uri, "unix://"))
        return listen_unix(a, uri + strlen("unix://"), ret, err);
    if (str_starts(uri, "unix:"))
        return listen_unix(a, uri + strlen("unix:"), ret, err);
    if (!str_starts(uri, "tcp://"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "\"%s\" is no address to listen on: use unix:///PATH or tcp://HOST:PORT",
                       uri);
    r = listen_tcp(a, uri + strlen("tcp://"), ret, err);
    ret->tls = r == 0 && o->tls_cert;
    if (r == 0 && !o->tls_client_ca)
        log_warn("Whoever reaches tcp://%s can do with this machine what you can: --tls-client-ca "
                 "says who may",
                 uri + strlen("tcp://"));
    return r;
}

/* Sockets that the service manager opened for us. */
static int inherited(struct arena *a, api_sockets *ret)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t who = 0, n = 0;

    if (!pid || !count || parse_u64(pid, INT32_MAX, &who) < 0 ||
        parse_u64(count, LISTEN_FDS_MAX, &n) < 0 || (pid_t)who != getpid())
        return 0;
    for (uint64_t i = 0; i < n; i++) {
        int fd = LISTEN_FIRST_FD + (int)i, type = 0;
        socklen_t len = sizeof(type);
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM)
            continue;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        LIST_ADD(a, *ret)->fd = fd;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ret->n > 0;
}

int listen_all(struct arena *a, const struct api_options *o, api_sockets *ret, struct err *err)
{
    int r = 0;

    if (inherited(a, ret))
        return 0;
    char *const fallback[] = { api_default_uri(a), NULL };
    for (char *const *uri = o->uris && *o->uris ? o->uris : fallback; r == 0 && *uri; uri++) {
        struct api_socket s = { .fd = -EBADF };
        r = listen_one(a, o, *uri, &s, err);
        if (r == 0)
            *LIST_ADD(a, *ret) = s;
    }
    return r;
}
