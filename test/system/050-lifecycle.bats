#!/usr/bin/env bats
# The life of a container: create, start, stop, kill, pause, rename, remove, and what shows it.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

status_of() { podman inspect -f '{{.State.Status}}' "$1"; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
# A container that says "up" and ends with 9 when it is asked to.
polite='trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.1; done'

# ---------- create, start, stop, kill ----------

@test "create, init, start: states and processes" {
    run_podman create --name c busybox sleep 100
    is "$output" =~ '^[0-9a-f]{64}$'
    id=$output
    is "$(status_of c)" = created
    is "$(pid_of c)" = 0
    is "$(alive_processes "$id")" = ""
    run_podman init c
    is "$(status_of c)" = initialized
    pid=$(pid_of c)
    [ -d "/proc/$pid" ]
    is "$(cat "/proc/$pid/cmdline" | tr '\0' ' ')" !~ "^sleep"
    run_podman start c
    is "$output" = c
    is "$(pid_of c)" = "$pid"
    eventually grep -q sleep "/proc/$pid/comm"
    is "$(status_of c)" = running
    run_podman start c # already runs: no error
    run_podman 125 init c
    run_podman 125 start none
    is "$output" =~ 'no container with name or ID "none" found: no such container'
}

@test "start --attach: output and exit code; again and again" {
    run_podman create --name c busybox sh -c 'echo run; exit 6'
    for _ in 1 2 3; do
        run_podman 6 start -a c
        is "$output" = run
    done
    run_podman create -i --name cat busybox cat
    is "$(echo hi | podman start -ai cat)" = hi
    run_podman 125 start -a c cat
}

@test "stop: the signal, then KILL after the timeout" {
    run_podman run -d --name c busybox sh -c "$polite"
    eventually log_has c up
    run_podman stop c
    is "$output" = c
    is "$(podman wait c)" = 9
    is "$(status_of c)" = exited
    run_podman logs c
    is "$output" =~ bye
    run_podman run -d --name deaf busybox sleep 100 # pid 1 has no handler: TERM is nothing to it
    pid=$(pid_of deaf)
    start=$(date +%s%N)
    run_podman stop -t 1 deaf
    ms=$((($(date +%s%N) - start) / 1000000))
    [ $ms -ge 950 ] && [ $ms -lt 5000 ]
    [ ! -d "/proc/$pid" ]
    is "$(podman wait deaf)" = 137
    run_podman stop deaf # has ended: no error
    run_podman 125 stop none
    run_podman stop -i none
    run_podman run -d --name d --stop-timeout 0 busybox sleep 100
    SECONDS=0
    run_podman stop d
    [ $SECONDS -lt 5 ]
}

@test "kill: any signal, by name and number" {
    run_podman run -d --name c busybox sh -c 'trap "echo one" USR1; trap "echo two" USR2; echo up; while :; do sleep 0.1; done'
    eventually log_has c up
    podman kill -s USR1 c
    eventually log_has c one
    podman kill --signal 12 c
    eventually log_has c two
    podman kill -s SIGUSR1 c
    is "$(status_of c)" = running
    pid=$(pid_of c)
    run_podman kill c
    eventually test ! -d "/proc/$pid"
    is "$(podman wait c)" = 137
    run_podman 125 kill c
    is "$output" =~ "container state improper"
    run_podman 125 kill -s NONSENSE c
}

@test "restart: a new process" {
    run_podman run -d --name c busybox sleep 100
    pid=$(pid_of c)
    run_podman restart -t 0 c
    [ "$(pid_of c)" != "$pid" ]
    [ -d "/proc/$(pid_of c)" ]
    [ ! -d "/proc/$pid" ]
    podman stop -t 0 c
    run_podman restart c
    is "$(status_of c)" = running
    run_podman 125 restart none
}

@test "pause, unpause: the kernel stops and continues it" {
    is_rootless && skip "an ordinary user has no freezer here"
    run_podman run -d --name c busybox sh -c 'while :; do echo x >>/f; done'
    file=$TEST_DIR/root/containers/$output/upper/f
    eventually test -s "$file"
    run_podman pause c
    is "$(status_of c)" = paused
    size=$(stat -c %s "$file")
    sleep 0.2
    is "$(stat -c %s "$file")" = "$size"
    run_podman ps --format '{{.Status}}' -a
    is "$output" = Paused
    run_podman 125 pause c
    run_podman 125 exec c true
    run_podman unpause c
    eventually eval '[ $(stat -c %s "'"$file"'") -gt '"$size"' ]'
    run_podman pause -a
    run_podman 2 rm c
    run_podman rm -f -t 0 c
    is "$(cgroup_dirs '')" !~ "$(basename "$(dirname "$(dirname "$file")")")"
}

@test "rename" {
    # names that are no beginning of an ID
    run_podman create --name old busybox true
    run_podman create --name other busybox true
    run_podman rename old new
    run_podman container exists new
    run_podman 1 container exists old
    run_podman 125 rename new other
    is "$output" =~ "already in use"
    run_podman 125 rename none x
    run_podman 125 rename new 'x y'
    run_podman create --name old busybox true
}

@test "rm: exit codes, -f, -v, -a, several, --ignore" {
    run_podman run -d --name c busybox sleep 100
    id=$output pid=$(pid_of c)
    run_podman 2 rm c
    is "$output" =~ "running"
    run_podman rm -f -t 0 c
    is "$output" = c
    [ ! -d "/proc/$pid" ]
    [ ! -e "$TEST_DIR/root/containers/$id" ]
    [ ! -e "$TEST_DIR/run/containers/$id" ]
    is "$(cgroup_dirs "$id")" = ""
    run_podman 1 rm c
    run_podman rm -i c
    run_podman rm -f c
    run_podman create --name a busybox true
    run_podman create --name b busybox true
    run_podman 1 rm a none b
    is "$output" =~ "a"
    is "$output" =~ "b"
    run_podman ps -aq
    is "$output" = ""
    for i in 1 2 3; do podman run -d busybox sleep 100; done
    run_podman rm -fat 0
    is "${#lines[@]}" = 3
    is "$(ls "$TEST_DIR/root/containers")" = ""
}

@test "names: by ID, by its beginning, ambiguous" {
    run_podman create --name c busybox true
    id=$output
    for n in c "$id" "${id:0:12}" "${id:0:4}"; do
        is "$(podman inspect -f '{{.Id}}' "$n")" = "$id"
    done
    for _ in $(seq 20); do podman create busybox true; done >/dev/null
    first=$(podman ps -aq --no-trunc | cut -c1 | sort | uniq -d | head -1)
    run_podman 125 inspect --type container "$first"
    is "$output" =~ "more than one|ambiguous|multiple"
}

@test "container prune: what does not run" {
    run_podman run -d --name runs busybox sleep 100
    run_podman create --name fresh -l keep=1 busybox true
    run_podman run --name done busybox true
    id=$(podman inspect -f '{{.Id}}' done)
    run_podman container prune -f --filter label!=keep
    is "$output" = "$id"
    echo n | podman container prune
    run_podman container exists fresh
    echo y | podman container prune
    run_podman ps -a --format '{{.Names}}'
    is "$output" = runs
}

@test "cleanup, exists" {
    run_podman run --name c busybox true
    run_podman container cleanup c
    run_podman container exists c
    run_podman container cleanup --rm c
    run_podman 1 container exists c
    run_podman run -d --name r busybox sleep 100
    run_podman 125 container cleanup r
    run_podman container cleanup -a
    is "$(status_of r)" = running
}

@test "wait: conditions, several" {
    run_podman run -d --name a busybox sh -c 'sleep 0.3; exit 4'
    run_podman run -d --name b busybox sh -c 'exit 5'
    run_podman wait a b
    is "$output" = "4
5"
    run_podman run -d --name c busybox sleep 100
    run_podman wait --condition running c
    run_podman create --name d busybox true
    run_podman wait --condition created d
    run_podman 125 wait --condition nonsense c
}

@test "restart policy: on-failure:3 and no more" {
    run_podman run -d --name c --restart on-failure:3 busybox sh -c 'echo try; exit 1'
    eventually has_status c exited
    eventually eval '[ "$(podman logs c | grep -c try)" = 4 ]'
    sleep 0.3
    is "$(podman logs c | grep -c try)" = 4
    is "$(podman inspect -f '{{.RestartCount}}' c)" = 3
    is "$(podman wait c)" = 1
    run_podman run -d --name ok --restart on-failure:3 busybox sh -c 'echo try'
    run_podman wait ok
    is "$(podman logs ok | grep -c try)" = 1
    run_podman 125 run --restart nonsense busybox true
    run_podman 125 run --rm --restart always busybox true
}

@test "restart policy: always, until it is stopped" {
    run_podman run -d --name c --restart always busybox sh -c 'echo try; sleep 0.1'
    eventually eval '[ "$(podman logs c | grep -c try)" -ge 3 ]'
    run_podman stop -t 0 c
    n=$(podman logs c | grep -c try)
    sleep 0.4
    is "$(podman logs c | grep -c try)" = "$n"
    is "$(status_of c)" = exited
}

# ---------- logs, attach ----------

@test "logs: streams, --tail, --since, --until, -t, -n" {
    run_podman run --name c busybox sh -c 'echo one; echo three; echo four; sleep 0.2; echo two >&2'
    podman logs c >"$TEST_DIR/o" 2>"$TEST_DIR/e"
    is "$(cat "$TEST_DIR/o")" = "one
three
four"
    is "$(cat "$TEST_DIR/e")" = two
    is "$(podman logs --tail 3 c 2>/dev/null)" = "three
four"
    is "$(podman logs --tail 0 c 2>&1)" = ""
    run_podman logs -t --tail 1 c
    is "$output" =~ "^$(date +%Y)-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.?[0-9]*[^ ]* two"
    is "$(podman logs --since 1h c 2>/dev/null | head -1)" = one
    is "$(podman logs --since 2100-01-01T00:00:00 c 2>&1)" = ""
    is "$(podman logs --until -1h c 2>&1)" = ""
    is "$(podman logs --until 1h c 2>&1)" = "$(podman logs c 2>&1)" # an hour from now
    run_podman logs -n --tail 1 c
    is "$output" = "c two"
    run_podman 125 logs --since nonsense c
    run_podman 125 logs none
    # The lines on disk are in the format that Kubernetes reads.
    is "$(head -1 "$(podman inspect -f '{{.HostConfig.LogConfig.Path}}' c)")" =~ '^[0-9]{4}-[^ ]+ stdout F one$'
}

@test "logs: long lines and many bytes come back whole" {
    head -c 200000 /dev/zero | tr '\0' x >"$TEST_DIR/long"
    podman run --name c -v "$TEST_DIR/long:/l:ro" busybox cat /l /l >/dev/null
    podman logs c | cmp - <(cat "$TEST_DIR/long" "$TEST_DIR/long"; true) 2>"$TEST_DIR/cmp" || grep -q EOF "$TEST_DIR/cmp"
    is "$(podman logs c | tr -d '\n' | wc -c)" = 400000
}

@test "logs -f: follows until the end" {
    run_podman run -d --name c busybox sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 0.1; done'
    is "$(timeout 20 "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" logs -f c | tr '\n' ' ')" = "1 2 3 4 5 "
    is "$(timeout 20 "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" logs -f c | tr '\n' ' ')" = "1 2 3 4 5 "
}

@test "log drivers: none, json-file, size" {
    run_podman run --name n --log-driver none busybox echo x
    is "$output" = x
    run_podman 125 logs n
    run_podman run --name j --log-driver json-file --log-opt "path=$TEST_DIR/j.log" busybox echo x
    python3 -c 'import json,sys; d=json.loads(sys.stdin.readline()); assert d["log"] == "x\n" and d["stream"] == "stdout"' <"$TEST_DIR/j.log"
    is "$(podman logs j)" = x
    run_podman run --name s --log-opt max-size=10k busybox sh -c 'for i in $(seq 5000); do echo line $i; done'
    log=$(podman inspect -f '{{.HostConfig.LogConfig.Path}}' s)
    [ "$(stat -c %s "$log")" -le 20480 ]
    is "$(podman logs --tail 1 s)" = "line 5000"
    # The file before the last rotation is read as well, and its lines come first.
    # A read may end in the middle of a line: records tagged P belong to the line that goes on in the next.
    whole=$(cat "$log.1" "$log" | awk '{ tag = $3; sub(/^[^ ]+ [^ ]+ [FP] /, ""); printf "%s%s", $0, tag == "F" ? "\n" : "" }')
    is "$(podman logs s)" = "$whole"
    kept=$(wc -l <<<"$whole")
    is "$(podman logs --tail $kept s)" = "$whole"
    [ "$kept" -gt "$(grep -c ' F ' "$log")" ]
    # What is no UTF-8 must not make the line unreadable.
    run_podman run --name u --log-driver json-file --log-opt "path=$TEST_DIR/u.log" busybox printf 'a\377b\303\251\n'
    python3 -c 'import json,sys; assert json.loads(open(sys.argv[1], encoding="utf-8").readline())["log"] == "a\ufffdb\u00e9\n"' "$TEST_DIR/u.log"
    is "$(podman logs u)" = "a�bé"
    run_podman 125 run --log-driver nonsense busybox true
}

@test "attach: output, input, exit code" {
    run_podman run -d -i --name c busybox sh -c 'read x; echo got $x; exit 3'
    run podman attach c <<<hello
    is "$status" = 3
    is "$output" =~ "got hello"
    run_podman 125 attach c
    is "$output" =~ "you can only attach to running containers"
    run_podman run -d --name d busybox sh -c 'sleep 0.5; echo late'
    run_podman attach --no-stdin d
    is "$output" = late
}

# ---------- exec ----------

@test "exec: user, directory, environment, input" {
    run_podman run -d --name c -e A=run -u 5 -w /tmp busybox sleep 100
    run_podman exec c sh -c 'id -u; pwd; echo $A'
    is "$output" = "5
/tmp
run"
    run_podman exec -u 7:8 -w /etc -e A=exec -e B=2 c sh -c 'id -u; id -g; pwd; echo $A$B'
    is "$output" = "7
8
/etc
exec2"
    is "$(echo in | podman exec -i c cat)" = in
    is "$(echo in | podman exec c cat)" = ""
    head -c 2000000 /dev/urandom >"$TEST_DIR/random"
    podman exec -i c cat <"$TEST_DIR/random" | cmp - "$TEST_DIR/random"
    run podman exec c sh -c 'echo e >&2'
    is "$output" = e
    [ -z "$(podman exec c sh -c 'echo e >&2' 2>/dev/null)" ]
    run_podman exec -l true
    printf 'F=file\n' >"$TEST_DIR/env"
    run_podman exec --env-file "$TEST_DIR/env" c sh -c 'echo $F'
    is "$output" = file
}

@test "exec -d, and what is left when the container stops" {
    run_podman run -d --name c busybox sleep 100
    run_podman exec -d c sh -c 'echo x >/made; exec sleep 77'
    is "$output" =~ '^[0-9a-f]{64}$'
    eventually podman exec c test -e /made
    eventually eval 'podman exec c ps | grep -q "sleep 77"'
    run_podman rm -ft 0 c
    is "$(alive_processes 'sleep 77')" = ""
}

@test "exec: same namespaces, cgroup, capabilities, filter; --privileged" {
    run_podman run -d --name c busybox sleep 100
    for what in 'cat /proc/self/cgroup' 'grep Cap /proc/self/status' 'grep Seccomp /proc/self/status' 'cat /proc/mounts'; do
        is "$(podman exec c $what)" = "$(podman exec c sh -c "${what/self/1}")"
    done
    full=$(podman run --rm --privileged busybox grep CapEff /proc/self/status)
    is "$(podman exec --privileged c grep CapEff /proc/self/status)" = "$full"
    run_podman create --name d busybox true
    run_podman 125 exec d true
    is "$output" =~ "can only create exec sessions on running containers"
}

@test "exec: many at once" {
    run_podman run -d --name c busybox sleep 100
    for i in $(seq 20); do
        podman exec c sh -c "echo $i; exit $i" >"$TEST_DIR/out.$i" 3>&- &
        pids="$pids $!"
    done
    i=0
    for p in $pids; do
        i=$((i + 1))
        code=0
        wait $p || code=$?
        is $code = $i
        is "$(cat "$TEST_DIR/out.$i")" = $i
    done
}

# ---------- top, ps, inspect ----------

@test "top" {
    run_podman run -d --name c busybox sh -c 'sleep 100 & sleep 200'
    eventually eval '[ "$(podman top c | wc -l)" = 3 ]'
    run_podman top c
    is "${lines[0]}" =~ '^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND'
    is "$output" =~ "sleep 100"
    run_podman top c pid hpid user args
    is "${lines[0]}" =~ '^PID +HPID +USER +COMMAND'
    is "${lines[1]}" =~ "^1 +$(pid_of c) +root +sleep 200"
    run_podman top c capeff seccomp
    is "$output" =~ "CHOWN"
    is "$output" =~ "filter"
    run_podman top c -o pid,comm # no descriptors: the container's own ps
    is "${lines[0]}" =~ '^PID +COMMAND'
    run_podman 125 top none
}

@test "ps: the table" {
    run_podman ps
    is "$output" =~ '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$'
    run_podman run -d --name c busybox sleep 100
    id=$output
    run_podman run --name gone busybox sh -c 'exit 3' || true
    run_podman ps
    is "${#lines[@]}" = 2
    is "${lines[1]}" =~ "^${id:0:12} +docker.io/library/busybox:latest +sleep 100 +.* ago +Up .* +c *$"
    run_podman ps -a
    is "${#lines[@]}" = 3
    is "$output" =~ "Exited \(3\) .* ago"
    run_podman ps -q --no-trunc
    is "$output" = "$id"
    run_podman ps --noheading --format '{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Labels}}'
    is "$output" =~ '^c\|docker.io/library/busybox:latest\|sleep 100\|running\|'
    run_podman ps --format 'table {{.Names}} {{.Status}}'
    is "${lines[0]}" =~ "^NAMES +STATUS"
    run_podman ps -l --format '{{.Names}}'
    is "$output" = gone
    run_podman ps -n 1 --format '{{.Names}}'
    is "$output" = gone
    run_podman ps -as --format '{{.Names}} {{.Size}}'
    is "$output" =~ 'c .*B \(virtual .*B\)'
    run_podman ps --ns --format '{{.Names}} {{.Namespaces.Net}}'
    is "$output" =~ "c $(readlink "/proc/$(pid_of c)/ns/net" | tr -dc 0-9)"
    run_podman 125 ps -q --format x
}

@test "ps: --format json is what a program can use" {
    run_podman run -d --name c -l a=b busybox sleep 100
    podman ps -a --format json | ID=$output PID=$(pid_of c) python3 -c '
import json, os, sys
c, = json.load(sys.stdin)
assert c["Id"] == os.environ["ID"]
assert c["Names"] == ["c"], c["Names"]
assert c["Pid"] == int(os.environ["PID"])
assert c["State"] == "running" and c["Exited"] is False
assert c["Command"] == ["sleep", "100"]
assert c["Labels"]["a"] == "b"
assert c["Image"] == "docker.io/library/busybox:latest"
'
    run_podman rm -ft 0 c
    run_podman ps -a --format json
    is "$output" = "[]"
}

@test "ps: filters" {
    run_podman run -d --name run1 -l x=1 -v vol:/v busybox sleep 100
    run_podman create --name new2 -l x=2 --network none busybox true
    run_podman run --name end3 busybox sh -c 'exit 3' || true
    list() { podman ps -a --sort names --format '{{.Names}}' "$@" | tr '\n' ' '; }
    is "$(list)" = "end3 new2 run1 "
    is "$(list --filter status=running)" = "run1 "
    is "$(list --filter status=created)" = "new2 "
    is "$(list --filter status=exited --filter status=running)" = "end3 run1 "
    is "$(list --filter exited=3)" = "end3 "
    is "$(list --filter exited=0)" = ""
    is "$(list --filter name=n1)" = "run1 "
    is "$(list --filter 'name=^new')" = "new2 "
    is "$(list --filter label=x)" = "new2 run1 "
    is "$(list --filter label=x=1)" = "run1 "
    is "$(list --filter label!=x)" = "end3 "
    is "$(list --filter id="$(podman inspect -f '{{.Id}}' new2)")" = "new2 "
    is "$(list --filter before=new2)" = "run1 "
    is "$(list --filter since=new2)" = "end3 "
    is "$(list --filter ancestor=busybox)" = "end3 new2 run1 "
    is "$(list --filter ancestor=other)" = ""
    is "$(list --filter volume=vol)" = "run1 "
    is "$(list --filter volume=/v)" = "run1 "
    is "$(list --filter network=none)" = "new2 "
    is "$(list --filter until=1h)" = ""
    is "$(list --filter restart-policy=always)" = ""
    run_podman 125 ps --filter nonsense=1
    is "$output" =~ "nonsense is an invalid filter"
    run_podman 125 ps --filter status=nonsense
}

@test "ps: --sort" {
    run_podman create --name b busybox true
    run_podman create --name a busybox zz
    run_podman create --name c busybox aa
    is "$(podman ps -a --sort names --format '{{.Names}}' | tr '\n' ' ')" = "a b c "
    is "$(podman ps -a --sort created --format '{{.Names}}' | tr '\n' ' ')" = "b a c "
    is "$(podman ps -a --sort command --format '{{.Names}}' | tr '\n' ' ')" = "c b a "
    ids=$(podman ps -aq --no-trunc --sort id)
    is "$ids" = "$(sort <<<"$ids")"
    run_podman 125 ps --sort nonsense
}

@test "inspect: state, templates, json" {
    run_podman run -d --name c -e A=b -l x=y busybox sleep 100
    id=$output
    is "$(podman inspect c -f '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.Name}}')" = "running true 0 c"
    pid=$(podman inspect --format '{{.State.Pid}}' c)
    is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "sleep 100 "
    is "$(podman inspect -f '{{.Id}} {{.ImageName}} {{index .Config.Labels "x"}}' c)" = "$id docker.io/library/busybox:latest y"
    is "$(podman inspect -f '{{range .Config.Env}}{{println .}}{{end}}' c)" =~ "A=b"
    is "$(podman inspect -f '{{json .Config.Cmd}}' c)" = '["sleep","100"]'
    # Times are the kernel's: it started when its process did.
    podman inspect c | PID=$pid python3 -c '
import json, os, sys, time, datetime
c, = json.load(sys.stdin)
t = datetime.datetime.fromisoformat(c["State"]["StartedAt"][:19]).timestamp()
offset = datetime.datetime.now().timestamp() - time.time()
assert c["HostConfig"]["NetworkMode"] and c["Driver"] == "overlay"
assert c["Args"] == ["100"] and c["Path"] == "sleep"
'
    run_podman 125 inspect none
    is "$output" =~ 'no such object: "none"'
    run podman inspect c none
    is "$status" = 125
    is "$output" =~ "$id"
    run_podman 125 inspect -f '{{.No.Such}}' c
    run_podman 125 inspect -f '{{' c
    run_podman kill c
    run_podman wait c
    is "$(podman inspect c -f '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}')" = "exited false 137 0"
}

@test "an image in use is not removed" {
    run_podman run -d --name c busybox sleep 100
    run_podman 2 rmi busybox
    is "$output" =~ "in use|being used"
    run_podman rmi -f busybox
    run_podman ps -aq
    is "$output" = ""
}

@test "system reset: nothing is left" {
    run_podman run -d -v v:/v busybox sleep 100
    run_podman system reset -f
    is "$(alive_processes "$TEST_DIR/root")" = ""
    is "$(find "$TEST_DIR/root" "$TEST_DIR/run" -type f 2>/dev/null | grep -v 'db.sqlite\|/locks/\|lock$\|boot-id\|network-watch\|storage' || :)" = ""
    load_busybox
    run_podman run --rm busybox true
}

@test "nothing is left behind: processes, mounts, cgroups, directories" {
    before=$(wc -l </proc/self/mountinfo)
    for _ in 1 2 3; do podman run --rm busybox true; done
    run_podman run -d busybox sleep 100
    id=$output
    run_podman rm -ft 0 "$id"
    is "$(wc -l </proc/self/mountinfo)" = "$before"
    # What `rm` deletes behind our back it deletes soon.
    eventually eval '[ -z "$(alive_processes "$TEST_DIR/root")" ]'
    is "$(cgroup_dirs "$id")" = ""
    is "$(ls "$TEST_DIR/root/containers" "$TEST_DIR/run/containers" | grep '^[0-9a-f]\{64\}' || :)" = ""
    is "$(ls "$TEST_DIR/run/locks" | grep container- || :)" = ""
}
