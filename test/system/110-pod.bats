# Pods: what members share, what becomes of them together, and that nothing of a pod outlives it.

load helpers

setup() {
    basic_setup
    load_busybox
}

teardown() {
    podman pod rm -fa -t 0 >/dev/null 2>&1 || true
    basic_teardown
}

# infra POD
infra() { podman pod inspect -f '{{.InfraContainerID}}' "$1"; }

# namespace CONTAINER KIND: the kernel's number of it
namespace() { readlink "/proc/$(pid_of "$1")/ns/$2"; }

pod_is() { [ "$(podman pod inspect -f '{{.State}}' "$1")" = "$2" ]; }

@test "members share the namespaces of the infra container, and no others" {
    run_podman pod create --name p
    run_podman run -d --pod p --name a --stop-signal KILL busybox sleep 1000
    run_podman run -d --pod p --name b --stop-signal KILL busybox sleep 1000
    local i
    i=$(infra p)
    for kind in net ipc uts; do
        is "$(namespace a $kind)" = "$(namespace "$i" $kind)"
        is "$(namespace b $kind)" = "$(namespace "$i" $kind)"
        [ "$(namespace a $kind)" != "$(readlink /proc/self/ns/$kind)" ]
    done
    for kind in pid mnt; do
        [ "$(namespace a $kind)" != "$(namespace b $kind)" ]
        [ "$(namespace a $kind)" != "$(namespace "$i" $kind)" ]
    done
    run_podman exec a hostname
    is "$output" = p
    run_podman pod inspect -f '{{.NumContainers}} {{.SharedNamespaces}} {{.State}}' p
    is "$output" =~ "^3 \[ipc net uts\] Running$"
}

@test "--share: a pid namespace of all, or nothing at all" {
    run_podman pod create --name p --share pid
    run_podman run --rm --pod p busybox ps
    is "$output" =~ "podman-init --pause"
    is "$(podman run --rm --pod p busybox readlink /proc/self/ns/pid)" = "$(namespace "$(infra p)" pid)"
    [ "$(podman run --rm --pod p busybox readlink /proc/self/ns/net)" != "$(namespace "$(infra p)" net)" ]
    run_podman 125 pod create --share pid,moon
    is "$output" =~ "invalid kernel namespace to share: moon"
    run_podman pod create --name q --share none
    run_podman run --rm --pod q busybox readlink /proc/self/ns/uts
    [ "$output" != "$(namespace "$(infra q)" uts)" ]
}

@test "members reach each other on localhost and know each other's names" {
    run_podman pod create --name p --hostname box
    run_podman run -d --pod p --name web --stop-signal KILL busybox sh -c \
        'echo from-web >/tmp/index.html; exec httpd -f -p 80 -h /tmp'
    eventually podman run --rm --pod p busybox wget -qO- http://localhost/index.html
    run_podman run --rm --pod p --name other busybox cat /etc/hosts
    is "$output" =~ "box"
    is "$output" =~ "web"
    is "$output" =~ "other"
    run_podman run --rm --pod p busybox hostname
    is "$output" = box
    run_podman 125 run --pod p --hostname x busybox true
    is "$output" =~ "cannot set hostname when joining the pod UTS namespace"
}

@test "ports belong to the pod" {
    local port=$((20000 + RANDOM % 10000))
    run_podman network create podnet
    run_podman pod create --name p --network podnet -p 127.0.0.1:$port:80
    run_podman run -d --pod p --name web --stop-signal KILL busybox sh -c \
        'echo from-web >/tmp/index.html; exec httpd -f -p 80 -h /tmp'
    eventually "$BUSYBOX" wget -qO "$TEST_DIR/got" http://127.0.0.1:$port/index.html
    is "$(cat "$TEST_DIR/got")" = from-web
    run_podman pod inspect -f '{{.InfraConfig.PortBindings}}' p
    is "$output" =~ "$port"
    run_podman 125 run --pod p -p 9999:99 busybox true
    is "$output" =~ "published or exposed ports must be defined when the pod is created"
    run_podman 125 run --pod p --network bridge:ip=10.88.0.9 busybox true
    is "$output" =~ "network"
}

