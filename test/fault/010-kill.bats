#!/usr/bin/env bats
# kill -9 at any moment: of the command line and of the monitor.  Afterwards every command works, nothing that
# is not so is listed, and nothing is left on the machine that no row of the database owns.

load ../system/helpers

setup() {
    basic_setup
    load_busybox
    HERE="$PODMAN --root $TEST_DIR/root --runroot $TEST_DIR/run"
}
teardown() { basic_teardown; }

# killed_after MILLISECONDS COMMAND...: starts podman, kills that process alone.
killed_after() {
    local ms=$1 pid
    shift
    $HERE "$@" </dev/null >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$(printf '0.%03d' "$ms")"
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
}

# What the machine has that the database does not know.
stale() {
    local known id
    known=$(podman ps -aq --no-trunc)
    for id in $(ls "$TEST_DIR/root/containers" "$TEST_DIR/run/containers" 2>/dev/null | grep -E '^[0-9a-f]{64}$'); do
        grep -q "$id" <<<"$known" || echo "directory of $id"
    done
    for id in $(alive_processes "$TEST_DIR/root/containers" | grep -oE '[0-9a-f]{64}' | sort -u); do
        grep -q "$id" <<<"$known" || echo "process of $id"
    done
    grep "$TEST_DIR" /proc/self/mountinfo
    return 0
}

clean() { [ -z "$(stale)" ]; }

check_clean() {
    podman container cleanup -a >/dev/null 2>&1 || true # a next command reaps
    eventually clean || {
        stale
        return 1
    }
}

works() {
    run_podman run --rm busybox echo works
    is "$output" = works
    run_podman ps -a
    run_podman images
    run_podman info
}

# What is listed as running does run.  One may end, or be removed, between our looks: then it is not listed
# any more.
honest() {
    local id pid
    for id in $(podman ps -q); do
        pid=$(pid_of "$id" 2>/dev/null) || continue
        [ "$pid" != 0 ] && [ -d "/proc/$pid" ] && continue
        ! grep -q "$id" <<<"$(podman ps -q)" || return 1
    done
}

# Cgroups that this test made: those which were not there before.
cgroups() { find /sys/fs/cgroup -type d -name 'libpod-*' 2>/dev/null | sort; }

no_new_cgroups() {
    local id
    for id in $(ls "$TEST_DIR/ids" 2>/dev/null); do
        [ -z "$(cgroup_dirs "$id")" ] || return 1
    done
}

# note_ids: remembers the containers of this test, so that their cgroups can be looked for.
note_ids() {
    mkdir -p "$TEST_DIR/ids"
    local id
    for id in $(podman ps -aq --no-trunc) $(ls "$TEST_DIR/root/containers" | grep -E '^[0-9a-f]{64}$'); do
        : >"$TEST_DIR/ids/$id"
    done
}

@test "the command line dies at 50 moments of run, rm, load and pull" {
    cp "$TEST_DIR/busybox.tar" "$TEST_DIR/again.tar"
    sed -i 's/made":"here/made":"elsa/' "$TEST_DIR/again.tar"
    for i in $(seq 50); do
        ms=$((RANDOM % 25))
        case $((i % 5)) in
        0) killed_after $ms run --rm busybox true ;;
        1) killed_after $ms run -d busybox sleep 0.2 ;;
        2)
            podman create --name "victim$i" busybox true >/dev/null
            killed_after $ms rm "victim$i"
            ;;
        3)
            podman rmi -f busybox >/dev/null 2>&1 || true
            killed_after $ms load -q -i "$TEST_DIR/busybox.tar"
            podman load -q -i "$TEST_DIR/busybox.tar" >/dev/null
            ;;
        4) killed_after $ms pull -q "docker-archive:$TEST_DIR/again.tar" ;;
        esac
        note_ids
        honest
    done
    works
    sleep 0.5
    honest
    run_podman rm -fat 0
    run_podman ps -aq
    is "$output" = ""
    check_clean
    eventually no_new_cgroups
    # Half an image is no image, and half a layer does not stay.
    run_podman rmi -fa
    load_busybox
    works
    run_podman image prune -fa
    is "$(find "$TEST_DIR/root/layers" -mindepth 1 -maxdepth 1)" = ""
    is "$(find "$TEST_DIR/root/oci/blobs" -type f)" = ""
}

