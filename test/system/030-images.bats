#!/usr/bin/env bats
# Images: pull, load, save, import, list, names, removal.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

@test "images: an empty store" {
    run_podman images
    is "$output" =~ '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$'
    run_podman images -q
    is "$output" = ""
    run_podman images --format json
    is "$output" = "[]"
    run_podman 1 image exists busybox
    run_podman 1 rmi busybox
    is "$output" = "Error: busybox: image not known"
    run_podman rmi -i busybox
    run_podman 125 images --filter nonsense=1
    is "$output" =~ "unsupported image filter"
}

@test "load: a docker-archive, by name, from stdin, compressed" {
    make_busybox_archive "$TEST_DIR/b.tar" example.com/a/b:v1
    run_podman load -q -i "$TEST_DIR/b.tar"
    is "$output" = "Loaded image: example.com/a/b:v1"
    run_podman load -q <"$TEST_DIR/b.tar"
    is "$output" = "Loaded image: example.com/a/b:v1"
    cat "$TEST_DIR/b.tar" | podman load -q
    for how in gzip bzip2 xz zstd; do
        command -v $how >/dev/null || continue
        $how -c "$TEST_DIR/b.tar" >"$TEST_DIR/b.$how"
        run_podman load -q -i "$TEST_DIR/b.$how"
        is "$output" = "Loaded image: example.com/a/b:v1"
    done
    run_podman images --noheading --format '{{.Repository}} {{.Tag}}'
    is "$output" = "example.com/a/b v1"
}

@test "load: what is no image leaves nothing" {
    echo nonsense >"$TEST_DIR/x"
    run_podman 125 load -i "$TEST_DIR/x"
    run_podman 125 load -i "$TEST_DIR/none"
    is "$output" = "Error: open $TEST_DIR/none: No such file or directory"
    make_busybox_archive "$TEST_DIR/b.tar"
    head -c 700000 "$TEST_DIR/b.tar" >"$TEST_DIR/cut.tar"
    run_podman 125 load -i "$TEST_DIR/cut.tar"
    run_podman images -q
    is "$output" = ""
    is "$(ls "$TEST_DIR/root/layers")" = ""
}

@test "load: a layer that is not what the configuration says" {
    make_busybox_archive "$TEST_DIR/b.tar"
    mkdir "$TEST_DIR/w"
    tar -C "$TEST_DIR/w" -xf "$TEST_DIR/b.tar"
    sed -i "s/sha256:.\{64\}/sha256:$(printf '%064d' 7)/" "$TEST_DIR/w/config.json"
    tar -C "$TEST_DIR/w" -cf "$TEST_DIR/lie.tar" config.json layer.tar manifest.json
    run_podman 125 load -q -i "$TEST_DIR/lie.tar"
    is "$output" =~ "layer digest did not match"
    is "$(ls "$TEST_DIR/root/layers")" = ""
}

@test "save and load: every format gives the same image" {
    load_busybox
    run_podman images -q --no-trunc
    id=$output
    for format in docker-archive oci-archive oci-dir docker-dir; do
        run_podman save -q --format $format -o "$TEST_DIR/out.$format" busybox
        run_podman rmi busybox
        run_podman load -q -i "$TEST_DIR/out.$format"
        run_podman images -q --no-trunc
        is "$output" = "$id"
        [ $format = docker-dir ] && podman tag "$id" docker.io/library/busybox:latest
    done
    run_podman 125 save -q -o "$TEST_DIR/out.docker-archive" busybox
    is "$output" =~ "doesn't support modifying existing images"
    run_podman 125 save -q -m --format oci-archive -o "$TEST_DIR/x" busybox
    podman save -q busybox | tar -t | grep -q manifest.json
}

@test "save: several images in one archive" {
    load_busybox
    make_busybox_archive "$TEST_DIR/c.tar" second:v2
    tar -C "$TEST_DIR" -xf "$TEST_DIR/c.tar" layer.tar
    id=$(podman import -c 'LABEL a=b' "$TEST_DIR/layer.tar" second:v2)
    run_podman save -q -m -o "$TEST_DIR/two.tar" busybox second:v2
    run_podman rmi -a
    run_podman load -q -i "$TEST_DIR/two.tar"
    is "$output" =~ "docker.io/library/busybox:latest"
    is "$output" =~ "localhost/second:v2"
    run_podman image inspect -f '{{.Id}}' second:v2
    is "$output" = "$id"
}

