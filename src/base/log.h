/* base/log.h: diagnostic lines on stderr, filtered by --log-level.
 *
 * Only the edges print errors (command main, monitor loop, request handler); everything below may
 * emit debug and warning lines.  The format is logrus's text format, which scripts written for
 * Podman match:  time="2026-01-02T15:04:05Z" level=warning msg="..." */
#pragma once

#include "base/util.h"

enum log_level { LOGL_PANIC, LOGL_FATAL, LOGL_ERROR, LOGL_WARN, LOGL_INFO, LOGL_DEBUG, LOGL_TRACE };

int log_level_parse(const char *name, enum log_level *ret) MUST_CHECK; /* -EINVAL */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_syslog(bool on); /* --syslog: warnings and worse go there too */

void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_get_level() >= LOGL_DEBUG)                                                         \
            log_line(LOGL_DEBUG, __VA_ARGS__);                                                     \
    } while (0)
#define log_info(...)  log_line(LOGL_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOGL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOGL_ERROR, __VA_ARGS__)
