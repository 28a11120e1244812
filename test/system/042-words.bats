#!/usr/bin/env bats
# Messages, exit codes and formats that scripts written for Podman match.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

# refused WORDS ARGS...: exit code 125 and exactly this error.
refused() {
    local words=$1
    shift
    run_podman 125 "$@"
    is "$output" = "Error: $words"
}

@test "run: what cannot go together, and values that mean nothing" {
    refused "--cpu-period and --cpus cannot be set together" create --cpu-period=1 --cpus=2 busybox
    refused "--cpu-quota and --cpus cannot be set together" create --cpus=2 --cpu-quota=1 busybox
    refused "--no-hosts and --add-host cannot be set together" create --no-hosts --add-host=a:1.1.1.1 busybox
    refused "the --rmi option does not work without --rm" run --rmi --rm=false busybox true
    refused "running container create option: invalid log driver: invalid argument" \
        run --log-driver=Invalid busybox true
    refused 'unsupported pull policy "nonsense"' run --pull nonsense busybox true
    refused 'invalid --image-volume value: "nonsense"' run --image-volume nonsense busybox true
    refused 'ulimit option "core=-1:1000" requires name=SOFT:HARD, failed to be parsed: ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: 1000' \
        run --ulimit core=-1:1000 busybox true
    refused 'ulimit option "x=1" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type: x' \
        run --ulimit x=1 busybox true
    refused 'invalid options "ro, rw", can only specify 1 '"'rw' or 'ro'"' option' run -v /tmp:/x:ro,rw busybox true
    refused 'host directory cannot be empty: ":/x"' run -v :/x busybox true
    refused 'container directory cannot be empty: "/x:"' run -v /x: busybox true
    refused "valid signals are 1 through 64" create --stop-signal=99 busybox
    podman create --name from -v /tmp:/from busybox
    refused "cannot set ro or rw options more than once" run --volumes-from from:ro,rw busybox true
    refused "cannot set :z more than once in mount options" run --volumes-from from:z,z busybox true
    run_podman run --rm --restart on-failure busybox true
    run_podman run --rm --kernel-memory 100 busybox true
    is "$output" =~ "The --kernel-memory flag is no longer supported. This flag is a noop."
    run_podman 126 --runtime-flag nonsense run --rm busybox true
    is "$output" =~ nonsense
    run_podman 127 run --rm --rootfs "$TEST_DIR"
    is "$output" = 'Error: executable file `` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found'
}

@test "names may begin with a slash, as Docker's do" {
    run_podman create --name /slash busybox
    is "$(podman ps -a --filter name='^/slash$' --format '{{.Names}}')" = slash
    run_podman 125 create --name slash/ busybox
    run_podman rm /slash
}

@test "credential files: one that was named has to be there" {
    for words in "create busybox" "run busybox true" "pull busybox" "push busybox" "search x" "logout x"; do
        read -r command rest <<<"$words"
        run_podman 125 "$command" --authfile "$TEST_DIR/none" $rest
        is "$output" = "Error: credential file is not accessible: faccessat $TEST_DIR/none: no such file or directory"
    done
    REGISTRY_AUTH_FILE=$TEST_DIR/none run_podman run --rm busybox true
}

@test "kill and stop: signals, files of ids, a warning when SIGTERM was not enough" {
    for s in 0 SIGBADSIG SIG %% ''; do
        refused "invalid signal: $s" kill -s "$s" none
        [ "$s" = '' ] || refused "invalid signal: $s" kill -s "-$s" none
    done
    for s in 65 -65 999 99999999; do
        refused "valid signals are 1 through 64" kill -s $s none
    done
    refused "reading CIDFile: open $TEST_DIR/none: no such file or directory" stop --cidfile "$TEST_DIR/none"
    run_podman stop --ignore --cidfile "$TEST_DIR/none"
    is "$output" = ""
    podman run -d --name deaf busybox sleep 100
    run_podman stop -t 1 deaf
    is "$output" =~ 'level=warning msg="StopSignal SIGTERM failed to stop container deaf in 1 seconds, resorting to SIGKILL"'
    podman start deaf
    run_podman stop -t 0 deaf
    is "$output" = deaf
    podman run -d --name hears busybox sh -c 'trap "exit 3" HUP; echo up; while :; do sleep 0.1; done'
    eventually log_has hears up
    run_podman kill -s -1 hears
    run_podman wait hears
    is "$output" = 3
}

