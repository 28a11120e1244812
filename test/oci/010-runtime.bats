#!/usr/bin/env bats
# podman-runtime on bundles made by `crun spec`, looked at from the inside.  If these fail, a container
# has more rights than its configuration says, sees what it must not, or leaves something behind.

setup_file() {
    export RT="${PODMAN_RUNTIME:-$BATS_FILE_TMPDIR/podman-runtime}"
    [ -e "$RT" ] || ln -s "${PODMAN_MONITOR:?path of podman-monitor}" "$RT"
    export BASE="$BATS_FILE_TMPDIR/base"
    mkdir -p "$BASE"/{bin,dev,proc,sys,etc,tmp,root,run}
    cp "$(command -v busybox)" "$BASE/bin/busybox"
    local c
    for c in sh true cat ls id mount sleep echo ps stat touch mkdir env hostname readlink grep tty test ulimit head; do
        ln -sf busybox "$BASE/bin/$c"
    done
    echo 'root:x:0:0::/root:/bin/sh
joe:x:1000:1000::/home/joe:/bin/sh' >"$BASE/etc/passwd"
    chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
}

setup() {
    B="$BATS_TEST_TMPDIR/bundle"
    ID="t$BATS_TEST_NUMBER-$$"
    mkdir -p "$B"
    cp -a "$BASE" "$B/rootfs"
    (cd "$B" && crun spec)
    conf 'c["process"]["terminal"] = False; c["root"]["readonly"] = False'
}

teardown() {
    "$RT" delete --force "$ID" 2>/dev/null || true
    ! ls -d /sys/fs/cgroup/*/podman-runtime/"$ID" 2>/dev/null
}

# Runs Python statements on the bundle's configuration c.
conf() {
    python3 - "$B/config.json" "$@" <<'PY'
import json, sys
path = sys.argv[1]
c = json.load(open(path))
for code in sys.argv[2:]:
    exec(code)
json.dump(c, open(path, "w"))
PY
}

args() { # the container's command as sh -c TEXT
    TEXT="$1" conf 'import os; c["process"]["args"] = ["sh", "-c", os.environ["TEXT"]]'
}

inside() { # runs sh -c TEXT in the container
    args "$1"
    run "$RT" run -b "$B" "$ID"
}

waits() { # a container that runs until it is killed
    conf 'c["process"]["args"] = ["sleep", "1000"]'
    "$RT" create -b "$B" --pid-file "$B/pid" "$ID" </dev/null >/dev/null 2>"$B/err" 3>&-
}

@test "exit codes, signals, missing and forbidden commands" {
    inside 'exit 7'; [ "$status" -eq 7 ]
    inside 'kill -9 $$; sleep 1; exit 3'; [ "$status" -ne 0 ]
    conf 'c["process"]["args"] = ["nothere"]'
    run "$RT" run -b "$B" "$ID"
    [ "$status" -eq 127 ]; [[ "$output" == *'executable file `nothere` not found in $PATH: No such file or directory'* ]]
    conf 'c["process"]["args"] = ["/etc/passwd"]'
    run "$RT" run -b "$B" "$ID"
    [ "$status" -eq 126 ]; [[ "$output" == *'ermission denied'* ]]
}

@test "capabilities, no_new_privs and user are what the configuration says" {
    inside 'grep -E "^(Cap|NoNewPrivs|Uid|Groups)" /proc/self/status'
    [[ "$output" == *$'CapEff:\t0000000020000420'* ]]; [[ "$output" == *$'CapBnd:\t0000000020000420'* ]]
    [[ "$output" == *$'NoNewPrivs:\t1'* ]]
    conf 'c["process"]["user"] = dict(uid=1000, gid=1001, additionalGids=[7, 8], umask=0o27); c["process"]["capabilities"]["ambient"] = ["CAP_KILL"]; c["process"]["capabilities"]["inheritable"] = ["CAP_KILL"]'
    inside 'id -u; id -G; umask; grep -E "^Cap(Amb|Eff|Prm)" /proc/self/status; echo $HOME'
    [[ "$output" == *1000*'1001 7 8'*0027* ]]; [[ "$output" == *$'CapAmb:\t0000000000000020'* ]]
    [[ "$output" == */home/joe* ]]
    conf 'c["process"]["capabilities"] = None'
    inside 'grep CapEff /proc/self/status'; [[ "$output" == *0000000000000000* ]]
}