@test "import: changes and message" {
    mkdir "$TEST_DIR/r"
    echo hi >"$TEST_DIR/r/f"
    tar -C "$TEST_DIR/r" -czf "$TEST_DIR/r.tgz" .
    run_podman import -q -m "a message" -c CMD='["/a","b"]' -c 'ENV A=b' -c 'LABEL x="y z"' \
        -c EXPOSE=80 -c 'VOLUME /v' -c WORKDIR=/w -c USER=me "$TEST_DIR/r.tgz" mine:1
    is "$output" =~ '^[0-9a-f]{64}$'
    run_podman image inspect -f '{{.Config.Cmd}} {{.Config.Env}} {{.Config.Labels.x}} {{.Config.WorkingDir}} {{.User}} {{.Comment}}' mine:1
    is "$output" = "[/a b] [A=b] y z /w me a message"
    run_podman image inspect -f '{{json .Config.ExposedPorts}}{{json .Config.Volumes}}' mine:1
    is "$output" = '{"80/tcp":{}}{"/v":{}}'
    run_podman 125 import -c NONSENSE=1 "$TEST_DIR/r.tgz"
    cat "$TEST_DIR/r.tgz" | podman import -q - piped:1
    run_podman image exists piped:1
}

@test "names: tag, untag, short names, digests, ID prefixes" {
    load_busybox
    id=$(podman images -q --no-trunc)
    id=${id#sha256:}
    run_podman tag busybox one two:2 quay.io/x/three:3
    run_podman images -n --sort repository --format '{{.Repository}}:{{.Tag}}'
    is "$output" = "docker.io/library/busybox:latest
localhost/one:latest
localhost/two:2
quay.io/x/three:3"
    for name in busybox docker.io/busybox one localhost/one:latest two:2 x/three:3 three:3 \
        "$id" "${id:0:12}" "${id:0:3}" "sha256:$id"; do
        run_podman image inspect -f '{{.Id}}' "$name"
        is "$output" = "$id"
    done
    digest=$(podman image inspect -f '{{.Digest}}' busybox)
    run_podman image inspect -f '{{.Id}}' "busybox@$digest"
    is "$output" = "$id"
    run_podman 125 image inspect three
    is "$output" =~ "three: image not known"
    run_podman untag busybox two:2
    run_podman 1 image exists two:2
    run_podman 125 untag busybox nothing:1
    is "$output" =~ "tag not known"
    run_podman untag busybox
    run_podman images -n --format '{{.Repository}}'
    is "$output" = "<none>"
    run_podman 125 tag "$id" UPPER
}

@test "rmi: names first, then the image; prune" {
    load_busybox
    run_podman tag busybox other
    run_podman rmi other
    is "$output" = "Untagged: localhost/other:latest"
    run_podman tag busybox other
    id=$(podman images -q --no-trunc | head -1)
    run_podman 125 rmi "${id#sha256:}"
    is "$output" =~ "please force removal"
    run_podman rmi -f "${id#sha256:}"
    is "$output" =~ "Deleted: ${id#sha256:}"
    is "$(find "$TEST_DIR/root/oci/blobs" "$TEST_DIR/root/layers" -type f)" = ""
    load_busybox
    run_podman untag busybox
    run_podman image prune -f
    is "$output" = "${id#sha256:}"
    run_podman images -q
    is "$output" = ""
    load_busybox
    run_podman image prune -f
    is "$output" = ""
    run_podman image prune -fa --filter label=made=nobody
    is "$output" = ""
    run_podman image prune -fa --filter label=made
    is "$output" = "${id#sha256:}"
}

@test "images: filters, columns, formats" {
    load_busybox
    mkdir "$TEST_DIR/r"
    tar -C "$TEST_DIR/r" -cf "$TEST_DIR/r.tar" .
    podman import -q "$TEST_DIR/r.tar" newer:1 >/dev/null
    list() { podman images -n --format '{{.Repository}}' "$@" | sort | tr '\n' ' '; }
    is "$(list --filter label=made=here)" = "docker.io/library/busybox "
    is "$(list --filter label!=made)" = "localhost/newer "
    is "$(list --filter reference='*box')" = "docker.io/library/busybox "
    is "$(list --filter reference=newer --filter reference=busybox)" = "docker.io/library/busybox localhost/newer "
    is "$(list --filter before=newer:1)" = "docker.io/library/busybox "
    is "$(list --filter since=busybox)" = "localhost/newer "
    is "$(list --filter until=24h)" = "docker.io/library/busybox "
    is "$(list --filter dangling=true)" = ""
    is "$(list --filter containers=false)" = "docker.io/library/busybox localhost/newer "
    is "$(list busybox)" = "docker.io/library/busybox "
    run_podman images --digests
    is "$output" =~ "DIGEST .*sha256:"
    run_podman images --format '{{.ID}} {{.CreatedSince}} {{.Size}}' busybox
    is "$output" =~ '^[0-9a-f]{12} .* ago .* [kM]B$'
    run_podman 125 images -q --format x
    run_podman history --format '{{.CreatedBy}} {{.Comment}}' busybox
    is "$output" = "ADD busybox test"
}

@test "store: is an OCI layout that other tools read" {
    command -v skopeo >/dev/null || skip "no skopeo"
    mkdir "$TEST_DIR/r"
    tar -C "$TEST_DIR/r" -cf "$TEST_DIR/r.tar" .
    podman import -q "$TEST_DIR/r.tar" mine:1 >/dev/null
    run skopeo inspect "oci:$TEST_DIR/root/oci:localhost/mine:1"
    [ "$status" -eq 0 ]
}

@test "pull: names, tags, digests, progress" {
    start_registry
    registry_put library/busybox latest
    registry_put quay/org/x v1 none
    run_podman pull busybox
    is "$output" =~ "Trying to pull docker.io/library/busybox:latest..."
    is "$output" =~ "Getting image source signatures"
    is "$output" =~ "Copying blob $LAYER_DIGEST|Copying blob sha256:"
    is "$output" =~ "Writing manifest to image destination"
    is "${lines[-1]}" = "$IMAGE_ID"
    run_podman pull -q quay.io/org/x:v1
    is "$output" = "$IMAGE_ID"
    run_podman pull -q --tls-verify=false "$REGISTRY/quay/org/x@$MANIFEST_DIGEST"
    is "$output" = "$IMAGE_ID"
    run_podman images -n --format '{{.Repository}}:{{.Tag}}'
    is "$output" =~ "docker.io/library/busybox:latest"
    is "$output" =~ "quay.io/org/x:v1"
    is "$output" =~ "$REGISTRY/quay/org/x:<none>"
    run_podman pull -q --policy never busybox
    run_podman 125 pull --policy never nothing
    run_podman 125 pull docker.io/library/nothing
    is "$output" =~ "initializing source docker://docker.io/library/nothing:latest: reading manifest latest in $REGISTRY/library/nothing: manifest unknown"
    run_podman 125 pull nothing
    is "$output" =~ "2 errors occurred while pulling"
}

@test "pull: all tags" {
    start_registry
    registry_put library/busybox a
    registry_put library/busybox b
    run_podman pull -q -a docker.io/library/busybox
    run_podman images -n --sort tag --format '{{.Tag}}'
    is "$output" = "a
b"
}

@test "pull: an index gives this machine's image" {
    start_registry
    registry_put library/multi real
    cat >"$TEST_DIR/index.json" <<EOF
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"$MANIFEST_DIGEST","size":$MANIFEST_SIZE,"platform":{"architecture":"$(go_arch)","os":"linux"}}]}
EOF
    put_manifest "http://$REGISTRY/v2/library/multi" latest "$TEST_DIR/index.json" application/vnd.oci.image.index.v1+json
    run_podman pull -q multi
    is "$output" = "$IMAGE_ID"
    run_podman image inspect -f '{{.RepoDigests}}' multi
    is "$output" =~ "sha256:$(sha256 "$TEST_DIR/index.json")"
    is "$output" =~ "$MANIFEST_DIGEST"
    run_podman 125 pull -q --arch s390x multi
    is "$output" =~ "no image found in image index for architecture s390x"
}

