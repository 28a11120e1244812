#!/usr/bin/env bats
# Manifest lists: images for several platforms under one name.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

blob_file() { echo "$TEST_DIR/root/oci/blobs/sha256/${1#sha256:}"; }

# load_foreign ARCH NAME: the busybox image, said to be for another architecture.
load_foreign() {
    local w=$TEST_DIR/foreign-$1
    make_busybox_archive "$TEST_DIR/f.tar" "$2"
    mkdir "$w"
    tar -C "$w" -xf "$TEST_DIR/f.tar"
    sed -i "s/\"architecture\":\"[a-z0-9]*\"/\"architecture\":\"$1\"/" "$w/config.json"
    tar -C "$w" -cf "$TEST_DIR/f.tar" config.json layer.tar manifest.json
    podman load -q -i "$TEST_DIR/f.tar"
}

digest_of() { podman image inspect -f '{{.Digest}}' "$1"; }

@test "manifest create: an empty list is an image name" {
    run_podman manifest create mylist:v1
    is "$output" =~ '^[0-9a-f]{64}$'
    id=$output
    run_podman manifest inspect mylist:v1
    is "$(jq -c . <<<"$output")" = \
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
    run_podman images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}'
    is "$output" = "localhost/mylist:v1 sha256:$id"
    run_podman manifest exists mylist:v1
    run_podman 1 manifest exists nothing
    run_podman 125 manifest create mylist:v1
    is "$output" =~ "that name is already in use"
    run_podman manifest create --amend mylist:v1
    is "$output" = "$id"
    run_podman manifest create -a --annotation a=b mylist:v1
    run_podman manifest inspect mylist:v1
    is "$(jq -r '.mediaType + .annotations.a' <<<"$output")" = application/vnd.oci.image.index.v1+jsonb
    run_podman rmi mylist:v1
    is "$output" = "Untagged: localhost/mylist:v1"$'\n'"Deleted: $id"
    is "$(ls "$TEST_DIR/root/oci/blobs/sha256")" = ""
}

@test "manifest add: local images, platforms, run picks ours" {
    load_busybox
    load_foreign s390x localhost/foreign:1
    ours=$(digest_of busybox)
    theirs=$(digest_of foreign:1)
    run_podman manifest create list busybox foreign:1
    id=$output
    run_podman manifest inspect list
    is "$(jq -r '.manifests[] | .digest + " " + .platform.os + "/" + .platform.architecture' <<<"$output")" = \
        "$ours linux/$(go_arch)"$'\n'"$theirs linux/s390x"
    is "$(jq -r '.manifests[0].size' <<<"$output")" = "$(stat -c %s "$(blob_file "$ours")")"
    # Any tool finds the list, and the image in it, in the store's layout.
    run skopeo inspect --raw "oci:$TEST_DIR/root/oci:localhost/list:latest"
    is "$(jq -r '.manifests | length' <<<"$output")" = 2
    run skopeo inspect --format '{{.Architecture}}' "oci:$TEST_DIR/root/oci:localhost/list:latest"
    is "$output" = "$(go_arch)"
    run_podman run --rm list echo hello
    is "$output" = hello
    run_podman image inspect -f '{{.Digest}}' list
    is "$output" = "$ours"
    run_podman images -q --no-trunc --filter manifest=true
    is "$output" = "sha256:$id"
    run_podman images --format json --filter manifest=true
    is "$(jq -r '.[].IsManifestList' <<<"$output")" = true
    run_podman images --filter manifest=false --format '{{.Repository}}'
    is "$output" !~ localhost/list
    # The list keeps what it names, also when the image goes.
    run_podman rmi busybox
    [ -e "$(blob_file "$ours")" ]
    run_podman run --rm list echo again
    is "$output" = again
    run_podman manifest rm list
    is "$output" =~ "Deleted: $id"
    run_podman rmi -a
    is "$(ls "$TEST_DIR/root/oci/blobs/sha256")" = ""
}

