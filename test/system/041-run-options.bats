#!/usr/bin/env bats
# run and create: options beyond the everyday ones, as the container, the kernel or a service manager sees them.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

# a_disk: the number of a block device of this machine, and its name in /dev.
a_disk() {
    local d
    for d in /dev/vda /dev/sda /dev/nvme0n1 /dev/xvda /dev/loop0; do
        [ -b $d ] || continue
        echo $d
        return
    done
    skip "no block device here"
}

cgroup_v1() { [ "$(podman info -f '{{.Host.CgroupsVersion}}')" = v1 ]; }

@test "--device-read-bps and its three relatives: the kernel throttles" {
    is_rootless && skip "an ordinary user has no block I/O controller here"
    cgroup_v1 || skip "needs the v1 files"
    disk=$(a_disk)
    number=$(printf '%d:%d' "$(stat -c 0x%t $disk)" "$(stat -c 0x%T $disk)")
    run_podman run -d --name c --device-read-bps "$disk:1mb" --device-write-bps "$disk:2m" \
        --device-read-iops "$disk:100" --device-write-iops "$disk:200" busybox sleep 100
    dir=$(cgroup_dirs "$(podman inspect -f '{{.Id}}' c)" | grep /blkio/)
    is "$(cat "$dir/blkio.throttle.read_bps_device")" = "$number 1048576"
    is "$(cat "$dir/blkio.throttle.write_bps_device")" = "$number 2097152"
    is "$(cat "$dir/blkio.throttle.read_iops_device")" = "$number 100"
    is "$(cat "$dir/blkio.throttle.write_iops_device")" = "$number 200"
    is "$(podman inspect -f '{{.HostConfig.BlkioDeviceReadBps}} {{.HostConfig.BlkioDeviceWriteIOps}}' c)" = \
        "[{$disk 1048576}] [{$disk 200}]"
    run_podman 125 run --rm --device-read-bps "nodevice:1mb" busybox true
    is "$output" = "Error: bad format for device path: nodevice:1mb"
    run_podman 125 run --rm --device-read-iops "$disk:1mb" busybox true
    is "$output" =~ "invalid rate for device: $disk:1mb"
    run_podman 125 run --rm --device-write-bps /dev/none:1 busybox true
    is "$output" =~ 'could not stat throttle device "/dev/none": no such file or directory'
}

@test "--blkio-weight: kept, and in bounds" {
    podman create --name c --blkio-weight 123 --blkio-weight-device /dev/null:500 busybox
    is "$(podman inspect -f '{{.HostConfig.BlkioWeight}} {{.HostConfig.BlkioWeightDevice}}' c)" = \
        "123 [{/dev/null 500}]"
    run_podman 125 create --blkio-weight 5 busybox
    is "$output" =~ "from 10 to 1000"
    run_podman 125 create --blkio-weight-device /dev/null:5 busybox
    is "$output" = "Error: invalid weight for device: /dev/null:5"
}

@test "--cpu-rt-period and --cpu-rt-runtime reach the cgroup" {
    is_rootless && skip "an ordinary user has no CPU controller here"
    cgroup_v1 || skip "cgroup v2 has no real-time limits"
    [ -e /sys/fs/cgroup/cpu/cpu.rt_period_us ] || skip "the kernel has no real-time groups"
    run_podman run -d --name c --cpu-rt-period 500000 busybox sleep 100
    dir=$(cgroup_dirs "$(podman inspect -f '{{.Id}}' c)" | grep '/cpu/')
    is "$(cat "$dir/cpu.rt_period_us")" = 500000
    is "$(podman inspect -f '{{.HostConfig.CpuRealtimePeriod}}' c)" = 500000
}

