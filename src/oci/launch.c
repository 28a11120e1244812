#include "oci/launch.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/proc.h"

#include "base/banned.h"

static ssize_t recv_msg(int sync, struct child_msg *m, int *ret_fd)
{
    struct iovec iov = { m, sizeof(*m) };
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } u = { 0 };
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.space, .msg_controllen = sizeof(u.space)
    };
    ssize_t n;

    while ((n = recvmsg(sync, &mh, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&mh) : NULL;
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
    return n;
}

int launch_wait(struct launch *l, int kind, struct child_msg *ret, struct err *err)
{
    if (kind >= 0 && (l->early & 1u << kind)) {
        l->early &= ~(1u << kind);
        return 0;
    }
    for (;;) {
        struct child_msg m;
        int fd = -EBADF;
        ssize_t n = recv_msg(l->sync, &m, &fd);
        if (n == 0 && kind < 0)
            return 0;
        if (n <= 0 || (size_t)n < sizeof(m)) {
            if (fd >= 0)
                close(fd);
            return err_set(err, ERR_INTERNAL, EIO,
                           "the container's init ended before it was ready: OCI runtime error");
        }
        if (m.kind == CHILD_PTY) {
            if (l->pty >= 0)
                close(l->pty);
            l->pty = fd;
        } else if (m.kind == CHILD_WARN)
            *l->warnings = strv_add(l->arena, *l->warnings,
                                    plan_warning(l->plan, l->process, &m, l->arena));
        else if (m.kind == CHILD_FAIL)
            return plan_error(l->plan, l->process, &m, err);
        else if ((int)m.kind == kind) {
            if (ret)
                *ret = m;
            return 0;
        } else if (m.kind <= CHILD_READY)
            l->early |= 1u << m.kind;
    }
}

void launch_abort(struct launch *l)
{
    if (l->pid > 0) {
        kill(l->pid, SIGKILL);
        (void)!proc_wait(l->pid);
    }
    close_p(&l->sync);
    close_p(&l->pidfd);
    close_p(&l->pty);
    l->pid = 0;
    l->sync = l->pidfd = l->pty = -EBADF;
}

int launch_stdio(const int *want, int *ret, int *ret_null, struct err *err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return err_sys(err, errno, "opening /dev/null");
    for (int i = 0; i < 3; i++)
        ret[i] = want[i] < 0 ? null : want[i];
    *ret_null = null;
    return 0;
}