@test "all namespaces are new" {
    inside 'for n in pid net ipc uts mnt; do readlink /proc/self/ns/$n; done; hostname; echo $$'
    local n
    for n in pid net ipc uts mnt; do [[ "$output" != *"$(readlink /proc/self/ns/$n)"* ]]; done
    [[ "$output" == *crun* ]]
}

@test "only descriptors 0-2, and no mount of the host" {
    exec 7</ 8</etc/passwd
    # The shell counts its own, without a pipe that would be one of them for a moment.
    inside 'n=0; for f in /proc/1/fd/*; do [ -L "$f" ] && n=$((n + 1)); done; echo $n; ls -l /proc/1/fd; cat /proc/self/mountinfo'
    exec 7<&- 8<&-
    [ "${lines[0]}" -eq 3 ]
    [[ "$output" != *"$BATS_FILE_TMPDIR"* ]] || [[ "$(echo "$output" | grep -c rootfs)" -le 1 ]]
    run grep -c rootfs /proc/self/mountinfo
    [ "$output" -eq 0 ]
}

@test "masked and read-only paths" {
    inside 'cat /proc/keys | head -c 10; ls /sys/firmware; echo 1 >/proc/sys/kernel/panic && echo written; echo x >/proc/sysrq-trigger && echo written; mount -o remount,rw /proc/sys && echo remounted; true'
    [[ "$output" != *written* && "$output" != *remounted* ]]
    inside 'echo 1 >/proc/sys/net/ipv4/ip_forward && echo written; touch /sys/x && echo written; true'
    [[ "$output" != *written* ]]
}

@test "rlimits: lowering works, raising what may not be raised is a warning" {
    conf 'c["process"]["rlimits"] = [dict(type="RLIMIT_NOFILE", hard=512, soft=256), dict(type="RLIMIT_MEMLOCK", hard=18446744073709551615, soft=18446744073709551615)]'
    inside 'ulimit -n; ulimit -Hn; echo ok'
    [ "$status" -eq 0 ]; [[ "$output" == *256*512*ok* ]]
    conf 'c["process"]["rlimits"] = []; c["process"]["oomScoreAdj"] = -900'
    inside 'cat /proc/self/oom_score_adj'; [ "$status" -eq 0 ]
}

@test "seccomp: the filter is loaded, from the cache too" {
    conf 'c["linux"]["seccomp"] = dict(defaultAction="SCMP_ACT_ALLOW", architectures=["SCMP_ARCH_X86_64"], syscalls=[dict(names=["mkdir", "mkdirat"], action="SCMP_ACT_ERRNO", errnoRet=38)])'
    local i
    for i in 1 2; do
        inside 'grep -E "^Seccomp:" /proc/self/status; mkdir /tmp/x'
        [ "$status" -ne 0 ]; [[ "$output" == *$'Seccomp:\t2'* ]]; [[ "$output" == *'not implemented'* ]]
    done
    conf 'c["process"]["noNewPrivileges"] = False'
    inside 'mkdir /tmp/x || echo refused'; [[ "$output" == *refused* ]]
}

@test "create, start, state, kill, delete" {
    waits
    [ "$("$RT" state "$ID" | python3 -c 'import json,sys; print(json.load(sys.stdin)["status"])')" = created ]
    run "$RT" create -b "$B" "$ID"; [ "$status" -ne 0 ]; [[ "$output" == *"already exists"* ]]
    "$RT" start "$ID"
    run "$RT" start "$ID"; [ "$status" -ne 0 ]
    [ "$("$RT" state "$ID" | python3 -c 'import json,sys; print(json.load(sys.stdin)["pid"])')" = "$(cat "$B/pid")" ]
    run "$RT" delete "$ID"; [ "$status" -ne 0 ]
    "$RT" kill "$ID" KILL
    local i
    for i in $(seq 50); do "$RT" delete "$ID" 2>/dev/null && break; sleep 0.05; done
    run "$RT" state "$ID"; [ "$status" -ne 0 ]; [[ "$output" == *"does not exist"* ]]
}