@test "--device-cgroup-rule: what may be made inside, and its words" {
    if is_rootless; then
        run_podman 125 run --rm --device-cgroup-rule 'b 7:* rmw' busybox true
        is "$output" = "Error: device cgroup rules are not supported in rootless mode or in a user namespace"
        return
    fi
    opened='mknod /k c 1 11 && : </k' # kmsg, which no container gets by itself
    run_podman run --rm --cap-add mknod,syslog --device-cgroup-rule 'c 1:11 r' busybox sh -c "$opened"
    run podman run --rm --cap-add mknod,syslog busybox sh -c "$opened"
    [ "$status" -ne 0 ]
    is "$output" =~ "not permitted"
    run_podman run --rm --device-cgroup-rule 'a 7 rmw' busybox true
    while IFS='|' read -r rule words; do
        run_podman 125 run --rm --device-cgroup-rule "$rule" busybox true
        is "$output" = "Error: $words"
    done <<'EOF'
b 7:* rmX|invalid device access in device-access-add: X
b 7:2|invalid device cgroup rule requires type, major:Minor, and access rules: "b 7:2"
x 7:* rmw|invalid device type in device-access-add: x
a a:* rmw|strconv.ParseUint: parsing "a": invalid syntax
EOF
}

@test "--preserve-fds and --preserve-fd: run and exec find the caller's files" {
    echo from-four >"$TEST_DIR/four"
    run_podman run --rm --preserve-fds 2 busybox sh -c 'cat <&4' 3</dev/null 4<"$TEST_DIR/four"
    is "$output" = from-four
    run_podman run --rm --preserve-fd 9,40 busybox \
        sh -c 'for f in 8 9 10 40; do [ ! -e /proc/self/fd/$f ] || echo $f; done; cat <&9; cat <&40' \
        8</dev/null 9<<<nine 10</dev/null 40<"$TEST_DIR/four"
    is "$output" = $'9\n40\nnine\nfrom-four'
    run_podman 125 run --rm --preserve-fds 40 busybox true
    is "$output" =~ "file descriptor [0-9]+ is not available"
    run_podman run -d --name c busybox sleep 100
    run_podman exec --preserve-fd 40,9 c sh -c 'cat <&9; cat <&40' 9<<<nine 40<"$TEST_DIR/four"
    is "$output" = $'nine\nfrom-four'
    # Nothing stays open in the monitor.
    is "$(ls -l /proc/"$(podman inspect -f '{{.State.ConmonPid}}' c)"/fd)" !~ four
}

@test "--hostuser, --passwd-entry, --group-entry, --passwd" {
    run_podman run --rm --user 1234 busybox sh -c 'id; tail -n1 /etc/passwd'
    is "$output" = $'uid=1234(1234) gid=0(root)\n1234:*:1234:0:container user:/:/bin/sh'
    run_podman run --rm --user 1234:77 busybox tail -n1 /etc/group
    is "$output" = "77:x:77:1234"
    run_podman run --rm --user 1234:77 --workdir /tmp --passwd-entry '$USERNAME:x:$UID:$GID:me:$HOME:/bin/no' \
        --group-entry 'crew:x:$GID:$USERLIST' busybox sh -c 'tail -qn1 /etc/passwd /etc/group'
    is "$output" = $'1234:x:1234:77:me:/tmp:/bin/no\ncrew:x:77:1234'
    run_podman run --rm --user 1234 --passwd=false busybox cat /etc/passwd
    is "$output" = "root:x:0:0:root:/root:/bin/sh"
    is "$(podman run --rm busybox grep -c . /etc/passwd)" = 1
    me=$(getent passwd daemon | cut -d: -f1,3)
    run_podman run --rm --hostuser daemon --user daemon busybox sh -c 'echo $(id -un):$(id -u)'
    is "$output" = "$me"
    run_podman 126 run --rm --hostuser no-such-user busybox true
    is "$output" =~ no-such-user
    run_podman 125 run --rm --hostuser daemon --user daemon:no-such-group busybox true
    is "$output" =~ "no matching entries in group file"
}

