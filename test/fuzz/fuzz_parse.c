/* Sizes, durations, times and numbers: whatever is accepted is finite and was read to its end. */
#include <assert.h>

#include "base/parse.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *s = xstrndup((const char *)data, size);
    char text[TIME_TEXT_MAX];
    int64_t n, again;
    uint64_t u;
    double f;
    bool b;

    (void)!parse_size(s, &n);
    (void)!parse_duration(s, &n);
    (void)!parse_time(s, 1000 * NSEC_PER_SEC, &n);
    (void)!parse_u64(s, UINT64_MAX, &u);
    (void)!parse_i64(s, INT64_MIN, INT64_MAX, &n);
    (void)!parse_bool(s, &b);
    if (parse_f64(s, &f) == 0)
        assert(f - f < 1);
    if (parse_rfc3339(s, &n) == 0 && n > 0) {
        time_format_rfc3339(n, text);
        assert(parse_rfc3339(text, &again) == 0 && again == n);
    }
    return 0;
}
