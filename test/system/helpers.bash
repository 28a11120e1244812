# What every system test shares: a podman of its own, images that need no network, a registry on loopback.
#
# A test file does `load helpers`, calls basic_setup in setup() and basic_teardown in teardown().
# $PODMAN is the program under test (default: the build tree's).

: "${PODMAN:=$BATS_TEST_DIRNAME/../../build/src/cli/podman}"
BUSYBOX=${BUSYBOX:-/bin/busybox}

basic_setup() {
    TEST_DIR=$(mktemp -d "${BATS_TMPDIR:-/tmp}/podman-XXXXXX")
    chmod 755 "$TEST_DIR"
    export CONTAINERS_REGISTRIES_CONF=$TEST_DIR/registries.conf
    echo 'unqualified-search-registries = ["docker.io"]' >"$CONTAINERS_REGISTRIES_CONF"
    unset REGISTRY_AUTH_FILE CONTAINERS_CONF_OVERRIDE CONTAINERS_STORAGE_CONF_OVERRIDE CONTAINER_HOST
    # What the machine's administrator configured is no part of the test.
    export CONTAINERS_CONF=$TEST_DIR/containers.conf CONTAINERS_STORAGE_CONF=$TEST_DIR/storage.conf
    : >"$CONTAINERS_CONF"
    : >"$CONTAINERS_STORAGE_CONF"
    if is_rootless; then # a user namespace of the test's own
        export XDG_RUNTIME_DIR=$TEST_DIR/xdg
        mkdir -m 700 "$XDG_RUNTIME_DIR"
    fi
}

basic_teardown() {
    stop_registry
    podman rm -fa -t 0 >/dev/null 2>&1 || true
    # A bridge stays as long as its network: the next test's store would choose another name and subnet.
    podman network prune -f >/dev/null 2>&1 || true
    # A user's layers hold files of ids that only the user namespace may remove.
    if is_rootless; then
        podman unshare find "$TEST_DIR" -mindepth 1 -maxdepth 1 ! -name xdg -exec rm -rf {} + || true
        stop_holder "$XDG_RUNTIME_DIR"
    fi
    # What a container's monitor starts at its end may still be looking at the store.
    eventually rm -rf "$TEST_DIR"
}

# stop_holder RUNTIME-DIR: ends the process that keeps a rootless user's namespace.
stop_holder() {
    local pid
    read -r pid _ 2>/dev/null <"$1/containers/userns" || return 0
    kill -9 "$pid" 2>/dev/null || true
}

podman() {
    "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" "$@"
}

# run_podman [CODE] ARGS...: like `run`, and the exit code has to be CODE (0 when not given).
run_podman() {
    local expected=0
    case $1 in [0-9] | [0-9][0-9] | [12][0-9][0-9])
        expected=$1
        shift
        ;;
    esac
    run podman "$@"
    if [ "$status" -ne "$expected" ]; then
        echo "podman $*: exit code $status, not $expected:"
        echo "$output"
        return 1
    fi
}

# is ACTUAL OPERATOR EXPECTED: = exact, =~ regular expression, !~ none.
is() {
    case $2 in
    =) [ "$1" = "$3" ] ;;
    =~) [[ "$1" =~ $3 ]] ;;
    !~) ! [[ "$1" =~ $3 ]] ;;
    esac || {
        printf 'actual:   %s\nexpected: %s %s\n' "$1" "$2" "$3"
        return 1
    }
}

is_rootless() { [ "$(id -u)" -ne 0 ]; }

