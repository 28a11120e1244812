/* image/report.h: lines for whoever watches a transfer. */
#pragma once

#include "base/util.h"

struct progress;

/* One line; nothing when @p is NULL. */
void report_line(struct progress *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Lines on stderr. */
struct progress *report_stderr(void);
