#include "image/report.h"

#include <stdarg.h>

#include "base/banned.h"

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
    (void)!write(STDERR_FILENO, line, (size_t)n + 1); /* whole, also beside other threads */
}
