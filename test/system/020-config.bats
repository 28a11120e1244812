#!/usr/bin/env bats
# containers.conf and storage.conf: where they are read from, what is wrong in them, what they set.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

# conf LINE...: these lines are containers.conf.
conf() { printf '%s\n' "$@" >"$CONTAINERS_CONF"; }

@test "containers.conf: an error names the file and the line" {
    conf '[containers]' 'env = ["A=b"]' 'pids_limit = "many"'
    run_podman 125 ps
    is "$output" =~ "containers.conf:3"
    is "$output" =~ "pids_limit"
    conf '[containers]' '' 'env = ["A=b"' '[engine]'
    run_podman 125 ps
    is "$output" =~ "containers.conf:[0-9]+"
    conf '[engine]' 'cgroup_manager = 7'
    run_podman 125 ps
    is "$output" =~ "containers.conf:2"
}

@test "containers.conf: an unknown key is told, with its line" {
    conf '[containers]' 'nonsense_key = true'
    run podman ps
    is "$output" =~ "nonsense_key"
    is "$output" =~ "containers.conf:2"
}

@test "containers.conf: a file that CONTAINERS_CONF names has to be there" {
    CONTAINERS_CONF=$TEST_DIR/none run_podman 125 ps
    is "$output" =~ "$TEST_DIR/none"
}

@test "containers.conf: env, umask, ulimits, shm_size" {
    load_busybox
    conf '[containers]' 'env = ["FROM_CONF=yes", "PATH=/bin"]' 'umask = "0027"' \
        'default_ulimits = ["nofile=111:222"]' 'shm_size = "1m"'
    run_podman run --rm busybox \
        sh -c 'echo $FROM_CONF; umask; ulimit -Sn; ulimit -Hn; grep /dev/shm /proc/mounts'
    is "${lines[0]}" = yes
    is "${lines[1]}" = 0027
    is "${lines[2]}" = 111
    is "${lines[3]}" = 222
    is "${lines[4]}" =~ "size=1024k"
    # The command line has the last word.
    run_podman run --rm --ulimit nofile=99:99 --umask 077 -e FROM_CONF=no busybox \
        sh -c 'echo $FROM_CONF; umask; ulimit -Sn'
    is "$output" = "no
0077
99"
}

@test "containers.conf: pids_limit is the cgroup's" {
    is_rootless && skip "an ordinary user has no cgroup here"
    load_busybox
    conf '[containers]' 'pids_limit = 77'
    run_podman run -d --name c busybox sleep 100
    is "$(limit c pids/pids.max pids.max)" = 77
}

@test "containers.conf: log_driver, read_only, capabilities, sysctls" {
    load_busybox
    conf '[containers]' 'log_driver = "json-file"' 'read_only = true' \
        'default_capabilities = ["CHOWN"]' 'default_sysctls = ["net.ipv4.ping_group_range=5 6"]'
    run_podman run --name c busybox \
        sh -c 'grep CapEff /proc/self/status; touch /x; cat /proc/sys/net/ipv4/ping_group_range'
    is "$output" =~ "CapEff:[[:space:]]+0000000000000001"
    is "$output" =~ "Read-only file system"
    is "$output" =~ "5[[:space:]]6"
    log=$(podman inspect -f '{{.HostConfig.LogConfig.Path}}' c)
    head -1 "$log" | python3 -c 'import json,sys; assert "log" in json.load(sys.stdin)'
}

@test "containers.conf: namespaces" {
    load_busybox
    conf '[containers]' 'netns = "host"' 'ipcns = "host"' 'utsns = "host"'
    run_podman run --rm busybox sh -c 'for n in net ipc uts; do readlink /proc/self/ns/$n; done'
    is "$output" = "$(readlink /proc/self/ns/net)
$(readlink /proc/self/ns/ipc)
$(readlink /proc/self/ns/uts)"
}

@test "containers.conf: volumes, mounts, init" {
    load_busybox
    mkdir "$TEST_DIR/data"
    echo there >"$TEST_DIR/data/f"
    conf '[containers]' "volumes = [\"$TEST_DIR/data:/data:ro\"]" "tz = \"UTC\""
    run_podman run --rm busybox sh -c 'cat /data/f; touch /data/x || :'
    is "${lines[0]}" = there
    is "$output" =~ "Read-only file system"
}

@test "containers.conf: CONTAINERS_CONF_OVERRIDE is read last" {
    load_busybox
    conf '[containers]' 'env = ["A=first", "PATH=/bin"]'
    printf '[containers]\nenv = ["A=second", "PATH=/bin"]\n' >"$TEST_DIR/override.conf"
    CONTAINERS_CONF_OVERRIDE=$TEST_DIR/override.conf run_podman run --rm busybox sh -c 'echo $A'
    is "$output" = second
    run_podman run --rm busybox sh -c 'echo $A'
    is "$output" = first
}

@test "containers.conf: modules" {
    load_busybox
    printf '[containers]\nenv = ["A=module", "PATH=/bin"]\n' >"$TEST_DIR/extra.conf"
    run_podman --module "$TEST_DIR/extra.conf" run --rm busybox sh -c 'echo $A'
    is "$output" = module
    run_podman 125 --module "$TEST_DIR/none.conf" ps
    is "$output" =~ "none.conf"
}

@test "containers.conf: the user's own file and drop-ins" {
    is_rootless || skip "root's are in /etc, which belongs to the machine"
    load_busybox
    unset CONTAINERS_CONF
    export XDG_CONFIG_HOME=$TEST_DIR/config HOME=$TEST_DIR
    mkdir -p "$XDG_CONFIG_HOME/containers/containers.conf.d"
    printf '[containers]\nenv = ["A=file", "PATH=/bin"]\numask = "0077"\n' \
        >"$XDG_CONFIG_HOME/containers/containers.conf"
    run_podman run --rm busybox sh -c 'echo $A; umask'
    is "$output" = "file
0077"
    printf '[containers]\nenv = ["A=dropin", "PATH=/bin"]\n' \
        >"$XDG_CONFIG_HOME/containers/containers.conf.d/50-x.conf"
    run_podman run --rm busybox sh -c 'echo $A; umask'
    is "$output" = "dropin
0077"
}

@test "storage.conf: graphroot and runroot" {
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' \
        "$TEST_DIR/g" "$TEST_DIR/r" >"$CONTAINERS_STORAGE_CONF"
    # Rootless, these keys are root's; the user's have a key of their own.
    is_rootless && printf 'rootless_storage_path = "%s"\n' "$TEST_DIR/g" >>"$CONTAINERS_STORAGE_CONF"
    make_busybox_archive "$TEST_DIR/b.tar"
    "$PODMAN" load -q -i "$TEST_DIR/b.tar"
    [ -e "$TEST_DIR/g/db.sqlite" ]
    run "$PODMAN" run --rm busybox echo hi
    is "$output" = hi
    is_rootless || [ -d "$TEST_DIR/r" ]
}

@test "storage.conf: errors name the file and the line" {
    printf '[storage]\ndriver = ["overlay"]\n' >"$CONTAINERS_STORAGE_CONF"
    run_podman 125 ps
    is "$output" =~ "storage.conf:2"
    printf '[storage]\ndriver = "floppy"\n' >"$CONTAINERS_STORAGE_CONF"
    run_podman 125 images
    is "$output" =~ "floppy"
}
