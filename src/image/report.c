#include "image/report.h"

#include <stdarg.h>

#include "base/banned.h"

struct progress {
    int fd;
};

struct progress *report_stderr(void)
{
    static struct progress p = { STDERR_FILENO };

    return &p;
}

void report_line(struct progress *p, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    if (!p)
        return;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
    va_end(ap);
    n = MIN(n, (int)sizeof(line) - 2);
    if (n < 0)
        return;
    line[n] = '\n';
    (void)!write(p->fd, line, (size_t)n + 1); /* whole, also beside other threads */
}
