#!/usr/bin/env bats
# Registries that fail, lie or attack: what is there afterwards is right or absent, nothing is fetched twice, and
# the memory stays small.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

# put_image REPOSITORY TAG [MEGABYTES]: one gzip layer with so much that cannot be compressed: $LAYER, $LAYER_SIZE.
put_image() {
    local work=$TEST_DIR/put base=http://$REGISTRY/v2/$1 diff
    rm -rf "$work"
    mkdir -p "$work/root"
    head -c "${3:-1}M" /dev/urandom >"$work/root/data"
    tar -C "$work/root" --sort=name --owner=0 --group=0 -cf "$work/layer.tar" .
    diff=$(sha256 "$work/layer.tar")
    gzip -1n "$work/layer.tar"
    put_layer "$base" "$2" "$work/layer.tar.gz" "$diff"
}

# put_layer BASE TAG FILE DIFF-ID: an image around a layer.
put_layer() {
    local work=$TEST_DIR/doc type=application/vnd.oci.image
    mkdir -p "$work"
    echo "{\"architecture\":\"$(go_arch)\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$4\"]}}" >"$work/config.json"
    LAYER=sha256:$(sha256 "$3") LAYER_SIZE=$(stat -c %s "$3")
    put_blob "$1" "$3"
    put_blob "$1" "$work/config.json"
    echo "{\"schemaVersion\":2,\"mediaType\":\"$type.manifest.v1+json\",\"config\":{\"mediaType\":\"$type.config.v1+json\",\"digest\":\"sha256:$(sha256 "$work/config.json")\",\"size\":$(stat -c %s "$work/config.json")},\"layers\":[{\"mediaType\":\"$type.layer.v1.tar+gzip\",\"digest\":\"$LAYER\",\"size\":$LAYER_SIZE}]}" >"$work/m.json"
    put_manifest "$1" "$2" "$work/m.json" $type.manifest.v1+json
}

go_arch() {
    case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac
}

sent() { stub_stat ".sent[\"$LAYER\"] // 0"; }

