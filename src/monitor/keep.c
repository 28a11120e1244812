#include <assert.h>
#include <sys/socket.h>

#include "monitor/monitor.h"
#include "monitor/network.h"

#include "base/banned.h"

/* --preserve-fd: descriptors travel from podman's caller through podman and us to the program. */

static_assert(KEEP_FDS_MAX <= 64, "oci/child.c has room for 64");

void kept_done(struct kept *k)
{
    for (size_t i = 0; i < k->n; i++)
        close(k->items[i].fd);
    k->n = 0;
}

int kept_pair(struct kept *k, const int64_t *numbers, size_t n, const int *fds, size_t nfds,
              struct err *err)
{
    bool fit = n == nfds && n <= KEEP_FDS_MAX;

    for (size_t i = 0; i < n; i++)
        fit &= numbers[i] >= 3 && numbers[i] < 65536;
    if (!fit) {
        for (size_t i = 0; i < nfds; i++)
            close(fds[i]);
        return err_set(err, ERR_BAD_PARAM, EINVAL, "descriptors and their numbers do not fit");
    }
    for (size_t i = 0; i < n; i++)
        k->items[k->n++] = (struct oci_kept_fd) { fds[i], (int)numbers[i] };
    return 0;
}

int kept_receive(struct kept *k, int sock, const int64_t *numbers, size_t n, struct err *err)
{
    char byte, control[CMSG_SPACE(NETWORK_FDS_MAX * sizeof(int))];
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };
    int fds[NETWORK_FDS_MAX];
    ssize_t got;

    do
        got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return err_set(err, ERR_INTERNAL, EPIPE,
                       "the engine went away before its descriptors came");
    return kept_pair(k, numbers, n, fds, passed_fds(&msg, fds), err);
}