@test "--userns=keep-id: the user has his name, and root may edit the file" {
    is_rootless || skip "for ordinary users"
    grep -q "^$(id -un):" /etc/subuid || skip "no subordinate ids"
    run_podman run -d --name c --userns keep-id --cap-add dac_override busybox sleep 100
    run_podman exec c id -un
    is "$output" = "$(id -un)"
    run_podman exec c tail -n1 /etc/group
    is "$output" =~ "^$(id -gn):x:$(id -g):"
    run_podman exec --user root c sh -c 'stat -c %u /etc/passwd && echo "new:x:4242:999:::" >>/etc/passwd'
    is "$output" = 0
    run_podman exec c tail -n1 /etc/passwd
    is "$output" = new:x:4242:999:::
    mkdir -p "$TEST_DIR/home"
    home=$(getent passwd "$(id -u)" | cut -d: -f6)
    run_podman run --rm --userns keep-id -v "$TEST_DIR/home:$home" busybox sh -c 'echo $HOME'
    is "$output" = "$home"
    is "$(podman inspect -f '{{.HostConfig.UsernsMode}}' c)" = private
}

@test "--group-add: exec has the groups too; keep-groups" {
    run_podman run -d --name c --group-add 4444 busybox sleep 100
    run_podman exec c id
    is "$output" =~ 4444
    run_podman exec --user 5 c id
    is "$output" !~ 4444
    run_podman 125 run --rm --group-add keep-groups --group-add 457 busybox id
    is "$output" =~ "the '--group-add keep-groups' option is not allowed with any other --group-add options"
    is_rootless && return
    run setpriv --groups 1234,5678 "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" \
        run --rm --group-add keep-groups busybox id
    is "$output" =~ "1234,5678"
    run setpriv --groups 1234 "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" \
        run --rm busybox id
    is "$output" !~ 1234
}

@test "capabilities of a user who is not root: run, exec, privileged" {
    caps() { grep -E 'Cap(Eff|Inh|Amb)' | cut -f2 | tr '\n' ' '; }
    run_podman run -d --name c --user 5 --cap-add net_raw busybox sleep 100
    is "$(podman exec c cat /proc/self/status | caps)" = "0000000000002000 0000000000002000 0000000000002000 "
    is "$(podman exec --user 6 c cat /proc/self/status | caps)" = "0000000000000000 0000000000000000 0000000000000000 "
    is "$(podman run --rm --user 5 --privileged busybox cat /proc/self/status | caps)" = \
        "0000000000000000 0000000000000000 0000000000000000 "
    run_podman 125 run --rm --cap-add all --cap-drop all busybox true
    is "$output" = "Error: adding all caps and removing all caps not allowed"
}

@test "--systemd: file systems, stop signal, terminals" {
    run_podman run --rm --systemd=always --shm-size-systemd 3m busybox \
        sh -c 'for d in /run /run/lock /tmp /var/log/journal; do grep " $d tmpfs " /proc/mounts | wc -l; done
               df -k /run | tail -n1 | tr -s " " | cut -d" " -f2; echo $container_uuid; stat -c %s /run/.containerenv'
    is "$output" =~ ^$'1\n1\n1\n1\n3072\n'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'\n0'$
    state='{{.Config.SystemdMode}} {{.Config.StopSignal}}'
    podman create --name always --systemd=always busybox
    is "$(podman inspect -f "$state" always)" = "true SIGRTMIN+3"
    podman create --name init busybox /sbin/init
    is "$(podman inspect -f "$state" init)" = "true SIGRTMIN+3"
    podman create --name off --systemd=false busybox /sbin/init
    is "$(podman inspect -f "$state" off)" = "false SIGTERM"
    podman create --name other --stop-signal USR1 busybox /lib/systemd/systemd
    is "$(podman inspect -f "$state" other)" = "true SIGUSR1"
    run_podman 125 create --systemd=perhaps busybox
    is "$output" =~ "true, false or always"
    terminals() { grep -cE '^tty[0-9]' || true; }
    here=$(ls /dev | terminals)
    [ "$here" -gt 0 ] || return 0
    ! is_rootless || here=0
    is "$(podman run --rm --privileged busybox ls /dev | terminals)" = "$here"
    is "$(podman run --rm --privileged --systemd=always busybox ls /dev | terminals)" = 0
}

