#include <stdarg.h>

#include "cli/cmd.h"

#include "base/banned.h"

bool cmd_confirmed(const char *fmt, ...)
{
    char answer[16];
    va_list args;

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    fputs("\nAre you sure you want to continue? [y/N] ", stdout);
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] | 32) == 'y';
}
