#!/usr/bin/env bats
# User namespaces: root's --uidmap; an ordinary user with sub-ids and without.
#
# As root the "ordinary user" is made up: an id that no one has, with passwd and subuid files that only his
# mount namespace sees.  As an ordinary user it is that user.

load helpers

setup() {
    basic_setup
    U=$TEST_DIR/u
    mkdir -m 755 "$U" "$U/bin"
    if is_rootless; then
        load_busybox
        return
    fi
    cp "$(readlink -f "$PODMAN")" "$U/bin/podman"
    for f in podman-monitor podman-image.so podman-init; do
        found=$(find "$(dirname "$PODMAN")" "$(dirname "$PODMAN")"/../* -maxdepth 1 -name $f -type f 2>/dev/null | head -1)
        [ -z "$found" ] || cp "$found" "$U/bin/"
    done
    chmod -R a+rX "$U/bin"
    mkdir -m 700 "$U/home" "$U/run"
    chown 54321:54321 "$U/home" "$U/run"
    cp /etc/passwd "$U/passwd"
    echo "someone:x:54321:54321::$U/home:/bin/sh" >>"$U/passwd"
    echo "someone:100000:65536" >"$U/subuid"
    : >"$U/none"
    make_busybox_archive "$TEST_DIR/busybox.tar"
    chmod 644 "$TEST_DIR"/*.conf "$TEST_DIR/busybox.tar"
}

teardown() {
    if ! is_rootless; then
        as_user podman rm -fat 0 >/dev/null 2>&1 || true
        stop_holder "$U/run"
    fi
    basic_teardown
}

# as_user COMMAND...: as the user with sub-ids; SUBIDS=none: without.
as_user() {
    if is_rootless; then
        if [ "$1" = podman ]; then
            shift
            podman "$@"
        else
            "$@"
        fi
        return
    fi
    unshare -m --propagation private sh -c '
        mount --bind "$1/passwd" /etc/passwd
        mount --bind "$1/$2" /etc/subuid
        mount --bind "$1/$2" /etc/subgid
        u=$1
        shift 2
        cd "$u/home"
        exec setpriv --reuid 54321 --regid 54321 --clear-groups env -i PATH="$u/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$u/home" \
            XDG_RUNTIME_DIR="$u/run" CONTAINERS_CONF="$CONTAINERS_CONF" \
            CONTAINERS_STORAGE_CONF="$CONTAINERS_STORAGE_CONF" \
            CONTAINERS_REGISTRIES_CONF="$CONTAINERS_REGISTRIES_CONF" "$@"
    ' sh "$U" "${SUBIDS:-subuid}" "$@"
}

user_podman() { # [CODE] ARGS...
    local expected=0
    case $1 in [0-9]*)
        expected=$1
        shift
        ;;
    esac
    run as_user podman "$@"
    [ "$status" -eq "$expected" ] || {
        echo "podman $*: exit code $status, not $expected: $output"
        return 1
    }
}

needs_subids() {
    is_rootless || return 0
    grep -q "^\($(id -un)\|$(id -u)\):" /etc/subuid || skip "$(id -un) has no sub-ids"
}

user_load() {
    is_rootless || as_user podman load -q -i "$TEST_DIR/busybox.tar" >/dev/null
}

@test "root: --uidmap and --gidmap are the kernel's map" {
    is_rootless && skip "root's"
    load_busybox
    run_podman run --rm --uidmap 0:200000:1000 --gidmap 0:300000:500 busybox \
        sh -c 'cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /tmp/f; stat -c %u:%g /tmp/f /bin/busybox'
    is "$(tr -s ' ' <<<"${lines[0]}")" = " 0 200000 1000"
    is "$(tr -s ' ' <<<"${lines[1]}")" = " 0 300000 500"
    is "${lines[2]}" = 0
    is "${lines[3]}" = 0:0
    is "${lines[4]}" = 0:0
    run_podman run -d --name c --uidmap 0:200000:1000 busybox sleep 100
    is "$(stat -c %u:%g "/proc/$(pid_of c)")" = 200000:200000
    [ "$(readlink "/proc/$(pid_of c)/ns/user")" != "$(readlink /proc/self/ns/user)" ]
    run_podman exec c id -u
    is "$output" = 0
    # What it writes belongs to the mapped id on the host; the image does not change hands.
    run_podman exec c touch /mine
    is "$(stat -c %u "$TEST_DIR"/root/containers/*/upper/mine)" = 200000
    run_podman run --rm busybox stat -c %u /bin/busybox
    is "$output" = 0
    run_podman 125 run --rm --uidmap nonsense busybox true
}

@test "rootless: run, root inside, the user outside" {
    needs_subids
    user_load
    user_podman run --rm busybox sh -c 'id -u; cat /proc/self/uid_map; chown 5:5 /tmp && stat -c %u /tmp'
    is "${lines[0]}" = 0
    me=54321
    is_rootless && me=$(id -u)
    is "$(tr -s ' ' <<<"${lines[1]}")" = " 0 $me 1"
    is "${lines[-1]}" = 5
    user_podman run -d --name c busybox sleep 100
    pid=$(as_user podman inspect -f '{{.State.Pid}}' c)
    is "$(stat -c %u "/proc/$pid")" = $me
    [ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/self/ns/user)" ] || false
    user_podman exec c echo inside
    is "$output" = inside
    user_podman run --rm -u 1000 busybox id -u
    is "$output" = 1000
    user_podman stop -t 0 c
    user_podman wait c
    is "$output" = 137
    user_podman rm c
}