@test "manifest add: what is said of an entry; the same one again" {
    load_busybox
    digest=$(digest_of busybox)
    podman manifest create list
    run_podman manifest add --arch arm --variant v7 --os windows --os-version 10.1 --features f1,f2 \
        --annotation one=two list busybox
    run_podman manifest inspect list
    is "$(jq -c '.manifests[0].platform' <<<"$output")" = \
        '{"architecture":"arm","os":"windows","os.version":"10.1","variant":"v7","features":["f1","f2"]}'
    is "$(jq -r '.manifests[0].annotations.one' <<<"$output")" = two
    is "$(jq -r '.mediaType' <<<"$output")" = application/vnd.oci.image.index.v1+json
    podman manifest add list containers-storage:docker.io/library/busybox:latest
    run_podman manifest inspect list
    is "$(jq -r '.manifests | length' <<<"$output")" = 1
    run_podman manifest annotate --os linux --arch arm64 --os-features sse --annotation x=y list "$digest"
    run_podman manifest inspect list
    is "$(jq -r '.manifests[0] | .platform.architecture + .platform["os.features"][0] + .annotations.x' \
        <<<"$output")" = arm64ssey
    run_podman manifest annotate --variant v8 list busybox
    run_podman manifest annotate --index --annotation top=1 --subject busybox list
    run_podman manifest inspect list
    is "$(jq -r '.annotations.top + " " + .subject.digest' <<<"$output")" = "1 $digest"
    is "$(jq -r '.manifests[0].platform.variant' <<<"$output")" = v8
    run_podman 125 manifest annotate --index --arch arm list
    run_podman 125 manifest annotate list
    run_podman 125 manifest annotate list "sha256:$(printf '%064d' 1)"
    is "$output" =~ "no instance with digest"
    run_podman 125 manifest remove list nonsense
    is "$output" =~ "invalid image digest"
    run_podman manifest remove list "$digest"
    run_podman manifest inspect list
    is "$(jq -r '.manifests | length' <<<"$output")" = 0
    run_podman 125 run --rm list true
    is "$output" =~ "no image found in manifest list for architecture $(go_arch)"
    run_podman 125 manifest add busybox busybox
    is "$output" = "Error: busybox: not a manifest list"
    run_podman 125 manifest exists busybox
    run_podman 1 manifest rm nothing
    run_podman manifest rm --ignore nothing
    run_podman 125 manifest rm busybox
}

@test "manifest add --artifact: files become an artifact of the list" {
    load_busybox
    echo '{"c":1}' >"$TEST_DIR/conf.json"
    echo data >"$TEST_DIR/data.txt"
    podman manifest create list
    run_podman manifest add --artifact --artifact-type application/x.test --artifact-annotation k=v \
        --artifact-config "$TEST_DIR/conf.json" --artifact-config-type application/x.conf \
        --artifact-layer-type text/x-data --artifact-subject busybox list "$TEST_DIR/data.txt"
    run_podman manifest inspect list
    is "$(jq -r '.manifests[0].artifactType' <<<"$output")" = application/x.test
    m=$(blob_file "$(jq -r '.manifests[0].digest' <<<"$output")")
    is "$(jq -r '[.artifactType, .config.mediaType, .layers[0].mediaType, .annotations.k] | join(" ")' "$m")" = \
        "application/x.test application/x.conf text/x-data v"
    is "$(jq -r '.subject.digest' "$m")" = "$(digest_of busybox)"
    is "$(jq -r '.layers[0].annotations["org.opencontainers.image.title"]' "$m")" = data.txt
    is "$(cat "$(blob_file "$(jq -r '.layers[0].digest' "$m")")")" = data
    is "$(cat "$(blob_file "$(jq -r '.config.digest' "$m")")")" = '{"c":1}'
    podman manifest create other
    run_podman manifest add --artifact --artifact-exclude-titles other "$TEST_DIR/data.txt"
    run_podman manifest inspect other
    m=$(blob_file "$(jq -r '.manifests[0].digest' <<<"$output")")
    is "$(jq -c '[.artifactType, .config.mediaType, .layers[0].annotations]' "$m")" = \
        '["application/vnd.unknown.artifact.v1","application/vnd.oci.empty.v1+json",null]'
    run_podman 125 manifest add --artifact-type x/y list busybox
    is "$output" =~ "for use with --artifact only"
}