@test "--sdnotify: what the service manager hears" {
    command -v python3 >/dev/null || skip "no python3"
    cat >"$TEST_DIR/manager.py" <<'EOF'
import os, select, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
subprocess.run(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1]), stdout=2)
while select.select([s], [], [], 0)[0]:
    print(s.recv(1000).decode().replace("\n", " "))
EOF
    manager() {
        rm -f "$TEST_DIR/notify"
        python3 "$TEST_DIR/manager.py" "$TEST_DIR/notify" "$PODMAN" --root "$TEST_DIR/root" \
            --runroot "$TEST_DIR/run" run -d "$@" 2>/dev/null
    }
    heard=$(manager --name conmon --sdnotify conmon busybox sh -c 'echo "<$NOTIFY_SOCKET>"; sleep 100')
    is "$heard" = "MAINPID=$(podman inspect -f '{{.State.ConmonPid}}' conmon) READY=1"
    is "$(podman logs conmon)" = "<>"
    heard=$(manager --name container busybox sh -c '[ -S "$NOTIFY_SOCKET" ] && echo there; sleep 100')
    is "$heard" = "MAINPID=$(podman inspect -f '{{.State.ConmonPid}}' container)"
    eventually eval '[ "$(podman logs container)" = there ]'
    is "$(manager --sdnotify ignore busybox true)" = ""
    run_podman 125 run --rm --sdnotify healthy busybox true
    is "$output" =~ "requires a healthcheck to be set"
    # Once it is well, and once only.
    sed -i 's/select(\[s\], \[\], \[\], 0)/select([s], [], [], 1.5)/' "$TEST_DIR/manager.py"
    heard=$(manager --name well --sdnotify healthy --health-cmd 'test -e /ok' --health-interval 200ms busybox sh -c 'sleep 0.5; touch /ok; sleep 100')
    is "$heard" = "MAINPID=$(podman inspect -f '{{.State.ConmonPid}}' well)
READY=1"
}

@test "--requires: started first, at each start" {
    podman create --name base busybox sleep 100
    run_podman run -d --name app --requires base busybox sleep 100
    is "$(podman ps --format '{{.Names}}' --sort names)" = $'app\nbase'
    podman stop -a -t 0
    run_podman start app
    is "$(podman ps --format '{{.Names}}' --sort names)" = $'app\nbase'
    run_podman 125 create --requires no-such-container busybox
    run_podman 125 rm -f -t 0 base
    is "$output" =~ "dependent containers"
    run_podman rm -f -t 0 -a
}

@test "--chrootdirs: the files of ours are there too" {
    run_podman run --rm --chrootdirs /var/jail busybox sh -c \
        'for f in resolv.conf hosts hostname; do cmp /etc/$f /var/jail/etc/$f && echo $f; done'
    is "$output" = $'resolv.conf\nhosts\nhostname'
    podman create --name c --chrootdirs /a --chrootdirs /b busybox
    is "$(podman inspect -f '{{.Config.ChrootDirs}}' c)" = "[/a /b]"
}

@test "--subuidname, --subgidname: the ranges of /etc/subuid" {
    if is_rootless; then
        run_podman 125 run --rm --subuidname nobody busybox true
        is "$output" =~ "for root"
        return
    fi
    line=$(grep -m1 -E '^[^:]+:[0-9]+:[0-9]+$' /etc/subuid) || skip "nobody has subordinate ids here"
    IFS=: read -r name start size <<<"$line"
    [ "$(grep -c "^$name:" /etc/subuid)" = 1 ] && grep -q "^$name:" /etc/subgid || skip "several ranges"
    run_podman run --rm --subuidname "$name" busybox cat /proc/self/uid_map
    is "$(echo $output)" = "0 $start $size"
    run_podman 125 run --rm --subuidname no-such-user busybox true
    is "$output" =~ 'no ranges for "no-such-user" in /etc/subuid'
    run_podman 125 run --rm --subuidname "$name" --uidmap 0:1:2 busybox true
}

