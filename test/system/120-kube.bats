# Kubernetes' YAML: what the containers that come of it really have, and that `kube generate` leads back to them.

load helpers

setup() {
    basic_setup
    load_busybox
    Y=$TEST_DIR/k.yaml
}

teardown() {
    podman pod rm -fa -t 0 >/dev/null 2>&1 || true
    basic_teardown
}

infra() { podman pod inspect -f '{{.InfraContainerID}}' "$1"; }
namespace() { readlink "/proc/$(pid_of "$1")/ns/$2"; }
pod_is() { [ "$(podman pod inspect -f '{{.State}}' "$1")" = "$2" ]; }

# pod NAME SPEC-LINE...: a pod with one container "c" that lives; further lines of its container, indented by four.
pod() {
    local name=$1
    shift
    cat <<END
apiVersion: v1
kind: Pod
metadata:
  name: $name
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: busybox
    command: [sleep, "1000"]
END
    printf '%s\n' "$@"
}

yaml() { cat >"$Y"; }
play() { run_podman kube play "$@" "$Y"; }

@test "a pod: its containers, names, labels, and what is printed" {
    pod web | sed '/^metadata:/a \  labels: {app: web}' | yaml
    play --network none --start=false
    is "${lines[0]}" = "Pod:"
    is "${lines[1]}" = "$(podman pod inspect -f '{{.Id}}' web)"
    is "${lines[2]}" = "Container:"
    is "${lines[3]}" = "$(podman inspect -f '{{.Id}}' web-c)"
    pod_is web Created
    run_podman pod start web
    is "$(tr '\0' ' ' <"/proc/$(pid_of web-c)/cmdline")" = "sleep 1000 "
    is "$(podman inspect -f '{{.Config.Labels.app}} {{.HostConfig.RestartPolicy.Name}}' web-c)" = "web always"
    is "$(podman pod inspect -f '{{.Labels.app}}' web)" = web
    run_podman kube down "$Y"
    is "${lines[0]}" = "Pods stopped:"
    is "${lines[2]}" = "Pods removed:"
    run_podman 1 pod exists web
}

@test "standard input, play kube, --replace, --down" {
    pod one | podman kube play -
    pod one | podman play kube --replace -
    pod_is one Running
    run podman kube play - < <(pod one)
    [ "$status" -eq 125 ]
    is "$output" =~ 'name "one" is in use: pod already exists'
    podman kube play --down - < <(pod one)
    run_podman 1 pod exists one
    run_podman 125 kube play "$TEST_DIR/absent.yaml"
    is "$output" =~ "no such file or directory"
    echo "a: b" >"$Y"
    run_podman 125 kube play "$Y"
    is "$output" =~ "does not contain any supported kube kind"
    echo "a: [" >"$Y"
    run_podman 125 kube play "$Y"
    is "$output" =~ "line"
}

@test "a port is published, with or without a hostPort" {
    is_rootless && skip "the network of an ordinary user is the business of others"
    local port=$((20000 + RANDOM % 10000))
    pod web "    ports: [{containerPort: 80, hostPort: $port}]" |
        sed 's/\[sleep.*/[sh, -c, "echo hello >\/tmp\/index.html; exec httpd -f -p 80 -h \/tmp"]/' | yaml
    play
    eventually "$BUSYBOX" wget -qO "$TEST_DIR/got" http://127.0.0.1:$port/index.html
    is "$(cat "$TEST_DIR/got")" = hello
    pod web "    ports: [{containerPort: $port}]" | yaml
    play --replace
    is "$(podman pod inspect -f '{{.InfraConfig.PortBindings}}' web)" = "map[]"
    play --replace --publish-all
    is "$(podman pod inspect -f '{{.InfraConfig.PortBindings}}' web)" =~ "$port"
    play --replace --publish $((port + 1)):$port
    is "$(podman pod inspect -f '{{.InfraConfig.PortBindings}}' web)" =~ "$((port + 1))"
}

