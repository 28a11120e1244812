#include "image/mod/retry.h"

#include <time.h>

#include "base/parse.h"
#include "image/mod/http.h"

#include "base/banned.h"

enum { LONGEST_SECONDS = 60 };

/* Asks what the registry said, which can be asked once. */
static int64_t delay_of(const struct retry *r, uint64_t attempt)
{
    int64_t ns = r->delay_ns >= 0 ? r->delay_ns : (2 * NSEC_PER_SEC) << MIN(attempt, (uint64_t)5);
    int64_t asked = http_retry_after();

    return MIN(MAX(ns, asked), LONGEST_SECONDS * NSEC_PER_SEC);
}

static void sleep_ns(int64_t ns)
{
    struct timespec ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

    nanosleep(&ts, NULL);
}

void retry_wait(const struct retry *r, uint64_t attempt)
{
    sleep_ns(delay_of(r, attempt));
}

bool retry_helps(const struct retry *r, int code)
{
    return code == -EAGAIN || code == -ECONNABORTED || (code == -ECONNREFUSED && r->delay_ns >= 0);
}

void retry_again(const struct retry *r, uint64_t attempt, struct progress *progress,
                 struct err *err)
{
    int64_t ns = delay_of(r, attempt);
    long long ms = ns / (NSEC_PER_SEC / 1000);
    bool whole = ms % 1000 == 0 && ms;

    progress_line(progress, "Failed, retrying in %lld%s ... (%llu/%llu). Error: %s",
                  whole ? ms / 1000 : ms, whole ? "s" : "ms", (unsigned long long)attempt + 1,
                  (unsigned long long)r->times, err->msg);
    err_clear(err);
    sleep_ns(ns);
}
