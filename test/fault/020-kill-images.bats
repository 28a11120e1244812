#!/usr/bin/env bats
# kill -9 in the middle of pull, push, load and artifact add, at random moments.  Afterwards the same command works, and
# what was on the disk is not fetched again.

load ../system/helpers

setup() {
    basic_setup
    HERE="$PODMAN --root $TEST_DIR/root --runroot $TEST_DIR/run"
    mkdir "$TEST_DIR/files"
    head -c 12000000 /dev/urandom >"$TEST_DIR/files/noise"
    cp "$BUSYBOX" "$TEST_DIR/files/busybox"
    tar -C "$TEST_DIR/files" -cf "$TEST_DIR/files.tar" .
    want=$(sha256 "$TEST_DIR/files/noise")
}
teardown() { basic_teardown; }

# killed_somewhere COMMAND...: starts podman and kills that process within a fifth of a second.
killed_somewhere() {
    local pid
    $HERE "$@" </dev/null >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "0.$(printf %03d $((RANDOM % 200)))"
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
}

# The image holds what it should, and the store finds nothing wrong with itself.
whole() { # IMAGE
    run_podman run --rm --network none "$1" /busybox sha256sum /noise
    is "${output%% *}" = "$want"
    run_podman system check -q
}

# push_noise: the image NAME at the stub, pushed from a store that goes again.
push_noise() {
    podman import -q "$TEST_DIR/files.tar" noise
    podman push -q --format oci noise "$REGISTRY/noise:1"
    podman rmi -fa
    podman image prune -af
    rm -rf "$TEST_DIR/root/oci/known"
    LAYER=$(curl -fsS "http://$REGISTRY/v2/noise/manifests/1" | jq -r '.layers[0].digest, .layers[0].size')
    LAYER_SIZE=${LAYER#*$'\n'} LAYER=${LAYER%%$'\n'*}
}

@test "pull: killed twenty times, each time the next one fetches the rest" {
    start_stub
    push_noise
    for i in $(seq 20); do
        killed_somewhere pull -q "$REGISTRY/noise:1"
        have=$(cat "$TEST_DIR/root/oci/partial/${LAYER#*:}" "$TEST_DIR/root/oci/blobs/sha256/${LAYER#*:}" 2>/dev/null | wc -c)
        stub reset
        run_podman pull -q "$REGISTRY/noise:1"
        is "$(stub_stat ".sent[\"$LAYER\"] // 0")" = $((LAYER_SIZE - have))
        [ $((i % 5)) != 0 ] || whole "$REGISTRY/noise:1"
        podman rmi -fa
        podman image prune -af
        is "$(ls "$TEST_DIR/root/oci/partial" "$TEST_DIR/root/layers" | grep -v :$ | tr -d '\n')" = ""
    done
}

@test "push: killed ten times, the next one completes" {
    start_stub
    podman import -q "$TEST_DIR/files.tar" noise
    for i in $(seq 10); do
        rm -rf "$TEST_DIR/root/oci/known" "$TEST_DIR/root/oci/repacked"
        killed_somewhere push -q noise "$REGISTRY/noise$i:1"
        run_podman push -q noise "$REGISTRY/noise$i:1"
    done
    podman rmi -fa
    run_podman pull -q "$REGISTRY/noise10:1"
    whole "$REGISTRY/noise10:1"
}

@test "load and import: killed ten times" {
    podman import -q "$TEST_DIR/files.tar" noise
    podman save -q -o "$TEST_DIR/noise.tar" noise
    for i in $(seq 5); do
        podman rmi -fa
        killed_somewhere load -q -i "$TEST_DIR/noise.tar"
        run_podman load -q -i "$TEST_DIR/noise.tar"
        podman rmi -fa
        killed_somewhere import -q "$TEST_DIR/files.tar" noise
        run_podman import -q "$TEST_DIR/files.tar" noise
    done
    whole noise
    podman rmi -fa
    podman image prune -af
    is "$(ls "$TEST_DIR/root/layers" "$TEST_DIR/root/oci/blobs/sha256" | grep -v :$ | tr -d '\n')" = ""
}

@test "artifact add: killed ten times" {
    for i in $(seq 10); do
        killed_somewhere artifact add "localhost/art$i:1" "$TEST_DIR/files/noise"
        podman artifact rm "localhost/art$i:1" 2>/dev/null || true
        run_podman artifact add "localhost/art$i:1" "$TEST_DIR/files/noise"
    done
    run_podman artifact extract localhost/art10:1 "$TEST_DIR/out"
    is "$(sha256 "$TEST_DIR/out")" = "$want"
    run_podman system check -q
    podman artifact rm -a
    podman image prune -af
    is "$(ls "$TEST_DIR/root/oci/blobs/sha256")" = ""
}