@test "environment: values, ConfigMaps, secrets, fields, resources, \$(NAME)" {
    {
        cat <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {KEY: from-map, TWO: second}
binaryData: {BIN: YmluYXJ5}
---
apiVersion: v1
kind: Secret
metadata: {name: sec}
data: {pw: c2VjcmV0}
stringData: {plain: text}
---
END
        pod p \
            "    env:" \
            "    - {name: NUM, value: 1.10}" \
            "    - {name: REF, value: \"<\$(NUM)> \$\$(NUM) \$(NOBODY)\"}" \
            "    - {name: MAP, valueFrom: {configMapKeyRef: {name: conf, key: KEY}}}" \
            "    - {name: BIN, valueFrom: {configMapKeyRef: {name: conf, key: BIN}}}" \
            "    - {name: PW, valueFrom: {secretKeyRef: {name: sec, key: pw}}}" \
            "    - {name: PLAIN, valueFrom: {secretKeyRef: {name: sec, key: plain}}}" \
            "    - {name: GONE, valueFrom: {secretKeyRef: {name: none, key: x, optional: true}}}" \
            "    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}" \
            "    - {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}" \
            "    resources: {limits: {memory: 65000Ki}}" \
            "    envFrom: [{configMapRef: {name: conf}, prefix: P_}, {secretRef: {name: sec}}, {configMapRef: {name: none, optional: yes}}]"
    } | { is_rootless && sed '/resources:/d; /MEM/d' || cat; } | yaml
    play --network none
    run_podman exec p-c env
    is "$output" =~ $'NUM=1.10'
    grep -qxF 'REF=<1.10> $(NUM) $(NOBODY)' <<<"$output"
    is "$output" =~ "MAP=from-map"
    is "$output" =~ "BIN=binary"
    is "$output" =~ "PW=secret"
    is "$output" =~ "PLAIN=text"
    is "$output" !~ "GONE"
    is "$output" =~ "POD=p"
    is_rootless || is "$output" =~ "MEM=64"
    is "$output" =~ "P_TWO=second"
    is "$output" =~ "pw=secret"
    run_podman secret ls --format '{{.Name}}'
    is "$output" = sec
    run_podman kube down "$Y"
    run_podman secret ls -q
    is "$output" = ""
    pod p "    env: [{name: X, valueFrom: {configMapKeyRef: {name: none, key: k}}}]" >"$Y"
    run_podman 125 kube play "$Y"
    is "$output" =~ 'no such ConfigMap defined: "none"'
    run_podman 1 pod exists p # half a pod is none
}

@test "--configmap: ConfigMaps of other files" {
    printf 'kind: ConfigMap\nmetadata: {name: conf}\ndata: {KEY: outside}\n' >"$TEST_DIR/map.yaml"
    pod p "    env: [{name: X, valueFrom: {configMapKeyRef: {name: conf, key: KEY}}}]" | yaml
    play --network none --configmap "$TEST_DIR/map.yaml"
    run_podman exec p-c sh -c 'echo $X'
    is "$output" = outside
    { cat "$TEST_DIR/map.yaml"; echo ---; cat "$Y"; } >"$TEST_DIR/both.yaml"
    run_podman 125 kube play --replace --configmap "$TEST_DIR/map.yaml" "$TEST_DIR/both.yaml"
    is "$output" =~ "ambiguous configuration: the same config map conf"
}

