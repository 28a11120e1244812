#!/usr/bin/env bats
# What is done with images and containers' file systems on the host: tree, diff, mount.

load helpers

setup() { basic_setup; }
teardown() {
    podman umount -a >/dev/null 2>&1 || true
    podman image umount -a >/dev/null 2>&1 || true
    basic_teardown
}

# load_child NAME: busybox and a second layer that adds /new, changes /etc/passwd and deletes /root and /etc/group.
load_child() {
    local w=$TEST_DIR/child diff
    make_busybox_archive "$TEST_DIR/b.tar" "$1"
    mkdir -p "$w/l/etc" "$w/l/new"
    tar -C "$w" -xf "$TEST_DIR/b.tar"
    echo more >"$w/l/new/file"
    echo 'root:x:0:0:changed:/root:/bin/sh' >"$w/l/etc/passwd"
    : >"$w/l/.wh.root"
    : >"$w/l/etc/.wh.group"
    tar -C "$w/l" --sort=name --mtime=@1700000001 --owner=0 --group=0 --numeric-owner -cf "$w/two.tar" .
    diff=$(sha256sum "$w/two.tar" | cut -d' ' -f1)
    jq -c --arg d "sha256:$diff" '.rootfs.diff_ids += [$d] | .history += [{"created":"2024-02-02T03:04:05Z","created_by":"two"}]' \
        "$w/config.json" >"$w/c2.json"
    echo "[{\"Config\":\"c2.json\",\"RepoTags\":[\"$1\"],\"Layers\":[\"layer.tar\",\"two.tar\"]}]" >"$w/manifest.json"
    tar -C "$w" -cf "$TEST_DIR/child.tar" c2.json layer.tar two.tar manifest.json
    podman load -q -i "$TEST_DIR/child.tar"
}

