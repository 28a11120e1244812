#!/usr/bin/env bats
# podman update: limits at once, the rest from the next start; ports are in 200-network.bats.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

@test "update: limits of a running container are in force at once, and after a restart" {
    has_cgroup || skip "an ordinary user has no cgroup of his own without systemd"
    run_podman run -d --name c -m 64m --pids-limit 50 busybox sleep 1000
    run_podman update --memory 96m --memory-swap 128m --pids-limit 20 --cpus 0.5 --cpu-shares 512 c
    is "$output" = "$(podman inspect -f '{{.Id}}' c)"
    for when in running restarted; do
        is "$(limit c memory/memory.limit_in_bytes memory.max)" = 100663296
        is "$(limit c pids/pids.max pids.max)" = 20
        if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
            is "$(limit c - cpu.max)" = "50000 100000"
            is "$(limit c - memory.swap.max)" = 33554432
        else
            is "$(limit c cpu/cpu.cfs_quota_us -)" = 50000
            is "$(limit c cpu/cpu.shares -)" = 512
            is "$(limit c memory/memory.memsw.limit_in_bytes -)" = 134217728
        fi
        run_podman restart -t 0 c
    done
    run_podman inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpuShares}}' c
    is "$output" = "100663296 134217728 20 512"
    # What was not given stays; no limit is one too.
    run_podman update --pids-limit -1 c
    is "$(limit c pids/pids.max pids.max)" = max
    is "$(limit c memory/memory.limit_in_bytes memory.max)" = 100663296
    # Processes that are there see it: the third does not fit.
    run_podman update --pids-limit 2 c
    run podman exec c sh -c 'sleep 5 & sleep 5 & wait'
    is "$output" =~ "can't fork|Resource temporarily unavailable"
}

@test "update: a bad limit changes nothing" {
    has_cgroup || skip "an ordinary user has no cgroup of his own without systemd"
    run_podman run -d --name c -m 64m busybox sleep 1000
    run_podman 125 update --memory 256m --memory-swap 128m c
    run_podman 125 update --memory nonsense c
    run_podman 125 update --cpus 1 --cpu-quota 5 c
    is "$(limit c memory/memory.limit_in_bytes memory.max)" = 67108864
    run_podman inspect -f '{{.HostConfig.Memory}}' c
    is "$output" = 67108864
    run_podman 125 update --memory 64m nosuch
    is "$output" =~ 'no container with name or ID "nosuch" found'
    run_podman 125 update
}

@test "update: restart policy" {
    run_podman run -d --name c --network none busybox sh -c 'sleep 0.5; echo once >>/count; exit 1'
    run_podman update --restart on-failure:2 c
    run_podman inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' c
    is "$output" = "on-failure 2"
    run_podman wait c
    eventually eval '[ "$(podman inspect -f "{{.RestartCount}}" c)" = 2 ]'
    eventually eval '[ "$(podman inspect -f "{{.State.Status}}" c)" = exited ]'
    is "$(podman cp c:/count - | tar -xOf - | wc -l)" = 3
    # A container that does not run.
    run_podman create --name d busybox true
    run_podman update --restart always d
    run_podman inspect -f '{{.HostConfig.RestartPolicy.Name}}' d
    is "$output" = always
    run_podman 125 update --restart sometimes d
    run_podman run -d --rm --name gone busybox sleep 100
    run_podman 125 update --restart always gone
    is "$output" =~ "the --rm option conflicts with --restart"
}

@test "update: environment and ulimits of the next start" {
    run_podman create --name c --network none -e A=1 -e B=2 --ulimit nofile=100:200 busybox sh -c 'echo $A $B $C; ulimit -n; ulimit -Hn; ulimit -c'
    run_podman update -e A=9 -e C=3 --unsetenv B --ulimit nofile=50:60,core=0 c
    run_podman start -a c
    is "$output" = "9 3
50
60
0"
    run_podman update -l -e A=last
    run_podman start -a c
    is "${lines[0]}" = "last 3"
    is "$(podman events --stream=false --filter container=c --filter event=update --format '{{.Name}}' | wc -l)" = 2
    run_podman 125 update -e =x c
}
