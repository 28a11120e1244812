/* cli/containers/stats.h: numbers as `stats` and `pod stats` show them. */
#pragma once

#include "base/arena.h"

/* "1.25%", "--" for nothing. */
char *stats_percent(struct arena *a, double v);
/* "1.2MB / 3kB", "-- / --" for nothing; @human as in base/parse.h. */
char *stats_pair(struct arena *a, const char *(*human)(int64_t, char *, size_t), int64_t x,
                 int64_t y);
