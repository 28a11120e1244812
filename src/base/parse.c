#include "base/parse.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <strings.h>

#include "base/banned.h"

static int number(const char *s, unsigned base, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (!*s)
        return -EINVAL;
    for (; *s; s++) {
        if (*s < '0' || *s >= '0' + (int)base)
            return -EINVAL;
        uint64_t d = (uint64_t)(*s - '0');
        if (d > max || v > (max - d) / base)
            return -ERANGE;
        v = v * base + d;
    }
    *ret = v;
    return 0;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
    return number(s, 10, max, ret);
}

int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
    bool neg = *s == '-';
    uint64_t v;

    if (*s == '-' || *s == '+')
        s++;
    int r = parse_u64(s, (uint64_t)INT64_MAX + 1, &v);
    if (r < 0)
        return r;
    if (!neg && v > (uint64_t)INT64_MAX)
        return -ERANGE;
    int64_t i = neg ? (v > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)v) : (int64_t)v;
    if (i < min || i > max)
        return -ERANGE;
    *ret = i;
    return 0;
}

int parse_u32(const char *s, uint32_t *ret)
{
    uint64_t v;
    int r = parse_u64(s, UINT32_MAX, &v);

    if (r == 0)
        *ret = (uint32_t)v;
    return r;
}

int parse_octal(const char *s, uint32_t max, uint32_t *ret)
{
    uint64_t v;
    int r = number(s, 8, max, &v);

    if (r == 0)
        *ret = (uint32_t)v;
    return r;
}

int parse_f64(const char *s, double *ret)
{
    char *end;

    /* strtod also takes hexadecimal, "inf" and leading blanks: shut those out first. */
    for (const char *p = s; *p; p++)
        if (!isdigit((unsigned char)*p) && !strchr("+-.eE", *p))
            return -EINVAL;
    if (!*s)
        return -EINVAL;
    errno = 0;
    double v = strtod(s, &end);
    if (*end || end == s)
        return -EINVAL;
    if (errno == ERANGE || !isfinite(v))
        return -ERANGE;
    *ret = v;
    return 0;
}

int parse_bool(const char *s, bool *ret)
{
    static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
    static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (STR_EQ(s, yes[i])) {
            *ret = true;
            return 0;
        }
        if (STR_EQ(s, no[i])) {
            *ret = false;
            return 0;
        }
    }
    return -EINVAL;
}

static int size_in(const char *s, double step, int64_t *ret)
{
    size_t n = strspn(s, "0123456789.");
    char num[32];

    if (n == 0 || n >= sizeof(num))
        return -EINVAL;
    memcpy(num, s, n);
    num[n] = '\0';
    const char *unit = s + n;
    if (*unit == ' ')
        unit++;
    double scale = 1;
    if (*unit && tolower((unsigned char)*unit) != 'b') {
        const char *k = strchr("kmgtp", tolower((unsigned char)*unit));
        if (!k)
            return -EINVAL;
        for (long i = k - "kmgtp"; i >= 0; i--)
            scale *= step;
        unit++;
        if (tolower((unsigned char)*unit) == 'i')
            unit++;
    }
    if (tolower((unsigned char)*unit) == 'b')
        unit++;
    if (*unit)
        return -EINVAL;
    if (scale == 1 && !strchr(num, '.')) { /* whole bytes keep all 63 bits */
        uint64_t v;
        int r = parse_u64(num, INT64_MAX, &v);
        if (r == 0)
            *ret = (int64_t)v;
        return r;
    }
    double v;
    int r = parse_f64(num, &v);
    if (r < 0)
        return r;
    if (v * scale >= 9223372036854775807.0)
        return -ERANGE;
    *ret = (int64_t)(v * scale);
    return 0;
}

int parse_size(const char *s, int64_t *ret)
{
    return size_in(s, 1024, ret);
}

int parse_size_decimal(const char *s, int64_t *ret)
{
    return size_in(s, 1000, ret);
}

