#!/usr/bin/env bats
# run and create: exit codes, and what each option does as the container or the kernel see it.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

# ---------- exit codes ----------

@test "exit codes: run" {
    for code in 0 1 2 7 125 126 127 255; do
        run podman run --rm busybox sh -c "exit $code"
        is "$status" = $code
    done
    run_podman 137 run --rm --pid host busybox sh -c 'kill -9 $$' # pid 1 of a namespace is spared
    run_podman 127 run --rm busybox no-such-program
    is "$output" =~ "no-such-program"
    run_podman 127 run --rm busybox /bin/no-such-program
    run_podman 126 run --rm busybox /etc
    is "$output" =~ "[Pp]ermission denied"
    run_podman 126 run --rm busybox /etc/passwd
    run_podman 125 run --rm --pull never no-such-image true
    is "$output" =~ "no-such-image"
    run_podman 125 run --rm --memory x busybox true
    run_podman ps -aq
    is "$output" = ""
}

@test "exit codes: a signal is 128 and its number" {
    run_podman run -d --name c --init busybox sleep 100
    podman kill -s TERM c
    run_podman wait c
    is "$output" = 143
    run_podman run -d --name d busybox sleep 100
    podman kill d
    run_podman wait d
    is "$output" = 137
    is "$(podman inspect -f '{{.State.ExitCode}}' d)" = 137
}

@test "exit codes: exec and wait" {
    run_podman run -d --name c busybox sleep 100
    for code in 0 3 125 255; do
        run podman exec c sh -c "exit $code"
        is "$status" = $code
    done
    run_podman 127 exec c no-such-program
    is "$output" =~ "no-such-program"
    run_podman 126 exec c /etc
    run_podman 137 exec c sh -c 'kill -9 $$'
    run_podman 125 exec no-such-container true
    run_podman 125 exec c
    run_podman run --name five busybox sh -c 'exit 5' || true
    run_podman wait five
    is "$output" = 5
    run_podman 125 wait no-such-container
    run_podman wait --ignore no-such-container
    is "$output" = -1
}

@test "output: stdout and stderr are apart, bytes are kept" {
    podman run --rm busybox sh -c 'echo out; echo err >&2' >"$TEST_DIR/o" 2>"$TEST_DIR/e"
    is "$(cat "$TEST_DIR/o")" = out
    is "$(cat "$TEST_DIR/e")" = err
    head -c 3000000 /dev/urandom >"$TEST_DIR/random"
    podman run --rm -i busybox cat <"$TEST_DIR/random" | cmp - "$TEST_DIR/random"
    podman run --rm -v "$TEST_DIR/random:/r:ro" busybox cat /r | cmp - "$TEST_DIR/random"
    is "$(podman run --rm busybox printf 'no newline')" = "no newline"
}

# What a reader has not taken when the container ends waits for him, whole and in order.
@test "output: a slow reader loses nothing" {
    mkdir "$TEST_DIR/slow"
    pids=()
    for n in $(seq 100000 16384 450000); do
        { podman run --rm --network none busybox sh -c "head -c $n /dev/zero; head -c 100 /dev/zero >&2" 2>"$TEST_DIR/slow/err.$n" 3>&- |
            { sleep 0.7; cat; } 3>&- >"$TEST_DIR/slow/out.$n"; } &
        pids+=($!)
    done
    wait "${pids[@]}"
    for n in $(seq 100000 16384 450000); do
        is "$(stat -c %s "$TEST_DIR/slow/out.$n")" = "$n"
        is "$(stat -c %s "$TEST_DIR/slow/err.$n")" = 100
    done
}

@test "input: only with -i" {
    is "$(echo hi | podman run --rm -i busybox cat)" = hi
    is "$(echo hi | podman run --rm busybox cat)" = ""
    is "$(echo hi | podman run --rm -i busybox true)" = ""
}

# ---------- environment, user, directory, command ----------