@test "pull: a partial blob is resumed" {
    start_registry
    registry_put library/busybox latest
    mkdir -p "$TEST_DIR/root/oci/partial"
    curl -fsS "http://$REGISTRY/v2/library/busybox/blobs/$LAYER_DIGEST" | head -c 100000 \
        >"$TEST_DIR/root/oci/partial/${LAYER_DIGEST#sha256:}"
    run_podman pull -q busybox
    is "$output" = "$IMAGE_ID"
    is "$(ls "$TEST_DIR/root/oci/partial")" = ""
    # Wrong bytes are noticed, thrown away, and do not stand in the way.
    run_podman rmi -a
    head -c 1000 /dev/urandom >"$TEST_DIR/root/oci/partial/${LAYER_DIGEST#sha256:}"
    run_podman pull -q busybox
    is "$output" = "$IMAGE_ID"
}

@test "pull: a blob that is not what its digest says" {
    start_registry
    registry_put library/busybox latest
    hex=${LAYER_DIGEST#sha256:}
    file=$TEST_DIR/registry/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data
    printf 'x' | dd of="$file" bs=1 seek=5000 conv=notrunc 2>/dev/null
    run_podman 125 pull -q busybox
    run_podman images -q
    is "$output" = ""
    is "$(ls "$TEST_DIR/root/layers")" = ""
}

@test "pull: credentials" {
    command -v htpasswd >/dev/null || skip "no htpasswd"
    htpasswd -Bbn me secret >"$TEST_DIR/htpasswd"
    start_registry
    registry_put library/busybox latest
    stop_registry
    port=$REGISTRY_PORT
    start_registry "auth: {htpasswd: {realm: x, path: $TEST_DIR/htpasswd}}"
    run_podman 125 pull -q --tls-verify=false "$REGISTRY/library/busybox"
    is "$output" =~ "unauthorized"
    run_podman 125 pull -q --tls-verify=false --creds me:wrong "$REGISTRY/library/busybox"
    run_podman pull -q --tls-verify=false --creds me:secret "$REGISTRY/library/busybox"
    echo "{\"auths\":{\"$REGISTRY\":{\"auth\":\"$(printf me:secret | base64)\"}}}" >"$TEST_DIR/auth.json"
    run_podman pull -q --tls-verify=false --authfile "$TEST_DIR/auth.json" "$REGISTRY/library/busybox"
    REGISTRY_AUTH_FILE=$TEST_DIR/auth.json run_podman pull -q busybox
}

@test "pull: TLS, certificates of a private authority" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout "$TEST_DIR/key.pem" -out "$TEST_DIR/cert.pem" 2>/dev/null
    REGISTRY_TLS=", tls: {certificate: $TEST_DIR/cert.pem, key: $TEST_DIR/key.pem}" REGISTRY_SCHEME=https start_registry
    mkdir "$TEST_DIR/certs"
    run_podman 125 pull "$REGISTRY/x"
    is "$output" =~ "certificate"
    cp "$TEST_DIR/cert.pem" "$TEST_DIR/certs/ca.crt"
    run_podman 125 pull --cert-dir "$TEST_DIR/certs" "$REGISTRY/x"
    is "$output" =~ "manifest unknown"
    run_podman 125 pull --tls-verify=false "$REGISTRY/x"
    is "$output" =~ "manifest unknown"
}