@test "exec: exit code, environment, user, namespaces, missing command" {
    waits; "$RT" start "$ID"
    run "$RT" exec --env A=b --cwd /tmp "$ID" sh -c 'echo $A $PWD; ls -l /proc/self/fd | grep -c "\->"; exit 4'
    [ "$status" -eq 4 ]; [[ "$output" == *'b /tmp'* ]]
    run "$RT" exec -u 1000:1001 "$ID" id -u; [ "$output" = 1000 ]
    run "$RT" exec "$ID" readlink /proc/self/ns/pid; [ "$output" = "$(readlink /proc/"$(cat "$B/pid")"/ns/pid)" ]
    run "$RT" exec "$ID" nothere; [ "$status" -eq 127 ]
    run "$RT" exec "$ID" grep -E '^CapEff' /proc/self/status; [[ "$output" == *0000000020000420* ]]
    run "$RT" ps "$ID"; [[ "$output" == *"$(cat "$B/pid")"* ]]
}

@test "pause, resume, update" {
    waits; "$RT" start "$ID"
    "$RT" pause "$ID"
    run "$RT" exec "$ID" true; [ "$status" -ne 0 ]
    run "$RT" pause "$ID"; [ "$status" -ne 0 ]
    "$RT" resume "$ID"; "$RT" exec "$ID" true
    "$RT" update --memory 64m --pids-limit 33 "$ID"
    local f
    f=$(ls /sys/fs/cgroup/{memory/podman-runtime/"$ID"/memory.limit_in_bytes,podman-runtime/"$ID"/memory.max} 2>/dev/null | head -1)
    [ -z "$f" ] || [ "$(cat "$f")" = 67108864 ]
    echo '{"pids":{"limit":44}}' | "$RT" update -r - "$ID"
    f=$(ls /sys/fs/cgroup/{pids/podman-runtime/"$ID"/pids.max,podman-runtime/"$ID"/pids.max} 2>/dev/null | head -1)
    [ -z "$f" ] || [ "$(cat "$f")" = 44 ]
}

@test "a terminal arrives through the console socket" {
    conf 'c["process"]["terminal"] = True; c["process"]["consoleSize"] = dict(height=11, width=22)'
    args 'tty; stat -c %t:%T /dev/console; echo end'
    run timeout 10 python3 - "$RT" "$B" "$ID" <<'PY'
import array, os, socket, subprocess, sys
rt, b, i = sys.argv[1:]
s = socket.socket(socket.AF_UNIX); s.bind(b + "/c.sock"); s.listen(1)
p = subprocess.Popen([rt, "create", "-b", b, "--console-socket", b + "/c.sock", i])
c, _ = s.accept()
_, fds, _, _ = socket.recv_fds(c, 100, 1)
assert p.wait() == 0
subprocess.check_call([rt, "start", i])
out = b""
while True:
    try: d = os.read(fds[0], 1000)
    except OSError: break
    if not d: break
    out += d
print(out.decode())
PY
    [ "$status" -eq 0 ]; [[ "$output" == */dev/pts/0*end* ]]
}

@test "hooks run in order and get the state" {
    cat >"$B/hook" <<EOF
#!/bin/sh
cat >"$B/\$1.json"; echo \$1 >>"$B/order"
EOF
    chmod +x "$B/hook"
    B="$B" conf 'import os; h = os.environ["B"] + "/hook"; c["hooks"] = {k: [dict(path=h, args=["hook", k], env=["PATH=/bin:/usr/bin"])] for k in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")}'
    inside 'sleep 0.2'
    [ "$status" -eq 0 ]
    [ "$(tr '\n' ' ' <"$B/order")" = "prestart createRuntime createContainer poststart poststop " ]
    python3 -c 'import json,sys; s=json.load(open(sys.argv[1])); assert s["pid"]>0 and s["status"]=="creating"' "$B/createRuntime.json"
}

# ---- escapes ----