@test "other containers of the network find pod and members by name" {
    is_rootless && [ ! -c /dev/net/tun ] && skip "no /dev/net/tun"
    run_podman network create podnet
    run_podman pod create --name p --network podnet
    run_podman run -d --pod p --name early --stop-signal KILL busybox sleep 1000
    run_podman run -d --pod p --name late --stop-signal KILL busybox sleep 1000
    local address
    address=$(podman inspect -f '{{.NetworkSettings.Networks.podnet.IPAddress}}' "$(infra p)")
    for name in p early late; do
        run_podman run --rm --network podnet busybox nslookup $name
        is "$output" =~ "$address"
    done
    run_podman pod ps --filter network=podnet -q
    [ -n "$output" ]
    podman pod rm -f -t 0 p
    run podman run --rm --network podnet busybox nslookup late
    [ "$status" -ne 0 ]
}

@test "run --pod new: makes the pod, with the ports of the container" {
    run_podman network create podnet
    run_podman run -d --pod new:fresh --network podnet --name c -p 127.0.0.1::80 --stop-signal KILL busybox sleep 1000
    run_podman pod inspect -f '{{.Name}} {{.InfraConfig.PortBindings}}' fresh
    is "$output" =~ "^fresh .*80/tcp"
    run_podman 125 run --pod new: busybox true
    is "$output" =~ "at least one character"
    run_podman pod create --pod-id-file "$TEST_DIR/id" other
    is "$(cat "$TEST_DIR/id")" = "$output"
    run_podman run --rm --pod-id-file "$TEST_DIR/id" busybox hostname
    is "$output" = other
    run_podman 125 pod create --pod-id-file "$TEST_DIR/id"
    is "$output" =~ "pod ID file exists"
    run_podman 125 run --pod nowhere busybox true
    is "$output" =~ "no pod with name or ID nowhere found: no such pod"
}

@test "start, pause, unpause, stop, restart, kill: all members, and what ps calls that" {
    run_podman pod create --name p
    run_podman create --pod p --name a --stop-signal KILL busybox sleep 4711
    run_podman create --pod p --name b --stop-signal KILL busybox sleep 4711
    pod_is p Created
    run_podman pod start p
    is "$output" = p
    pod_is p Running
    local pid
    pid=$(pid_of a)
    run_podman stop b
    pod_is p Degraded
    run_podman pod start p
    pod_is p Running
    is "$(pid_of a)" = "$pid"
    if has_cgroup; then
        run_podman pod pause p
        pod_is p Paused
        run_podman pod unpause p
        pod_is p Running
    fi
    run_podman pod restart p
    [ "$(pid_of a)" != "$pid" ]
    run_podman pod stop p
    pod_is p Exited
    is "$(alive_processes "sleep 4711")" = ""
    run_podman pod start p
    run_podman pod kill p
    eventually pod_is p Exited
    run_podman 125 pod kill -s NOSIG p
    run_podman pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
    is "$output" = "p Exited 3"
}

@test "starting a member starts the infra container first" {
    run_podman pod create --name p
    run_podman create --pod p --name a --stop-signal KILL busybox sleep 1000
    run_podman start a
    is "$(podman inspect -f '{{.State.Status}}' "$(infra p)")" = running
    is "$(namespace a net)" = "$(namespace "$(infra p)" net)"
}

@test "rm: the infra container only with its pod, running pods only by force" {
    run_podman pod create --name p
    run_podman run -d --pod p --name a --stop-signal KILL busybox sleep 1000
    local i id
    i=$(infra p)
    id=$(podman pod inspect -f '{{.Id}}' p)
    run_podman 125 rm -f "$i"
    is "$output" =~ "container $i is the infra container of pod $id and cannot be removed without removing the pod"
    run_podman 125 pod rm p
    is "$output" =~ "not all containers could be removed from pod $id"
    run_podman rm -f a
    run_podman pod rm -f p
    run_podman 1 pod exists p
    run_podman ps -aq
    is "$output" = ""
    run_podman 1 pod rm p
    is "$output" =~ "no such pod"
    run_podman pod rm --ignore p
    is "$(cgroup_dirs "" | grep -c "$id")" = 0
    is "$(find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null)" = ""
    is "$(find "$TEST_DIR"/run/locks -name "*$id*")" = ""
}

@test "a pod without an infra container" {
    run_podman pod create --name p --infra=false
    run_podman run -d --pod p --name a --stop-signal KILL busybox sleep 1000
    run_podman pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}} {{.InfraID}}'
    is "$output" =~ "^p Running 1 ?$"
    run_podman 125 pod create --infra=false --share net
    is "$output" =~ "cannot set share without an infra container"
    run_podman 125 pod create --infra=false --no-hosts
    is "$output" =~ "cannot specify --no-hosts without an infra container"
    run_podman pod rm -f p
}