@test "pull: mirrors, blocked registries, nobody there" {
    start_registry
    registry_put m/x v1
    cat >>"$CONTAINERS_REGISTRIES_CONF" <<EOF
[[registry]]
location = "origin.example"
[[registry.mirror]]
location = "localhost:1"
insecure = true
[[registry.mirror]]
location = "$REGISTRY/m"
insecure = true
[[registry]]
location = "bad.example"
blocked = true
EOF
    run_podman pull -q origin.example/x:v1
    is "$output" = "$IMAGE_ID"
    run_podman 125 pull bad.example/x
    is "$output" =~ "registry bad.example is blocked"
    run_podman 125 pull localhost:1/x
    is "$output" =~ "pinging container registry localhost:1"
}

@test "pull: transports of files" {
    load_busybox
    podman save -q --format oci-dir -o "$TEST_DIR/dir" busybox
    podman save -q --format oci-archive -o "$TEST_DIR/a.tar" busybox
    id=$(podman images -q --no-trunc)
    run_podman rmi -a
    for name in "docker-archive:$TEST_DIR/busybox.tar" "oci-archive:$TEST_DIR/a.tar" "oci:$TEST_DIR/dir"; do
        run_podman pull -q "$name"
        is "sha256:$output" = "$id"
    done
}

@test "two pulls at once share the work and both succeed" {
    start_registry
    registry_put library/busybox latest
    podman pull -q busybox >"$TEST_DIR/1" &
    podman pull -q busybox >"$TEST_DIR/2"
    wait $!
    is "$(cat "$TEST_DIR/1" "$TEST_DIR/2" | sort -u)" = "$IMAGE_ID"
}

# If this failed, a tidying `rmi -a` would take stopped containers, and their data, along.
@test "rmi -a: several names go, containers stay; errors are listed" {
    load_busybox
    podman tag busybox localhost/second:1
    id=$(podman create busybox)
    run_podman 2 rmi -a
    is "$output" =~ "^Error: image used by $id: image is in use by a container"
    run_podman container exists "$id"
    run_podman image exists second:1
    run_podman 1 rmi nosuch other
    is "$output" = "Error: 2 errors occurred:"$'\n\t'"* nosuch: image not known"$'\n\t'"* other: image not known"
    podman rm "$id"
    run_podman rmi -a
    is "${lines[2]}" =~ "^Deleted: "
    podman load -q -i "$TEST_DIR/busybox.tar"
    podman create busybox
    run_podman rmi -af
    is "$(podman ps -aq)" = ""
}
