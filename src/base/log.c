#include "base/log.h"

#include <stdarg.h>
#include <syslog.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/parse.h"

#include "base/banned.h"

static enum log_level current = LOGL_WARN;
static bool to_syslog;

static const char *const names[] = {
    "panic", "fatal", "error", "warning", "info", "debug", "trace"
};

int log_level_parse(const char *name, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcasecmp(name, names[i]) == 0) {
            *ret = (enum log_level)i;
            return 0;
        }
    if (strcasecmp(name, "warn") == 0) {
        *ret = LOGL_WARN;
        return 0;
    }
    return -EINVAL;
}

void log_set_level(enum log_level level)
{
    current = level;
}

enum log_level log_get_level(void)
{
    return current;
}

void log_set_syslog(bool on)
{
    to_syslog = on;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    if (level > current && !to_syslog)
        return;
    char msg[2048], when[TIME_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    if (to_syslog)
        syslog(level <= LOGL_ERROR  ? LOG_ERR
               : level == LOGL_WARN ? LOG_WARNING
               : level == LOGL_INFO ? LOG_INFO
                                    : LOG_DEBUG,
               "%s", msg);
    if (level > current)
        return;

    AUTO_BUF b = { 0 };
    buf_printf(&b, "time=\"%s\" level=%s msg=\"",
               time_format_rfc3339(time_now() / NSEC_PER_SEC * NSEC_PER_SEC, when), names[level]);
    for (const char *p = msg; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_putc(&b, '\\');
        if (*p == '\n')
            buf_puts(&b, "\\n");
        else
            buf_putc(&b, *p);
    }
    buf_puts(&b, "\"\n");
    (void)!write_all(STDERR_FILENO, b.data, b.len);
}
