#include "spec/stats.h"

#include "base/banned.h"

#define I struct interface_stats
static const struct json_field interface_rows[] = {
    JF_STR(I, name, "name", JF_REQUIRED),   JF_I64(I, rx_bytes, "rx_bytes", 0),
    JF_I64(I, rx_packets, "rx_packets", 0), JF_I64(I, rx_errors, "rx_errors", 0),
    JF_I64(I, rx_dropped, "rx_dropped", 0), JF_I64(I, tx_bytes, "tx_bytes", 0),
    JF_I64(I, tx_packets, "tx_packets", 0), JF_I64(I, tx_errors, "tx_errors", 0),
    JF_I64(I, tx_dropped, "tx_dropped", 0), { 0 },
};
#undef I
static const struct json_type interface_stats_type = JSON_TYPE(struct interface_stats,
                                                               interface_rows);

#define S struct run_stats
static const struct json_field stats_rows[] = {
    JF_I64(S, sampled_at, "sampled_at", 0),
    JF_I64(S, cpu_ns, "cpu_ns", 0),
    JF_I64(S, cpu_system_ns, "cpu_system_ns", 0),
    JF_I64(S, memory, "memory", 0),
    JF_I64(S, memory_limit, "memory_limit", 0),
    JF_I64(S, block_read, "block_read", 0),
    JF_I64(S, block_written, "block_written", 0),
    JF_I64(S, pids, "pids", 0),
    JF_LIST(S, interfaces, "interfaces", 0, &interface_stats_type),
    { 0 },
};
#undef S
const struct json_type run_stats_type = JSON_TYPE(struct run_stats, stats_rows);
