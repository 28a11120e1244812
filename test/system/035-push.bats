#!/usr/bin/env bats
# Images on their way out: to a registry, to directories and archives, to a Docker daemon.  What arrived is
# looked at with skopeo and jq, not with our reading side alone.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

# manifest_of REFERENCE FILTER: jq's view of the raw manifest as skopeo reads it.
manifest_of() { skopeo inspect --tls-verify=false --raw "$1" | jq -r "$2"; }

# load_box: an image with one uncompressed layer, called box.
load_box() {
    make_busybox_archive "$TEST_DIR/box.tar" docker.io/library/box:latest
    podman load -q -i "$TEST_DIR/box.tar"
}

@test "push: a registry gets the very blobs that were pulled" {
    start_registry
    registry_put library/busybox latest
    run_podman pull -q busybox
    run_podman push --tls-verify=false --digestfile "$TEST_DIR/digest" busybox "$REGISTRY/copy/box:v1"
    is "$output" =~ "Getting image source signatures"
    is "$output" =~ "Copying blob"
    is "$output" =~ "Writing manifest to image destination"
    is "$(cat "$TEST_DIR/digest")" = "$MANIFEST_DIGEST"
    is "$(manifest_of "docker://$REGISTRY/copy/box:v1" '.layers[0].digest')" = "$LAYER_DIGEST"
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/copy/box:v1" "dir:$TEST_DIR/out"
    run_podman push -q --tls-verify=false busybox "docker://$REGISTRY/copy/box:v2"
    is "$output" = ""
}

@test "push: an uncompressed layer is compressed, the same way each time" {
    start_registry
    load_box
    run_podman push --tls-verify=false --digestfile "$TEST_DIR/a" box "$REGISTRY/x/a:1"
    is "$(manifest_of "docker://$REGISTRY/x/a:1" '.layers[0].mediaType')" =~ gzip
    digest=$(manifest_of "docker://$REGISTRY/x/a:1" '.layers[0].digest')
    run_podman push --tls-verify=false --digestfile "$TEST_DIR/b" box "$REGISTRY/x/a:2"
    is "$output" =~ "skipped: already exists|Copying blob"
    is "$(cat "$TEST_DIR/a")" = "$(cat "$TEST_DIR/b")"
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/x/a:2" "dir:$TEST_DIR/out"
    gzip -dc "$TEST_DIR/out/${digest#sha256:}" | tar -t | grep -q bin/busybox
    run_podman rmi -f box
    run_podman run --rm --tls-verify=false "$REGISTRY/x/a:2" echo back
    is "$output" =~ back
}

@test "push: formats and compressions" {
    start_registry
    load_box
    run_podman push -q --tls-verify=false --compression-format zstd --compression-level 9 box "$REGISTRY/x/z:1"
    is "$(manifest_of "docker://$REGISTRY/x/z:1" '.layers[0].mediaType')" = application/vnd.oci.image.layer.v1.tar+zstd
    digest=$(manifest_of "docker://$REGISTRY/x/z:1" '.layers[0].digest')
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/x/z:1" "dir:$TEST_DIR/z"
    zstd -dc "$TEST_DIR/z/${digest#sha256:}" | tar -t | grep -q bin/busybox
    run_podman push -q --tls-verify=false --format oci --compression-level 9 box "$REGISTRY/x/o:1"
    is "$(manifest_of "docker://$REGISTRY/x/o:1" '.mediaType + " " + .config.mediaType')" = "application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json"
    run_podman push -q --tls-verify=false --format v2s2 box "$REGISTRY/x/d:1"
    is "$(manifest_of "docker://$REGISTRY/x/d:1" '.mediaType + " " + .layers[0].mediaType')" = "application/vnd.docker.distribution.manifest.v2+json application/vnd.docker.image.rootfs.diff.tar.gzip"
    run_podman rmi -f box
    run_podman pull -q --tls-verify=false "$REGISTRY/x/z:1"
    run_podman push -q --tls-verify=false "$REGISTRY/x/z:1" "$REGISTRY/x/z:2"
    is "$(manifest_of "docker://$REGISTRY/x/z:2" '.layers[0].digest')" = "$digest"
    run_podman push -q --tls-verify=false --compression-format gzip "$REGISTRY/x/z:1" "$REGISTRY/x/z:3"
    is "$(manifest_of "docker://$REGISTRY/x/z:3" '.layers[0].mediaType')" = application/vnd.oci.image.layer.v1.tar+gzip
    run_podman 125 push -q --tls-verify=false --format v2s2 "$REGISTRY/x/z:1" "$REGISTRY/x/z:4"
    is "$output" =~ "no zstd layers"
    run_podman 125 push -q --tls-verify=false --format v2s1 "$REGISTRY/x/z:1" "$REGISTRY/x/z:4"
    is "$output" =~ "v2s1"
    # containers.conf sets the compression of what is not compressed yet.
    load_box
    printf '[engine]\ncompression_format = "zstd"\n' >"$CONTAINERS_CONF"
    run_podman push -q --tls-verify=false box "$REGISTRY/x/c:1"
    is "$(manifest_of "docker://$REGISTRY/x/c:1" '.layers[0].mediaType')" =~ zstd
    run_podman push -q --tls-verify=false --format v2s2 box "$REGISTRY/x/c:2"
    is "$(manifest_of "docker://$REGISTRY/x/c:2" '.layers[0].mediaType')" =~ gzip
}

