/* image/mod/retry.h: when a failed transfer is tried again, and after how long. */
#pragma once

#include "base/err.h"
#include "base/progress.h"

struct retry {
    uint64_t times;
    int64_t delay_ns; /* < 0: 2 s, doubled each time */
};

/* Waits before attempt @attempt + 1 (counted from 0): as long as configured, or as the peer has asked for
 * (Retry-After), up to a minute. */
void retry_wait(const struct retry *r, uint64_t attempt);

/* Is it a failure that may pass?  A registry that is busy, or a connection that broke; not what it refused, and one that
 * is not there only for those who told how long to wait. */
bool retry_helps(const struct retry *r, int code);

/* Says that @err is not the end, clears it and waits. */
void retry_again(const struct retry *r, uint64_t attempt, struct progress *progress,
                 struct err *err);
