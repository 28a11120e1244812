/* What a cgroup has used. */
#include <inttypes.h>
#include <sys/sysinfo.h>

#include "base/fs.h"
#include "base/parse.h"
#include "oci/cgroup_priv.h"

#include "base/banned.h"

enum { STAT_FILE_MAX = 1 << 20 };

/* The leading digits of @text. */
static int64_t number(const char *text)
{
    char digits[24];
    size_t n = strspn(text, "0123456789");
    uint64_t v;

    snprintf(digits, sizeof(digits), "%.*s", (int)MIN(n, sizeof(digits) - 1), text);
    return parse_u64(digits, INT64_MAX, &v) == 0 ? (int64_t)v : 0;
}

static int64_t read_number(int dir, const char *file)
{
    AUTO_BUF b = { .max = STAT_FILE_MAX };

    return fs_read_file(dir, file, &b) == 0 && b.data ? number(b.data) : 0;
}

/* "max" is no number and no limit. */
static int64_t read_limit(int dir, const char *file)
{
    int64_t v = read_number(dir, file);

    return v > 0 ? v : INT64_MAX;
}

/* Of "key value" lines. */
static int64_t read_keyed(int dir, const char *file, const char *key)
{
    AUTO_BUF b = { .max = STAT_FILE_MAX };
    size_t n = strlen(key);

    if (fs_read_file(dir, file, &b) < 0 || !b.data)
        return 0;
    for (const char *p = b.data; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
        if (strncmp(p, key, n) == 0 && p[n] == ' ')
            return number(p + n + 1);
    return 0;
}

/* The sum over all devices of what stands behind each @word: "8:0 rbytes=4096 wbytes=0", "8:0 Read 4096". */
static int64_t sum_after(int dir, const char *file, const char *word)
{
    AUTO_BUF b = { .max = STAT_FILE_MAX };
    int64_t sum = 0;

    if (fs_read_file(dir, file, &b) < 0 || !b.data)
        return 0;
    for (const char *p = b.data; (p = strstr(p, word)); p += strlen(word))
        sum += number(p + strlen(word));
    return sum;
}

static int64_t machine_memory(void)
{
    struct sysinfo si;

    return sysinfo(&si) == 0 ? (int64_t)si.totalram * si.mem_unit : INT64_MAX;
}

static void cpu_stats(const char *path, struct run_stats *s)
{
    bool v2;
    AUTO_CLOSE int dir = cg_open("cpuacct", path, &v2);

    if (dir >= 0) {
        s->cpu_ns = read_number(dir, "cpuacct.usage");
        s->cpu_system_ns = read_number(dir, "cpuacct.usage_sys");
        return;
    }
    /* cpu.stat is there in every cgroup of version 2, with the controller or without. */
    AUTO_CLOSE int unified = cg_open_unified(path);
    s->cpu_ns = read_keyed(unified, "cpu.stat", "usage_usec") * 1000;
    s->cpu_system_ns = read_keyed(unified, "cpu.stat", "system_usec") * 1000;
}

static void memory_stats(const char *path, struct run_stats *s)
{
    bool v2;
    AUTO_CLOSE int dir = cg_open("memory", path, &v2);
    int64_t all = read_number(dir, v2 ? "memory.current" : "memory.usage_in_bytes");
    int64_t cold = read_keyed(dir, "memory.stat", v2 ? "inactive_file" : "total_inactive_file");

    if (dir < 0)
        return;
    s->memory = all > cold ? all - cold : all;
    s->memory_limit = MIN(read_limit(dir, v2 ? "memory.max" : "memory.limit_in_bytes"),
                          machine_memory());
}

static void block_stats(const char *path, struct run_stats *s)
{
    bool v2;
    AUTO_CLOSE int io = cg_open("io", path, &v2);

    if (io >= 0) {
        s->block_read = sum_after(io, "io.stat", " rbytes=");
        s->block_written = sum_after(io, "io.stat", " wbytes=");
        return;
    }
    AUTO_CLOSE int blkio = cg_open("blkio", path, &v2);
    s->block_read = sum_after(blkio, "blkio.throttle.io_service_bytes_recursive", " Read ");
    s->block_written = sum_after(blkio, "blkio.throttle.io_service_bytes_recursive", " Write ");
}

void oci_cgroup_stats(const char *path, struct run_stats *ret)
{
    bool v2;
    AUTO_CLOSE int pids = cg_open("pids", path, &v2);

    ret->pids = read_number(pids, "pids.current");
    cpu_stats(path, ret);
    memory_stats(path, ret);
    block_stats(path, ret);
}
