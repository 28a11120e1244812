#include "image/mod/retry.h"

#include <time.h>

#include "base/parse.h"
#include "image/mod/http.h"

#include "base/banned.h"

enum { LONGEST_SECONDS = 60 };

void retry_wait(const struct retry *r, uint64_t attempt)
{
    int64_t ns = r->delay_ns >= 0 ? r->delay_ns : (2 * NSEC_PER_SEC) << MIN(attempt, (uint64_t)5);

    int64_t asked = http_retry_after();
    ns = MIN(MAX(ns, asked), LONGEST_SECONDS * NSEC_PER_SEC);
    struct timespec ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
    nanosleep(&ts, NULL);
}

bool retry_helps(int r)
{
    return r == -EAGAIN || r == -ECONNABORTED;
}