@test "--seccomp-policy=image: the profile of the image's label" {
    run_podman run --rm --seccomp-policy image \
        --label 'io.containers.seccomp.profile={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"},{"names":["mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' \
        busybox sh -c 'mkdir /x || echo refused'
    is "$output" =~ refused
    run_podman run --rm --seccomp-policy image busybox mkdir /x
    run_podman 125 run --rm --seccomp-policy nonsense busybox true
}

@test "--default-mounts-file: copies, links followed, nothing said when absent" {
    mkdir -p "$TEST_DIR/secrets/below"
    echo one >"$TEST_DIR/secrets/below/one"
    echo two >"$TEST_DIR/two"
    ln -s "$TEST_DIR/two" "$TEST_DIR/secrets/two"
    printf '# comment\n\n%s:/run/secrets\n/no/such/directory\n' "$TEST_DIR/secrets" >"$TEST_DIR/mounts.conf"
    run_podman --default-mounts-file "$TEST_DIR/mounts.conf" run --rm busybox \
        sh -c 'cat /run/secrets/below/one /run/secrets/two; echo changed >/run/secrets/two'
    is "$output" = $'one\ntwo'
    is "$(cat "$TEST_DIR/two")" = two
    run_podman --default-mounts-file "$TEST_DIR/none" run --rm busybox echo quiet
    is "$output" = quiet
    echo 'relative/path' >"$TEST_DIR/mounts.conf"
    run_podman 125 --default-mounts-file "$TEST_DIR/mounts.conf" run --rm busybox true
    is "$output" =~ "mounts.conf"
}

@test "--rdt-class: asked for where there is none" {
    [ ! -e /sys/fs/resctrl/schemata ] || skip "this machine has RDT"
    run_podman 125 run --rm --rdt-class no-such-class busybox true
    if is_rootless; then
        is "$output" =~ "rootless"
    else
        is "$output" =~ "/sys/fs/resctrl is not mounted"
    fi
}

@test "--ipc: none has no /dev/shm, private is not shared" {
    run_podman 1 run --rm --ipc none busybox ls /dev/shm
    is "$output" =~ "No such file or directory"
    run_podman run -d --name own --ipc private busybox sleep 100
    run_podman 125 run --rm --ipc container:own busybox true
    is "$output" =~ "is not allowed: non-shareable IPC \(hint: use IpcMode:shareable for the donor container\)"
    run_podman run -d --name given --ipc shareable busybox sleep 100
    theirs=$(podman exec given readlink /proc/self/ns/ipc)
    is "$(podman run --rm --ipc container:given busybox readlink /proc/self/ns/ipc)" = "$theirs"
}

