/* base/parse.h: the only parsers of numbers, sizes, durations and times.
 *
 * Each is strict: the whole string, the whole range, an error otherwise (-EINVAL malformed, -ERANGE
 * out of range).  Nothing is written on failure. */
#pragma once

#include <time.h>

#include "base/util.h"

#define NSEC_PER_SEC  1000000000LL
#define TIME_TEXT_MAX 48

int parse_u64(const char *s, uint64_t max, uint64_t *ret) MUST_CHECK; /* decimal */
int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret) MUST_CHECK;
int parse_u32(const char *s, uint32_t *ret) MUST_CHECK;
int parse_octal(const char *s, uint32_t max, uint32_t *ret) MUST_CHECK; /* "0755" and "755" */
int parse_f64(const char *s, double *ret) MUST_CHECK;                   /* finite only */
int parse_bool(const char *s, bool *ret) MUST_CHECK; /* Go's: 1 t T TRUE true True, 0 f ... */

/* A size in bytes as docker/go-units reads it: "512", "64m", "1.5GiB", "10kb"; binary units. */
int parse_size(const char *s, int64_t *ret) MUST_CHECK;
/* The same with decimal units, as go-units' FromHumanSize: "10m" is ten million. */
int parse_size_decimal(const char *s, int64_t *ret) MUST_CHECK;

/* Go's time.ParseDuration in nanoseconds: "1h30m", "2.5s", "-10ms", "0". */
int parse_duration(const char *s, int64_t *ret_ns) MUST_CHECK;

/* Times are nanoseconds since the epoch, UTC. 0 stands for Go's zero time. */
int64_t time_now(void);
int64_t time_monotonic(void);

/* What --since/--until and filters take: RFC3339 with or without fraction and zone, a date, Unix
 * seconds with fraction, or a duration before @now ("10m", with or without '-'). */
int parse_time(const char *s, int64_t now, int64_t *ret_ns) MUST_CHECK;
int parse_rfc3339(const char *s, int64_t *ret_ns) MUST_CHECK;

/* "2026-01-02T15:04:05.123456789Z" (trailing zeros of the fraction dropped, as Go does);
 * "0001-01-01T00:00:00Z" for 0.  @out has TIME_TEXT_MAX bytes and is returned. */
const char *time_format_rfc3339(int64_t ns, char *out);
/* The same in local time with its offset. */
const char *time_format_rfc3339_local(int64_t ns, char *out);
/* Go's default print: "2026-01-02 15:04:05.123456789 +0000 UTC". */
const char *time_format_go(int64_t ns, char *out);
/* Go's Duration.String: "1h2m3.5s", "1.5ms", "0s"; parse_duration() reads it. */
const char *time_format_duration(int64_t ns, char *out);

/* go-units' texts: "3 minutes", "About an hour", "Less than a second". */
const char *human_duration(int64_t ns, char *out, size_t size);
/* "4.26 MB" (go-units HumanSizeWithPrecision 3, decimal units, a space before the unit). */
const char *human_size(int64_t bytes, char *out, size_t size);
/* "4.257MB" (go-units HumanSize: precision 4, no space). */
const char *human_size_plain(int64_t bytes, char *out, size_t size);
/* "4.06MiB" (go-units BytesSize). */
const char *human_size_binary(int64_t bytes, char *out, size_t size);
