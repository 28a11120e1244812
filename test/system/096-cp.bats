#!/usr/bin/env bats
# podman cp: what lands where, whose it is, and what stays inside.

load helpers

setup() {
    basic_setup
    load_busybox
    SRC=$TEST_DIR/src
    mkdir -p "$SRC/dir/sub" "$SRC/dot."
    echo zero >"$SRC/file"
    echo one >"$SRC/dir/sub/one"
    ln "$SRC/dir/sub/one" "$SRC/dir/hard"
    ln -s sub/one "$SRC/dir/soft"
    echo two >"$SRC/dot./two"
    chmod 751 "$SRC/dir/sub"
}
teardown() { basic_teardown; }

# in_container CONTAINER COMMAND...: in a running one, or by starting a copy of what a stopped one has.
content() { # CONTAINER PATH
    if [ "$(podman inspect -f '{{.State.Status}}' "$1")" = running ]; then
        podman exec "$1" cat "$2"
    else
        podman cp "$1:$2" - | tar -xOf -
    fi
}

both_kinds() { # FUNCTION: with a running container and with one that never ran
    podman run -d --name c --network none -w /root "${@:2}" busybox sleep 1000 >/dev/null
    "$1" || return
    podman rm -f -t 0 c >/dev/null
    podman create --name c --network none -w /root "${@:2}" busybox sleep 1000 >/dev/null
    "$1" || return
}

files_in() {
    podman cp "$SRC/file" c:/ && is "$(content c /file)" = zero &&
        podman cp "$SRC/file" c:/new.txt && is "$(content c /new.txt)" = zero &&
        podman cp "$SRC/file" c:/tmp && is "$(content c /tmp/file)" = zero &&
        podman cp "$SRC/dot./two" c:/tmp/. && is "$(content c /tmp/two)" = two &&
        podman cp "$SRC/file" c:. && is "$(content c /root/file)" = zero &&
        podman cp "$SRC/file" c:rel && is "$(content c /root/rel)" = zero &&
        podman cp "$SRC/dot./two" c:/new.txt && is "$(content c /new.txt)" = two &&
        (cd "$SRC" && podman cp file c:/tmp/cwd) && is "$(content c /tmp/cwd)" = zero
}
@test "cp: files into a container" {
    both_kinds files_in
}

dirs_in() {
    podman cp "$SRC/dir" c:/ && is "$(content c /dir/sub/one)" = one &&
        podman cp "$SRC/dir/" c:/tmp && is "$(content c /tmp/dir/sub/one)" = one &&
        podman cp "$SRC/dir/." c:/usr && is "$(content c /usr/sub/one)" = one &&
        podman cp "$SRC/dot." c:/ && is "$(content c /dot./two)" = two &&
        podman cp "$SRC/dir" c:/n1 && is "$(content c /n1/sub/one)" = one &&
        podman cp "$SRC/dir/" c:/n2/ && is "$(content c /n2/sub/one)" = one &&
        podman cp "$SRC/dir/." c:/n3 && is "$(content c /n3/sub/one)" = one &&
        podman cp "$SRC/dir" c:n4 && is "$(content c /root/n4/hard)" = one
}
@test "cp: directories into a container" {
    mkdir -p "$TEST_DIR/image/usr"
    podman run --name made --network none busybox mkdir -p /usr
    podman commit -q made busybox >/dev/null
    both_kinds dirs_in
    podman start c >/dev/null
    run_podman exec c sh -c 'readlink /n1/soft; stat -c %h /n1/hard; stat -c %a /n1/sub; [ /n1/hard -ef /n1/sub/one ] && echo same'
    is "$output" = "soft
2
751
same" || is "$output" = "sub/one
2
751
same"
}

out() {
    local to=$TEST_DIR/out
    rm -rf "$to" && mkdir "$to"
    podman cp c:/etc/passwd "$to" && grep -q root: "$to/passwd" &&
        podman cp c:/etc/passwd "$to/renamed" && grep -q root: "$to/renamed" &&
        podman cp c:file "$to/" && is "$(cat "$to/file")" = zero &&
        podman cp c:/tree "$to" && is "$(cat "$to/tree/a/b")" = deep &&
        podman cp c:/tree/. "$to/contents" && is "$(cat "$to/contents/a/b")" = deep &&
        podman cp c:/link "$to/followed" && is "$(cat "$to/followed")" = deep &&
        is "$(stat -c %u "$to/tree/a/b")" = "$(id -u)" &&
        podman cp c:/tree - | tar -tf - | sort | tr '\n' ' ' >"$to/list" &&
        is "$(cat "$to/list")" = "tree/ tree/a/ tree/a/b tree/abs "
}
@test "cp: out of a container, and as a stream" {
    podman run --name made --network none -w /root busybox sh -c 'echo zero >file; mkdir -p /tree/a; echo deep >/tree/a/b; ln -s /tree/a/b /link
        ln -s /etc/passwd /tree/abs'
    podman commit -q made busybox >/dev/null
    both_kinds out
    podman rm -f -t 0 c
}