@test "volumes: hostPath of every type, emptyDir, ConfigMap, secret, claim, image" {
    mkdir "$TEST_DIR/dir"
    echo on-host >"$TEST_DIR/dir/file"
    {
        printf 'kind: ConfigMap\nmetadata: {name: conf}\ndata: {a.txt: alpha, b.txt: beta}\n---\n'
        printf 'kind: Secret\nmetadata: {name: sec}\ndata: {pw: c2VjcmV0}\n---\n'
        printf 'kind: PersistentVolumeClaim\nmetadata: {name: claim}\nspec: {accessModes: [ReadWriteOnce]}\n---\n'
        pod p "    volumeMounts:" \
            "    - {name: dir, mountPath: /dir, readOnly: true}" \
            "    - {name: part, mountPath: /part, subPath: file}" \
            "    - {name: made, mountPath: /made}" \
            "    - {name: empty, mountPath: /empty}" \
            "    - {name: mem, mountPath: /mem}" \
            "    - {name: conf, mountPath: /conf}" \
            "    - {name: sec, mountPath: /sec}" \
            "    - {name: claim, mountPath: /claim}" \
            "    - {name: img, mountPath: /img}" \
            "  - name: d" "    image: busybox" "    command: [sleep, \"1000\"]" \
            "    volumeMounts: [{name: empty, mountPath: /e}]" \
            "  volumes:" \
            "  - {name: dir, hostPath: {path: $TEST_DIR/dir, type: Directory}}" \
            "  - {name: part, hostPath: {path: $TEST_DIR/dir}}" \
            "  - {name: made, hostPath: {path: $TEST_DIR/new, type: DirectoryOrCreate}}" \
            "  - {name: empty, emptyDir: {}}" \
            "  - {name: mem, emptyDir: {medium: Memory, sizeLimit: 2Mi}}" \
            "  - {name: conf, configMap: {name: conf, items: [{key: a.txt, path: sub/x, mode: 0400}]}}" \
            "  - {name: sec, secret: {secretName: sec, defaultMode: 288}}" \
            "  - {name: claim, persistentVolumeClaim: {claimName: claim}}" \
            "  - {name: img, image: {reference: busybox}}"
    } | yaml
    play --network none
    is "${lines[0]}" = "Volumes:"
    is "${lines[1]}" = claim
    run_podman exec p-c cat /dir/file /part /conf/sub/x /sec/pw
    is "$output" = $'on-host\non-host\nalphasecret'
    run_podman 1 exec p-c touch /dir/no
    run_podman exec p-c stat -c %a /conf/sub/x /sec/pw
    is "$output" = $'400\n440'
    run_podman exec p-c sh -c 'echo shared >/empty/x; echo kept >/claim/x; test -x /img/bin/busybox'
    run_podman exec p-d cat /e/x
    is "$output" = shared
    [ -d "$TEST_DIR/new" ]
    run_podman exec p-c df -k /mem
    is "$output" =~ " 2048 "
    run_podman kube down "$Y"
    run_podman volume ls -q
    is "$output" = $'claim\nconf\nsec'
    is "$(cat "$(podman volume inspect -f '{{.Mountpoint}}' claim)/x")" = kept
    run_podman kube down --force "$Y"
    run_podman volume ls -q
    is "$output" !~ claim
    for row in "File is not a File" "Socket is not a Socket"; do
        pod p "    volumeMounts: [{name: v, mountPath: /v}]" \
            "  volumes: [{name: v, hostPath: {path: $TEST_DIR/dir, type: ${row%% *}}}]" >"$Y"
        run_podman 125 kube play --network none "$Y"
        is "$output" =~ "${row#* }"
    done
    pod p "    volumeMounts: [{name: v, mountPath: /v}]" >"$Y"
    run_podman 125 kube play --network none "$Y"
    is "$output" =~ "volume mount v specified for container but not configured in volumes"
}

@test "security context, resources, who and what a container may" {
    pod p "    workingDir: /tmp" \
        "    securityContext:" \
        "      runAsUser: 33" "      runAsGroup: 44" \
        "      readOnlyRootFilesystem: true" \
        "      allowPrivilegeEscalation: false" \
        "      capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}" \
        "  - name: d" "    image: busybox" "    command: [sleep, \"1000\"]" \
        "    securityContext: {runAsUser: 0, privileged: false}" \
        "  securityContext: {runAsUser: 7, runAsGroup: 8, supplementalGroups: [77]}" | yaml
    play --network none
    run_podman exec p-c id
    is "$output" =~ "uid=33.*gid=44.*77"
    run_podman exec p-c pwd
    is "$output" = /tmp
    run_podman 1 exec -u 0 p-c touch /x
    is "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$(pid_of p-c)/status")" = 1
    is "$(awk '/^CapBnd/ { print $2 }' "/proc/$(pid_of p-c)/status")" = 0000000000000400
    run_podman exec p-d id
    is "$output" =~ "uid=0.*gid=8"
    if has_cgroup; then
        pod q "    resources: {limits: {memory: 64Mi, cpu: 250m}, requests: {memory: 32Mi}}" | yaml
    play --network none
        is "$(limit q-c memory/memory.limit_in_bytes memory.max)" = 67108864
        run_podman inspect -f '{{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}} {{.HostConfig.MemoryReservation}}' q-c
        is "$output" = "25000 100000 33554432"
    fi
}

