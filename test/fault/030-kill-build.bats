#!/usr/bin/env bats
# kill -9 in the middle of builds, at random moments.  Afterwards nothing runs, nothing is listed, the next prune leaves
# no directory, and the same build completes, with what was recorded taken from the cache.

load ../system/helpers

setup() {
    basic_setup
    load_busybox
    HERE="$PODMAN --root $TEST_DIR/root --runroot $TEST_DIR/run"
    CTX=$TEST_DIR/ctx
    mkdir "$CTX"
    head -c 3000000 /dev/urandom >"$CTX/noise"
    cat >"$CTX/Containerfile" <<'X'
FROM busybox AS one
RUN sleep 0.02; echo 1 >/a
RUN --mount=type=cache,target=/c echo x >>/c/f; sleep 0.02
COPY noise /
FROM busybox
COPY --from=one /a /noise /
RUN sha256sum /noise >/sum
CMD ["sha256sum", "-c", "/sum"]
X
}
teardown() { basic_teardown; }

left() {
    ls "$TEST_DIR/root/containers" "$TEST_DIR/run/containers" 2>/dev/null | grep -E '^[0-9a-f]{64}$'
    ls "$TEST_DIR/root/layers" | grep tmp-
    grep "$TEST_DIR" /proc/self/mountinfo
    pgrep -f "$TEST_DIR/root/containers" -u "$(id -u)"
    return 0
}
nothing_left() {
    podman system prune -f >/dev/null && [ -z "$(left)" ]
}

@test "build: killed thirty times, each time the next one completes" {
    local pid
    for i in $(seq 30); do
        $HERE build -q -t made --network none "$CTX" </dev/null >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.$(printf %03d $((RANDOM % 150)))"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        is "$(podman ps -aq)" = ""
        if [ $((i % 5)) = 0 ]; then
            eventually nothing_left || {
                left
                return 1
            }
            run_podman build -t made --network none "$CTX"
            run_podman run --rm --network none made
            is "$output" = "/noise: OK"
            run_podman system check -q
            podman rmi -f made
            [ $((i % 10)) = 0 ] || podman image prune -f
        fi
    done
}