@test "start, wait, rm, container cleanup" {
    refused "either start all containers or the container(s) provided in the arguments" start --all x
    podman create --name c busybox true
    refused "nonsense invalid restart policy" start --filter restart-policy=nonsense --all
    run_podman start --filter restart-policy=none --all
    is "$output" = ""
    run_podman start --filter restart-policy=no --all
    is "$output" = "$(podman inspect -f '{{.Id}}' c)"
    run_podman wait --ignore none
    is "$output" = -1
    podman rm -f c
    run_podman wait --ignore --latest
    is "$output" = -1
    podman create --name base busybox
    podman create --name needs --network container:base busybox
    ids=$(podman inspect -f '{{.Id}}' needs)
    run_podman rm --depend base
    is "$output" = "$ids"$'\n'base
    podman create --name base busybox
    podman create --name needs --network container:base busybox
    run_podman container prune -f
    is "$(podman ps -aq)" = ""
    refused "--all and --exec cannot be set together" container cleanup --all --exec=foo
    refused "--exec and --rmi cannot be set together" container cleanup --exec=foo --rmi foo
}

@test "exec: in the background a failure to start is 125; inspect knows the sessions" {
    podman run -d --name c busybox sleep 100
    run_podman 127 exec c no-such-program
    run_podman 125 exec -d c no-such-program
    is "$(podman inspect -f '{{len .ExecIDs}}' c)" = 0
    session=$(podman exec -d c sh -c 'while [ ! -e /end ]; do sleep 0.1; done')
    is "$(podman inspect -f '{{.ExecIDs}}' c)" = "[$session]"
    run_podman 125 container cleanup --exec "$session" c
    is "$output" =~ "is running"
    podman exec c touch /end
    eventually eval '[ "$(podman inspect -f "{{len .ExecIDs}}" c)" = 0 ]'
    run_podman container cleanup --exec "$session" c
    run_podman 125 container cleanup --exec "$session" c
    is "$output" =~ "no such exec session"
}

@test "--timeout: exit code 255, -1 in inspect, ps and wait" {
    run_podman 255 run --name c --timeout 1 busybox sleep 100
    is "$(podman inspect -f '{{.State.Status}} {{.State.ExitCode}}' c)" = "exited -1"
    is "$(podman wait c)" = -1
    is "$(podman ps -a --format '{{.Status}}')" =~ '^Exited [(]-1[)]'
    run_podman 255 start -a c
}

@test "flags that do not exist are named before commands that do not" {
    run_podman 125 no-such-command --no-such-flag
    is "$output" = $'Error: unknown flag: --no-such-flag\nSee '"'podman --help'"
    run_podman 125 run -h
    is "$output" = $'Error: flag needs an argument: '"'h' in -h"$'\nSee '"'podman run --help'"
}

@test "templates: structs and times as Go prints them, fields that do not exist" {
    podman create --name c --ulimit core=-1:-1 --log-opt max-size=1.003m --restart on-failure:3 -m 1000000b \
        --umask 22 busybox
    is "$(podman inspect -f '{{.HostConfig.Ulimits}}|{{.HostConfig.RestartPolicy}}' c)" = \
        "[{RLIMIT_CORE -1 -1}]|{on-failure 3}"
    is "$(podman inspect -f '{{.HostConfig.LogConfig.Size}} {{.HostConfig.MemorySwap}} {{.Config.Umask}}' c)" = \
        "1.003MB 2000000 0022"
    is "$(podman inspect -f '{{.State.StartedAt}}' c)" = "0001-01-01 00:00:00 +0000 UTC"
    is "$(podman inspect -f '{{.Created}}' c)" =~ ^[0-9-]{10}' '[0-9:.]{8}[0-9.]*' '[+]0000' UTC'$
    is "$(podman inspect -f '{{json .HostConfig.RestartPolicy}}' c)" = '{"Name":"on-failure","MaximumRetryCount":3}'
    is "$(podman inspect -f '{{.Config.Labels}}' c)" = 'map[made:here]'
    is "$(podman inspect -f '{{.Config.SystemdMode}}' c)" = false # left out of the JSON
    run_podman 125 inspect -f '{{.HostConfig.Nonsense}}' c
    is "$output" =~ "can't evaluate field Nonsense"
    run_podman 125 info -f '{{.Host.Nonsense}}'
    is "$(podman info -f '{{.Host.CgroupsVersion}}')" =~ ^v[12]$
    run_podman info --format json
    is "$output" !~ CgroupsVersion
    is "$(podman inspect -f '{{index .HostConfig.Annotations "io.container.manager"}}' c)" = libpod
    podman create --name i --init busybox
    is "$(podman inspect -f '{{index .Config.Annotations "io.podman.annotations.init"}}' i)" = TRUE
}

