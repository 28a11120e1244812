/* podman-pause: holds an ordinary user's namespace by being there (engine/rootless.c). */
#include <sys/inotify.h>
#include <time.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/monitor.h"

#include "base/banned.h"

/* Does the file name us?  "PID START". */
static bool names_us(const char *path)
{
    AUTO_BUF b = { .max = 128 };
    AUTO_FREE char *me = xasprintf("%d ", (int)getpid());

    return fs_read_file(AT_FDCWD, path, &b) == 0 && b.data && str_starts(b.data, me);
}

int hold_main(const char *path)
{
    char event[4096];
    int fd = inotify_init1(IN_CLOEXEC);

    if (fd < 0)
        return 125;
    /* It is written when we are there already. */
    for (int i = 0; i < 100 && !names_us(path); i++)
        nanosleep(&(struct timespec) { .tv_nsec = 50000000 }, NULL);
    while (inotify_add_watch(fd, path, IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB) >= 0 &&
           names_us(path))
        if (read(fd, event, sizeof(event)) <= 0)
            return 125;
    return 0;
}