@test "--env, --env-file, --env-host, --unsetenv" {
    export FROM_HOST=host
    run_podman run --rm -e A=1 -e 'B=two words' -e FROM_HOST -e UNKNOWN_HERE busybox env
    is "$output" =~ $'(^|\n)A=1'
    is "$output" =~ 'B=two words'
    is "$output" =~ 'FROM_HOST=host'
    is "$output" !~ 'UNKNOWN_HERE'
    is "$output" =~ 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    is "$output" =~ 'container=podman'
    is "$output" =~ 'HOME=/root'
    is "$output" =~ 'HOSTNAME=[0-9a-f]{12}'
    printf '# comment\nF=file\n\nFROM_HOST\nE=a=b # kept\n' >"$TEST_DIR/env"
    run_podman run --rm --env-file "$TEST_DIR/env" -e F=option busybox env
    is "$output" =~ 'F=option'
    is "$output" =~ 'E=a=b # kept'
    is "$output" =~ 'FROM_HOST=host'
    run_podman run --rm busybox env
    is "$output" !~ 'FROM_HOST'
    run_podman run --rm --env-host busybox env
    is "$output" =~ 'FROM_HOST=host'
    run_podman run --rm --unsetenv PATH busybox /bin/env
    is "$output" !~ '(^|[[:space:]])PATH='
    run_podman 125 run --rm --env-file "$TEST_DIR/none" busybox env
    is "$output" =~ "$TEST_DIR/none"
    run_podman 125 run --rm -e =x busybox env
}

@test "--user: numbers, names, groups" {
    run_podman run --rm -u 1000:2000 busybox sh -c 'id -u; id -g; id -G'
    is "$output" = "1000
2000
2000"
    run_podman run --rm -u root busybox id -u
    is "$output" = 0
    run_podman run --rm -u 1000 --group-add 33 busybox id -G
    is "$output" =~ '(^| )33( |$)'
    run_podman 125 run --rm -u nobody-known busybox true
    is "$output" =~ "nobody-known"
    # An ordinary user has no capability.
    run_podman run --rm -u 1000 busybox grep CapEff /proc/self/status
    is "$output" =~ "0000000000000000"
}

@test "--workdir" {
    run_podman run --rm -w /tmp busybox pwd
    is "$output" = /tmp
    run_podman run --rm busybox pwd
    is "$output" = /
}

@test "--entrypoint" {
    run_podman run --rm --entrypoint echo busybox a b
    is "$output" = "a b"
    run_podman run --rm --entrypoint '["sh","-c","echo $0 $1"]' busybox x y
    is "$output" = "x y"
    run_podman run --rm --entrypoint "" busybox echo plain
    is "$output" = plain
}

@test "--hostname, --uts" {
    run_podman run --rm -h other busybox sh -c 'cat /proc/sys/kernel/hostname; cat /etc/hostname; grep other /etc/hosts; echo $HOSTNAME'
    is "${lines[0]}" = other
    is "${lines[1]}" = other
    is "${lines[2]}" =~ other
    is "${lines[3]}" = other
    run_podman run --rm busybox hostname
    is "$output" =~ '^[0-9a-f]{12}$'
    run_podman run --rm --uts host busybox hostname
    is "$output" = "$(cat /proc/sys/kernel/hostname)"
    [ "$(cat /proc/sys/kernel/hostname)" != other ]
}

