/* engine/logs.h: one record of a log file, for logs.c and its tests. */
#pragma once

#include "base/json.h"

struct log_line {
    int64_t when;
    bool err;
    bool complete; /* the program ended the line here */
    const char *text;
    size_t len; /* without the newline */
};

/* "2026-01-02T15:04:05.123456789+01:00 stdout F text"; false when it is none.  ret->text points into
 * @line. */
bool log_parse_k8s(const char *line, size_t len, struct log_line *ret);

/* {"log":"text\n","stream":"stdout","time":"..."}; ret->text lives in @a. */
bool log_parse_json(struct arena *a, const char *line, size_t len, struct log_line *ret);