@test "infra image, command and name" {
    run_podman pod create --name p --infra-image busybox --infra-command '["sleep","2000"]' \
        --infra-name holder --infra-conmon-pidfile "$TEST_DIR/monitor.pid"
    run_podman run --rm --pod p busybox true
    is "$(tr '\0' ' ' <"/proc/$(pid_of holder)/cmdline")" = "sleep 2000 "
    is "$(cat "/proc/$(cat "$TEST_DIR/monitor.pid")/comm")" =~ podman-monitor
    run_podman pod rm -f -t 0 p
}

@test "exit policy: stop with the last member, or go on" {
    run_podman pod create --name p --exit-policy stop
    run_podman run -d --pod p --name a busybox sleep 0.3
    run_podman run -d --pod p --name b busybox sleep 0.6
    eventually pod_is p Exited
    is "$(podman inspect -f '{{.State.Status}}' "$(infra p)")" = exited
    run_podman pod create --name q
    run_podman run --pod q busybox true
    is "$(podman inspect -f '{{.State.Status}}' "$(infra q)")" = running
    pod_is q Degraded
    run_podman 125 pod create --exit-policy explode
}

@test "limits are the pod's, its members live beneath" {
    has_cgroup || skip "no cgroup of our own"
    run_podman pod create --name p --memory 64m --cpus 0.5
    run_podman run -d --pod p --name a --stop-signal KILL busybox sleep 1000
    local path dir
    path=$(podman pod inspect -f '{{.CgroupPath}}' p)
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        dir=$(find /sys/fs/cgroup -type d -path "*$path" | head -n 1)
        is "$(cat "$dir/memory.max")" = 67108864
        is "$(cat "$dir/cpu.max")" = "50000 100000"
    else
        is "$(cat "/sys/fs/cgroup/memory$path/memory.limit_in_bytes")" = 67108864
        is "$(cat /sys/fs/cgroup/cpu*"$path/cpu.cfs_quota_us")" = 50000
    fi
    is "$(grep -c "$path" "/proc/$(pid_of a)/cgroup")" =~ "^[1-9]"
    run_podman pod inspect -f '{{.MemoryLimit}} {{.CPUQuota}} {{.CPUPeriod}}' p
    is "$output" = "67108864 50000 100000"
    run_podman pod create --name q --share-parent=false
    run_podman run -d --pod q --name b --stop-signal KILL busybox sleep 1000
    ! grep -q "$(podman pod inspect -f '{{.Id}}' q)" "/proc/$(pid_of b)/cgroup"
}

@test "volumes, devices and security options of the pod are every member's" {
    mkdir "$TEST_DIR/data"
    echo here >"$TEST_DIR/data/file"
    run_podman pod create --name p -v "$TEST_DIR/data:/data:ro" --security-opt no-new-privileges \
        --sysctl net.ipv4.ip_unprivileged_port_start=77 --shm-size 3m
    run_podman run --rm --pod p busybox cat /data/file
    is "$output" = here
    run_podman run --rm --pod p busybox grep NoNewPrivs /proc/self/status
    is "$output" =~ "1$"
    run_podman run --rm --pod p busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
    is "$output" = 77
    run_podman run --rm --pod p busybox df -k /dev/shm
    is "$output" =~ " 3072 "
    run_podman pod inspect p
    is "$output" =~ '"Destination": "/data"'
    is "$output" =~ '"no-new-privileges"'
}

@test "members share /dev/shm, with its limit" {
    run_podman pod create --name p --shm-size 3m
    run_podman run -d --pod p --name a --stop-signal KILL busybox sh -c 'echo hello >/dev/shm/x; exec sleep 1000'
    eventually podman exec a cat /dev/shm/x
    run_podman run --rm --pod p busybox sh -c 'cat /dev/shm/x; df -k /dev/shm; echo back >/dev/shm/y'
    is "$output" =~ "hello"
    is "$output" =~ " 3072 "
    run_podman exec a cat /dev/shm/y
    is "$output" = back
    run_podman run --rm --ipc container:a busybox cat /dev/shm/y
    is "$output" = back
    run_podman run --rm busybox ls /dev/shm
    is "$output" = ""
}

@test "a user namespace of all members" {
    is_rootless && skip "ids of an ordinary user are those of test 080"
    run_podman pod create --name p --uidmap 0:100000:1000 --gidmap 0:100000:1000
    run_podman run -d --pod p --name a --stop-signal KILL busybox sh -c 'touch /made; exec sleep 1000'
    is "$(namespace a user)" = "$(namespace "$(infra p)" user)"
    is "$(awk '/^Uid/ { print $2 }' "/proc/$(pid_of a)/status")" = 100000
    run_podman exec a stat -c %u /bin /made
    is "$output" = $'0\n0'
    run_podman 125 run --userns keep-id --pod p busybox true
    is "$output" =~ "userns and --pod cannot be set together"
}

