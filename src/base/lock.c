#include "base/lock.h"

#include <fcntl.h>

#include "base/banned.h"

static int take(int dir, const char *name, short type, bool wait)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    struct flock fl = { .l_type = type, .l_whence = SEEK_SET };
    while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl) < 0) {
        if (errno == EINTR)
            continue;
        return errno == EACCES ? -EAGAIN : -errno;
    }
    return HANDOVER_FD(fd);
}

int lock_take(int dir, const char *name)
{
    return take(dir, name, F_WRLCK, true);
}

int lock_take_shared(int dir, const char *name)
{
    return take(dir, name, F_RDLCK, true);
}

int lock_try(int dir, const char *name)
{
    return take(dir, name, F_WRLCK, false);
}

bool lock_fd_is_held(int fd)
{
    struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

    return fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}

bool lock_is_held(int dir, const char *name)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && lock_fd_is_held(fd);
}