# make_busybox_archive FILE [NAME]: a docker-archive with one layer: busybox and links for its applets.
make_busybox_archive() {
    local file=$1 name=${2:-busybox:latest} work diff
    work=$(mktemp -d "$TEST_DIR/archive-XXXXXX")
    mkdir -p "$work/root/bin" "$work/root/tmp" "$work/root/etc" "$work/root/proc" \
        "$work/root/sys" "$work/root/dev" "$work/root/root"
    chmod 1777 "$work/root/tmp"
    cp "$BUSYBOX" "$work/root/bin/busybox"
    for applet in $("$BUSYBOX" --list); do
        [ "$applet" = busybox ] || ln -sf busybox "$work/root/bin/$applet"
    done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$work/root/etc/passwd"
    echo 'root:x:0:' >"$work/root/etc/group"
    tar -C "$work/root" --sort=name --mtime=@1700000000 --owner=0 --group=0 --numeric-owner \
        -cf "$work/layer.tar" .
    diff=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
    cat >"$work/config.json" <<EOF
{"architecture":"$(go_arch)","os":"linux","created":"2024-01-02T03:04:05Z",
"config":{"Cmd":["sh"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Labels":{"made":"here"}},
"rootfs":{"type":"layers","diff_ids":["sha256:$diff"]},
"history":[{"created":"2024-01-02T03:04:05Z","created_by":"ADD busybox","comment":"test"}]}
EOF
    echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$name\"],\"Layers\":[\"layer.tar\"]}]" \
        >"$work/manifest.json"
    tar -C "$work" -cf "$file" config.json layer.tar manifest.json
    rm -rf "$work"
}

go_arch() {
    case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
    esac
}

# load_busybox: docker.io/library/busybox:latest in the test's store.
load_busybox() {
    local made=${BATS_RUN_TMPDIR:-$TEST_DIR}/busybox-archive.tar
    if [ ! -e "$made" ]; then # once for all tests of a run
        make_busybox_archive "$made.$$"
        mv "$made.$$" "$made"
    fi
    cp "$made" "$TEST_DIR/busybox.tar"
    podman load -q -i "$TEST_DIR/busybox.tar" >/dev/null
}

# pid_of CONTAINER: its first process, as the kernel of the host counts.
pid_of() { podman inspect -f '{{.State.Pid}}' "$1"; }

# eventually COMMAND...: until it succeeds, some twenty seconds at most: the machine may be busy.
eventually() {
    local _
    for _ in $(seq 400); do
        "$@" && return
        sleep 0.05
    done
    echo "never became true: $*"
    return 1
}

# log_has CONTAINER TEXT
log_has() { podman logs "$1" 2>&1 | grep -q -- "$2"; }

# cgroup_dirs ID: the directories of a container's cgroup, in every hierarchy.
cgroup_dirs() { find /sys/fs/cgroup -type d -name "libpod-$1*" 2>/dev/null; }

# limit CONTAINER V1-CONTROLLER/FILE V2-FILE: a file of the container's cgroup.
limit() {
    local path dir
    path=$(podman inspect -f '{{.State.CgroupPath}}' "$1")
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        cat "/sys/fs/cgroup$path/$3"
    else
        dir=$(find /sys/fs/cgroup -maxdepth 1 \( -name "${2%%/*}" -o -name "${2%%/*},*" -o -name "*,${2%%/*}" \) ! -type l)
        cat "$dir$path/${2#*/}"
    fi
}

# has_cgroup: can a container here have limits?  An ordinary user needs systemd for it.
has_cgroup() { ! is_rootless || [ "$(podman info -f '{{.Host.CgroupManager}}')" = systemd ]; }

# alive_processes WORD: processes (not zombies) whose command line has the word; the one that keeps a
# rootless user's namespace does not count.
alive_processes() {
    local holder=none
    read -r holder _ 2>/dev/null <"${XDG_RUNTIME_DIR:-/none}/containers/userns" || true
    ps -eo pid=,stat=,args= | WORD=$1 HOLDER=$holder awk '
        $1 != ENVIRON["HOLDER"] && index($0, ENVIRON["WORD"]) && $2 !~ /^[ZX]/ { $2 = ""; print }'
}

# start_registry [EXTRA-YAML]: a registry on a free port of loopback: $REGISTRY.  docker.io and quay.io are
# mapped to it, so that their names work word for word.  With REGISTRY_TLS=", tls: {certificate: FILE, key: FILE}" and
# REGISTRY_SCHEME=https it speaks TLS.
start_registry() {
    local program
    program=$(command -v docker-registry || command -v registry) || skip "no registry program"
    # Below the ports that the kernel gives to whoever asks for none; one that is taken is tried no longer.
    for _ in 1 2 3 4 5; do
        REGISTRY_PORT=$((20000 + RANDOM % 12000))
        ! try_registry "$program" "$1" || return 0
    done
    cat "$TEST_DIR/registry.log"
    return 1
}

try_registry() { # PROGRAM EXTRA-YAML
    REGISTRY=localhost:$REGISTRY_PORT
    cat >"$TEST_DIR/registry.yml" <<EOF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $TEST_DIR/registry}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$REGISTRY_PORT"$REGISTRY_TLS}
$2
EOF
    # It takes every REGISTRY_... for a setting of its own.
    env -u REGISTRY_AUTH_FILE "$1" serve "$TEST_DIR/registry.yml" >"$TEST_DIR/registry.log" 2>&1 3>&- &
    REGISTRY_PID=$!
    cat >"$CONTAINERS_REGISTRIES_CONF" <<EOF
unqualified-search-registries = ["docker.io", "quay.io"]
[[registry]]
prefix = "docker.io"
location = "$REGISTRY"
insecure = true
[[registry]]
prefix = "quay.io"
location = "$REGISTRY/quay"
insecure = true
EOF
    for _ in $(seq 200); do
        curl -ks -o /dev/null "${REGISTRY_SCHEME:-http}://$REGISTRY/v2/" && kill -0 $REGISTRY_PID 2>/dev/null && return
        kill -0 $REGISTRY_PID 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

stop_registry() {
    [ -n "${REGISTRY_PID:-}" ] || return 0
    kill "$REGISTRY_PID" 2>/dev/null || true
    wait "$REGISTRY_PID" 2>/dev/null || true
    REGISTRY_PID=
}

# start_stub: registry_stub.py in the place of a registry: $REGISTRY; names go to it as with start_registry.
start_stub() {
    rm -f "$TEST_DIR/stub.port"
    python3 "${BASH_SOURCE[0]%/*}/registry_stub.py" "$TEST_DIR/stub.port" 2>"$TEST_DIR/stub.log" 3>&- &
    REGISTRY_PID=$!
    for _ in $(seq 200); do
        [ -s "$TEST_DIR/stub.port" ] && break
        sleep 0.05
    done
    REGISTRY=localhost:$(cat "$TEST_DIR/stub.port")
    cat >"$CONTAINERS_REGISTRIES_CONF" <<EOF
unqualified-search-registries = ["$REGISTRY"]
[[registry]]
location = "$REGISTRY"
insecure = true
EOF
}

# stub PAGE [JSON]: tells the stub something.  stub_stat FILTER: what it has counted, as jq finds it.
stub() { curl -fsS -X POST --data-binary "${2:-}" "http://$REGISTRY/_$1"; }
stub_stat() { curl -fsS "http://$REGISTRY/_stats" | jq -r "$1"; }

# registry_put REPOSITORY TAG [gzip|none]: pushes the busybox image with curl alone, so that what pull reads
# was not written by the program under test.
registry_put() {
    local repo=$1 tag=$2 comp=${3:-gzip} work base config layer type
    work=$(mktemp -d "$TEST_DIR/put-XXXXXX")
    base=http://$REGISTRY/v2/$repo
    make_busybox_archive "$work/image.tar"
    tar -C "$work" -xf "$work/image.tar"
    type=application/vnd.oci.image.layer.v1.tar
    layer=$work/layer.tar
    if [ "$comp" = gzip ]; then
        gzip -n "$layer"
        layer=$layer.gz
        type=$type+gzip
    fi
    put_blob "$base" "$layer"
    put_blob "$base" "$work/config.json"
    cat >"$work/m.json" <<EOF
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$(sha256 "$work/config.json")","size":$(stat -c %s "$work/config.json")},
"layers":[{"mediaType":"$type","digest":"sha256:$(sha256 "$layer")","size":$(stat -c %s "$layer")}]}
EOF
    put_manifest "$base" "$tag" "$work/m.json" application/vnd.oci.image.manifest.v1+json
    MANIFEST_DIGEST=sha256:$(sha256 "$work/m.json")
    MANIFEST_SIZE=$(stat -c %s "$work/m.json")
    LAYER_DIGEST=sha256:$(sha256 "$layer")
    LAYER_SIZE=$(stat -c %s "$layer")
    IMAGE_ID=$(sha256 "$work/config.json")
    rm -rf "$work"
}

sha256() { sha256sum "$1" | cut -d' ' -f1; }

put_blob() {
    local url
    url=$(curl -fsS -X POST -D - -o /dev/null "$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
    case $url in /*) url=${1%%/v2/*}$url ;; esac # a place on the same host
    curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" \
        "$url&digest=sha256:$(sha256 "$2")"
}

put_manifest() {
    curl -fsS -X PUT -H "Content-Type: $4" --data-binary "@$3" "$1/manifests/$2"
}