@test "manifest: push to a registry, inspect it there, add from there" {
    start_registry
    load_busybox
    load_foreign s390x localhost/foreign:1
    podman manifest create list busybox foreign:1
    run_podman manifest push -q --digestfile "$TEST_DIR/digest" list "docker://$REGISTRY/a/list:1" --tls-verify=false
    run curl -fsS -H 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json' \
        "http://$REGISTRY/v2/a/list/manifests/1"
    is "$(jq -r '.manifests | length' <<<"$output")" = 2
    is "sha256:$(printf %s "$output" | sha256sum | cut -d' ' -f1)" = "$(cat "$TEST_DIR/digest")"
    run skopeo inspect --tls-verify=false --format '{{.Architecture}}' "docker://$REGISTRY/a/list:1"
    is "$output" = "$(go_arch)"
    run_podman manifest inspect --tls-verify=false "$REGISTRY/a/list:1"
    is "$(jq -r '.manifests | length' <<<"$output")" = 2
    podman rmi -af
    podman manifest create one
    run_podman manifest add --tls-verify=false one "docker://$REGISTRY/a/list:1"
    run_podman manifest inspect one
    is "$(jq -r '.manifests[].platform.architecture' <<<"$output")" = "$(go_arch)"
    podman manifest create all
    run_podman manifest add --all --tls-verify=false all "docker://$REGISTRY/a/list:1"
    run_podman manifest inspect all
    is "$(jq -r '.manifests | length' <<<"$output")" = 2
    # Its layers come now, by what registries.conf says of the registry.
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >>"$CONTAINERS_REGISTRIES_CONF"
    run_podman run --rm all echo from-registry
    is "${lines[-1]}" = from-registry
    run_podman manifest push -q --insecure --format v2s2 all "docker://$REGISTRY/v2/all:1"
    run curl -fsS -H 'Accept: application/vnd.docker.distribution.manifest.list.v2+json' "http://$REGISTRY/v2/v2/all/manifests/1"
    is "$(jq -r '.mediaType + " " + .manifests[0].mediaType' <<<"$output")" = \
        "application/vnd.docker.distribution.manifest.list.v2+json application/vnd.docker.distribution.manifest.v2+json"
    run_podman manifest push -q --rm --tls-verify=false all "$REGISTRY/b/all:2"
    run_podman 1 manifest exists all
    run_podman manifest push -q --tls-verify=false --add-compression zstd one "docker://$REGISTRY/z/one:1"
    blobs=$(ls "$TEST_DIR/root/oci/blobs/sha256")
    run_podman manifest push -q --tls-verify=false --add-compression gzip,zstd one "docker://$REGISTRY/z/one:1"
    is "$(ls "$TEST_DIR/root/oci/blobs/sha256")" = "$blobs"
    run_podman manifest inspect --tls-verify=false "$REGISTRY/z/one:1"
    is "$(jq -r '.manifests | length' <<<"$output")" = 2
    is "$(jq -r '.manifests[1].annotations["io.github.containers.compression.zstd"]' <<<"$output")" = true
    zstd=$(jq -r '.manifests[1].digest' <<<"$output")
    is "$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/z/one@$zstd" | jq -r '.layers[0].mediaType')" = \
        application/vnd.oci.image.layer.v1.tar+zstd
    podman pull -q --tls-verify=false "$REGISTRY/z/one@$zstd"
    run_podman run --rm "$REGISTRY/z/one@$zstd" echo unpacked
    is "${lines[-1]}" = unpacked
    run_podman 125 manifest push -q --tls-verify=false one "$REGISTRY/none:1" --add-compression lzma
    run_podman 125 manifest inspect --tls-verify=false "$REGISTRY/a/none:1"
    # Of an image the text alone is fetched; with --all it is added like a list of one.
    run_podman manifest inspect --tls-verify=false "$REGISTRY/z/one@$zstd"
    is "$(jq -r '.layers | length' <<<"$output")" = 1
    podman rmi -af
    podman manifest create last
    podman manifest add --all --tls-verify=false last "docker://$REGISTRY/z/one@$zstd"
    run_podman run --rm last echo one-of-one
    is "${lines[-1]}" = one-of-one
    podman tag last localhost/other:9
    podman untag last localhost/last:latest
    run_podman manifest exists other:9
    run_podman 1 manifest exists last
    run_podman image save -q -o "$TEST_DIR/list.tar" other:9
}