static const struct {
    const char *name;
    double ns;
} units[] = { { "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
              { "ms", 1e6 }, { "s", 1e9 },  { "m", 60e9 },        { "h", 3600e9 } };

int parse_duration(const char *s, int64_t *ret_ns)
{
    bool neg = *s == '-';
    double total = 0;

    if (*s == '-' || *s == '+')
        s++;
    if (STR_EQ(s, "0")) {
        *ret_ns = 0;
        return 0;
    }
    if (!*s)
        return -EINVAL;
    while (*s) {
        size_t n = strspn(s, "0123456789.");
        char num[32];
        if (n == 0 || n >= sizeof(num))
            return -EINVAL;
        memcpy(num, s, n);
        num[n] = '\0';
        double v;
        int r = parse_f64(num, &v);
        if (r < 0)
            return r;
        s += n;
        size_t unit = strcspn(s, "0123456789."), i;
        for (i = 0; i < ARRAY_SIZE(units); i++)
            if (strlen(units[i].name) == unit && strncmp(s, units[i].name, unit) == 0)
                break;
        if (i == ARRAY_SIZE(units))
            return -EINVAL;
        total += v * units[i].ns;
        s += unit;
    }
    if (total >= 9223372036854775807.0)
        return -ERANGE;
    *ret_ns = neg ? -(int64_t)total : (int64_t)total;
    return 0;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t time_now(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t time_monotonic(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Exactly @n digits at *@s, which moves past them. */
static int digits(const char **s, int n, int *ret)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*s)[i]))
            return -EINVAL;
        v = v * 10 + ((*s)[i] - '0');
    }
    *s += n;
    *ret = v;
    return 0;
}

static int zone(const char **s, int *ret_seconds)
{
    if (**s == 'Z' || **s == 'z') {
        (*s)++;
        *ret_seconds = 0;
        return 0;
    }
    int sign = **s == '-' ? -1 : 1, h, m;
    if (**s != '+' && **s != '-')
        return -EINVAL;
    (*s)++;
    if (digits(s, 2, &h) < 0)
        return -EINVAL;
    if (**s == ':')
        (*s)++;
    if (digits(s, 2, &m) < 0 || h > 23 || m > 59)
        return -EINVAL;
    *ret_seconds = sign * (h * 3600 + m * 60);
    return 0;
}

static int fraction(const char **s, int64_t *ret_ns)
{
    int64_t ns = 0, scale = NSEC_PER_SEC / 10;

    *ret_ns = 0;
    if (**s != '.')
        return 0;
    (*s)++;
    if (!isdigit((unsigned char)**s))
        return -EINVAL;
    for (; isdigit((unsigned char)**s); (*s)++, scale /= 10)
        ns += (**s - '0') * scale;
    *ret_ns = ns;
    return 0;
}

static int date(const char **s, struct tm *tm)
{
    int y, mo, d;

    if (digits(s, 4, &y) < 0 || *(*s)++ != '-' || digits(s, 2, &mo) < 0 || *(*s)++ != '-' ||
        digits(s, 2, &d) < 0 || mo < 1 || mo > 12 || d < 1 || d > 31)
        return -EINVAL;
    tm->tm_year = y - 1900;
    tm->tm_mon = mo - 1;
    tm->tm_mday = d;
    return 0;
}

/* "T12:34:56.789"; when @lenient also with a blank, without seconds, or not there at all. */
static int time_of_day(const char **s, bool lenient, struct tm *tm, int64_t *ret_ns)
{
    if (**s != 'T' && **s != 't' && !(**s == ' ' && lenient))
        return lenient ? 0 : -EINVAL;
    (*s)++;
    if (digits(s, 2, &tm->tm_hour) < 0 || *(*s)++ != ':' || digits(s, 2, &tm->tm_min) < 0 ||
        tm->tm_hour > 23 || tm->tm_min > 59)
        return -EINVAL;
    if (**s != ':')
        return lenient ? 0 : -EINVAL;
    (*s)++;
    return digits(s, 2, &tm->tm_sec) < 0 || tm->tm_sec > 60 ? -EINVAL : fraction(s, ret_ns);
}

