#!/usr/bin/env bats
# What the default container is allowed, read from inside it and from the kernel of the host.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

inside() { podman run --rm busybox sh -c "$1"; }

@test "capabilities: the eleven, effective, permitted and bounding" {
    # chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service,
    # sys_chroot, setfcap
    mask=0
    for bit in 0 1 3 4 5 6 7 8 10 18 31; do mask=$((mask | 1 << bit)); done
    mask=$(printf '%016x' $mask)
    run inside 'grep ^Cap /proc/self/status'
    is "${lines[0]}" =~ 'CapInh:.0000000000000000'
    is "${lines[1]}" =~ "CapPrm:.$mask"
    is "${lines[2]}" =~ "CapEff:.$mask"
    is "${lines[3]}" =~ "CapBnd:.$mask"
    is "${lines[4]}" =~ 'CapAmb:.0000000000000000'
    # The kernel agrees.
    run inside 'mount -t tmpfs x /tmp; mknod /x b 8 0; hostname y; date -s 00:00; chroot / true && echo chroot; chown 5 /tmp && echo chown'
    is "$output" =~ "mount: permission denied"
    is "$output" =~ "hostname: sethostname: Operation not permitted"
    is "$output" =~ "can't set date: Operation not permitted"
    is "$output" =~ "mknod: /x: Operation not permitted"
    is "$output" =~ "chroot"
    is "$output" =~ "chown"
}

@test "seccomp: a filter, of one layer, for every process" {
    run inside 'grep ^Seccomp /proc/self/status'
    is "${lines[0]}" =~ '^Seccomp:.2$'
    is "${lines[1]}" =~ '^Seccomp_filters:.1$'
    run_podman run -d --name c busybox sleep 100
    run_podman exec c grep ^Seccomp: /proc/self/status
    is "$output" =~ '2$'
    is "$(sed -n 's/^Seccomp:\t//p' "/proc/$(pid_of c)/status")" = 2
}