@test "platforms: an image for another machine is not taken for this one" {
    refused "busybox: image not known" run --pull never --arch bogus busybox true
    run_podman 125 run --retry 0 --arch bogus busybox true
    is "$output" !~ "not known"
    run_podman run --rm --arch "$(go_arch)" busybox true
}

@test "oom-score-adj: an ordinary user can only be liked less" {
    is_rootless || skip "root may do both"
    now=$(cat /proc/self/oom_score_adj)
    run_podman run --rm --oom-score-adj=-1000 busybox cat /proc/self/oom_score_adj
    is "$output" =~ "level=warning msg=\"Requested oom_score_adj=-1000 is lower than the current one, changing to $now\""
}

@test "a terminal is missed only where input was asked for" {
    run_podman run --rm -ti busybox echo hello </dev/null
    is "$output" =~ "The input device is not a TTY"
    run_podman run --rm -t busybox echo hello </dev/null
    is "$output" = $'hello\r'
}

@test "ps: filters by id are prefixes or patterns" {
    id=$(podman create --name c busybox)
    upper=$(printf %s "${id:0:6}" | tr a-f A-F)
    is "$(podman ps -a --filter id="${id:0:4}" --format '{{.Names}}')" = c
    is "$(podman ps -a --filter id="$upper" --format '{{.Names}}')" = c
    is "$(podman ps -a --filter id="^${id:0:3}" --format '{{.Names}}')" = c
    is "$(podman ps -a --filter id='[^0-9a-f]' --format '{{.Names}}')" = ""
}

@test "stop, diff, ps, create: words of options" {
    run_podman 125 stop --cidfile "$TEST_DIR/x" --all
    is "$output" =~ "--all, --latest, and --cidfile cannot be used together"
    run_podman 125 create --detach-keys ctrl-a busybox
    is "$output" =~ "unknown flag: --detach-keys"
    run_podman run -d --name c busybox sleep 100
    run_podman 125 diff -l c
    is "$output" =~ "--latest and arguments cannot be used together"
    run_podman ps --format table
    is "${lines[0]}" =~ "^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$"
    is "${lines[1]}" =~ " sleep 100 .* c$"
    run_podman stop --timeout 0 c
    run_podman 125 run -v ./no-such-dir:/x busybox true
    is "$output" =~ "statfs $PWD/no-such-dir: no such file or directory"
    run_podman 125 --module no-such.conf info
    is "$output" =~ 'could not resolve module "no-such.conf": stat no-such.conf: no such file or directory'
    is "$(podman __complete run --restart=a 2>&1)" =~ "always"
    is "$(podman __complete ps -- 2>&1 >/dev/null)" = "Completion ended with directive: ShellCompDirectiveNoFileComp"
}

@test "no_hosts of containers.conf is the option" {
    printf '[containers]\nno_hosts = true\n' >"$TEST_DIR/containers.conf"
    export CONTAINERS_CONF_OVERRIDE=$TEST_DIR/containers.conf
    run_podman 125 run --rm --add-host a:10.0.0.1 busybox true
    is "$output" =~ "--no-hosts and --add-host cannot be set together"
    run_podman run --rm --no-hosts=false --add-host a:10.0.0.1 busybox grep -w a /etc/hosts
}