@test "escape: symlinked mount destinations stay inside" {
    ln -s / "$B/rootfs/slash"; ln -s ../../../../../.. "$B/rootfs/up"; mkdir -p "$BATS_TEST_TMPDIR/target"
    ln -s "$BATS_TEST_TMPDIR/target" "$B/rootfs/abs"
    mkdir -p "$B/rootfs/$BATS_TEST_TMPDIR/target"
    conf 'c["mounts"] += [dict(destination="/abs/x", type="tmpfs", source="tmpfs"), dict(destination="/up/up2", type="tmpfs", source="tmpfs"), dict(destination="/slash/sl", type="tmpfs", source="tmpfs")]'
    inside 'cat /proc/self/mountinfo'
    [ "$status" -eq 0 ]; [[ "$output" == *" /up2 "* && "$output" == *" /sl "* ]]
    [ ! -e "$BATS_TEST_TMPDIR/target/x" ]; [ ! -e /up2 ]; [ ! -e /sl ]
    [ -d "$B/rootfs/up2" ]
}

@test "escape: mounts over /proc and a symlinked /proc are refused" {
    conf 'c["mounts"].append(dict(destination="/proc/self/attr", type="tmpfs", source="tmpfs"))'
    inside true; [ "$status" -ne 0 ]; [[ "$output" == *"/proc"* ]]
    conf 'c["mounts"].pop()'
    rmdir "$B/rootfs/proc"; ln -s /tmp "$B/rootfs/proc"
    inside true; [ "$status" -ne 0 ]
}

@test "escape: a device that is not allowed cannot be opened" {
    conf 'for s in ("effective", "permitted", "bounding"): c["process"]["capabilities"][s].append("CAP_MKNOD")'
    ln -sf busybox "$B/rootfs/bin/mknod"
    inside 'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg && echo opened; head -c1 /dev/zero >/dev/null && echo zero'
    [[ "$output" != *opened* ]]; [[ "$output" == *zero* ]]
}

@test "escape: the working directory cannot lead to the host" {
    exec 9</
    conf 'c["process"]["cwd"] = "/proc/self/fd/9"'
    inside 'ls /'
    exec 9<&-
    [ "$status" -ne 0 ]
}

@test "escape: the runtime's own program cannot be written through /proc/self/exe" {
    local prog="$BATS_TEST_TMPDIR/prog/podman-runtime" before
    mkdir -p "${prog%/*}"; cp "$(readlink -f "$RT")" "$prog"; RT=$prog
    printf '#!/proc/self/exe\n' >"$B/rootfs/bin/evil"; chmod +x "$B/rootfs/bin/evil"
    before=$(md5sum <"$prog")
    conf 'c["process"]["args"] = ["/bin/evil", "spec"]'
    run "$RT" run -b "$B" "$ID"
    waits; "$RT" start "$ID"
    "$RT" exec "$ID" /bin/evil >/dev/null 2>&1 3>&- &
    "$RT" exec "$ID" sh -c 'for i in 1 2 3 4 5 6 7 8 9; do for p in /proc/[0-9]*; do (echo x >>$p/exe) 2>/dev/null; done; done; true'
    wait $! || true
    [ "$(md5sum <"$prog")" = "$before" ]
}

# ---- ordinary user ----

@test "an ordinary user runs a container, with one id and with a range" {
    id ocitest >/dev/null 2>&1 || useradd -m ocitest
    local u; u=$(mktemp -d /tmp/ocitest-XXXXXX)
    cp -a "$BASE" "$u/rootfs"; mkdir "$u/bin"; cp "$(readlink -f "$RT")" "$u/bin/podman-runtime"
    chmod 755 "$u"; chown -R ocitest "$u"
    su ocitest -s /bin/sh -c "cd '$u' && crun spec --rootless"
    B="$u" conf 'c["process"]["terminal"] = False; c["root"]["readonly"] = False; c["process"]["args"] = ["sh", "-c", "id -u; grep CapEff /proc/self/status; touch /etc/x && ls -l /dev/null; exit 5"]'
    run su ocitest -s /bin/sh -c "XDG_RUNTIME_DIR='$u' '$u/bin/podman-runtime' run -b '$u' u1"
    echo "$output"
    [ "$status" -eq 5 ]; [[ "$output" == *0*0000000020000420*/dev/null* ]]
    grep -q ^ocitest: /etc/subuid || skip "no subordinate ids"
    B="$u" conf 'import pwd; p = pwd.getpwnam("ocitest"); r = [l.split(":") for l in open("/etc/subuid") if l.startswith("ocitest:")][0]; m = lambda i: [dict(containerID=0, hostID=i, size=1), dict(containerID=1, hostID=int(r[1]), size=int(r[2]))]; c["linux"]["uidMappings"] = m(p.pw_uid); c["linux"]["gidMappings"] = m(p.pw_gid); c["process"]["user"] = dict(uid=1000, gid=1000); c["process"]["args"] = ["sh", "-c", "id -u; cat /proc/self/uid_map"]'
    run su ocitest -s /bin/sh -c "XDG_RUNTIME_DIR='$u' '$u/bin/podman-runtime' run -b '$u' u2"
    echo "$output"
    [ "$status" -eq 0 ]; [ "${lines[0]}" = 1000 ]; [ "${#lines[@]}" -eq 3 ]
    userdel -r ocitest 2>/dev/null || true
    rm -rf "$u"
}