@test "rootless: info says so, the store is the user's" {
    needs_subids
    user_load
    user_podman info --format '{{.Host.Security.Rootless}}'
    is "$output" = true
    is_rootless && return
    [ -e "$U/home/.local/share/containers/storage/db.sqlite" ]
    is "$(find "$U/home" -user root | head -1)" = ""
}

@test "rootless: a volume of the user's, and another's is out of reach" {
    needs_subids
    user_load
    dir=$U/home/data
    is_rootless && dir=$TEST_DIR/data
    as_user mkdir "$dir"
    user_podman run --rm -v "$dir:/data:Z" busybox touch /data/f
    is "$(stat -c %u "$dir/f")" = "$(stat -c %u "$dir")"
    run as_user podman run --rm -v /etc:/e busybox sh -c 'echo x >>/e/passwd'
    is "$output" =~ "Permission denied"
    user_podman run --rm --userns=keep-id -v "$dir:/data" busybox sh -c 'id -u; touch /data/g'
    is "$output" = "$(stat -c %u "$dir")"
    is "$(stat -c %u "$dir/g")" = "$(stat -c %u "$dir")"
}

@test "rootless: --userns keep-id with numbers, host" {
    needs_subids
    user_load
    user_podman run --rm --userns=keep-id:uid=200,gid=210 busybox sh -c 'id -u; id -g'
    is "$output" = "200
210"
    user_podman run --rm --userns=host busybox id -u
    is "$output" = 0
    user_podman 125 run --rm --userns=nonsense busybox true
}

@test "rootless: podman unshare" {
    needs_subids
    me=54321
    is_rootless && me=$(id -u)
    user_podman unshare id -u
    is "$output" = 0
    user_podman unshare cat /proc/self/uid_map
    is "$(tr -s ' ' <<<"${lines[0]}")" = " 0 $me 1"
    [ "${#lines[@]}" -ge 2 ]
    user_podman 9 unshare sh -c 'exit 9'
    user_podman 127 unshare no-such-program
    is_rootless || run_podman 125 unshare true
}

# The container's ids have no right to pass the user's folders, where its layers are.
@test "rootless: --userns auto and nomap below a folder of mode 0700" {
    needs_subids
    user_load
    if is_rootless; then
        chmod 700 "$TEST_DIR"
    fi
    for mode in auto nomap; do
        user_podman run --rm --userns $mode busybox sh -c 'touch /x && stat -c %u:%g /x; cat /proc/self/uid_map'
        is "${lines[0]}" = 0:0
        is "$(tr -s ' ' <<<"${lines[1]}")" =~ "^ 0 1 "
    done
    user_podman run -d --name c --userns auto busybox sleep 100
    user_podman exec c stat -c %u /bin
    is "$output" = 0
    user_podman rm -ft 0 c
}

@test "rootless: the holder of the namespace goes with the run directory" {
    dir=$TEST_DIR/session
    if is_rootless; then
        mkdir -m 700 "$dir"
        XDG_RUNTIME_DIR=$dir podman unshare true
    else
        user_podman unshare true
        dir=$U/run
    fi
    holder=$(cut -d' ' -f1 "$dir/containers/userns")
    [ -d "/proc/$holder" ]
    rm -rf "$dir"
    eventually test ! -e "/proc/$holder/exe"
}

@test "rootless: one id only, without /etc/subuid" {
    is_rootless && needs_subids
    is_rootless && skip "this user has sub-ids"
    SUBIDS=none user_load
    SUBIDS=none user_podman run --rm busybox sh -c 'id -u; cat /proc/self/uid_map'
    is "${lines[0]}" = 0
    is "$(tr -s ' ' <<<"${lines[1]}")" = " 0 54321 1"
    is "${#lines[@]}" = 2
    SUBIDS=none user_podman run -d --name c busybox sleep 100
    SUBIDS=none user_podman exec c echo in
    is "$output" = in
    SUBIDS=none user_podman rm -ft 0 c
    run as_user podman run --rm --userns keep-id busybox true
    is "$status" = 125
    is "$output" =~ "/etc/subuid"
}

@test "rootless: nothing is left behind" {
    needs_subids
    user_load
    store=$U/home/.local/share/containers/storage run=$U/run
    is_rootless && store=$TEST_DIR/root run=$TEST_DIR/run
    user_podman run --rm busybox true
    user_podman run -d busybox sleep 100
    user_podman rm -fat 0
    is "$(ls "$store/containers")" = ""
    is "$(alive_processes "$store/containers")" = ""
    is "$(grep -c "$TEST_DIR" /proc/self/mountinfo || :)" = 0
    is "$(find "$run" -type d -name '????????????????????????????????????????????????????????????????')" = ""
}