@test "seccomp: refuses what Podman's profile refuses" {
    command -v cc >/dev/null || skip "no C compiler"
    # Calls that need no capability, so that only the filter can say no.
    cat >"$TEST_DIR/calls.c" <<'EOF'
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TRY(n) printf(#n " %d\n", syscall(SYS_##n, 0, 0, 0, 0, 0, 0) < 0 ? errno : 0)
#define SYS_unknown 1999
int main(void)
{
    TRY(nfsservctl);
    TRY(migrate_pages);
    TRY(move_pages);
    TRY(unknown);
    printf("self %d\n", (int)getpid());
}
EOF
    cc -static -o "$TEST_DIR/calls" "$TEST_DIR/calls.c"
    run_podman run --rm -v "$TEST_DIR/calls:/calls:ro" busybox /calls
    is "$output" = "nfsservctl 1
migrate_pages 1
move_pages 1
unknown 38
self 1"
    run_podman run --rm --security-opt seccomp=unconfined -v "$TEST_DIR/calls:/calls:ro" busybox /calls
    is "$output" =~ "nfsservctl 38"
    is "$output" !~ "move_pages 1"
}

@test "no_new_privs is off, dumpable and securebits are normal" {
    run inside 'grep NoNewPrivs /proc/self/status'
    is "$output" =~ '0$'
}

@test "masked paths" {
    # A masked file reads as nothing, a masked directory is empty and read-only.
    for f in /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/timer_list /proc/timer_stats; do
        [ -e $f ] || continue
        is "$(inside "head -c 10 $f | wc -c")" = 0
        is "$(inside "stat -c %t:%T $f")" = 1:3
    done
    for d in /proc/acpi /proc/scsi /sys/firmware /sys/fs/selinux /sys/devices/virtual/powercap; do
        [ -d $d ] || continue
        is "$(inside "ls -A $d | wc -l")" = 0
        is "$(inside "grep ' $d ' /proc/mounts")" =~ "tmpfs $d tmpfs ro"
    done
}

@test "read-only paths" {
    for d in /proc/asound /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
        [ -e $d ] || continue
        is "$(inside "grep ' $d ' /proc/mounts")" =~ "proc $d proc ro"
    done
    run inside 'echo 1 >/proc/sys/kernel/msgmax; echo h >/proc/sysrq-trigger; mkdir /sys/fs/cgroup/pids/x'
    is "$output" =~ "can't create /proc/sys/kernel/msgmax: Read-only file system"
    is "$output" =~ "can't create /proc/sysrq-trigger"
    is "$output" =~ "mkdir: can't create directory '/sys/fs/cgroup/pids/x'"
}

@test "namespaces: all but the user namespace are its own" {
    run_podman run -d --name c busybox sleep 100
    pid=$(pid_of c)
    for n in mnt pid net ipc uts cgroup; do
        [ "$(readlink "/proc/$pid/ns/$n")" != "$(readlink /proc/self/ns/$n)" ]
        # exec is in the same ones
        is "$(podman exec c readlink /proc/self/ns/$n)" = "$(readlink "/proc/$pid/ns/$n")"
    done
    is_rootless || is "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)"
    run_podman run --rm busybox sh -c 'echo $$; ls -d /proc/[0-9]* | wc -l'
    is "${lines[0]}" = 1
    [ "${lines[1]}" -le 4 ]
}

@test "root directory: pivoted, the old root is gone" {
    run_podman run -d --name c busybox sleep 100
    pid=$(pid_of c)
    # One overlay as /, nothing of the host's mount table, not a shared mount.
    is "$(awk '$5 == "/"' "/proc/$pid/mountinfo" | wc -l)" = 1
    is "$(awk '$5 == "/"' "/proc/$pid/mountinfo")" =~ " overlay "
    is "$(cat "/proc/$pid/mountinfo")" !~ 'shared:'
    is "$(grep -c overlay /proc/self/mountinfo || :)" = "$(grep -c overlay /proc/1/mountinfo || :)"
    run_podman exec c ls -d /../../etc/hostname
    run_podman exec c ls /proc/1/root/..
    is "$output" =~ "bin"
    is "$output" !~ "work"
}

@test "mounts: types and options" {
    run inside 'cat /proc/mounts'
    is "$output" =~ "proc /proc proc rw,nosuid,nodev,noexec,relatime"
    is "$output" =~ "tmpfs /dev tmpfs rw,nosuid"
    is "$output" =~ "devpts /dev/pts devpts rw,nosuid,noexec,relatime"
    is "$output" =~ " /dev/pts devpts [^ ]*mode=620,ptmxmode=666"
    is "$output" =~ "mqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime"
    is "$output" =~ " /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime[^ ]*,size=65536k"
    is "$output" =~ "sysfs /sys sysfs ro,nosuid,nodev,noexec,relatime"
    is "$output" =~ " /sys/fs/cgroup [a-z0-9]+ ro,nosuid,nodev,noexec,relatime"
}

@test "devices: the usual ones, and no other can be opened" {
    run inside 'ls /dev | sort | tr "\n" " "'
    is "$output" = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
    run inside 'for d in null zero full random urandom tty; do stat -c "%n %t:%T %a" /dev/$d; done'
    is "$output" = "/dev/null 1:3 666
/dev/zero 1:5 666
/dev/full 1:7 666
/dev/random 1:8 666
/dev/urandom 1:9 666
/dev/tty 5:0 666"
    is_rootless && return
    # Even with the right to make the node, the device cgroup forbids to open it.
    run podman run --rm --cap-add mknod busybox sh -c 'mknod /fuse c 10 229; : </fuse'
    is "$output" =~ "/fuse: Operation not permitted"
}

@test "descriptors: 0, 1, 2 and nothing else, for run, -d and exec" {
    run inside 'ls /proc/self/fd | tr "\n" " "' 9</etc/passwd
    is "$output" = "0 1 2 3 " # 3 is ls's own
    run_podman run -d --name c busybox sleep 100 9</etc/passwd
    is "$(ls "/proc/$(pid_of c)/fd" | tr '\n' ' ')" = "0 1 2 "
    is "$(podman exec c ls /proc/self/fd 9</etc/passwd | tr '\n' ' ')" = "0 1 2 3 "
}

@test "session, signals, limits: as a new process has them" {
    run inside 'grep -E "^Sig(Blk|Ign)" /proc/self/status; cut -d" " -f5,6 /proc/1/stat'
    is "${lines[0]}" =~ '0000000000000000$'
    is "${lines[1]}" =~ '0000000000000000$'
    run_podman run -d --name c busybox sleep 100
    run_podman exec c cut -d' ' -f5,6 /proc/1/stat
    is "$output" = "1 1"
}

@test "files: hosts, hostname, resolv.conf, .containerenv" {
    run_podman run --rm --name c busybox sh -c 'cat /etc/hosts; cat /etc/hostname; wc -c /run/.containerenv'
    is "$output" =~ "127.0.0.1[[:space:]]+localhost"
    is "$output" =~ "::1"
    is "$output" =~ "0 /run/.containerenv"
    run_podman run --rm --privileged busybox cat /run/.containerenv
    is "$output" =~ 'engine="podman'
}

@test "the environment of the command line does not leak in" {
    SECRET_OF_HOST=x run_podman run --rm busybox env
    is "$output" !~ SECRET_OF_HOST
    run_podman run -d --name c busybox sleep 100
    SECRET_OF_HOST=x run_podman exec c env
    is "$output" !~ SECRET_OF_HOST
    is "$output" =~ "container=podman"
    is "$(tr '\0' '\n' <"/proc/$(pid_of c)/environ")" !~ SECRET_OF_HOST
}

@test "escapes: known ways out are closed" {
    # The programs of the host that run on the container's behalf cannot be written through /proc.
    run_podman run -d --name c busybox sh -c 'while :; do sleep 1; done'
    run_podman exec c sh -c 'for p in /proc/[0-9]*; do readlink $p/exe; done'
    is "$output" !~ "podman"
    run inside 'echo "|/x" >/proc/sys/kernel/core_pattern'
    is "$output" =~ "Read-only file system"
    run inside 'echo x >/sys/kernel/uevent_helper'
    is "$output" =~ "(Read-only file system|nonexistent)"
    run inside 'mkdir /tmp/c && mount -t cgroup -o memory x /tmp/c'
    is "$output" =~ "permission denied"
    run inside 'ls /proc/1/root/proc/1/cwd/../../..'
    is "$output" !~ "lost\+found"
    # A link in the image does not lead a mount out of it.
    run_podman create --name evil busybox true
    mkdir -p "$TEST_DIR/evil/etc" "$TEST_DIR/outside"
    ln -s ../../../../../../../../../../..$TEST_DIR/outside "$TEST_DIR/evil/link"
    ln -s $TEST_DIR/outside "$TEST_DIR/evil/tmp"
    tar -C "$TEST_DIR/evil" -cf "$TEST_DIR/evil.tar" .
    podman import -q "$TEST_DIR/evil.tar" evil >/dev/null
    mkdir "$TEST_DIR/src"
    cp "$BUSYBOX" "$TEST_DIR/src/busybox"
    run podman run --rm -v "$TEST_DIR/src:/link/x" -v "$TEST_DIR/src:/b:ro" evil /b/busybox true
    run podman run --rm --tmpfs /tmp/y -v "$TEST_DIR/src:/b:ro" evil /b/busybox true
    run podman run --rm -w /tmp/made -v "$TEST_DIR/src:/b:ro" evil /b/busybox true
    is "$(ls -A "$TEST_DIR/outside")" = ""
}