@test "image tree: layers, names, and what needs them" {
    load_busybox
    load_child localhost/child:1
    run_podman images -q --no-trunc --filter reference=localhost/child
    id=${output#sha256:}
    run_podman image tree child:1
    is "${lines[0]}" = "Image ID: ${id:0:12}"
    is "${lines[1]}" = "Tags:     [localhost/child:1]"
    is "${lines[2]}" =~ '^Size:     [0-9.]+(k|M)B$'
    is "${lines[3]}" = "Image Layers"
    is "${lines[4]}" =~ '^├── ID: [0-9a-f]{12} Size: +[0-9.]+MB Top Layer of: \[docker.io/library/busybox:latest\]$'
    is "${lines[5]}" =~ '^└── ID: [0-9a-f]{12} Size: +[0-9.]+kB Top Layer of: \[localhost/child:1\]$'
    run_podman image tree --whatrequires busybox
    is "${lines[4]}" =~ '^└── ID: [0-9a-f]{12} Size: +[0-9.]+MB Top Layer of: \[docker.io/library/busybox:latest\]$'
    is "${lines[5]}" =~ '^    └── ID: [0-9a-f]{12} Size: +[0-9.]+kB Top Layer of: \[localhost/child:1\]$'
    # The one is made of the other.
    base=$(podman image inspect -f '{{.Id}}' busybox)
    run_podman image inspect -f '{{.Parent}}' child:1
    is "$output" = "$base"
    run_podman images --format json
    is "$(jq -r '.[] | select(.Names[0] == "localhost/child:1") | .ParentId' <<<"$output")" = "$base"
    is "$(jq -r '.[] | select(.Names[0] != "localhost/child:1") | .ParentId' <<<"$output")" = ""
    run_podman 125 image tree nothing
    is "$output" = "Error: nothing: image not known"
}

@test "diff: an image against its parent and against another" {
    load_busybox
    load_child localhost/child:1
    run_podman image diff child:1
    is "$output" = "C /etc
D /etc/group
C /etc/passwd
A /new
A /new/file
D /root"
    run_podman diff child:1 busybox
    is "$output" =~ "D /etc/group"
    run_podman image diff busybox child:1
    is "$output" = "C /etc
A /etc/group
C /etc/passwd
D /new
A /root"
    run_podman image diff --format json child:1
    is "$(jq -c . <<<"$output")" = \
        '{"changed":["/etc","/etc/passwd"],"added":["/new","/new/file"],"deleted":["/etc/group","/root"]}'
    run_podman image diff child:1 child:1
    is "$output" = ""
    run_podman 125 image diff --format xml child:1
    is "$output" =~ "only supported value for '--format' is 'json'"
    run_podman 125 image diff nothing
    run_podman 125 diff
}

@test "diff: a container, with whiteouts, opaque directories and mounts" {
    load_busybox
    podman run --name c --tmpfs /scratch busybox sh -c \
        'echo x >/added; rm /etc/group; rm -r /bin/ls; chmod 700 /tmp; rm -r /root; mkdir /root; echo y >/root/f; mkdir -p /a/b; touch /scratch/z'
    run_podman diff c
    is "$output" = "A /a
A /a/b
A /added
C /bin
D /bin/ls
C /etc
D /etc/group
C /root
A /root/f
C /tmp"
    run_podman container diff --latest --format json
    is "$(jq -c .deleted <<<"$output")" = '["/bin/ls","/etc/group"]'
    podman create --name fresh busybox true
    run_podman diff fresh
    is "$output" = ""
    run_podman diff c fresh
    is "$output" =~ "A /added"
    run_podman 125 container diff busybox
    is "$output" =~ 'no container with name or ID "busybox" found'
    # Of a running one too.
    podman run -d --name r busybox sh -c 'echo 1 >/seen; sleep 100'
    eventually bash -c "'$PODMAN' --root '$TEST_DIR/root' --runroot '$TEST_DIR/run' diff r | grep -q 'A /seen'"
}

@test "image mount: read-only, seen by the host, gone after unmount" {
    load_busybox
    load_child localhost/child:1
    if is_rootless; then
        run_podman 125 image mount child:1
        is "$output" =~ 'cannot run command "podman image mount" in rootless mode, must execute `podman unshare` first'
        run_podman unshare sh -c "d=\$('$PODMAN' --root '$TEST_DIR/root' --runroot '$TEST_DIR/run' image mount child:1) && cat \$d/new/file"
        is "$output" = more
        return
    fi
    run_podman image mount child:1
    dir=$output
    is "$(cat "$dir/new/file")" = more
    [ ! -e "$dir/root" ]
    run touch "$dir/x"
    is "$output" =~ "Read-only file system"
    run_podman image mount
    is "$output" =~ "$dir\$"
    run_podman image mount --format json
    is "$(jq -r '.[0] | .mountpoint + " " + .Repositories[0]' <<<"$output")" = "$dir localhost/child:1"
    run_podman image mount busybox child:1
    is "${#lines[@]}" = 2
    run_podman image unmount child:1
    is "$output" =~ '^[0-9a-f]{64}$'
    [ ! -e "$dir" ]
    run_podman 125 image umount child:1
    is "$output" =~ "is not mounted"
    run_podman image mount --all
    run_podman image unmount --all
    is "${#lines[@]}" = 2
    podman image mount child:1
    podman rmi child:1
    podman image mount busybox
    podman system reset -f
    is "$(grep -c "$TEST_DIR" /proc/self/mountinfo || true)" = 0
}

@test "mount: a container that runs, one that does not" {
    load_busybox
    podman create --name c busybox cat /from-host
    if is_rootless; then
        run_podman 125 mount c
        is "$output" =~ "must execute \`podman unshare\` first"
        run_podman unshare sh -c "d=\$('$PODMAN' --root '$TEST_DIR/root' --runroot '$TEST_DIR/run' mount c) && echo hi >\$d/from-host"
        run_podman start -a c
        is "$output" = hi
        return
    fi
    run_podman mount c
    dir=$output
    echo hi >"$dir/from-host"
    run_podman mount
    is "$output" =~ "^[0-9a-f]{12} +$dir\$"
    run_podman mount --no-trunc
    is "$output" =~ "^[0-9a-f]{64} +$dir\$"
    run_podman container mount --format json
    is "$(jq -r '.[0].Names[0]' <<<"$output")" = c
    run_podman unmount c
    is "$output" = c
    run_podman start -a c
    is "$output" = hi
    run_podman 125 umount c
    is "$output" =~ "layer is not mounted"
    podman run -d --name r busybox sh -c 'echo 1 >/seen; sleep 100'
    run_podman mount -l
    dir=$output
    eventually test -e "$dir/seen"
    echo 2 >"$dir/back"
    run_podman exec r cat /back
    is "$output" = 2
    run_podman mount --all
    is "${#lines[@]}" = 2
    run_podman container unmount --all
    podman mount c
    podman rm -f -t 0 c r
    is "$(grep -c "$TEST_DIR" /proc/self/mountinfo || true)" = 0
}

# Two overlays on one upper directory: the kernel says that what happens then is undefined.
@test "mount: a mounted container that is started, stopped and started again is one overlay" {
    ! is_rootless || skip "an ordinary user's mount is in the namespace of podman unshare"
    load_busybox
    podman create --name c busybox sleep 1000
    dir=$(podman mount c)
    echo before >"$dir/file"
    podman start c
    is "$(stat -c %d "$dir")" = "$(stat -c %d "/proc/$(pid_of c)/root/")"
    is "$(podman mount c)" = "$dir"
    is "$(cat "$dir/file")" = before
    podman exec c sh -c 'echo inside >/file'
    is "$(cat "$dir/file")" = inside
    podman stop -t 0 c
    is "$(cat "$dir/file")" = inside
    podman start c
    is "$(stat -c %d "$dir")" = "$(stat -c %d "/proc/$(pid_of c)/root/")"
    podman exec c sh -c 'echo again >/file'
    is "$(cat "$dir/file")" = again
    podman unmount c
    run_podman exec c cat /file
    is "$output" = again
    podman rm -f -t 0 c
    is "$(grep -c "$TEST_DIR" /proc/self/mountinfo || true)" = 0
}

@test "mount: podman unshare sees a running container's own root" {
    is_rootless || skip "for an ordinary user"
    load_busybox
    id=$(podman run -d --name c busybox sh -c 'echo 1 >/seen; sleep 1000')
    eventually podman exec c test -e /seen
    run_podman unshare sh -c "d=\$('$PODMAN' --root '$TEST_DIR/root' --runroot '$TEST_DIR/run' mount c) && cat \$d/seen && echo 2 >\$d/back; cat /proc/self/mountinfo >$TEST_DIR/table"
    is "$output" = 1
    run_podman exec c cat /back
    is "$output" = 2
    inside=$(awk '/ - overlay / { print $3; exit }' "/proc/$(pid_of c)/mountinfo")
    grep -q " $inside .*/mounts/containers/$id " "$TEST_DIR/table"
}

# fake_ssh [old]: an ssh that runs the words here, for a podman with a store of its own; it notes how much came in.
# "old": that podman knows nothing of ours.
fake_ssh() {
    mkdir -p "$TEST_DIR/bin" "$TEST_DIR/far"
    cat >"$TEST_DIR/bin/ssh" <<END
#!/bin/bash
echo "\$*" >>$TEST_DIR/ssh.log
while [ "\$1" != -- ]; do shift; done
shift 2
PATH=$TEST_DIR/far:\$PATH exec sh -c "\$*"
END
    cat >"$TEST_DIR/far/podman" <<END
#!/bin/bash
[ "$1" = old ] && [ "\$1" = __scp ] && exit 125
[ "\$1" = load ] && cat >$TEST_DIR/sent && exec $PODMAN --root $TEST_DIR/froot --runroot $TEST_DIR/frun "\$@" <$TEST_DIR/sent
exec $PODMAN --root $TEST_DIR/froot --runroot $TEST_DIR/frun "\$@"
END
    chmod +x "$TEST_DIR/bin/ssh" "$TEST_DIR/far/podman"
    PATH=$TEST_DIR/bin:$PATH
}
far() { "$TEST_DIR/far/podman" "$@"; }

@test "image scp: over ssh, there and back; layers that are there are not sent" {
    fake_ssh
    load_busybox
    load_child localhost/child:1
    run_podman image scp -q busybox me@far.example:2222::
    is "$(head -1 "$TEST_DIR/ssh.log")" = "-p 2222 -- me@far.example podman '__scp' 'have' 'sha256:$(basename "$(podman image inspect -f '{{.RootFS.Layers}}' busybox | sed 's/.*sha256:\([0-9a-f]*\).*/\1/')")'"
    run far images --format '{{.Repository}}:{{.Tag}}'
    is "$output" = docker.io/library/busybox:latest
    full=$(stat -c %s "$TEST_DIR/sent")
    run_podman image scp child:1 ssh://far.example/run/podman.sock::
    is "$output" =~ "Loaded image: localhost/child:1"
    [ "$(stat -c %s "$TEST_DIR/sent")" -lt $((full / 4)) ]
    run far run --rm localhost/child:1 cat /new/file
    is "$output" = more
    podman rmi -f child:1
    run_podman image scp -q far.example::localhost/child:1
    run_podman run --rm child:1 cat /new/file
    is "$output" = more
    run_podman 125 image scp -q far.example::nothing
    is "$output" =~ "sending the image failed"
}

@test "image scp: a far podman that is not this program gets all of it; formats; what is refused" {
    fake_ssh old
    load_busybox
    run_podman image scp -q busybox far.example::
    tar -tf "$TEST_DIR/sent" | grep -q manifest.json
    run far image exists busybox
    is "$status" = 0
    far rmi -a
    run_podman image scp -q --format oci-archive busybox far.example::
    tar -tf "$TEST_DIR/sent" | grep -q oci-layout
    run_podman 125 image scp busybox
    is "$output" =~ "no destination specified"
    run_podman 125 image scp busybox far::other
    is "$output" = "Error: cannot specify an image rename: invalid argument"
    run_podman 125 image scp far:: busybox
    run_podman 125 image scp busybox -- -oProxyCommand=x::
    is "$output" =~ "is no name of a host"
    run_podman 125 image scp --format zip busybox far::
    run_podman 125 image scp busybox nobody-here@localhost::
    is "$output" =~ 'user "nobody-here" is not known on this machine'
}

# The test's own sshd: its keys, its port, its podman; what is not in them is the machine's.
start_sshd() {
    local sshd port
    sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || skip "no sshd"
    is_rootless || [ -d /run/sshd ] || { mkdir -m 755 /run/sshd && touch "$TEST_DIR/made-run-sshd"; }
    ssh-keygen -q -t ed25519 -N '' -f "$TEST_DIR/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$TEST_DIR/user_key"
    mkdir -p "$TEST_DIR/bin" "$TEST_DIR/far"
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        cat >"$TEST_DIR/sshd_config" <<END
Port $port
ListenAddress 127.0.0.1
HostKey $TEST_DIR/host_key
AuthorizedKeysFile $TEST_DIR/user_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
SetEnv PATH=$TEST_DIR/far:$PATH
END
        "$sshd" -D -e -f "$TEST_DIR/sshd_config" 2>"$TEST_DIR/sshd.log" 3>&- &
        SSHD_PID=$!
        eventually grep -qE 'listening on|Address already in use|Cannot bind' "$TEST_DIR/sshd.log" || true
        ! grep -q 'listening on' "$TEST_DIR/sshd.log" || break
    done
    SSH_PORT=$port
    printf '%s ' "[127.0.0.1]:$port" >"$TEST_DIR/known"
    cat "$TEST_DIR/host_key.pub" >>"$TEST_DIR/known"
    # The real ssh; only its files are ours.
    printf '#!/bin/sh\nexec %s -F none -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o BatchMode=yes "$@"\n' \
        "$(command -v ssh)" "$TEST_DIR/user_key" "$TEST_DIR/known" >"$TEST_DIR/bin/ssh"
    printf '#!/bin/bash\n[ "$1" = load ] && { tee %s | %s --root %s --runroot %s "$@"; exit; }\nexec %s --root %s --runroot %s "$@"\n' \
        "$TEST_DIR/sent" "$PODMAN" "$TEST_DIR/froot" "$TEST_DIR/frun" "$PODMAN" "$TEST_DIR/froot" "$TEST_DIR/frun" >"$TEST_DIR/far/podman"
    chmod +x "$TEST_DIR/bin/ssh" "$TEST_DIR/far/podman"
    PATH=$TEST_DIR/bin:$PATH
}

stop_sshd() {
    [ -z "$SSHD_PID" ] || kill "$SSHD_PID" 2>/dev/null || true
    [ ! -e "$TEST_DIR/made-run-sshd" ] || rmdir /run/sshd
}

@test "image scp: through a real sshd" {
    start_sshd
    load_busybox
    load_child localhost/child:1
    me=$(id -un)
    # In a shell of its own: whatever happens, the server is stopped.
    run bash -c "
        set -e
        podman() { '$PODMAN' --root '$TEST_DIR/root' --runroot '$TEST_DIR/run' \"\$@\"; }
        far() { '$TEST_DIR/far/podman' \"\$@\"; }
        podman image scp -q busybox '$me@127.0.0.1:$SSH_PORT::'
        far image exists busybox
        full=\$(stat -c %s '$TEST_DIR/sent')
        podman image scp -q child:1 'ssh://$me@127.0.0.1:$SSH_PORT::'
        far run --rm --network none localhost/child:1 cat /new/file
        echo sent \$(stat -c %s '$TEST_DIR/sent') of \$full
        [ \$(stat -c %s '$TEST_DIR/sent') -lt \$((full / 4)) ]
        podman rmi -f child:1
        podman image scp -q '$me@127.0.0.1:$SSH_PORT::localhost/child:1'
        podman run --rm --network none child:1 cat /new/file
        ! podman image scp -q '$me@127.0.0.1:$SSH_PORT::nothing'
    "
    stop_sshd
    echo "$output"
    cat "$TEST_DIR/sshd.log"
    is "$status" = 0
    is "$output" =~ "sending the image failed"
}

@test "image scp: between two users of this machine" {
    is_rootless && skip "it takes root to be another user"
    user=scptest$$
    useradd -d "$TEST_DIR/home" -m -s /bin/sh "$user" || skip "no user can be made"
    load_busybox
    unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF
    run podman image scp -q root@localhost::busybox "$user@localhost::"
    echo "$output"
    as() { setpriv --reuid "$user" --regid "$user" --init-groups env -i HOME="$TEST_DIR/home" PATH="$PATH" "$PODMAN" "$@"; }
    names=$(as images --format '{{.Repository}}' || true)
    again=$("$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" image scp -q "$user@localhost::busybox" && "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" images --format '{{.Repository}}' || true)
    named=$(podman image scp -q busybox "$user@localhost::renamed:1" && as images --format '{{.Repository}}:{{.Tag}}' | sort | tr '\n' ' ' || true)
    back=$("$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" image scp -q "$user@localhost::renamed:1" here:2 && "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" image inspect -f '{{.Id}}' here:2 || true)
    as system reset -f >/dev/null 2>&1 || true
    for pid in $(ps -u "$user" -o pid=); do kill -9 "$pid" || true; done
    rm -rf "/tmp/podman-run-$(id -u "$user")"
    userdel "$user"
    is "$names" = docker.io/library/busybox
    is "$again" =~ docker.io/library/busybox$
    is "$named" =~ "docker.io/library/busybox:latest localhost/renamed:1 "$
    is "$back" =~ "$(podman image inspect -f '{{.Id}}' busybox)"$
    run_podman 125 image scp nope.nope/nonesuch:1 root@localhost::
    is "$output" = "Error: nope.nope/nonesuch:1: image not known"
}

@test "images: every filter" {
    load_busybox
    load_child localhost/child:1
    podman tag busybox localhost/extra/two:v2
    podman create --name c localhost/child:1 true
    list() { podman images --format '{{.Repository}}:{{.Tag}}' "$@" | sort | tr '\n' ' '; }
    all="docker.io/library/busybox:latest localhost/child:1 localhost/extra/two:v2 "
    is "$(list)" = "$all"
    id=$(podman image inspect -f '{{.Id}}' child:1)
    digest=$(podman image inspect -f '{{.Digest}}' child:1)
    # The child was made later than busybox (its configuration has the same time): by ID, digest, use.
    is "$(list --filter id="${id:0:12}")" = "localhost/child:1 "
    is "$(list --filter digest="$digest")" = "localhost/child:1 "
    is "$(list --filter containers=true)" = "localhost/child:1 "
    is "$(list --filter containers=false)" = "docker.io/library/busybox:latest localhost/extra/two:v2 "
    is "$(list --filter containers=external)" = ""
    is "$(list --filter label=made)" = "$all"
    is "$(list --filter label=made=here)" = "$all"
    is "$(list --filter label=made=there)" = ""
    is "$(list --filter label!=made=here)" = ""
    is "$(list --filter reference='*two*')" = "docker.io/library/busybox:latest localhost/extra/two:v2 "
    is "$(list --filter reference=busybox)" = "docker.io/library/busybox:latest localhost/extra/two:v2 "
    is "$(list --filter reference!=busybox)" = "localhost/child:1 "
    is "$(list --filter readonly=true)" = ""
    is "$(list --filter readonly=false)" = "$all"
    is "$(list --filter manifest=true)" = ""
    is "$(list --filter dangling=true)" = ""
    is "$(list --filter until=2023-01-01T00:00:00Z)" = ""
    is "$(list --filter until=2025-01-01T00:00:00Z)" = "$all"
    is "$(list --filter before=busybox)" = ""
    is "$(list --filter since=busybox)" = ""
    is "$(list --filter after=busybox)" = ""
    run_podman 125 images --filter before=nothing
    run_podman 125 images --filter dangling=maybe
    # Without a name, but another stands on it: intermediate.  Without the other: dangling.
    podman untag busybox
    is "$(list)" = "localhost/child:1 "
    is "$(list --all)" = "<none>:<none> localhost/child:1 "
    is "$(list --filter intermediate=true)" = "<none>:<none> "
    is "$(list --filter dangling=true)" = ""
    podman rm c
    podman rmi --no-prune child:1
    is "$(list --filter dangling=true)" = "<none>:<none> "
    is "$(list --filter intermediate=true)" = ""
    run_podman image prune -f
    is "$(list -a)" = ""
}

@test "images and history: every field of a template" {
    load_busybox
    run_podman images --format '{{.Containers}}|{{.Dangling}}|{{.IsDangling}}|{{.IsReadOnly}}|{{.ReadOnly}}|{{.SharedSize}}|{{.ParentId}}|{{.Tag}}|{{.Repository}}|{{.History}}'
    is "$output" = "0|false|false|false|false|0||latest|docker.io/library/busybox|docker.io/library/busybox:latest"
    for field in Created CreatedAt CreatedSince CreatedTime Digest ID Id Labels Names RepoDigests RepoTags Size VirtualSize; do
        run_podman images --format "{{.$field}}"
        [ -n "$output" ]
    done
    run_podman images --format '{{.Id}} {{.ID}}'
    is "$output" =~ '^([0-9a-f]{12})[0-9a-f]{52} \1$|^[0-9a-f]{64} [0-9a-f]{12}$'
    run_podman history --format '{{.Comment}}|{{.CreatedBy}}|{{.Tags}}|{{.ID}}' busybox
    is "$output" =~ '^test\|ADD busybox\|docker.io/library/busybox:latest\|[0-9a-f]{12}$'
    for field in Created CreatedAt CreatedSince Size; do
        run_podman history --format "{{.$field}}" busybox
        [ -n "$output" ]
    done
    run_podman image inspect -f '{{.HealthCheck}}' busybox
    is "$output" = '<nil>'
    run_podman images --digests
    is "${lines[0]}" =~ '^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE$'
    is "${lines[1]}" =~ 'sha256:[0-9a-f]{64}'
    podman tag busybox localhost/aaa:z
    podman tag busybox localhost/bbb:a
    run_podman images --sort repository --format '{{.Repository}}' --noheading
    is "${lines[1]} ${lines[2]}" = "localhost/aaa localhost/bbb"
    run_podman images --sort tag --format '{{.Tag}}'
    is "$output" = a$'\n'latest$'\n'z
    run_podman 125 images --sort nonsense
}

@test "load: from a URL; what is no archive; names that archives cannot have" {
    make_busybox_archive "$TEST_DIR/web.tar" localhost/web:1
    python3 -u -m http.server --bind 127.0.0.1 --directory "$TEST_DIR" 0 >"$TEST_DIR/http.log" 2>&1 3>&- &
    server=$!
    eventually grep -q 'port [0-9]' "$TEST_DIR/http.log"
    url=http://127.0.0.1:$(grep -oE 'port [0-9]+' "$TEST_DIR/http.log" | cut -d' ' -f2)
    run_podman load -q -i "$url/web.tar"
    is "$output" = "Loaded image: localhost/web:1"
    run_podman 125 load -q -i "$url/none.tar"
    is "$output" =~ "HTTP status 404"
    kill "$server"
    echo "no archive" >"$TEST_DIR/text"
    run_podman 125 load -i "$TEST_DIR/text"
    is "$output" =~ "payload does not match any of the supported image formats"
    run_podman 125 save -q -o "$TEST_DIR/a:b" web:1
    is "$output" =~ "invalid filename \(should not contain ':'\)"
    run_podman 125 load -q -i "$TEST_DIR/a:b"
    is "$output" =~ "invalid filename"
}
