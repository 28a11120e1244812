#!/usr/bin/env bats
# Limits: what the files of the container's cgroup say, and what the kernel does at the limit.

load helpers

setup() {
    basic_setup
    has_cgroup || skip "an ordinary user has no cgroup of his own without systemd"
    load_busybox
}
teardown() { basic_teardown; }

v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

start() { podman run -d --name c "$@" busybox sleep 100 >/dev/null; }

@test "every hierarchy has the container's process in the container's cgroup" {
    start
    pid=$(pid_of c)
    id=$(podman inspect -f '{{.Id}}' c)
    while IFS=: read -r _ controllers path; do
        case $controllers in
        *cpuset* | *memory* | *pids* | *devices* | *freezer* | cpu*) is "$path" =~ "/libpod-$id" ;;
        '') v2 && is "$path" =~ "/libpod-$id" ;;
        esac
    done <"/proc/$pid/cgroup"
    [ -n "$(cgroup_dirs "$id")" ]
    run_podman exec c cat /proc/self/cgroup
    is "$output" !~ libpod
    run_podman exec -d c sleep 50
    eventually eval '[ "$(limit c pids/cgroup.procs cgroup.procs | wc -l)" = 2 ]'
}

@test "--memory, --memory-swap, --memory-reservation, --memory-swappiness" {
    start --memory 64m --memory-reservation 32m
    is "$(limit c memory/memory.limit_in_bytes memory.max)" = 67108864
    is "$(limit c memory/memory.soft_limit_in_bytes memory.low)" = 33554432
    run_podman 125 run --memory 1 busybox true
    run_podman 125 run --memory 64m --memory-swap 32m busybox true
    run_podman 125 run --memory-swappiness 101 busybox true
}

@test "--cpus, --cpu-quota, --cpu-period, --cpu-shares" {
    start --cpus 0.5 --cpu-shares 512
    if v2; then
        is "$(limit c - cpu.max)" = "50000 100000"
    else
        is "$(limit c cpu/cpu.cfs_quota_us)" = 50000
        is "$(limit c cpu/cpu.cfs_period_us)" = 100000
        is "$(limit c cpu/cpu.shares)" = 512
    fi
    run_podman rm -ft 0 c
    start --cpu-quota 20000 --cpu-period 50000
    is "$(limit c cpu/cpu.cfs_quota_us cpu.max)" =~ ^20000
    run_podman 125 run --cpus 1 --cpu-quota 1000 busybox true
    run_podman 125 run --cpus x busybox true
}

@test "--cpus holds the container to its share" {
    start --cpus 0.2
    run_podman exec -d c sh -c 'while :; do :; done'
    sleep 1.5
    if ! v2; then
        is "$(limit c cpu/cpu.stat | sed -n 's/nr_throttled //p')" =~ '^[1-9]'
    else
        is "$(limit c - cpu.stat | sed -n 's/nr_throttled //p')" =~ '^[1-9]'
    fi
}

@test "--cpuset-cpus, --cpuset-mems" {
    start --cpuset-cpus 0 --cpuset-mems 0
    is "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of c)/status")" = 0
    is "$(podman exec c nproc)" = 1
    run_podman 125 run --cpuset-cpus 99999 busybox true
}

@test "--pids-limit" {
    start --pids-limit 10
    is "$(limit c pids/pids.max pids.max)" = 10
    run podman exec c sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done'
    is "$output" =~ "fork"
    run_podman rm -ft 0 c
    start
    is "$(limit c pids/pids.max pids.max)" = 2048
    run_podman rm -ft 0 c
    start --pids-limit -1
    is "$(limit c pids/pids.max pids.max)" = max
}

@test "out of memory: 137, and State.OOMKilled" {
    run podman run --name c --memory 16m --memory-swap 16m busybox \
        sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'
    is "$status" = 137
    is "$(podman inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' c)" = "true 137"
    run podman run --name d --memory 64m busybox sh -c 'kill -9 0; exit 3'
    is "$(podman inspect -f '{{.State.OOMKilled}}' d)" = false
}

@test "--device-cgroup-rule" {
    [ -c /dev/fuse ] || skip "no device to try it with"
    run_podman run --rm --device-cgroup-rule 'c 10:229 rwm' --cap-add mknod busybox \
        sh -c 'mknod /fuse c 10 229 && : </fuse'
    run podman run --rm --cap-add mknod busybox sh -c 'mknod /fuse c 10 229; : </fuse'
    is "$output" =~ "Operation not permitted"
    run_podman 125 run --rm --device-cgroup-rule nonsense busybox true
}

@test "--cgroup-parent" {
    is_rootless && skip "a place for root"
    podman --cgroup-manager cgroupfs run -d --name c --cgroup-parent /mine busybox sleep 100
    is "$(cat "/proc/$(pid_of c)/cgroup")" =~ "/mine/libpod-"
    run_podman rm -ft 0 c
    find /sys/fs/cgroup -maxdepth 3 -type d -name mine -exec rmdir {} + 2>/dev/null || true
}

@test "the cgroup goes with the container" {
    for _ in 1 2 3; do
        run_podman run --rm --memory 32m busybox true
    done
    start
    id=$(podman inspect -f '{{.Id}}' c)
    [ -n "$(cgroup_dirs "$id")" ]
    run_podman stop -t 0 c
    eventually eval '[ -z "$(cgroup_dirs '"$id"')" ]'
}