/* Date, or date and time; a missing zone is local time when @lenient, an error otherwise. */
static int parse_stamp(const char *s, bool lenient, int64_t *ret_ns)
{
    struct tm tm = { .tm_isdst = -1 };
    int64_t ns = 0;
    int off = 0;

    if (date(&s, &tm) < 0 || time_of_day(&s, lenient, &tm, &ns) < 0)
        return -EINVAL;
    bool local = !*s;
    if (local ? !lenient : zone(&s, &off) < 0 || *s)
        return -EINVAL;
    int y = tm.tm_year + 1900;
    /* Outside what 64 bits of nanoseconds hold.  Go's zero time is such a date and common. */
    if (y == 1) {
        *ret_ns = 0;
        return 0;
    }
    if (y < 1678 || y > 2261)
        return -ERANGE;
    int64_t t = local ? (int64_t)mktime(&tm) : (int64_t)timegm(&tm) - off;
    *ret_ns = t * NSEC_PER_SEC + ns;
    return 0;
}

int parse_rfc3339(const char *s, int64_t *ret_ns)
{
    return parse_stamp(s, false, ret_ns);
}

int parse_time(const char *s, int64_t now, int64_t *ret_ns)
{
    int64_t v, ns;
    const char *dot = strchrnul(s, '.');
    char whole[24];

    if (parse_stamp(s, true, ret_ns) == 0)
        return 0;
    if ((size_t)(dot - s) < sizeof(whole)) { /* Unix seconds */
        memcpy(whole, s, (size_t)(dot - s));
        whole[dot - s] = '\0';
        const char *rest = dot;
        if (parse_i64(whole, -9000000000LL, 9000000000LL, &v) == 0 && fraction(&rest, &ns) == 0 &&
            !*rest) {
            *ret_ns = v * NSEC_PER_SEC + ns;
            return 0;
        }
    }
    if (parse_duration(s, &v) == 0) {
        *ret_ns = now - (v < 0 ? -v : v);
        return 0;
    }
    return -EINVAL;
}

/* Splits so that the nanoseconds are never negative. */
static void split_time(int64_t ns, time_t *ret_sec, int64_t *ret_frac)
{
    int64_t s = ns / NSEC_PER_SEC, f = ns % NSEC_PER_SEC;

    if (f < 0) {
        s--;
        f += NSEC_PER_SEC;
    }
    *ret_sec = (time_t)s;
    *ret_frac = f;
}

static int put_fraction(char *out, size_t size, int64_t frac)
{
    if (frac == 0)
        return 0;
    int n = snprintf(out, size, ".%09" PRId64, frac);
    while (out[n - 1] == '0')
        out[--n] = '\0';
    return n;
}

static const char *format_stamp(int64_t ns, bool local, char sep, const char *utc, char *out)
{
    struct tm tm;
    time_t t;
    int64_t frac;

    if (ns == 0)
        return memcpy(out, sep == 'T' ? "0001-01-01T00:00:00Z" : "0001-01-01 00:00:00 +0000 UTC",
                      sep == 'T' ? 21 : 30);
    split_time(ns, &t, &frac);
    if (local)
        localtime_r(&t, &tm);
    else
        gmtime_r(&t, &tm);
    int n = snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02d%c%02d:%02d:%02d", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, sep, tm.tm_hour, tm.tm_min, tm.tm_sec);
    n += put_fraction(out + n, TIME_TEXT_MAX - (size_t)n, frac);
    if (local && tm.tm_gmtoff != 0) {
        long off = labs(tm.tm_gmtoff);
        snprintf(out + n, TIME_TEXT_MAX - (size_t)n, "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+',
                 off / 3600, off % 3600 / 60);
    } else
        snprintf(out + n, TIME_TEXT_MAX - (size_t)n, "%s", utc);
    return out;
}

const char *time_format_rfc3339(int64_t ns, char *out)
{
    return format_stamp(ns, false, 'T', "Z", out);
}

