#include "net/claims.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/banned.h"

#define DIRECTORY "/run/podman"
/* Of the file's 2^63 bytes: IPv4 addresses are their own numbers, and 0.0.0.0 is nobody's; IPv6 begins at 2^62. */
#define TABLE 0
#define SIX   (INT64_C(1) << 62)

int claims_open(void)
{
    struct stat st;
    char path[64];

    if (stat("/proc/self/ns/net", &st) < 0)
        return -errno;
    snprintf(path, sizeof(path), DIRECTORY "/addresses-%llu", (unsigned long long)st.st_ino);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == ENOENT && mkdir(DIRECTORY, 0755) == 0)
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

/* IPv6: five bytes are kept, so that neighbours stay neighbours, the rest is a digest of 22 bits (FNV-1a). */
static int64_t place_of(const struct ip_addr *ip)
{
    uint32_t digest = 2166136261u;
    int64_t low = 0;

    if (ip->family == AF_INET)
        return (int64_t)ip->b[0] << 24 | ip->b[1] << 16 | ip->b[2] << 8 | ip->b[3];
    for (size_t i = 0; i < 11; i++)
        digest = (digest ^ ip->b[i]) * 16777619u;
    for (size_t i = 11; i < 16; i++)
        low = low << 8 | ip->b[i];
    return SIX | (int64_t)((digest ^ digest >> 22) & 0x3fffff) << 40 | low;
}

int claims_take(int fd, const struct ip_addr *ip)
{
    struct flock l = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(ip), .l_len = 1
    };

    if (fcntl(fd, F_OFD_SETLK, &l) == 0)
        return 0;
    return errno == EAGAIN || errno == EACCES ? -EAGAIN
                                              : 0; /* a file system without locks claims nothing */
}

bool claims_stays(int fd, const struct ip_addr *ip)
{
    const struct timespec moment = { .tv_nsec = 1000000 };

    for (unsigned ms = 0; fd >= 0; ms++) {
        struct flock l = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(ip), .l_len = 1
        };
        if (fcntl(fd, F_OFD_GETLK, &l) < 0 || l.l_type == F_UNLCK)
            return false;
        if (ms == 100)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

bool claims_any(int fd, const struct ip_net *net)
{
    struct ip_addr first = ip_net_first(net), last = ip_net_last(net);
    int64_t from = place_of(&first), to = place_of(&last);
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from };

    if (net->addr.family == AF_INET6 && net->prefix < 88) /* containers have its first addresses */
        to = from | INT64_C(0xffffffffff);
    l.l_len = to - from + 1;
    if (fd < 0 || fcntl(fd, F_OFD_GETLK, &l) < 0)
        return false;
    return l.l_type != F_UNLCK;
}

int claims_lock_table(void)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = TABLE, .l_len = 1 };
    AUTO_CLOSE int fd = claims_open();

    if (fd < 0)
        return fd;
    while (fcntl(fd, F_OFD_SETLKW, &l) < 0)
        if (errno != EINTR)
            return -errno;
    return HANDOVER_FD(fd);
}