@test "cp: from container to container" {
    podman run --name a --network none busybox sh -c 'mkdir /d; echo text >/d/f'
    run_podman run -d --name b --network none busybox sleep 100
    run_podman cp a:/d b:/
    run_podman exec b cat /d/f
    is "$output" = text
    run_podman cp b:/d/f a:/back
    is "$(content a /back)" = text
    run_podman cp b:/d b:/twice
    run_podman exec b cat /twice/f
    is "$output" = text
}

streams() {
    tar -C "$SRC" -cf "$TEST_DIR/t.tar" dir file
    gzip -kf "$TEST_DIR/t.tar"
    podman cp - c:/tmp <"$TEST_DIR/t.tar" && is "$(content c /tmp/dir/hard)" = one &&
        podman cp - c:/tmp/dir/sub <"$TEST_DIR/t.tar.gz" && is "$(content c /tmp/dir/sub/file)" = zero
}
@test "cp: an archive from standard input" {
    both_kinds streams
    run podman cp - c:/tmp <"$SRC/file"
    is "$status" = 125
    is "$output" =~ "source must be a \(compressed\) tar archive when copying from stdin"
    run podman cp - c:/etc/passwd <"$TEST_DIR/t.tar"
    is "$output" =~ "destination must be a directory when copying from stdin"
    run podman cp - c:/nosuch <"$TEST_DIR/t.tar"
    is "$output" =~ "destination must be a directory when copying from stdin"
}

@test "cp: owners" {
    run_podman run -d --name c --network none -u 7:8 busybox sleep 100
    run_podman cp "$SRC/file" c:/tmp/mine
    run_podman exec c stat -c %u:%g /tmp/mine
    is "$output" = 7:8
    tar -C "$SRC" --owner=1042 --group=1043 -cf "$TEST_DIR/t.tar" file
    podman cp -a=false - c:/tmp <"$TEST_DIR/t.tar"
    run_podman exec c stat -c %u:%g /tmp/file
    is "$output" = 1042:1043
    podman cp - c:/tmp <"$TEST_DIR/t.tar"
    run_podman exec c stat -c %u:%g /tmp/file
    is "$output" = 7:8
    is_rootless && return
    run_podman run -d --name u --network none --uidmap 0:200000:5000 --gidmap 0:300000:5000 busybox sleep 100
    run_podman cp "$SRC/file" u:/
    run_podman exec u stat -c %u:%g /file
    is "$output" = 0:0
    run_podman exec u sh -c 'chown 3:4 /file'
    run_podman cp -a=false u:/file c:/tmp/other
    run_podman exec c stat -c %u:%g /tmp/other
    is "$output" = 3:4
}

@test "cp: volumes, binds and mounts of the container" {
    mkdir "$TEST_DIR/bind"
    run_podman create --name c --network none -v vol:/v -v "$TEST_DIR/bind:/v/below" --tmpfs /tmp busybox sleep 100
    run_podman cp "$SRC/file" c:/v
    run_podman cp "$SRC/dot./two" c:/v/below/two
    is "$(cat "$TEST_DIR/bind/two")" = two
    run_podman cp "$SRC/file" c:/tmp/before
    run_podman start c
    run_podman exec c cat /v/file /v/below/two
    is "$output" = "zero
two"
    run_podman cp "$SRC/file" c:/tmp/x
    run_podman exec c cat /tmp/x
    is "$output" = zero
    run_podman cp c:/v/below/two "$TEST_DIR/got"
    is "$(cat "$TEST_DIR/got")" = two
    # A file that is mounted is written, since it cannot be replaced.
    echo 1.2.3.4 >"$TEST_DIR/resolv"
    run_podman cp "$TEST_DIR/resolv" c:/etc/resolv.conf
    run_podman exec c cat /etc/resolv.conf
    is "$output" = 1.2.3.4
}