@test "probes become health checks that act" {
    pod p "    livenessProbe: {exec: {command: [test, -e, /tmp/alive]}, periodSeconds: 1, failureThreshold: 1}" |
        sed 's/\[sleep.*/[sh, -c, "touch \/tmp\/alive; exec sleep 1000"]/' | yaml
    play --network none
    healthy() { [ "$(podman inspect -f '{{.State.Health.Status}}' p-c)" = healthy ]; }
    eventually healthy
    local pid
    pid=$(pid_of p-c)
    run_podman exec p-c rm /tmp/alive
    restarted() { [ "$(pid_of p-c)" != "$pid" ] && [ "$(pid_of p-c)" != 0 ]; }
    eventually restarted
    pod q "    ports: [{name: http, containerPort: 80}]" \
        "    livenessProbe: {httpGet: {path: /index.html, port: http}, periodSeconds: 1}" \
        "    startupProbe: {tcpSocket: {port: 80}, periodSeconds: 1}" |
        sed 's/\[sleep.*/[sh, -c, "echo x >\/tmp\/index.html; exec httpd -f -p 80 -h \/tmp"]/' | yaml
    play --network none
    q_healthy() { [ "$(podman inspect -f '{{.State.Health.Status}}' q-c)" = healthy ]; }
    eventually q_healthy
    run_podman inspect -f '{{.Config.StartupHealthCheck.Test}}' q-c
    is "$output" =~ "nc -z"

}

@test "init containers before the others, restart policies" {
    pod p "    volumeMounts: [{name: v, mountPath: /v}]" \
        "  restartPolicy: OnFailure" \
        "  initContainers:" \
        "  - {name: i, image: busybox, command: [sh, -c, 'sleep 0.2; echo ready >/v/x'], volumeMounts: [{name: v, mountPath: /v}]}" \
        "  volumes: [{name: v, emptyDir: {}}]" |
        sed 's/\[sleep.*/[sh, -c, "cat \/v\/x; exec sleep 1000"]/' | yaml
    play --network none
    eventually log_has p-c ready
    is "$(podman inspect -f '{{.HostConfig.RestartPolicy.Name}}' p-c)" = on-failure
    run_podman 1 container exists p-i
    pod q "  restartPolicy: Sometimes" >"$Y"
    run_podman 125 kube play --network none "$Y"
    is "$output" =~ 'invalid restartPolicy "Sometimes"'
}

@test "host namespaces, shared processes, hostname, aliases, DNS, sysctls" {
    pod p "  hostPID: true" "  hostNetwork: true" "  hostIPC: true" | yaml
    play
    for kind in pid net ipc; do
        is "$(namespace p-c $kind)" = "$(is_rootless && namespace "$(infra p)" $kind || readlink /proc/self/ns/$kind)"
    done
    pod q "  shareProcessNamespace: true" "  hostname: box" \
        "  hostAliases: [{ip: 10.9.8.7, hostnames: [foo, bar]}]" \
        "  dnsConfig: {nameservers: [10.1.1.1], searches: [example.test], options: [{name: ndots, value: \"3\"}]}" \
        "  securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: \"77\"}]}" | yaml
    play --network none
    is "$(namespace q-c pid)" = "$(namespace "$(infra q)" pid)"
    run_podman exec q-c hostname
    is "$output" = box
    run_podman exec q-c cat /etc/hosts /etc/resolv.conf /proc/sys/net/ipv4/ip_unprivileged_port_start
    is "$output" =~ $'10.9.8.7\tfoo bar'
    is "$output" =~ "nameserver 10.1.1.1"
    is "$output" =~ "search example.test"
    is "$output" =~ "ndots:3"
    is "$output" =~ 77$
}

@test "deployments, daemon sets and jobs are one pod each" {
    for kind in Deployment DaemonSet Job; do
        cat >"$Y" <<END
apiVersion: apps/v1
kind: $kind
metadata: {name: app}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: x}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: c, image: busybox, command: [sleep, "1000"]}]
END
        run_podman kube play --network none --replace "$Y"
        is "$output" =~ "Limiting replica count to 1"
        is "$(podman inspect -f '{{.State.Status}}' app-pod-c)" = running
    done
    run_podman kube down "$Y"
    run_podman pod ps -q
    is "$output" = ""
}

@test "annotations, --annotation, --no-pod-prefix, --log-opt, infra name" {
    pod p "    tty: true" | sed '/^metadata:/a \  annotations: {io.podman.annotations.infra.name: holder, io.podman.annotations.ulimit: "nofile=99:100", io.podman.annotations.init/c: "TRUE", io.podman.annotations.pids-limit/c: "50"}' | yaml
    play --network none --no-pod-prefix --annotation who=me --log-opt "path=$TEST_DIR/log" --log-driver k8s-file
    is "$(infra p)" = "$(podman inspect -f '{{.Id}}' holder)"
    run_podman inspect -f '{{.HostConfig.LogConfig.Path}} {{index .Config.Annotations "who"}} {{.HostConfig.PidsLimit}} {{.Config.Tty}}' c
    is "$output" = "$TEST_DIR/log me 50 true"
    is "$(awk '/open files/ { print $4, $5 }' "/proc/$(pid_of c)/limits")" = "99 100"
    is "$(tr '\0' ' ' <"/proc/$(pid_of c)/cmdline")" =~ podman-init
    pod c >"$Y"
    run_podman 125 kube play --network none --no-pod-prefix "$Y"
    is "$output" =~ "cannot be the same"
}

