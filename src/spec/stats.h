/* spec/stats.h: what a container uses, as its monitor counts it (the request {"op":"stats"}).
 *
 * All counters grow from the start of the container.  What the kernel does not count here (no such
 * controller) is zero; without a cgroup of its own the figures are its processes'. */
#pragma once

#include "base/json.h"

struct interface_stats {
    char *name;
    int64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
    int64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

struct run_stats {
    int64_t sampled_at; /* nanoseconds since the epoch */
    int64_t cpu_ns, cpu_system_ns;
    int64_t memory,
        memory_limit; /* bytes; without what the kernel would drop first; the limit is at most what the machine has */
    int64_t block_read, block_written; /* bytes */
    int64_t pids;
    JSON_LIST(struct interface_stats) interfaces; /* without loopback */
};
extern const struct json_type run_stats_type;
