#!/usr/bin/env bats
# Another OCI runtime instead of ours.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

# One that works on this machine with a plain bundle of its own making.
find_runtime() {
    RUNTIME=
    is_rootless && skip "other runtimes take a cgroup set-up that an ordinary user lacks here"
    for name in crun runc; do
        command -v $name >/dev/null || continue
        mkdir -p "$TEST_DIR/bundle/rootfs"
        tar -C "$TEST_DIR" -xf "$TEST_DIR/busybox.tar" layer.tar
        tar -C "$TEST_DIR/bundle/rootfs" -xf "$TEST_DIR/layer.tar"
        rm -f "$TEST_DIR/bundle/config.json"
        (cd "$TEST_DIR/bundle" && $name spec && sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"true"/; /RLIMIT/s/1024/100/' config.json &&
            timeout 10 $name run "probe-$$") >/dev/null 2>&1 || continue
        RUNTIME=$name
        return
    done
    skip "neither crun nor runc runs a container on this machine"
}

@test "--runtime: run, exit codes, exec, stop" {
    find_runtime
    run_podman --runtime $RUNTIME run --rm busybox echo hi
    is "$output" = hi
    run_podman 7 --runtime $RUNTIME run --rm busybox sh -c 'exit 7'
    run_podman --runtime $RUNTIME run -d --name c busybox sleep 100
    # It is that runtime which made it: it knows it.
    is "$(tr '\0' ' ' <"/proc/$(pid_of c)/cmdline")" = "sleep 100 "
    run_podman exec c echo inside
    is "$output" = inside
    run_podman 5 exec c sh -c 'exit 5'
    is "$(podman inspect -f '{{.OCIRuntime}}' c)" = "$RUNTIME"
    run_podman stop -t 0 c
    is "$(podman wait c)" = 137
    run_podman rm c
}

@test "--runtime: a path; what is not there; --runtime-flag" {
    cat >"$TEST_DIR/fake" <<'EOF'
#!/bin/sh
echo "$@" >>"${0%/*}/calls"
exit 1
EOF
    chmod 755 "$TEST_DIR/fake"
    run podman --runtime "$TEST_DIR/fake" --runtime-flag debug run --rm busybox true
    [ "$status" -ne 0 ]
    is "$(cat "$TEST_DIR/calls")" =~ '--debug'
    is "$(cat "$TEST_DIR/calls")" =~ 'create'
    run_podman 125 --runtime "$TEST_DIR/none" run --rm busybox true
    is "$output" =~ "$TEST_DIR/none"
    run_podman ps -aq
    is "$output" = ""
}