@test "--wait ends with the containers, and takes everything along" {
    pod p "  restartPolicy: Never" | sed 's/\[sleep.*/[sh, -c, "sleep 0.3; exit 3"]/' >"$Y"
    run_podman kube play --network none --wait "$Y"
    is "$output" =~ "Cleaning up"
    run_podman 1 pod exists p
    run_podman 3 kube play --network none --wait --service-exit-code-propagation any "$Y"
    run_podman 125 kube play --wait --start=false "$Y"
    pod p >"$Y"
    "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" kube play --network none --wait "$Y" \
        >"$TEST_DIR/out" 2>&1 3>&- &
    local pid=$!
    eventually pod_is p Running
    eventually grep -q Container: "$TEST_DIR/out"
    kill -TERM $pid
    wait $pid || true
    gone() { ! podman pod exists p; }
    eventually gone
}

@test "a container that cannot start is told, the others run" {
    pod p "  - {name: bad, image: busybox, command: [/no/such/program]}" >"$Y"
    run_podman 125 kube play --network none "$Y"
    is "$output" =~ "/no/such/program"
    is "$output" =~ "failed to start 1 containers"
    is "$(podman inspect -f '{{.State.Status}}' p-c)" = running
}

@test "what is not possible is said" {
    pod p >"$Y"
    run_podman 125 kube play --context-dir /tmp "$Y"
    is "$output" =~ "must be specified when using --context-dir"
    run_podman 125 kube apply -f "$Y"
    is "$output" =~ "kubectl apply"
    run_podman 125 kube play --force "$Y"
    run_podman 125 kube play https://example.test/x.yaml
    is "$output" =~ "fetching YAML is not supported"
    sed -i 's/busybox/[busybox]/' "$Y"
    run_podman 125 kube play "$Y"
    is "$output" =~ "image"
}

# what CONTAINER: what matters of it, to compare
what() {
    podman inspect -f '{{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.Env}} {{.Config.User}} {{.Config.WorkingDir}} {{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}} {{.HostConfig.Binds}} {{.HostConfig.Memory}} {{.HostConfig.ReadonlyRootfs}} {{.Config.Healthcheck}} {{.HostConfig.RestartPolicy.Name}}' "$1" |
        sed 's/HOSTNAME=[^] ]*//'
}

@test "kube generate leads back to the same pod" {
    mkdir "$TEST_DIR/data"
    run_podman volume create vol
    run_podman pod create --name p --network none --add-host foo:1.2.3.4 --label tier=front
    run_podman create --pod p --name p-one -e A='$(B) $$ $x' -e EMPTY= -v "$TEST_DIR/data:/data:ro" -v vol:/vol \
        --cap-drop CAP_CHOWN --user 12:34 -w /tmp --restart always --health-cmd '["true"]' --health-interval 5s \
        --stop-signal INT busybox sh -c 'echo "$(id) $$" 1.10; sleep 1000'
    run_podman create --pod p --name p-two --read-only --entrypoint sleep busybox 1000
    run_podman kube generate -f "$TEST_DIR/gen.yaml" p
    run_podman 125 kube generate -f "$TEST_DIR/gen.yaml" p
    is "$output" =~ "file exists"
    local one two
    one=$(what p-one)
    two=$(what p-two)
    run_podman pod rm -f -t 0 p
    run_podman kube play --start=false --network none "$TEST_DIR/gen.yaml"
    is "$(what p-one)" = "$one"
    is "$(what p-two)" =~ "sleep.*1000"
    is "$(podman pod inspect -f '{{.Labels.tier}} {{.InfraConfig.HostAdd}}' p)" = "front [foo:1.2.3.4]"
    run_podman kube generate p
    is "$(grep -v creationTimestamp <<<"$output")" = "$(grep -v creationTimestamp "$TEST_DIR/gen.yaml")"
}