@test "init containers: one after the other before all others, once or always" {
    run_podman pod create --name p -v "$TEST_DIR:/out"
    run_podman create --init-ctr always --pod p --name one busybox sh -c 'echo one >>/out/order'
    run_podman create --init-ctr once --pod p --name two busybox sh -c 'sleep 0.2; echo two >>/out/order'
    run_podman create --pod p --name main --stop-signal KILL busybox sh -c 'echo main >>/out/order; exec sleep 1000'
    run_podman pod start p
    eventually grep -q main "$TEST_DIR/order"
    is "$(tr '\n' ' ' <"$TEST_DIR/order")" = "one two main "
    run_podman 1 container exists two
    pod_is p Running
    run_podman pod stop p
    run_podman pod start p
    eventually grep -q "main.*main" <(tr '\n' ' ' <"$TEST_DIR/order")
    is "$(tr '\n' ' ' <"$TEST_DIR/order")" = "one two main one main "
    run_podman create --init-ctr always --pod p --name bad busybox sh -c 'exit 3'
    run_podman pod stop p
    run_podman 125 pod start p
    is "$output" =~ "exited with code 3"
    is "$(podman inspect -f '{{.State.Status}}' main)" = exited
    run_podman 125 create --init-ctr always busybox true
    is "$output" =~ "must specify pod value with init-ctr"
}

@test "names of pods and containers are of one kind" {
    run_podman pod create --name p
    run_podman 125 pod create --name p
    is "$output" =~ 'name "p" is in use: pod already exists'
    run_podman 125 create --name p busybox true
    is "$output" =~ "already in use"
    run_podman create --name c busybox true
    run_podman 125 pod create --name c
    is "$output" =~ 'name "c" is in use: container already exists'
    local id
    id=$(podman pod inspect -f '{{.Id}}' p)
    run_podman pod create --replace --name p
    [ "$output" != "$id" ]
    run_podman 125 pod create --replace
    is "$output" =~ "cannot replace pod without --name"
}

@test "ps: filters, columns, order" {
    run_podman pod create --name one --label kind=x
    run_podman pod create --name two
    run_podman create --pod two --name member busybox true
    run_podman pod ps --filter label=kind=x --format '{{.Name}}'
    is "$output" = one
    run_podman pod ps --filter 'label!=kind' --format '{{.Name}}'
    is "$output" = two
    run_podman pod ps --filter ctr-names=member --format '{{.Name}}'
    is "$output" = two
    run_podman pod ps --filter ctr-number=2 --filter ctr-status=created --format '{{.Name}}'
    is "$output" = two
    run_podman pod ps --filter ctr-ids="$(podman inspect -f '{{.Id}}' member)" --format '{{.Name}}'
    is "$output" = two
    run_podman pod ps --filter name=^tw --filter status=created --format '{{.Name}}'
    is "$output" = two
    run_podman pod ps --filter until=0s --sort name --format '{{.Name}} {{.Label "kind"}}'
    is "$output" = $'one x\ntwo '
    run_podman pod ps --sort number --format '{{.Name}}'
    is "$output" = $'one\ntwo'
    run_podman pod ps --ctr-names --ctr-ids --ctr-status
    is "${lines[0]}" =~ "POD ID +NAME +STATUS +CREATED +INFRA ID +IDS +NAMES +STATUS"
    is "$output" =~ member
    run_podman pod ps --noheading --ns
    is "$output" !~ "POD ID"
    run_podman pod ps -q --no-trunc --latest
    is "$output" = "$(podman pod inspect -f '{{.Id}}' two)"
    run_podman 125 pod ps --filter moon=full
    is "$output" =~ "moon is an invalid filter"
    run_podman ps -a --pod --format '{{.Names}} {{.PodName}} {{.IsInfra}}' --filter pod=two
    is "$output" =~ "member two false"
    is "$output" =~ "-infra two true"
    run_podman pod ps --format json
    is "$(python3 -c 'import json,sys; print([len(p["Containers"]) for p in json.load(sys.stdin)])' <<<"$output")" = "[2, 1]"
}

