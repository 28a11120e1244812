#!/usr/bin/env bats
# The store as a whole: what it takes, what can go, what is broken.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

# in_store COMMAND...: where files of subordinate ids can be touched.
in_store() {
    if is_rootless; then podman unshare "$@"; else "$@"; fi
}

layer_of() { podman image inspect -f '{{index .RootFS.Layers 0}}' "$1" | cut -d: -f2; }

# layer_blob IMAGE: the file of its first layer.
layer_blob() {
    local m
    m=$(podman image inspect -f '{{.Digest}}' "$1")
    echo "$TEST_DIR/root/oci/blobs/sha256/$(jq -r '.layers[0].digest' "$TEST_DIR/root/oci/blobs/sha256/${m#sha256:}" | cut -d: -f2)"
}

@test "system df: what images, containers and volumes take" {
    run_podman system df
    is "${lines[0]}" =~ '^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$'
    is "${lines[1]}" =~ '^Images +0 +0 +0B +0B \(0%\)$'
    is "${lines[3]}" =~ '^Local Volumes +0 +0 +0B +0B \(0%\)$'
    load_busybox
    podman tag busybox localhost/again
    podman run --name c -v vol:/v busybox sh -c 'head -c 50000 /dev/zero >/v/f; head -c 100000 /dev/zero >/f'
    podman run -d --name r busybox sleep 100
    run_podman system df
    is "${lines[1]}" =~ '^Images +2 +1 +[0-9.]+MB +0B \(0%\)$'
    is "${lines[2]}" =~ '^Containers +2 +1 +[0-9.]+kB +[0-9.]+kB \([0-9]+%\)$'
    is "${lines[3]}" =~ '^Local Volumes +1 +1 +[0-9.]+kB +0B \(0%\)$'
    run_podman system df --format '{{.Type}}|{{.Total}}|{{.Active}}|{{.RawSize}}|{{.RawReclaimable}}|{{.Size}}|{{.Reclaimable}}'
    is "${lines[2]}" =~ '^Local Volumes\|1\|1\|[0-9]{5}\|0\|[0-9.]+kB\|0B \(0%\)$'
    run_podman system df --format json
    is "$(jq -r '.[0].Type + " " + (.[0].TotalCount | tostring)' <<<"$output")" = "Images 2"
    run_podman image inspect -f '{{.Size}}' busybox
    size=$output
    run_podman system df --format '{{.RawSize}}'
    is "${lines[0]}" = "$size"
    run_podman system df -v
    is "$output" =~ 'Images space usage:'
    is "$output" =~ 'REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS'
    is "$output" =~ 'CONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES'
    is "$output" =~ 'sleep 100 +0 '
    is "$output" =~ 'VOLUME NAME +LINKS +SIZE'
    is "$output" =~ 'vol +1 +[0-9.]+kB'
    run_podman 125 system df -v --format json
    is "$output" = "Error: cannot combine --format and --verbose flags"
}

@test "system prune: asks, removes what is unused, keeps the rest" {
    load_busybox
    podman run --name done busybox true
    podman run -d --name runs busybox sleep 100
    podman volume create unused 2>/dev/null || podman run --rm -v unused:/x busybox true
    run_podman system prune <<<n
    is "$output" = "WARNING! This command removes:
	- all stopped containers
	- all networks not used by at least one container
	- all dangling images
	- all dangling build cache

Are you sure you want to continue? [y/N] "
    run_podman container exists done
    run_podman system prune -a --volumes <<<n
    is "$output" =~ "all volumes not used by at least one container"
    is "$output" =~ "all images without at least one container associated with them"
    id=$(podman inspect -f '{{.Id}}' done)
    run_podman system prune -f
    is "$output" =~ "Deleted Containers"$'\n'"$id"
    is "$output" =~ 'Total reclaimed space: [0-9.]+k?B$'
    run_podman image exists busybox
    run_podman container exists runs
    podman tag busybox localhost/other:1
    podman untag busybox docker.io/library/busybox:latest
    podman run --name labelled --label keep=me localhost/other:1 true
    run_podman system prune -f --filter label!=keep=me
    run_podman container exists labelled
    run_podman system prune -f --filter until=1h
    run_podman container exists labelled
    is_rootless || podman network create unusednet
    run_podman system prune -af --volumes
    is_rootless || is "$output" =~ "Deleted Networks"$'\n'"unusednet"
    is "$output" =~ "Deleted Containers"
    is "$output" =~ "Deleted Volumes"$'\n'"unused"
    run_podman image exists localhost/other:1
    podman rm -f -t 0 runs
    run_podman system prune -af
    is "$output" =~ "Deleted Images"
    run_podman images -q
    is "$output" = ""
    run_podman 125 system prune --external --all
    is "$output" =~ "cannot be combined with other options"
}

@test "system prune: finds what killed processes left" {
    load_busybox
    store=$TEST_DIR/root
    stray=$(printf '%064d' 5)
    in_store sh -c "mkdir -p $store/oci/partial $store/layers/$stray/diff $store/layers/$stray.tmp-1-1/diff $store/containers/$stray/upper &&
        head -c 5000 /dev/zero >$store/oci/partial/$stray && echo x >$store/oci/blobs/sha256/$stray && echo '10 0' >$store/layers/$stray/info"
    run_podman system prune --external
    is "$(find "$store" -name "*$stray*")" = ""
    run_podman run --rm busybox echo fine
    is "$output" = fine
}

@test "system check: a whole store is whole" {
    load_busybox
    podman create --name c busybox true
    echo data >"$TEST_DIR/f"
    podman artifact add quay.io/a/b:1 "$TEST_DIR/f"
    podman manifest create list busybox
    run_podman system check
    is "$output" = ""
    run_podman system check --quick
    is "$output" = ""
    run_podman 125 system check --max nonsense
}

@test "system check: a changed file of a layer is found, named and mended" {
    load_busybox
    dir=$TEST_DIR/root/layers/$(layer_of busybox)/diff
    podman run --name c busybox sh -c 'echo mine >/data'
    for damage in "echo changed >$dir/etc/passwd" "rm $dir/etc/group" "chmod 700 $dir/tmp" \
        "touch $dir/etc/extra" "ln -sf /nowhere $dir/bin/ls" "mkdir $dir/more" "touch -d 2001-01-01 $dir/etc/passwd"; do
        in_store sh -c "$damage"
        run_podman 125 system check
        is "$output" =~ "Damaged layer $(layer_of busybox): /"
        is "$output" =~ "Damaged image [0-9a-f]{64} \(docker.io/library/busybox:latest\)"
        is "$output" =~ "Error: damage detected in local storage"
        run_podman system check --repair
        is "$output" =~ "Repaired layer: $(layer_of busybox)"
        run_podman system check
    done
    run_podman image exists busybox
    run_podman start -a c
    run_podman diff c
    is "$output" = "A /data"
}

@test "system check: what a running container stands on is left alone" {
    load_busybox
    dir=$TEST_DIR/root/layers/$(layer_of busybox)/diff
    podman run -d --name c busybox sleep 100
    in_store sh -c "echo changed >$dir/etc/passwd"
    run_podman 125 system check --repair
    is "$output" =~ "Left alone, since container c runs on it, layer: $(layer_of busybox)"
    run_podman exec c true
    podman rm -f -t 0 c
    run_podman system check --repair
    is "$output" =~ "Repaired layer"
}

@test "system check: a missing layer directory, quick too" {
    load_busybox
    in_store rm -rf "$TEST_DIR/root/layers/$(layer_of busybox)"
    run_podman 125 system check -q
    is "$output" =~ "its directory is missing"
    run_podman system check -r -q
    run_podman run --rm busybox echo back
    is "$output" = back
}

@test "system check: a broken blob drops what nobody uses, and spares what somebody does" {
    load_busybox
    blob=$(layer_blob busybox)
    podman run --name c busybox sh -c 'echo mine >/data'
    in_store sh -c "chmod u+w $blob; printf X | dd of=$blob bs=1 seek=3000 conv=notrunc 2>/dev/null"
    run_podman 125 system check
    is "$output" =~ "Damaged blob sha256:[0-9a-f]{64}: has the digest sha256:"
    run_podman 125 system check --repair
    is "$output" =~ "damage in local storage still present after repair attempt"
    run_podman start -a c
    run_podman diff c
    is "$output" = "A /data"
    run_podman system check --repair-lossy
    is "$output" =~ "Deleted damaged image"
    run_podman 1 container exists c
    run_podman images -q
    is "$output" = ""
    # An artifact, and one beside it that is whole.
    echo data >"$TEST_DIR/f"
    echo other >"$TEST_DIR/g"
    podman artifact add quay.io/a/b:1 "$TEST_DIR/f"
    podman artifact add quay.io/a/c:1 "$TEST_DIR/g"
    in_store sh -c "echo wrong >$TEST_DIR/root/oci/blobs/sha256/$(sha256 "$TEST_DIR/f")"
    run_podman system check --repair
    is "$output" =~ "Damaged artifact quay.io/a/b:1"
    is "$output" =~ "Deleted damaged artifact: quay.io/a/b:1"
    run_podman artifact ls --format '{{.Repository}}'
    is "$output" = quay.io/a/c
}

@test "system check: a container without its directory; layers without an image" {
    load_busybox
    podman create --name c busybox true
    id=$(podman inspect -f '{{.Id}}' c)
    in_store rm -rf "$TEST_DIR/root/containers/$id"
    stray=$(printf '%064d' 7)
    in_store mkdir -p "$TEST_DIR/root/layers/$stray/diff"
    run_podman 125 system check
    is "$output" =~ "Damaged container $id: its directory is missing"
    is "$output" !~ "$stray"
    run_podman 125 system check --repair
    run_podman container exists c
    run_podman system check -f --max 0s
    is "$output" =~ "Deleted damaged container: $id"
    is "$output" =~ "Deleted damaged layer: $stray"
    run_podman 1 container exists c
    run_podman image exists busybox
}

@test "system check: a file that lost its capabilities" {
    is_rootless && skip "in a user namespace the kernel keeps them in another form"
    command -v setcap >/dev/null || skip "no setcap"
    w=$TEST_DIR/w
    mkdir -p "$w/root"
    cp "$BUSYBOX" "$w/root/ping"
    setcap cap_net_raw+ep "$w/root/ping" || skip "no capabilities on this file system"
    tar -C "$w/root" --xattrs --xattrs-include=security.capability -cf "$w/layer.tar" ping
    echo "{\"architecture\":\"$(go_arch)\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$(sha256 "$w/layer.tar")\"]}}" >"$w/c.json"
    echo '[{"Config":"c.json","RepoTags":["caps:1"],"Layers":["layer.tar"]}]' >"$w/manifest.json"
    tar -C "$w" -cf "$TEST_DIR/caps.tar" c.json layer.tar manifest.json
    podman load -q -i "$TEST_DIR/caps.tar"
    run_podman system check
    setcap -r "$TEST_DIR/root/layers/$(sha256 "$w/layer.tar")/diff/ping"
    run_podman 125 system check
    is "$output" =~ "/ping: has other capabilities"
    run_podman system check --repair
    getcap "$TEST_DIR/root/layers/$(sha256 "$w/layer.tar")/diff/ping" | grep -q cap_net_raw
}
