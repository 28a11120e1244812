#!/usr/bin/env bats
# podman stats: numbers that the kernel can be asked about too.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

field() { podman stats --no-stream --format "$1" c; }

@test "stats: memory, limit and processes are the cgroup's" {
    run_podman run -d --name c -m 64m --network none busybox sh -c 'sleep 100 & sleep 100 & wait'
    eventually eval '[ "$(field "{{.PIDS}}")" = 3 ]'
    is "$(field '{{.MemUsageBytes}}')" =~ "^[0-9.]+(KiB|MiB) / [0-9.]+[MG]iB$"
    # An ordinary user without systemd has no cgroup and no limit: then the figures are the processes' own.
    is_rootless || is "$(field '{{.MemLimit}}')" = 67108864
    is "$(field '{{.MemPerc}}')" =~ "^[0-9.]+%$"
    is "$(field '{{.NetIO}}')" = "-- / --"
}

@test "stats: time of the processor grows, and what one round used is told by the next" {
    run_podman run -d --name c --network none busybox sh -c 'while :; do :; done'
    eventually eval '[ "$(field "{{.CPUNano}}")" -gt 100000000 ]'
    first=$(field '{{.CPUNano}}')
    eventually eval '[ "$(field "{{.CPUNano}}")" -gt $((first + 100000000)) ]'
    run timeout 3 "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" stats -i 1 --format '{{.CPU}}' c
    is "$status" = 124
    [ "${#lines[@]}" -ge 2 ]
    is "${lines[1]}" !~ "^0"
    # A sleeper uses next to nothing.
    run_podman run -d --name idle --network none busybox sleep 100
    is "$(podman stats --no-stream --format '{{.CPUNano}}' idle | awk '{ print $1 < 1000000000 }')" = 1
}

@test "stats: written blocks and bytes on the network" {
    is_rootless && skip "a bridge of root's"
    run_podman run -d --name c busybox sh -c 'ping -c 3 -i 0.1 "$(ip route | sed -n "s/default via \([0-9.]*\).*/\1/p")"; sleep 100'
    eventually eval '[ "$(podman exec c cat /sys/class/net/eth0/statistics/tx_packets)" -ge 3 ]'
    run_podman stats --no-stream --format '{{range $name, $v := .Network}}{{$name}} {{$v.TxPackets}} {{$v.RxBytes}}{{end}}' c
    read -r name sent received <<<"$output"
    is "$name" = eth0
    [ "$sent" -ge 3 ] && [ "$received" -gt 0 ]
    is "$(field '{{.NetIO}}')" =~ "^[0-9.]+k?B / [0-9.]+k?B$"
}

@test "stats: table, JSON, which containers" {
    run_podman run -d --name c --network none busybox sleep 100
    run_podman create --name other busybox true
    run_podman stats --no-stream
    is "${lines[0]}" =~ "^ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET IO +BLOCK IO +PIDS +CPU TIME +AVG CPU %$"
    is "${#lines[@]}" = 2
    run_podman stats --no-stream -a --format '{{.Name}} {{.PIDS}}'
    is "$output" = "$(printf 'c 1\nother --')"
    run_podman stats --no-stream --no-trunc --format '{{.ID}}' c
    is "$output" = "$(podman inspect -f '{{.Id}}' c)"
    podman stats --no-stream --format json c >"$TEST_DIR/json"
    is "$(jq -r '.[0] | keys | join(" ")' "$TEST_DIR/json")" = \
        "avg_cpu block_io cpu_percent cpu_time id mem_percent mem_usage name net_io pids"
    run_podman stats --no-stream -l --format '{{.Name}}'
    is "$output" = other
    run_podman 125 stats --no-stream nosuch
    is "$output" =~ 'no container with name or ID "nosuch" found: no such container'
    run_podman 125 stats --no-stream -a c
    run_podman 125 stats --no-stream -i 0 c
    is "$output" =~ "invalid interval"
}