@test "push: a blob of another repository is mounted, not sent" {
    start_stub
    load_box
    run_podman push -q box "$REGISTRY/library/box:1"
    run_podman rmi -f box
    run_podman pull -q "$REGISTRY/library/box:1"
    stub reset
    run_podman push -q "$REGISTRY/library/box:1" "$REGISTRY/other/name:1"
    is "$(stub_stat .mounts)" = 2
    [ "$(stub_stat .received)" -lt 2000 ] # the manifest
    # What was compressed on its way as well.
    load_box
    podman tag box "$REGISTRY/first/box:1" "$REGISTRY/second/box:1"
    run_podman push -q "$REGISTRY/first/box:1"
    stub reset
    run_podman push -q "$REGISTRY/second/box:1"
    is "$(stub_stat '.mounts >= 1')" = true
    [ "$(stub_stat .received)" -lt 20000 ]
    # Where a blob went is remembered without any name of the image saying so.
    stub reset
    podman rmi "$REGISTRY/first/box:1" "$REGISTRY/second/box:1"
    run_podman push -q box "$REGISTRY/third/box:1"
    [ "$(stub_stat .received)" -lt 20000 ]
    skopeo inspect --tls-verify=false "docker://$REGISTRY/other/name:1" >/dev/null
}

@test "push: in parts where a server takes no large body, again where it is busy" {
    start_stub
    load_box
    run_podman push -q box "dir:$TEST_DIR/dir"
    run_podman push -q box "oci:$TEST_DIR/oci:x"
    run_podman rmi -f box
    run_podman pull -q "oci:$TEST_DIR/oci:x"
    name=$(podman images -n --format '{{.Repository}}:{{.Tag}}')
    stub fault '{"what":"parts","kind":"on","times":2}'
    run_podman push -q "$name" "$REGISTRY/parts/box:1"
    is "$(stub_stat .patches)" = 2
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/parts/box:1" "dir:$TEST_DIR/out"
    stub fault '{"what":"put-blob","kind":"status","status":503}'
    stub fault '{"what":"uploads","kind":"status","status":429,"headers":{"Retry-After":"1"}}'
    stub fault '{"what":"put-manifest","kind":"status","status":500}'
    run_podman push --retry-delay 1ms "$name" "$REGISTRY/busy/box:1"
    is "$output" =~ "toomanyrequests"
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/busy/box:1" "dir:$TEST_DIR/out2"
    # One that knows no OCI manifests, and one that takes no stream.
    stub fault '{"what":"put-manifest","kind":"status","status":400,"body":"{\"errors\":[{\"code\":\"MANIFEST_INVALID\"}]}"}'
    run_podman push -q --retry 0 "$name" "$REGISTRY/old/box:2"
    is "$(manifest_of "docker://$REGISTRY/old/box:2" .mediaType)" = application/vnd.docker.distribution.manifest.v2+json
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/old/box:2" "dir:$TEST_DIR/out4"
    load_box
    stub fault '{"what":"patch","kind":"status","status":411}'
    run_podman push -q --retry 0 --force-compression box "$REGISTRY/old/box:1"
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/old/box:1" "dir:$TEST_DIR/out3"
    stub fault '{"what":"put-manifest","kind":"status","status":500}'
    run_podman 125 push -q --retry 0 "$name" "$REGISTRY/busy/box:2"
    is "$output" =~ "received unexpected HTTP status: 500"
    stub fault '{"what":"put-manifest","kind":"status","status":403,"body":"{\"errors\":[{\"code\":\"DENIED\"}]}"}'
    run_podman 125 push -q "$name" "$REGISTRY/busy/box:2"
    is "$output" =~ "requested access to the resource is denied"
}