@test "container:NAME of a container with the host's namespaces" {
    for ns in ipc:ipc net:network pid:pid uts:uts cgroup:cgroupns; do
        name=${ns%:*} option=${ns#*:}
        podman run -d --name c --"$option" host busybox sleep 100 >/dev/null
        is "$(podman run --rm --"$option" container:c busybox readlink /proc/self/ns/"$name")" = \
            "$(readlink /proc/self/ns/"$name")"
        podman rm -f -t 0 c
    done
}

@test "--security-opt systempaths=unconfined: nothing of /proc is hidden" {
    run_podman run --rm --security-opt systempaths=unconfined busybox grep -c ' /proc' /proc/mounts
    is "$output" = 1
    [ "$(podman run --rm busybox grep -c ' /proc' /proc/mounts)" -gt 1 ]
}

@test "create --attach is kept for start -a" {
    podman create --name c --attach stdout busybox sh -c 'echo out; echo err >&2'
    run_podman start -a c
    is "$output" = out
    podman create --name d --attach STDERR busybox sh -c 'echo out; echo err >&2'
    run_podman start -a d
    is "$output" = err
    is "$(podman inspect -f '{{.Config.AttachStdout}} {{.Config.AttachStderr}}' d)" = "false true"
    run_podman start d
    run_podman run --name e --attach stdin busybox echo unseen
    is "$output" = "$(podman inspect -f '{{.Id}}' e)"
    run_podman 125 run --attach nonsense busybox true
    is "$output" =~ 'invalid stream "nonsense" for --attach - must be one of stdin, stdout, or stderr'
}

@test "/run/.containerenv: not on what the user binds over /run; graphRootMounted" {
    mkdir "$TEST_DIR/run-dir"
    run_podman 1 run --rm -v "$TEST_DIR/run-dir:/run" busybox stat /run/.containerenv
    [ ! -e "$TEST_DIR/run-dir/.containerenv" ]
    run_podman run --rm -v "$TEST_DIR:/host" busybox cat /run/.containerenv
    is "$output" = graphRootMounted=1
    run_podman run --rm --tmpfs /run busybox stat -c %s /run/.containerenv
    is "$output" = 0
}

@test "-v SRC:DST:O: writes stay apart, and are gone with the next start" {
    mkdir "$TEST_DIR/low"
    echo low >"$TEST_DIR/low/f"
    run_podman run --name c -v "$TEST_DIR/low:/d:O" busybox sh -c 'cat /d/f; echo new >/d/f; echo x >/d/g; cat /d/f; ls /d'
    is "${lines[*]}" = "low new f g"
    is "$(ls "$TEST_DIR/low") $(cat "$TEST_DIR/low/f")" = "f low"
    run_podman start -a c
    is "${lines[*]}" = "low new f g"
    mkdir "$TEST_DIR/up" "$TEST_DIR/wk"
    podman run --rm -v "$TEST_DIR/low:/d:O,upperdir=$TEST_DIR/up,workdir=$TEST_DIR/wk" busybox sh -c 'echo kept >/d/g'
    is "$(cat "$TEST_DIR/up/g")" = kept
    run_podman run --rm -v "$TEST_DIR/low:/d:O,upperdir=$TEST_DIR/up,workdir=$TEST_DIR/wk" busybox cat /d/g
    is "$output" = kept
    run_podman 125 run --rm -v "$TEST_DIR/low:/d:O,upperdir=$TEST_DIR/up" busybox true
    is "$output" =~ "must specify both upperdir and workdir"
    podman run --rm -v named:/d busybox sh -c 'echo 1 >/d/k'
    podman run --rm -v named:/d:O busybox sh -c 'test -f /d/k && echo 2 >/d/l'
    run_podman run --rm -v named:/d busybox ls /d
    is "$output" = k
}

@test "--mount type=image and type=glob" {
    run podman run --rm --mount type=image,source=busybox,destination=/img busybox sh -c 'ls -d /img/bin; touch /img/x'
    is "${lines[0]}" = /img/bin
    is "${lines[1]}" =~ "Read-only file system"
    run_podman run --rm --mount type=image,source=busybox,destination=/img,rw=true busybox sh -c 'touch /img/x && echo written'
    is "$output" = written
    run_podman run --rm --mount type=image,source=busybox,destination=/img busybox sh -c 'ls /img/x || echo gone'
    is "$output" =~ gone
    run_podman 125 run --rm --mount type=image,source=no-such-image,destination=/img busybox true
    is "$output" =~ "image not known"
    # Whoever is mounted is in use.
    printf 'FROM-SCRATCH' >"$TEST_DIR/only"
    tar -C "$TEST_DIR" -cf "$TEST_DIR/only.tar" only
    podman import -q "$TEST_DIR/only.tar" data:1
    podman create --name holds --mount type=image,source=data:1,destination=/img busybox cat /img/only
    run_podman 2 rmi data:1
    is "$output" =~ "image is in use by a container"
    run_podman start -a holds
    is "$output" = FROM-SCRATCH
    podman rm holds
    run_podman rmi data:1
    touch "$TEST_DIR/a1" "$TEST_DIR/a2" "$TEST_DIR/b1"
    run_podman run --rm --mount "type=glob,src=$TEST_DIR/a*,destination=/gl" busybox ls /gl
    is "${lines[*]}" = "a1 a2"
    run_podman run --rm --mount "type=glob,src=$TEST_DIR/a*" busybox ls "$TEST_DIR"
    is "${lines[*]}" = "a1 a2"
    run_podman 125 run --rm --mount "type=glob,src=$TEST_DIR/z*,destination=/gl" busybox ls /gl
    is "$output" =~ "no file paths matching glob \"$TEST_DIR/z\*\""
}

@test "--mount: quoted fields, what cannot stand together, a part of a volume" {
    run_podman run --rm --mount '"destination=/te,st",type=tmpfs' busybox ls -d /te,st
    is "$output" = /te,st
    run_podman 125 run --rm --mount type=tmpfs,dst=/x,tmpcopyup,notmpcopyup busybox true
    is "$output" =~ "can only specify 1 'tmpcopyup' or 'notmpcopyup' option"
    run_podman 125 run --rm --mount "type=bind,src=$TEST_DIR,dst=/x,tmpcopyup" busybox true
    is "$output" =~ "only allowed with tmpfs mounts"
    run_podman 125 run --rm --mount "type=bind,src=$TEST_DIR,dst=/x,ro=true,rw=false" busybox true
    is "$output" =~ "can only specify 1 'rw' or 'ro' option"
    echo text >"$TEST_DIR/f"
    run_podman run --rm -v "$TEST_DIR:/d:cached" busybox cat /d/f
    is "$output" = text
    podman run --rm -v vol:/d busybox sh -c 'mkdir /d/in; echo deep >/d/in/f; ln -s /etc /d/out'
    run_podman run --rm --mount type=volume,src=vol,dst=/x,subpath=in busybox cat /x/f
    is "$output" = deep
    run_podman 125 run --rm --mount type=volume,src=vol,dst=/x,subpath=out busybox ls /x # not the host's /etc
}

@test "--rootfs PATH:O: the directory stays as it is" {
    mkdir "$TEST_DIR/tree"
    podman create --name t busybox
    podman export t | tar -x -C "$TEST_DIR/tree" --no-same-owner
    before=$(ls "$TEST_DIR/tree")
    run_podman run --name c --rootfs "$TEST_DIR/tree:O" /bin/sh -c 'echo mine >/new; cat /new'
    is "$output" = mine
    is "$(ls "$TEST_DIR/tree")" = "$before"
    run_podman diff c
    is "$output" =~ "A /new"
    is "$(podman export c | tar -xO new)" = mine
}

@test "inspect knows command and capabilities before the first start" {
    podman create --name c --entrypoint '["/bin/sh"]' --cap-drop all --cap-add kill,chown busybox -c true
    run_podman inspect -f '{{.Path}} {{.Args}} {{.EffectiveCaps}}' c
    is "$output" = "/bin/sh [-c true] [CAP_CHOWN CAP_KILL]"
    podman start -a c
    run_podman inspect -f '{{.Path}} {{.Args}} {{.BoundingCaps}}' c
    is "$output" = "/bin/sh [-c true] [CAP_CHOWN CAP_KILL]"
}

@test "--label io.containers.capabilities: no more than these, where all of them are allowed" {
    run_podman run --rm --label io.containers.capabilities=chown,kill busybox grep CapBnd /proc/self/status
    is "$output" =~ "0000000000000021$"
    run_podman run --rm --label CAPABILITIES=chown,sys_admin busybox grep CapBnd /proc/self/status
    is "$output" =~ 'Capabilities requested by user or image are not allowed by default: \\\"CAP_SYS_ADMIN\\\"'
    is "$output" =~ "00000000800405fb$"
    run_podman run --rm --cap-add sys_admin --label CAPABILITIES=chown,sys_admin busybox grep CapBnd /proc/self/status
    is "$output" =~ "0000000000200001$"
}
