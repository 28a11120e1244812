#!/usr/bin/env bats
# podman commit and export: what a container made of its image.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

# A container that added, changed and removed.
make_container() {
    run_podman run --name c --network none -e MINE=1 --label who=me "$@" busybox sh -c '
        echo new >/new; ln /new /second; ln -s new /link; mkdir -p /dir/sub; chown 7:8 /dir/sub; chmod 1750 /dir/sub
        mkfifo /dir/fifo; echo set >/dir/setuid; chmod 4711 /dir/setuid
        rm /etc/group; rm -r /root; mkdir /root; echo fresh >/root/only
        echo long >/dir/$(printf "%0150d" 7); touch -d "2001-02-03 04:05:06" /new'
}

@test "commit: the image has what the container changed, and what it removed is gone" {
    make_container
    run_podman commit -q c made:v1
    is "$output" =~ "^[0-9a-f]{64}$"
    run_podman run --rm --network none made:v1 sh -c '
        cat /new /second; readlink /link; stat -c "%a %u:%g" /dir/sub /dir/setuid; stat -c "%F %h" /dir/fifo /new
        ls /etc/group 2>&1; ls -A /root; cat /dir/0*7; stat -c %y /new; echo "$MINE"; cat /etc/passwd | wc -l'
    is "$output" = "new
new
new
1750 7:8
4711 0:0
fifo 1
regular file 2
ls: /etc/group: No such file or directory
only
long
2001-02-03 04:05:06.000000000 +0000
1
1"
    # Nothing of ours is in the layer.
    run_podman diff made:v1
    is "$output" !~ "/etc/hosts|/etc/hostname|/etc/resolv.conf|containerenv|/proc|/dev"
    is "$output" =~ "D /etc/group"
    run_podman image inspect --format '{{len .RootFS.Layers}} {{index .Config.Labels "who"}} {{index .Config.Labels "made"}}' made:v1
    is "$output" = "2 me here"
    run_podman image inspect --format '{{.Config.Env}}' made:v1
    is "$output" !~ "HOSTNAME|container="
    # The base's layer is not there twice, and others can read the image.
    run_podman image inspect --format '{{index .RootFS.Layers 0}}' busybox
    base=$output
    run_podman image inspect --format '{{index .RootFS.Layers 0}}' made:v1
    is "$output" = "$base"
    run_podman save -q --format oci-dir -o "$TEST_DIR/made" made:v1
    run skopeo inspect "oci:$TEST_DIR/made"
    [ "$status" = 0 ] || { echo "$output"; false; }
}

@test "commit: changes, author, message, formats, configuration file" {
    make_container
    run_podman commit -q --author "A. B. <a@b>" --change 'CMD ["echo", "from the image"]' --change "ENV TWO=2" \
        --change "WORKDIR /dir" --change "EXPOSE 81/udp" --iidfile "$TEST_DIR/iid" c one
    is "$(cat "$TEST_DIR/iid")" = "$output"
    run_podman run --rm --network none one
    is "$output" = "from the image"
    run_podman image inspect --format '{{.Author}}|{{.Config.WorkingDir}}|{{index .Config.ExposedPorts "81/udp"}}|{{.ManifestType}}' one
    is "$output" = "A. B. <a@b>|/dir|map[]|application/vnd.oci.image.manifest.v1+json"
    run_podman 125 commit -m text c two
    is "$output" =~ "messages are only compatible with the docker image format"
    run_podman commit -q -f docker -m "a message" c two
    run_podman image inspect --format '{{.Comment}} {{.ManifestType}}' two
    is "$output" = "a message application/vnd.docker.distribution.manifest.v2+json"
    echo '{"Cmd":["echo","from a file"],"Labels":{"more":"x"}}' >"$TEST_DIR/config.json"
    run_podman commit -q --config "$TEST_DIR/config.json" c three
    run_podman run --rm --network none three
    is "$output" = "from a file"
    run_podman 125 commit --change "NOSUCH x" c
    run_podman 125 commit -f tar c
    run_podman 125 commit nosuch
    is "$output" =~ 'no container with name or ID "nosuch" found'
    run_podman 125 commit c "UPPER:case:"
}