@test "the command line dies while it is attached: the container lives on" {
    $HERE run --name c busybox sh -c 'sleep 1; echo done >/f; exit 4' </dev/null >/dev/null 2>&1 3>&- &
    pid=$!
    eventually podman container exists c
    eventually eval '[ "$(podman inspect -f "{{.State.Status}}" c)" = running ]'
    kill -9 $pid
    wait $pid 2>/dev/null || true
    run_podman wait c
    is "$output" = 4
    check_clean
}

@test "with --rm a container goes also when its command line died" {
    $HERE run --rm --name c busybox sleep 0.5 </dev/null >/dev/null 2>&1 3>&- &
    pid=$!
    eventually podman container exists c
    note_ids
    eventually eval '[ "$(podman inspect -f "{{.State.Status}}" c)" = running ]'
    kill -9 $pid
    wait $pid 2>/dev/null || true
    eventually eval '! podman container exists c'
    check_clean
    eventually no_new_cgroups
}

@test "the monitor dies: the container with it, and every command says so" {
    for i in 1 2 3 4 5; do
        run_podman run -d --name "c$i" busybox sh -c 'sleep 1000 & sleep 1001'
        id=$output
        note_ids
        pid=$(pid_of "c$i")
        monitor=$(sed -n 's/^PPid:\t//p' "/proc/$pid/status")
        is "$(tr '\0' ' ' <"/proc/$monitor/cmdline")" =~ podman-monitor
        kill -9 "$monitor"
        eventually test ! -d "/proc/$monitor/fd"
        run_podman ps -q
        is "$output" = ""
        run_podman ps -a --filter name="c$i" --format '{{.Status}}'
        is "$output" =~ Exited
        case $i in
        1) run_podman start "c$i" ;;
        2) run_podman rm "c$i" ;;
        3) run_podman 125 exec "c$i" true ;;
        4) run_podman wait "c$i" ;;
        5) run_podman stop -t 0 "c$i" ;;
        esac
        run_podman rm -ft 0 "c$i" || true
        # No process of the container has survived.
        eventually eval '[ ! -d /proc/'"$pid"' ] || grep -q "^State:.Z" /proc/'"$pid"'/status'
        [ ! -e "$TEST_DIR/root/containers/$id" ]
        [ ! -e "$TEST_DIR/run/containers/$id" ]
    done
    check_clean
    eventually no_new_cgroups
}

@test "the monitor dies in the middle of a start" {
    for i in $(seq 10); do
        $HERE run -d --name "c$i" busybox sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.00$((RANDOM % 10))"
        for m in $(alive_processes "podman-monitor" | grep -F "$TEST_DIR/root" | awk '{ print $1 }'); do
            kill -9 "$m" 2>/dev/null || true
        done
        wait $pid || true
        note_ids
        honest
    done
    run_podman rm -fat 0
    works
    check_clean
    eventually no_new_cgroups
}

@test "the first process of the container dies: 137, and all is as after an end" {
    run_podman run -d --name c busybox sleep 1000
    note_ids
    kill -9 "$(pid_of c)"
    run_podman wait c
    is "$output" = 137
    eventually no_new_cgroups
    run_podman rm c
    check_clean
}

@test "the run directory vanishes, as at a reboot" {
    run_podman create --name c busybox echo hi
    run_podman run --name d busybox true
    rm -rf "$TEST_DIR/run"
    run_podman ps -a --format '{{.Names}}' --sort names
    is "$output" = "c
d"
    run_podman start -a c
    is "$output" = hi
    works
}