@test "push of a list: its image, or all of it where that is not here" {
    load_busybox
    load_foreign s390x localhost/foreign:1
    podman manifest create both busybox foreign:1
    podman manifest create far foreign:1
    run_podman push -q both "dir:$TEST_DIR/one"
    is "$(jq -r '.layers | length' "$TEST_DIR/one/manifest.json")" = 1
    run_podman push -q far "dir:$TEST_DIR/all"
    is "$(jq -r '.manifests | length' "$TEST_DIR/all/manifest.json")" = 1
    [ -e "$TEST_DIR/all/$(digest_of foreign:1 | cut -d: -f2).manifest.json" ]
}

# If this failed, a list of ten platforms would cost ten downloads of images that nobody runs here.
@test "manifest add docker://: layers stay at the registry until a push or a run needs them" {
    start_registry
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >>"$CONTAINERS_REGISTRIES_CONF"
    registry_put far/image 1
    layer_size=$(stat -c %s "$BUSYBOX")
    run_podman manifest create list
    run_podman manifest add --tls-verify=false list "docker://$REGISTRY/far/image:1"
    here() { cat "$TEST_DIR"/root/oci/blobs/sha256/* | wc -c; }
    [ "$(here)" -lt $((layer_size / 4)) ]
    run_podman manifest inspect list
    is "$(jq -r '.manifests[0].platform.architecture' <<<"$output")" = "$(go_arch)"
    # The same registry takes them over from its other repository.
    run_podman manifest push -q --all --tls-verify=false list "docker://$REGISTRY/near/image:1"
    [ "$(here)" -lt $((layer_size / 4)) ]
    run skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/near/image:1" "dir:$TEST_DIR/copied"
    is "$status" = 0
    # A directory cannot.
    run_podman manifest push -q --all --tls-verify=false list "oci:$TEST_DIR/out:1"
    run skopeo inspect --format '{{.Architecture}}' "oci:$TEST_DIR/out:1"
    is "$output" = "$(go_arch)"
    [ "$(here)" -gt $((layer_size / 4)) ]
    # Neither can a container.
    run_podman manifest create ours
    run_podman manifest add --tls-verify=false ours "docker://$REGISTRY/far/image:1"
    run_podman manifest rm list
    [ "$(here)" -gt $((layer_size / 4)) ]
    run_podman run --rm ours echo hello
    is "${lines[-1]}" = hello
}

@test "manifest add docker://: what is gone from the registry is said to be missing" {
    start_registry
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >>"$CONTAINERS_REGISTRIES_CONF"
    registry_put far/image 1
    run_podman manifest create list
    run_podman manifest add --tls-verify=false list "docker://$REGISTRY/far/image:1"
    stop_registry
    run_podman 125 manifest push -q --all --tls-verify=false list "oci:$TEST_DIR/out:1"
    is "$output" =~ 'far/image@sha256:[0-9a-f]{64}: .*: connect: connection refused'
    rm -r "$TEST_DIR/root/oci/known"
    run_podman 125 manifest push -q --all --tls-verify=false list "oci:$TEST_DIR/out2:1"
    is "$output" =~ "add it to the list again"
}