@test "bundles of runc spec, root's and an ordinary user's" {
    command -v runc >/dev/null || skip "no runc"
    rm "$B/config.json"
    (cd "$B" && runc spec)
    conf 'c["process"]["terminal"] = False'
    inside 'id -u; hostname; touch /x; cat /proc/1/comm; true'
    echo "$output"
    [ "$status" -eq 0 ]; [[ "$output" == *0*runc*"Read-only file system"*sh* ]]
    local u; u=$(mktemp -d /tmp/ocitest-XXXXXX)
    id ociuser >/dev/null 2>&1 || useradd -m ociuser
    cp -a "$BASE" "$u/rootfs"; mkdir "$u/bin"; cp "$(readlink -f "$RT")" "$u/bin/podman-runtime"
    chmod 755 "$u"; chown -R ociuser "$u"
    su ociuser -s /bin/sh -c "cd '$u' && runc spec --rootless"
    B="$u" conf 'c["process"]["terminal"] = False; c["process"]["args"] = ["sh", "-c", "id -u; hostname; ls -d /sys/fs/cgroup; exit 6"]'
    run su ociuser -s /bin/sh -c "XDG_RUNTIME_DIR='$u' '$u/bin/podman-runtime' run -b '$u' r1"
    userdel -r ociuser 2>/dev/null || true
    rm -rf "$u"
    echo "$output"
    [ "$status" -eq 6 ]; [[ "$output" == *0*runc*/sys/fs/cgroup* ]]
}

@test "root with a user namespace" {
    conf 'c["linux"]["namespaces"].append(dict(type="user")); c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [dict(containerID=0, hostID=100000, size=65536)]'
    chown -R 100000:100000 "$B/rootfs"
    inside 'id -u; cat /proc/self/uid_map; ls -ln /dev/null; touch /etc/y; head -c1 /dev/zero >/dev/null && echo zero'
    echo "$output"
    [ "$status" -eq 0 ]; [[ "$output" == *100000* && "$output" == *zero* ]]
    [ "$(stat -c %u "$B/rootfs/etc/y")" = 100000 ]
}

@test "a create that fails leaves nothing" {
    conf 'c["mounts"].append(dict(destination="/x", type="bind", source="/nowhere-at-all", options=["bind"]))'
    inside true; [ "$status" -ne 0 ]; [[ "$output" == *nowhere-at-all* ]]
    run "$RT" state "$ID"; [[ "$output" == *"does not exist"* ]]
}

@test "spec, features, version, list" {
    rm "$B/config.json"; (cd "$B" && "$RT" spec)
    conf 'c["process"]["terminal"] = False'
    conf 'c["process"]["args"] = ["echo", "hi"]'
    run "$RT" run -b "$B" "$ID"; [ "$output" = hi ]
    "$RT" features | python3 -c 'import json,sys; assert "bind" in json.load(sys.stdin)["mountOptions"]'
    "$RT" --version | grep -q podman-runtime
    "$RT" list -q
    run "$RT" --systemd-cgroup list; [ "$status" -eq 0 ] || [[ "$output" == *systemd* ]]
}