@test "commit: one layer, volumes, a name or none" {
    make_container -v /vol
    run_podman commit -q -s c flat
    podman image inspect flat >"$TEST_DIR/json"
    is "$(jq -c '.[0] | [(.RootFS.Layers | length), (.History | length), .Config.Volumes]' "$TEST_DIR/json")" = "[1,1,null]"
    run_podman run --rm --network none flat sh -c 'cat /new; ls /bin/sh'
    run_podman commit -q --include-volumes c voluble
    run_podman image inspect --format '{{.Config.Volumes}}' voluble
    is "$output" = "map[/vol:map[]]"
    run_podman commit -q c
    id=$output
    run_podman images --no-trunc --filter dangling=true --format '{{.Id}}'
    is "$output" =~ "$id"
    # A name moves to the new image.
    run_podman commit -q c flat
    run_podman image inspect --format '{{len .RootFS.Layers}}' flat
    is "$output" = 2
}

@test "commit --pause: the container stands still, and goes on" {
    is_rootless && skip "an ordinary user without systemd has no cgroup to freeze"
    run_podman run -d --name c --network none busybox sh -c 'i=0; while :; do i=$((i+1)); echo $i >/a; cp /a /b; done'
    run_podman commit -q -p c still
    run_podman inspect --format '{{.State.Status}}' c
    is "$output" = running
    first=$(podman exec c cat /b)
    eventually eval '[ "$(podman exec c cat /b)" != "$first" ]'
    # One that was paused stays so.
    run_podman pause c
    run_podman commit -q -p c again
    run_podman inspect --format '{{.State.Status}}' c
    is "$output" = paused
}

@test "commit: with a user namespace owners are the container's" {
    is_rootless && skip "ranges of root"
    run_podman run --name c --network none --uidmap 0:200000:5000 --gidmap 0:300000:5000 busybox sh -c 'echo x >/mine; echo y >/his; chown 5:6 /his'
    run_podman commit -q c mapped
    run_podman run --rm --network none mapped stat -c "%n %u:%g" /mine /his /bin/busybox
    is "$output" = "/mine 0:0
/his 5:6
/bin/busybox 0:0"
    podman export c >"$TEST_DIR/e.tar"
    is "$(tar --numeric-owner -tvf "$TEST_DIR/e.tar" his mine | awk '{ print $2 }')" = "5/6
0/0"
}

@test "export: the whole file system, readable by tar, without volumes" {
    make_container -v /vol
    run_podman export -o "$TEST_DIR/e.tar" c
    tar -tf "$TEST_DIR/e.tar" >"$TEST_DIR/names"
    for f in new second link dir/sub/ dir/fifo dir/setuid root/only bin/busybox bin/sh vol/; do
        grep -qx "$f" "$TEST_DIR/names"
    done
    is "$(grep -c 'etc/group' "$TEST_DIR/names")" = 0
    mkdir "$TEST_DIR/x"
    tar -xf "$TEST_DIR/e.tar" -C "$TEST_DIR/x" --no-same-owner new second bin/busybox "$(grep '^dir/0' "$TEST_DIR/names")"
    cmp "$TEST_DIR/x/bin/busybox" /bin/busybox
    [ "$TEST_DIR/x/new" -ef "$TEST_DIR/x/second" ]
    # What was exported can be imported.
    run_podman import -q "$TEST_DIR/e.tar" back
    run_podman run --rm --network none back cat /new
    is "$output" = new
    # Standard output and a running container, whose volume stays out.
    run_podman run -d --name r --network none -v /vol busybox sh -c 'echo v >/vol/file; echo up >/flag; sleep 100'
    eventually podman exec r test -e /flag
    podman export r | tar -tf - >"$TEST_DIR/names"
    grep -qx flag "$TEST_DIR/names"
    is "$(grep -c 'vol/file' "$TEST_DIR/names")" = 0
    run_podman 125 export nosuch
    run_podman 125 export -o "$TEST_DIR/nosuch/x" r
}