@test "push: directories and archives" {
    start_registry
    registry_put library/busybox latest
    run_podman pull -q busybox
    run_podman push -q busybox "oci:$TEST_DIR/layout:one"
    run_podman push -q busybox "oci:$TEST_DIR/layout:two"
    run_podman push -q busybox "oci:$TEST_DIR/layout:one"
    is "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | sort | join(" ")' "$TEST_DIR/layout/index.json")" = "one two"
    skopeo inspect "oci:$TEST_DIR/layout:two" >/dev/null
    run_podman push -q busybox "oci-archive:$TEST_DIR/a.tar:x"
    # (skopeo itself unpacks such an archive with its owners, which an ordinary user cannot.)
    mkdir "$TEST_DIR/a"
    tar -C "$TEST_DIR/a" --no-same-owner -xf "$TEST_DIR/a.tar"
    skopeo inspect "oci:$TEST_DIR/a:x" >/dev/null
    run_podman push -q busybox "dir:$TEST_DIR/dir"
    skopeo inspect "dir:$TEST_DIR/dir" >/dev/null
    run_podman push -q busybox "docker-archive:$TEST_DIR/d.tar:my/box:7"
    is "$(tar -xOf "$TEST_DIR/d.tar" manifest.json | jq -r '.[0].RepoTags | join(" ")')" = "docker.io/my/box:7 docker.io/library/busybox:latest"
    skopeo inspect "docker-archive:$TEST_DIR/d.tar" >/dev/null
    run_podman 125 push -q busybox "docker-archive:$TEST_DIR/d.tar:my/box:7"
    is "$output" =~ "doesn't support modifying existing images"
    run_podman 125 push -q --compress busybox "oci:$TEST_DIR/c"
    is "$output" =~ "--compress can be set only when the destination is 'dir:'"
    load_box
    run_podman push -q box "dir:$TEST_DIR/plain"
    run_podman push -q --compress box "dir:$TEST_DIR/packed"
    is "$(jq -r '.layers[0].mediaType' "$TEST_DIR/plain/manifest.json")" !~ gzip
    is "$(jq -r '.layers[0].mediaType' "$TEST_DIR/packed/manifest.json")" =~ gzip
    run_podman save -q --format docker-dir --compress -o "$TEST_DIR/saved" box
    is "$(jq -r '.layers[0].mediaType' "$TEST_DIR/saved/manifest.json")" =~ gzip
    skopeo inspect "dir:$TEST_DIR/saved" >/dev/null
}

@test "push and pull: a Docker daemon" {
    load_box
    python3 "$BATS_TEST_DIRNAME/docker_stub.py" "$TEST_DIR/docker.sock" "$TEST_DIR/loaded.tar" 3>&- &
    stub=$!
    for _ in $(seq 100); do [ -S "$TEST_DIR/docker.sock" ] && break; sleep 0.05; done
    export DOCKER_HOST=unix://$TEST_DIR/docker.sock
    run_podman push -q box docker-daemon:my/box:3
    is "$(tar -xOf "$TEST_DIR/loaded.tar" manifest.json | jq -r '.[0].RepoTags[0]')" = docker.io/my/box:3
    run_podman rmi -f box
    run_podman pull -q docker-daemon:my/box:3
    run_podman images -n --format '{{.Repository}}:{{.Tag}}'
    is "$output" = docker.io/my/box:3
    run_podman 125 pull -q docker-daemon:my/none:3
    is "$output" =~ "No such image"
    kill "$stub"
    wait "$stub" || true
}

@test "push: what is refused says why" {
    start_registry
    load_box
    run_podman 125 push -q box localhost:1/x:1
    is "$output" =~ "pinging container registry localhost:1"
    run_podman 125 push -q nothing "$REGISTRY/x:1"
    is "$output" =~ "nothing: image not known"
    run_podman 125 push -q --sign-by me box "$REGISTRY/x:1"
    run_podman 125 push -q --compression-format lzw box "$REGISTRY/x:1"
    printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$REGISTRY" >>"$CONTAINERS_REGISTRIES_CONF"
    run_podman 125 push -q box "$REGISTRY/x:1"
    is "$output" =~ "registry $REGISTRY is blocked"
}

start_tls_registry() {
    printf 'cert = "%s"\nkey = "%s"\n' "$TEST_DIR/certs/client.pem" "$TEST_DIR/certs/client.key" >"$TEST_DIR/.curlrc"
    CURL_HOME=$TEST_DIR start_registry
    echo >"$CONTAINERS_REGISTRIES_CONF"
}

@test "push: over TLS, with a certificate of the client's own" {
    mkdir "$TEST_DIR/certs"
    cd "$TEST_DIR/certs"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca 2>/dev/null
    for who in server client; do
        openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj /CN=localhost 2>/dev/null
        openssl x509 -req -in $who.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
            -extfile <(echo subjectAltName=DNS:localhost) -out $who.pem 2>/dev/null
    done
    mkdir client full
    cp ca.crt client/
    cp ca.crt full/
    cp client.pem full/client.cert
    cp client.key full/client.key
    REGISTRY_TLS=", tls: {certificate: $PWD/server.pem, key: $PWD/server.key, clientcas: [$PWD/ca.crt]}" \
        REGISTRY_SCHEME=https start_tls_registry
    load_box
    run_podman 125 push -q --retry 0 --cert-dir "$TEST_DIR/certs/client" box "$REGISTRY/x/a:1"
    run_podman push -q --cert-dir "$TEST_DIR/certs/full" box "$REGISTRY/x/a:1"
    run_podman rmi -f box
    run_podman pull -q --cert-dir "$TEST_DIR/certs/full" "$REGISTRY/x/a:1"
}