@test "kube generate: containers, volumes, kinds, services" {
    run_podman create --name box -p 127.0.0.1:8099:80 busybox sleep 1
    run_podman kube generate box
    is "$output" =~ "name: box-pod"
    is "$output" =~ "hostPort: 8099"
    run_podman generate kube -s box
    is "$output" =~ "kind: Service"
    is "$output" =~ "targetPort: 80"
    for kind in deployment:Deployment daemonset:DaemonSet job:Job; do
        run_podman kube generate -t "${kind%:*}" box
        is "$output" =~ "kind: ${kind#*:}"
    done
    run_podman kube generate -t deployment -r 4 box
    is "$output" =~ "replicas: 4"
    run_podman 125 kube generate -r 4 box
    is "$output" =~ "replicas can only be set when --type is set to deployment"
    run_podman volume create vol
    run_podman kube generate vol
    is "$output" =~ "kind: PersistentVolumeClaim"
    run_podman 125 kube generate nowhere
    is "$output" =~ "no such object"
    run_podman create --name lim --ulimit nofile=10:20 --ulimit core=1:2 --ulimit nproc=3000:4000 --ulimit fsize=100000:200000 \
        --ulimit stack=8000:9000 busybox true
    run_podman kube generate lim
    is "$(sed -n 's/.*annotations.ulimit.*: "*\([^"]*\)"*$/\1/p' <<<"$output" | tr -d '\n' | wc -c)" = 63
    run_podman kube generate --no-trunc lim
    is "$output" =~ "stack=8000:9000"
    run_podman pod create --name p
    run_podman 125 kube generate p
    is "$output" =~ "Pod p has no containers"
    run_podman create --pod p --name in busybox true
    run_podman 125 kube generate in
    is "$output" =~ "is associated with pod"
}

@test "--service-container: one process for a service manager, as long as a pod runs" {
    command -v python3 >/dev/null || skip "no python3"
    { pod p; echo ---; pod q; } >"$Y"
    cat >"$TEST_DIR/notify.py" <<'END'
import os, socket, subprocess, sys
path = sys.argv[1] + "/notify"
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(20)
subprocess.run(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=path), check=True, stdout=subprocess.DEVNULL)
s.setblocking(False)
while True:
    try:
        print(s.recv(4096).decode())
    except BlockingIOError:
        break
END
    run python3 "$TEST_DIR/notify.py" "$TEST_DIR" "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" \
        kube play --service-container --service-exit-code-propagation any --network none --replace "$Y"
    is "$status" = 0
    local service pid
    service=$(podman ps --format '{{.Names}}' | grep -- '-service$')
    is "$(grep -c READY=1 <<<"$output")" = 1
    pid=$(sed -n 's/^MAINPID=//p' <<<"$output")
    is_rootless || is "$(cat "/proc/$pid/comm")" = podman-monitor
    run_podman pod stop p
    is "$(podman inspect -f '{{.State.Status}}' "$service")" = running
    run_podman pod stop q
    ended() { [ "$(podman inspect -f '{{.State.Status}}' "$service")" = exited ]; }
    eventually ended
    is "$(podman inspect -f '{{.State.ExitCode}}' "$service")" = 1 # killed is failed
    run_podman pod start q
    is "$(podman inspect -f '{{.State.Status}}' "$service")" = running
    run_podman kube down "$Y"
    run_podman ps -aq
    is "$output" = ""
    run_podman kube play --service-container --network none --start=false "$Y"
    run_podman kube play --service-container --network none --replace "$Y"
    run_podman kube down "$Y"
    run_podman ps -aq
    is "$output" = ""
}

@test "--build: images from the directories that are named as they are" {
    mkdir -p "$TEST_DIR/ctx/mine"
    printf 'FROM busybox\nRUN echo built >/made\n' >"$TEST_DIR/ctx/mine/Containerfile"
    pod p | sed 's/image: busybox/image: mine/' >"$Y"
    (cd "$TEST_DIR/ctx" && podman kube play --build=false --network none "$Y") && return 1
    cd "$TEST_DIR/ctx"
    run_podman kube play --network none "$Y"
    run_podman exec p-c cat /made
    is "$output" = built
    printf 'FROM busybox\nRUN echo again >/made\n' >mine/Containerfile
    run_podman kube play --network none --replace "$Y"
    run_podman exec p-c cat /made
    is "$output" = built
    cd /
    run_podman kube play --network none --replace --build --context-dir "$TEST_DIR/ctx" "$Y"
    run_podman exec p-c cat /made
    is "$output" = again
}