@test "--label, --label-file, --annotation" {
    printf 'from=file\n' >"$TEST_DIR/labels"
    run_podman create --name c -l a=b --label plain --label-file "$TEST_DIR/labels" \
        --annotation org.example.x=y busybox true
    run_podman inspect -f '{{.Config.Labels.a}} {{.Config.Labels.from}} {{.Config.Labels.made}}' c
    is "$output" = "b file here"
    for f in label=a=b label=a label=plain label=from=file; do
        is "$(podman ps -a --filter $f --format '{{.Names}}')" = c
    done
    is "$(podman ps -aq --filter label=a=c)" = ""
    podman start -a c
    # The runtime's own document has the annotation.
    python3 - "$TEST_DIR"/root/containers/*/config.json <<'EOF'
import json, sys
assert json.load(open(sys.argv[1]))["annotations"]["org.example.x"] == "y"
EOF
    run_podman 125 create --annotation nonsense busybox true
}

# ---------- files ----------

@test "--volume: a directory of the host" {
    mkdir "$TEST_DIR/d"
    echo host >"$TEST_DIR/d/f"
    run_podman run --rm -v "$TEST_DIR/d:/d" busybox sh -c 'cat /d/f; echo new >/d/g'
    is "$output" = host
    is "$(cat "$TEST_DIR/d/g")" = new
    run podman run --rm -v "$TEST_DIR/d:/d:ro" busybox touch /d/x
    is "$output" =~ "Read-only file system"
    [ ! -e "$TEST_DIR/d/x" ]
    run_podman run --rm -v "$TEST_DIR/d/f:/etc/f" busybox cat /etc/f
    is "$output" = host
    # Where there is no SELinux, Z and z mean nothing.
    run_podman run --rm -v "$TEST_DIR/d:/d:Z" -v "$TEST_DIR/d:/e:z" busybox cat /d/f /e/f
    is "$output" = "host
host"
    run_podman 125 run --rm -v "$TEST_DIR/none:/d" busybox true
    is "$output" =~ "$TEST_DIR/none"
    run_podman 125 run --rm -v "$TEST_DIR/d:relative" busybox true
    run_podman 125 run --rm -v "$TEST_DIR/d:/d:nonsense" busybox true
    run_podman 125 run --rm -v "$TEST_DIR/d:/d" -v "$TEST_DIR:/d" busybox true
    is "$output" =~ "duplicate mount destination"
}

@test "--volume: U gives the directory to the container's user" {
    mkdir "$TEST_DIR/d"
    touch "$TEST_DIR/d/f"
    run_podman run --rm -u 7:8 -v "$TEST_DIR/d:/d:U" busybox sh -c 'stat -c %u:%g /d /d/f; touch /d/mine'
    is "$output" = "7:8
7:8"
    if ! is_rootless; then
        is "$(stat -c %u:%g "$TEST_DIR/d/mine")" = 7:8
    fi
}

@test "--volume: options are the mount's" {
    mkdir "$TEST_DIR/d"
    run_podman run --rm -v "$TEST_DIR/d:/d:noexec,nosuid,nodev" busybox grep ' /d ' /proc/mounts
    is "$output" =~ "nosuid"
    is "$output" =~ "nodev"
    is "$output" =~ "noexec"
}

@test "--volume: a named one stays, an anonymous one goes with its container" {
    run_podman run --rm -v data:/d busybox sh -c 'echo kept >/d/f'
    is "$(cat "$TEST_DIR/root/volumes/data/_data/f")" = kept
    run_podman run --rm -v data:/d:ro busybox cat /d/f
    is "$output" = kept
    run_podman run --rm -v /anon busybox touch /anon/x
    is "$(ls "$TEST_DIR/root/volumes")" = data
    run_podman run --name c -v /anon busybox touch /anon/x
    is "$(ls "$TEST_DIR/root/volumes" | wc -l)" = 2
    run_podman rm -v c
    is "$(ls "$TEST_DIR/root/volumes")" = data
    # A new named volume begins with what the image has at that place.
    run_podman run --rm -v etc:/etc busybox cat /etc/passwd
    is "$output" =~ root:x:0:0
    [ -e "$TEST_DIR/root/volumes/etc/_data/passwd" ]
}

@test "--volumes-from" {
    mkdir "$TEST_DIR/d"
    echo x >"$TEST_DIR/d/f"
    run_podman create --name c -v "$TEST_DIR/d:/d" busybox true
    run_podman run --rm --volumes-from c:ro busybox sh -c 'cat /d/f; touch /d/g || :'
    is "${lines[0]}" = x
    is "${lines[1]}" =~ "Read-only"
}

@test "--mount: bind, volume, tmpfs, devpts" {
    mkdir "$TEST_DIR/d"
    echo x >"$TEST_DIR/d/f"
    run_podman run --rm --mount "type=bind,src=$TEST_DIR/d,dst=/d,ro" busybox sh -c 'cat /d/f; touch /d/g || :'
    is "${lines[0]}" = x
    is "${lines[1]}" =~ "Read-only"
    run_podman run --rm --mount type=volume,source=v,target=/v busybox touch /v/f
    [ -e "$TEST_DIR/root/volumes/v/_data/f" ]
    run_podman run --rm --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700 busybox \
        sh -c 'grep " /t " /proc/mounts; stat -c %a /t'
    is "${lines[0]}" =~ "tmpfs /t tmpfs .*size=1024k"
    is "${lines[1]}" = 700
    run_podman run --rm --mount type=devpts,dst=/dev/pts busybox grep ' /dev/pts ' /proc/mounts
    is "$output" =~ "devpts"
    run_podman 125 run --rm --mount type=nonsense,dst=/t busybox true
    run_podman 125 run --rm --mount type=bind,dst=/t busybox true
    run_podman 125 run --rm --mount type=tmpfs busybox true
}

@test "--tmpfs" {
    run_podman run --rm --tmpfs /t:size=2m,mode=1770,noexec busybox \
        sh -c 'grep " /t " /proc/mounts; stat -c %a /t'
    is "${lines[0]}" =~ "tmpfs /t tmpfs .*noexec.*size=2048k"
    is "${lines[1]}" = 1770
    run_podman 125 run --rm --tmpfs /t:nonsense busybox true
    # What the image has there is copied up.
    run_podman run --rm --tmpfs /etc busybox cat /etc/passwd
    is "$output" =~ root
}

@test "--read-only, --read-only-tmpfs" {
    run podman run --rm --read-only busybox touch /x
    is "$output" =~ "Read-only file system"
    run_podman run --rm --read-only busybox sh -c 'touch /tmp/a /run/b /var/tmp/c /dev/shm/d'
    run podman run --rm --read-only --read-only-tmpfs=false busybox touch /tmp/a
    is "$output" =~ "Read-only file system"
    run_podman run --rm --read-only busybox grep ' / ' /proc/mounts
    is "$output" =~ " ro,"
}

@test "--rootfs: a directory instead of an image" {
    mkdir "$TEST_DIR/tree"
    tar -C "$TEST_DIR" -xf "$TEST_DIR/busybox.tar" layer.tar
    tar -C "$TEST_DIR/tree" -xf "$TEST_DIR/layer.tar"
    echo mine >"$TEST_DIR/tree/mark"
    run_podman run --rm --rootfs "$TEST_DIR/tree" cat /mark
    is "$output" = mine
    run_podman run --rm --rootfs "$TEST_DIR/tree" touch /left
    [ -e "$TEST_DIR/tree/left" ]
    run_podman 125 run --rm --rootfs "$TEST_DIR/none" true
    is "$output" =~ "$TEST_DIR/none"
}

@test "the container's own changes are its own, and stay until it goes" {
    run_podman run --name c busybox sh -c 'echo x >/f; rm /etc/group'
    run_podman run --rm busybox sh -c 'ls /f; ls /etc/group'  || true
    is "$output" =~ "/etc/group"
    is "$output" =~ "/f: No such file"
    run_podman start -a c || true
    is "$(cat "$TEST_DIR/root/containers/$(podman inspect -f '{{.Id}}' c)/upper/f")" = x
}

@test "--cidfile, --pidfile" {
    run_podman run -d --cidfile "$TEST_DIR/cid" --pidfile "$TEST_DIR/pid" busybox sleep 100
    is "$(cat "$TEST_DIR/cid")" = "$output"
    is "$(tr '\0' ' ' <"/proc/$(cat "$TEST_DIR/pid")/cmdline")" = "sleep 100 "
    run_podman 125 run --cidfile "$TEST_DIR/cid" busybox true
    is "$output" =~ "container id file exists"
    run_podman rm -f -t 0 --cidfile "$TEST_DIR/cid"
    run_podman ps -aq
    is "$output" = ""
}

@test "--name, --replace, --rm" {
    run_podman create --name c busybox true
    first=$output
    run_podman 125 create --name c busybox true
    is "$output" =~ 'the container name "c" is already in use'
    run_podman run -d --name c --replace busybox sleep 100
    run_podman 1 container exists "$first"
    run_podman 125 create --name 'a b' busybox true
    is "$output" =~ "names must match"
    run_podman run -d --rm --name gone busybox true
    eventually eval '! podman container exists gone'
    eventually test ! -e "$TEST_DIR/root/containers/$output"
    # Names are made up where none is given.
    run_podman create busybox true
    is "$(podman inspect -f '{{.Name}}' "$output")" =~ '^[a-z]+_[a-z]+'
}

@test "--pull never, missing; --platform" {
    run_podman run --rm --pull never busybox true
    run_podman run --rm --pull missing busybox true
    run_podman 125 run --rm --pull never other true
    is "$output" =~ "other: image not known"
    run_podman 125 run --rm --pull nonsense busybox true
    run_podman run --rm --platform "linux/$(go_arch)" --pull never busybox true
    run_podman 125 run --rm --platform a/b/c/d busybox true
    is "$output" =~ "invalid platform"
}

@test "--timeout ends the container" {
    SECONDS=0
    run podman run --rm --timeout 1 busybox sleep 100
    is "$status" = 255
    [ $SECONDS -lt 10 ]
}

@test "signals reach the container: --sig-proxy, --stop-signal" {
    "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" run --name c busybox \
        sh -c 'trap "echo got; exit 9" USR1; echo up; while :; do sleep 0.1; done' >"$TEST_DIR/out" 3>&- &
    pid=$!
    eventually grep -q up "$TEST_DIR/out"
    kill -USR1 $pid
    wait $pid || code=$?
    is "$code" = 9
    is "$(tail -1 "$TEST_DIR/out")" = got
    run_podman run -d --name d --stop-signal USR2 busybox \
        sh -c 'trap "exit 4" USR2; echo up; while :; do sleep 0.1; done'
    eventually eval 'podman logs d | grep -q up'
    run_podman stop -t 5 d
    is "$(podman wait d)" = 4
    run_podman 125 run --stop-signal NONSENSE busybox true
}

@test "--init: pid 1 reaps and forwards" {
    run_podman run -d --name c --init busybox sh -c 'sleep 0 & exec sleep 100'
    run_podman exec c sh -c 'tr "\0" " " </proc/1/cmdline'
    is "$output" =~ "podman-init"
    SECONDS=0
    run_podman stop -t 20 c
    [ $SECONDS -lt 10 ]
    is "$(podman wait c)" = 143
    run_podman 3 run --rm --init busybox sh -c 'exit 3'
}

# ---------- settings of the process ----------

@test "--tz, --umask" {
    run_podman run --rm busybox date +%Z
    is "$output" = UTC
    run_podman run --rm --umask 0077 busybox sh -c 'umask; touch /tmp/f; stat -c %a /tmp/f'
    is "$output" = "0077
600"
    run_podman run --rm busybox sh -c umask
    is "$output" = 0022
    run_podman 125 run --rm --umask 9 busybox true
    if [ -e /usr/share/zoneinfo/Asia/Tokyo ]; then
        run_podman run --rm --tz Asia/Tokyo busybox cat /etc/localtime
        cmp /usr/share/zoneinfo/Asia/Tokyo <(podman run --rm --tz Asia/Tokyo busybox cat /etc/localtime)
    fi
    run_podman 125 run --rm --tz No/Where busybox true
}

@test "--ulimit, --sysctl, --shm-size, --oom-score-adj, --personality" {
    run_podman run --rm --ulimit nofile=50:60 --ulimit core=0 --shm-size 5m --sysctl net.ipv4.ip_forward=1 \
        --sysctl kernel.msgmax=4321 --oom-score-adj 100 busybox \
        sh -c 'ulimit -Sn; ulimit -Hn; grep /dev/shm /proc/mounts; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/self/oom_score_adj'
    is "${lines[0]}" = 50
    is "${lines[1]}" = 60
    is "${lines[2]}" =~ "size=5120k"
    is "${lines[3]}" = 1
    is "${lines[4]}" = 4321
    is "${lines[5]}" = 100
    run_podman 125 run --rm --ulimit nonsense=1 busybox true
    is "$output" =~ "invalid ulimit type: nonsense"
    run_podman 125 run --rm --sysctl nonsense busybox true
    run_podman 125 run --rm --network host --sysctl net.ipv4.ip_forward=1 busybox true
    is "$output" =~ "can't be set since"
}

@test "--network: none, private, host, another container's" {
    for mode in none $(is_rootless && echo private); do
        run_podman run --rm --network $mode busybox sh -c 'readlink /proc/self/ns/net; tail -n +3 /proc/net/dev'
        is "${lines[0]}" =~ 'net:\[[0-9]+\]'
        is "${lines[0]}" !~ "$(readlink /proc/self/ns/net | tr -d '[]')"
        [ "${lines[0]}" != "$(readlink /proc/self/ns/net)" ]
        is "${lines[1]}" =~ ' lo:'
        # An ordinary user's own network has a way out where pasta and /dev/net/tun are there.
        [ "${#lines[@]}" = 2 ] || [ $mode = private ]
    done
    run_podman run --rm --network none busybox ip addr show lo
    is "$output" =~ "LOOPBACK,UP"
    is "$output" =~ "inet 127.0.0.1/8"
    run_podman run --rm --network host busybox readlink /proc/self/ns/net
    is "$output" = "$(readlink /proc/self/ns/net)"
    run_podman run -d --name c --network none busybox sleep 100
    run_podman run --rm --network container:c busybox readlink /proc/self/ns/net
    is "$output" = "$(podman exec c readlink /proc/self/ns/net)"
    run_podman 125 run --rm --network nonsense busybox true
}

@test "--pid, --ipc: host and another container's" {
    run_podman run --rm --pid host busybox readlink /proc/self/ns/pid
    is "$output" = "$(readlink /proc/self/ns/pid)"
    run_podman run --rm --ipc host busybox readlink /proc/self/ns/ipc
    is "$output" = "$(readlink /proc/self/ns/ipc)"
    run_podman run -d --name c --ipc shareable busybox sleep 100
    run_podman run --rm --pid container:c --ipc container:c busybox sh -c 'readlink /proc/self/ns/ipc; cat /proc/1/comm'
    is "${lines[0]}" = "$(podman exec c readlink /proc/self/ns/ipc)"
    is "${lines[1]}" = sleep
    run_podman 125 run --rm --pid container:none busybox true
}

@test "--device" {
    is_rootless && [ ! -r /dev/net/tun ] && skip "no device that an ordinary user may open"
    run podman run --rm busybox ls /dev/net/tun
    is "$status" = 1
    run_podman run --rm --device /dev/net/tun busybox stat -c '%t:%T' /dev/net/tun
    is "$output" = a:c8
    run_podman run --rm --device /dev/null:/dev/mine:r busybox ls -l /dev/mine
    is "$output" =~ "1, +3"
    run_podman 125 run --rm --device /dev/none busybox true
    is "$output" =~ "/dev/none"
}

# ---------- privileges ----------

caps() { podman run --rm "$@" busybox sed -n 's/^CapEff:\t0*//p' /proc/self/status; }

@test "--cap-add, --cap-drop, --privileged" {
    is "$(caps)" = 800405fb
    is "$(caps --cap-drop all)" = ""
    is "$(caps --cap-drop all --cap-add net_admin)" = 1000
    is "$(caps --cap-add CAP_NET_ADMIN)" = 800415fb
    is "$(caps --cap-drop chown,KILL)" = 800405da
    if ! is_rootless; then # everything that this machine has to give
        is "$(caps --privileged)" = "$(sed -n 's/^CapBnd:\t0*//p' /proc/self/status)"
    fi
    run_podman 125 run --rm --cap-add nonsense busybox true
    is "$output" =~ "(nonsense|NONSENSE)"
}

@test "--privileged: no filter, no masks, the host's devices" {
    run_podman run --rm --privileged busybox sh -c \
        'grep ^Seccomp: /proc/self/status; grep -c " /proc/sys \| /proc/acpi " /proc/mounts; grep " /sys " /proc/mounts; ls /dev | wc -l'
    is "${lines[0]}" =~ '[[:space:]]0$'
    is "${lines[1]}" = 0
    is "${lines[2]}" =~ " rw,"
    is_rootless || [ "${lines[3]}" -gt 16 ] # an ordinary user may hand over what he may open
}

@test "--security-opt" {
    run_podman run --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status
    is "$output" =~ '1$'
    run_podman run --rm --security-opt seccomp=unconfined busybox grep ^Seccomp: /proc/self/status
    is "$output" =~ '0$'
    # Mode 2 is a filter: this one forbids mkdir and nothing else.
    cat >"$TEST_DIR/profile.json" <<'EOF'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
EOF
    run podman run --rm --security-opt "seccomp=$TEST_DIR/profile.json" busybox mkdir /x
    is "$status" = 1
    is "$output" =~ "Operation not permitted"
    run_podman run --rm --security-opt mask=/etc/passwd busybox wc -c /etc/passwd
    is "$output" = "0 /etc/passwd"
    run_podman run --rm --security-opt unmask=/proc/sys busybox grep -c ' /proc/sys ' /proc/mounts || true
    is "$output" = 0
    run_podman run --rm --security-opt unmask=ALL busybox sh -c 'grep -c " /proc/" /proc/mounts || :'
    is "$output" = 0
    run_podman run --rm --security-opt label=disable --security-opt apparmor=unconfined busybox true
    run_podman 125 run --rm --security-opt nonsense=1 busybox true
    run_podman 125 run --rm --security-opt "seccomp=$TEST_DIR/none" busybox true
}

@test "--cgroupns, --cgroups" {
    run_podman run --rm --cgroupns host busybox readlink /proc/self/ns/cgroup
    is "$output" = "$(readlink /proc/self/ns/cgroup)"
    run_podman run --rm busybox readlink /proc/self/ns/cgroup
    [ "$output" != "$(readlink /proc/self/ns/cgroup)" ]
    run_podman run -d --name c --cgroups disabled busybox sleep 100
    is "$(cgroup_dirs "$(podman inspect -f '{{.Id}}' c)")" = ""
}

@test "run in parallel: every one of twenty works" {
    for i in $(seq 20); do
        podman run --rm busybox echo $i >"$TEST_DIR/out.$i" 3>&- &
        pids="$pids $!"
    done
    for p in $pids; do wait $p; done
    is "$(cat "$TEST_DIR"/out.* | sort -n | tr '\n' ' ')" = "$(seq 20 | tr '\n' ' ')"
    run_podman ps -aq
    is "$output" = ""
    is "$(ls "$TEST_DIR/root/containers" "$TEST_DIR/run/containers" | grep -c '^[0-9a-f]\{64\}')" = 0
}