# is_whole NAME: the image is there, and its layer's blob is right.
is_whole() {
    podman image exists "$1"
    is "$(sha256 "$TEST_DIR/root/oci/blobs/sha256/${LAYER#sha256:}")" = "${LAYER#sha256:}"
}

drop() { run_podman rmi -f "$1"; run_podman image prune -af; rm -rf "$TEST_DIR/root/oci/partial/"*; }

@test "a blob cut at each tenth goes on where it was cut" {
    start_stub
    put_image a/x 1 1
    for at in 0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1; do
        stub reset
        stub fault "{\"what\":\"blobs\",\"kind\":\"cut\",\"at\":$at,\"times\":2,\"path\":\"$LAYER\"}"
        run_podman pull -q --retry-delay 1ms "$REGISTRY/a/x:1"
        is_whole "$REGISTRY/a/x:1"
        is "$(sent)" = "$LAYER_SIZE"
        drop "$REGISTRY/a/x:1"
    done
}

@test "a blob cut for good stays, and the next pull fetches the rest" {
    start_stub
    put_image a/x 1 1
    stub fault "{\"what\":\"blobs\",\"kind\":\"cut\",\"at\":0.5,\"times\":9,\"path\":\"$LAYER\"}"
    run_podman 125 pull -q --retry 0 "$REGISTRY/a/x:1"
    before=$(sent)
    stub reset
    run_podman pull -q "$REGISTRY/a/x:1"
    is_whole "$REGISTRY/a/x:1"
    [ "$(sent)" -le $((LAYER_SIZE - LAYER_SIZE / 3)) ]
}

@test "wrong bytes and wrong lengths are refused and do no harm later" {
    start_stub
    put_image a/x 1 1
    for kind in flip longer shorter; do
        stub fault "{\"what\":\"blobs\",\"kind\":\"$kind\",\"times\":9,\"path\":\"$LAYER\"}"
        run_podman 125 pull -q --retry 1 --retry-delay 1ms "$REGISTRY/a/x:1"
        run_podman 1 image exists "$REGISTRY/a/x:1"
        [ ! -e "$TEST_DIR/root/oci/blobs/sha256/${LAYER#sha256:}" ]
        stub reset
    done
    run_podman pull -q "$REGISTRY/a/x:1"
    is_whole "$REGISTRY/a/x:1"
}

@test "a busy registry is asked again, after as long as it says" {
    start_stub
    put_image a/x 1 1
    stub fault '{"what":"manifests","kind":"status","status":429,"headers":{"Retry-After":"1"},"body":"{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"slow down\"}]}"}'
    stub fault '{"what":"manifests","kind":"status","status":500}'
    stub fault '{"what":"manifests","kind":"cut","at":0.5}'
    stub fault '{"what":"blobs","kind":"status","status":503}' # the configuration
    stub fault "{\"what\":\"blobs\",\"kind\":\"status\",\"status\":503,\"path\":\"$LAYER\"}"
    started=$(date +%s%N)
    run_podman pull --retry-delay 1ms "$REGISTRY/a/x:1"
    [ $(($(date +%s%N) - started)) -ge 1000000000 ]
    is "$output" =~ "toomanyrequests: slow down"
    is_whole "$REGISTRY/a/x:1"
    stub fault '{"what":"manifests","kind":"status","status":429,"times":9}'
    run_podman 125 pull -q --retry 0 "$REGISTRY/a/x:1"
    is "$output" =~ "toomanyrequests"
    stub reset
    stub fault '{"what":"ping","kind":"status","status":429,"times":1,"headers":{"Retry-After":"1"}}'
    run_podman pull -q --retry-delay 1ms "$REGISTRY/a/x:1"
}

@test "what registries say is told in their words" {
    start_stub
    put_image a/x 1 1
    stub fault '{"what":"manifests","kind":"status","status":403,"body":"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"pay first\"}]}"}'
    run_podman 125 pull -q "$REGISTRY/a/x:1"
    is "$output" =~ "requested access to the resource is denied: pay first"
    stub fault '{"what":"manifests","kind":"status","status":401,"times":2,"body":"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who are you\"}]}"}'
    run_podman 125 pull -q "$REGISTRY/a/x:1"
    is "$output" =~ "unauthorized: who are you"
    run_podman 125 pull -q "$REGISTRY/special:schema1"
    is "$output" =~ "schema 1"
}

# peak COMMAND...: fails, with $output, and $PEAK in kilobytes of the largest process.  peak_ok: works.
peak() { peak_any "$@" && is "$output" =~ "CODE 125"; }
peak_ok() { peak_any "$@" && is "$output" =~ "CODE 0"; }
peak_any() {
    run /usr/bin/env python3 -c '
import resource, subprocess, sys
p = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
print(p.stdout.decode(errors="replace"))
print("PEAK", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print("CODE", p.returncode)' "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" "$@"
    PEAK=$(sed -n 's/^PEAK //p' <<<"$output")
}

@test "endless answers, circles and monstrous manifests end soon and in little memory" {
    start_stub
    put_image a/x 1 1
    for fault in '{"what":"manifests","kind":"redirect-loop","times":99}' \
        '{"what":"blobs","kind":"redirect-loop","times":99}' \
        '{"what":"manifests","kind":"endless"}' '{"what":"blobs","kind":"endless","times":9}' \
        '{"what":"manifests","kind":"endless-redirect","times":99}' \
        '{"what":"manifests","kind":"endless-error"}' '{"what":"ping","kind":"endless-error"}'; do
        stub reset
        stub fault "$fault"
        peak pull -q --retry 0 "$REGISTRY/a/x:1"
        echo "$fault: $output"
        [ "$PEAK" -lt 80000 ]
    done
    stub reset
    peak pull -q --retry 0 "$REGISTRY/special:huge"
    is "$output" =~ "the manifest is larger than 4194304 bytes"
    [ "$PEAK" -lt 80000 ]
    peak pull -q --retry 0 "$REGISTRY/special:deep"
    is "$output" =~ "levels"
    peak pull -q --retry 0 "$REGISTRY/special:layers100000"
    is "$output" =~ "the manifest is larger than 4194304 bytes"
    [ "$PEAK" -lt 80000 ]
    peak pull -q --retry 0 "$REGISTRY/special:layers20000"
    is "$output" =~ "layers"
    [ "$PEAK" -lt 160000 ]
}

@test "a layer that unpacks to very much is stopped" {
    start_stub
    mkdir -p "$TEST_DIR/bomb"
    head -c 64M /dev/zero >"$TEST_DIR/bomb/zeros"
    tar -C "$TEST_DIR/bomb" -cf "$TEST_DIR/bomb.tar" .
    diff=$(sha256 "$TEST_DIR/bomb.tar")
    gzip -n "$TEST_DIR/bomb.tar"
    put_layer "http://$REGISTRY/v2/b/x" 1 "$TEST_DIR/bomb.tar.gz" "$diff"
    PODMAN_MAX_LAYER_BYTES=10m peak pull -q --retry 0 "$REGISTRY/b/x:1"
    is "$output" =~ "the layer unpacks to more than 10485760 bytes"
    is "$(ls "$TEST_DIR/root/layers" | wc -l)" = 0
    PODMAN_MAX_LAYER_ENTRIES=1 peak pull -q --retry 0 "$REGISTRY/b/x:1"
    is "$output" =~ "more than 1 entries"
    run_podman pull -q "$REGISTRY/b/x:1"
}

@test "four pulls at once fetch a layer once" {
    start_stub
    put_image a/x 1 4
    stub fault '{"what":"blobs","kind":"slow","rate":8000000,"times":99}'
    for i in 1 2 3 4; do
        podman pull -q "$REGISTRY/a/x:1" >"$TEST_DIR/out.$i" 2>&1 3>&- &
        pids[i]=$!
    done
    for i in 1 2 3 4; do wait "${pids[i]}" || { cat "$TEST_DIR/out.$i"; false; }; done
    is_whole "$REGISTRY/a/x:1"
    is "$(sent)" = "$LAYER_SIZE"
}

@test "a pull killed fifty times goes on each time" {
    start_stub
    put_image a/x 1 8
    stub fault '{"what":"blobs","kind":"slow","rate":6000000,"times":999}'
    for _ in $(seq 50); do
        podman pull -q "$REGISTRY/a/x:1" >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.$((RANDOM % 9 + 1))$((RANDOM % 10))" &
        nap=$!
        wait -n "$pid" "$nap" || true
        # The function runs in a shell of its own: the program is its child.
        pkill -9 -P "$pid" 2>/dev/null || true
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" "$nap" 2>/dev/null || true
        podman image exists "$REGISTRY/a/x:1" && break
    done
    run_podman pull -q "$REGISTRY/a/x:1"
    is_whole "$REGISTRY/a/x:1"
    # What was on its way to a killed process is lost: a socket's buffer each.
    [ "$(sent)" -le $((LAYER_SIZE + 50 * 256 * 1024)) ]
    is "$(ls "$TEST_DIR/root/oci/partial" | wc -l)" = 0
}

@test "proxies of the environment, in capitals too, but not for this host" {
    start_stub
    put_image a/x 1 1
    printf '[[registry]]\nlocation = "registry.example"\ninsecure = true\n' >>"$CONTAINERS_REGISTRIES_CONF"
    HTTP_PROXY=http://$REGISTRY run_podman pull -q registry.example/a/x:1
    is "$(stub_stat '.proxied | unique[]')" = registry.example
    http_proxy=http://$REGISTRY NO_PROXY=registry.example run_podman 125 pull -q registry.example/a/x:1
    HTTP_PROXY=http://localhost:1 run_podman pull -q "$REGISTRY/a/x:1"
}

@test "memory stays small while much is pulled and pushed" {
    start_stub
    put_image a/x 1 96
    peak_ok pull -q "$REGISTRY/a/x:1"
    [ "$PEAK" -lt 100000 ]
    peak_ok push -q "$REGISTRY/a/x:1" "$REGISTRY/b/x:1"
    [ "$PEAK" -lt 100000 ]
    peak_ok push -q --compression-format zstd "$REGISTRY/a/x:1" "$REGISTRY/c/x:1"
    [ "$PEAK" -lt 100000 ]
}