const char *time_format_rfc3339_local(int64_t ns, char *out)
{
    return format_stamp(ns, true, 'T', "Z", out);
}

const char *time_format_go(int64_t ns, char *out)
{
    return format_stamp(ns, false, ' ', " +0000 UTC", out);
}

const char *human_duration(int64_t ns, char *out, size_t size)
{
    int64_t s = ns / NSEC_PER_SEC, m = s / 60, h = (m + 30) / 60;

    if (s < 1)
        snprintf(out, size, "Less than a second");
    else if (s == 1)
        snprintf(out, size, "1 second");
    else if (s < 60)
        snprintf(out, size, "%" PRId64 " seconds", s);
    else if (m == 1)
        snprintf(out, size, "About a minute");
    else if (m < 60)
        snprintf(out, size, "%" PRId64 " minutes", m);
    else if (h == 1)
        snprintf(out, size, "About an hour");
    else if (h < 48)
        snprintf(out, size, "%" PRId64 " hours", h);
    else if (h < 24 * 7 * 2)
        snprintf(out, size, "%" PRId64 " days", h / 24);
    else if (h < 24 * 30 * 2)
        snprintf(out, size, "%" PRId64 " weeks", h / 24 / 7);
    else if (h < 24 * 365 * 2)
        snprintf(out, size, "%" PRId64 " months", h / 24 / 30);
    else
        snprintf(out, size, "%" PRId64 " years", h / 24 / 365);
    return out;
}

static const char *const decimal_units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", NULL };
static const char *const binary_units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

static const char *size_text(int64_t bytes, const char *format, const char *const *names, char *out,
                             size_t size)
{
    double v = (double)bytes, step = names == binary_units ? 1024 : 1000;
    size_t i = 0;

    while (v >= step && names[i + 1]) {
        v /= step;
        i++;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, size, format, v, names[i]);
#pragma GCC diagnostic pop
    return out;
}

const char *human_size(int64_t bytes, char *out, size_t size)
{
    return size_text(bytes, "%.3g %s", decimal_units, out, size);
}

const char *human_size_plain(int64_t bytes, char *out, size_t size)
{
    return size_text(bytes, "%.4g%s", decimal_units, out, size);
}

const char *human_size_binary(int64_t bytes, char *out, size_t size)
{
    return size_text(bytes, "%.4g%s", binary_units, out, size);
}

/* @ns below a second in the largest unit that leaves a whole part. */
static void short_duration(int64_t ns, char *out)
{
    static const struct {
        int64_t ns;
        const char *name;
    } steps[] = { { 1000000, "ms" }, { 1000, "\302\265s" }, { 1, "ns" } };
    size_t i = 0;

    while (ns < steps[i].ns)
        i++;
    snprintf(out, TIME_TEXT_MAX, "%.9g%s", (double)ns / (double)steps[i].ns, steps[i].name);
}

const char *time_format_duration(int64_t ns, char *out)
{
    int64_t abs = ns == INT64_MIN ? INT64_MAX : ns < 0 ? -ns : ns;
    char *p = out;
    int64_t h = abs / NSEC_PER_SEC / 3600, m = abs / NSEC_PER_SEC / 60 % 60;
    char fraction[12];

    if (ns < 0)
        *p++ = '-';
    if (abs == 0 || abs >= NSEC_PER_SEC) {
        if (h)
            p += snprintf(p, 24, "%" PRId64 "h", h);
        if (h || m)
            p += snprintf(p, 8, "%" PRId64 "m", m);
        snprintf(fraction, sizeof(fraction), ".%09d", (int)(abs % NSEC_PER_SEC));
        size_t n = strlen(fraction);
        while (n && (fraction[n - 1] == '0' || fraction[n - 1] == '.'))
            if (fraction[--n] == '.')
                break;
        snprintf(p, 24, "%d%.*ss", (int)(abs / NSEC_PER_SEC % 60), (int)n, fraction);
    } else
        short_duration(abs, p);
    return out;
}