@test "inspect --type pod, logs, top, stats" {
    run_podman pod create --name p
    run_podman run -d --pod p --name a --stop-signal KILL busybox sh -c 'echo out-of-a; exec sleep 1000'
    run_podman run --pod p --name b busybox echo out-of-b
    eventually log_has a out-of-a
    run_podman inspect --type pod -f '{{.Name}}' p
    is "$output" = p
    run_podman inspect -f '{{.Pod}}' a
    is "$output" = "$(podman pod inspect -f '{{.ID}}' p)"
    run_podman pod logs -n p
    is "$output" =~ "a out-of-a"
    is "$output" =~ "b out-of-b"
    run_podman pod logs -c b p
    is "$output" !~ out-of-a
    run_podman pod top p args
    is "$output" =~ "sleep 1000"
    run_podman pod stats --no-stream --format '{{.Name}} {{.Pod}}' p
    is "$output" =~ "a $(podman pod ps -q)"
}

@test "prune takes pods that have stopped, and no others" {
    run_podman pod create --name stopped
    run_podman run --pod stopped busybox true
    run_podman pod stop stopped
    run_podman pod create --name created
    run_podman pod create --name running
    run_podman pod start running
    local id
    id=$(podman pod inspect -f '{{.Id}}' stopped)
    run_podman container prune -f
    is "$output" !~ infra
    run_podman pod exists stopped
    run_podman pod prune -f
    is "$output" = "$id"
    run_podman pod ps --sort name --format '{{.Name}}'
    is "$output" = $'created\nrunning'
    run_podman pod stop running
    run_podman system prune -f
    is "$output" =~ "Deleted Pods"
    run_podman 1 pod exists running
}

@test "clone: the same once more, with what is said otherwise" {
    run_podman pod create --name p --label a=b --share ipc,net,uts,pid --sysctl net.ipv4.ip_unprivileged_port_start=77 \
        --add-host foo:1.2.3.4 --device /dev/null:/dev/nix
    run_podman create --pod p --name c -e X=y -v /anon -w /tmp --stop-signal KILL busybox sh -c 'echo $X; exec sleep 1000'
    run_podman pod clone --start --label c=d --hostname box p
    is "$output" = "$(podman pod inspect -f '{{.Id}}' p-clone)"
    pod_is p Created
    pod_is p-clone Running
    eventually log_has c-clone y
    is "$(podman pod inspect -f '{{.Labels.a}} {{.Labels.c}} {{.SharedNamespaces}}' p-clone)" = "b d [ipc net uts pid]"
    run_podman exec c-clone sh -c 'hostname; pwd; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; grep foo /etc/hosts; ls /dev/nix'
    is "$output" = $'box\n/tmp\n77\n1.2.3.4\tfoo\n/dev/nix'
    is "$(namespace c-clone net)" = "$(namespace "$(infra p-clone)" net)"
    is "$(podman inspect -f '{{len .HostConfig.Devices}}' c-clone)" = "$(podman inspect -f '{{len .HostConfig.Devices}}' c)"
    [ "$(podman inspect -f '{{(index .Mounts 0).Name}}' c)" != "$(podman inspect -f '{{(index .Mounts 0).Name}}' c-clone)" ]
    run_podman pod clone --destroy p other
    run_podman 1 pod exists p
    is "$(podman pod inspect -f '{{.NumContainers}}' other)" = 2
    run_podman 125 pod clone nowhere
    is "$output" =~ "no such pod"
}

@test "events of pods" {
    run_podman pod create --name p
    run_podman pod start p
    run_podman pod stop p
    run_podman pod rm p
    run_podman events --stream=false --filter type=pod --format '{{.Status}} {{.Name}}'
    is "$output" = $'create p\nstart p\nstop p\nremove p'
}

@test "killed while a pod is made or removed: it is there, or it is not" {
    for _ in $(seq 12); do
        # not the function: what is killed would be the shell that runs it
        "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" pod create --name p >/dev/null 2>&1 3>&- &
        local pid=$!
        sleep "0.00$((RANDOM % 9))"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        if podman pod exists p; then
            # whole: it has its infra container, and starts
            podman container exists "$(infra p)"
            run_podman pod start p
            local id
            id=$(podman pod inspect -f '{{.Id}}' p)
            "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" pod rm -f p >/dev/null 2>&1 3>&- &
            pid=$!
            sleep "0.0$((RANDOM % 5))"
            kill -9 $pid 2>/dev/null || true
            wait $pid 2>/dev/null || true
            run_podman pod rm -f p
            is "$(find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null)" = ""
        fi
        run_podman rm -fa
        run_podman ps -aq
        is "$output" = ""
    done
    run_podman system prune -f
    is "$(ls "$TEST_DIR/root/containers")" = ""
}