@test "cp: a directory and a file do not replace each other, but with --overwrite" {
    run_podman run -d --name c --network none busybox sh -c 'mkdir /tmp/foo; echo x >/tmp/foo/x; echo y >/tmp/bar; sleep 100'
    eventually podman exec c test -e /tmp/bar
    echo f >"$TEST_DIR/foo"
    mkdir "$TEST_DIR/bar"
    echo in >"$TEST_DIR/bar/in"
    run_podman 125 cp "$TEST_DIR/foo" c:/tmp
    is "$output" =~ 'error creating "/tmp/foo": .*: file exists'
    run_podman 125 cp "$TEST_DIR/bar" c:/tmp
    is "$output" =~ 'error creating "/tmp/bar": .*: file exists'
    run_podman 125 cp "$TEST_DIR/bar" c:/tmp/bar
    is "$output" =~ "destination must be a directory when copying a directory"
    run_podman exec c cat /tmp/foo/x /tmp/bar
    run_podman cp --overwrite "$TEST_DIR/foo" c:/tmp
    run_podman cp --overwrite "$TEST_DIR/bar" c:/tmp
    run_podman exec c cat /tmp/foo /tmp/bar/in
    is "$output" = "f
in"
}

@test "cp: what is not there" {
    run_podman run -d --name c --network none busybox sleep 100
    run_podman 125 cp "$SRC/nosuch" c:/tmp
    is "$output" =~ "\"$SRC/nosuch\" could not be found on the host: no such file or directory"
    run_podman 125 cp "$SRC/file" c:/nosuch/
    is "$output" =~ '"/nosuch/" could not be found on container c: no such file or directory'
    run_podman 125 cp "$SRC/file" c:/nosuch/deep/er
    run_podman 125 cp 'c:/tmp/*' "$TEST_DIR"
    is "$output" =~ '"/tmp/\*" could not be found on container c'
    run_podman 125 cp nosuch:/x "$TEST_DIR"
    is "$output" =~ 'no container with name or ID "nosuch" found'
    run_podman 125 cp "$SRC/file" "$TEST_DIR/x"
    run_podman 125 cp c:/etc/passwd /dev/null
    is "$output" =~ 'invalid destination: "/dev/null" must be a directory or a regular file'
}

@test "cp: links of the container lead nowhere outside" {
    echo secret >"$TEST_DIR/secret"
    mkdir "$TEST_DIR/hostdir"
    run_podman run -d --name c --network none busybox sh -c "
        ln -s $TEST_DIR/secret /out; ln -s / /root-link; ln -s ../../../../../../$TEST_DIR/hostdir /dir-link
        ln -s /made-by-cp /dangling; mkdir /d; ln -s /tmp /d/to-tmp; sleep 100"
    eventually podman exec c test -e /d
    run_podman 125 cp c:/out "$TEST_DIR/got"
    [ ! -e "$TEST_DIR/got" ]
    run_podman 125 cp "$SRC/file" c:/dir-link/
    is "$(ls "$TEST_DIR/hostdir")" = ""
    # A link that leads to nothing yet names what is made.
    run_podman cp "$SRC/file" c:/dangling
    run_podman exec c cat /made-by-cp
    is "$output" = zero
    # Through links to directories, inside.
    run_podman cp "$SRC/file" c:/root-link/tmp/inside
    run_podman exec c cat /tmp/inside
    # An archive with names and links that lead out.
    python3 - "$TEST_DIR/evil.tar" "$TEST_DIR" <<'PY'
import io, sys, tarfile
t = tarfile.open(sys.argv[1], "w")
def link(name, to):
    i = tarfile.TarInfo(name); i.type = tarfile.SYMTYPE; i.linkname = to; t.addfile(i)
def file(name, data):
    i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))
link("sub", sys.argv[2]); file("sub/evil", b"x")
t.close()
PY
    podman cp - c:/d <"$TEST_DIR/evil.tar" || true
    [ ! -e "$TEST_DIR/evil" ]
    printf 'x' >"$TEST_DIR/up"
    tar -P -C "$TEST_DIR" --transform 's,^up,../../../evil2,' -cf "$TEST_DIR/up.tar" up
    run podman cp - c:/d <"$TEST_DIR/up.tar"
    is "$status" = 125
    is "$output" =~ "lies outside the root"
}
