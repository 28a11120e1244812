#!/usr/bin/env bats
# firewalld beside us: it refuses what passes through the host unless it was told that our networks are to be trusted.
#
# A real firewalld on a D-Bus of the test's own, in the network namespace of the test run.  Beside it is another namespace,
# "outside", which containers reach through what firewalld lets pass.

load helpers

setup() {
    is_rootless && skip "the host's firewall is root's"
    [ -n "${TEST_NETNS:-}" ] || skip "would change this machine's network: use run-bats.sh"
    command -v firewalld >/dev/null || skip "firewalld is not installed (it would be in force on this machine)"
    command -v dbus-daemon >/dev/null || skip "no dbus-daemon"
    DAEMONS=
    NETECHO=${BUILD_DIR:-$BATS_TEST_DIRNAME/../../build}/test/netecho
    basic_setup
    load_busybox
    unshare -n sleep 600 3>&- &
    OUTSIDE=$!
    eventually other_netns
    ip link add up0 type veth peer name eth0 netns $OUTSIDE
    ip addr add 192.0.2.1/24 dev up0
    ip link set up0 up
    nsenter -t $OUTSIDE -n ip addr add 192.0.2.2/24 dev eth0
    nsenter -t $OUTSIDE -n ip link set eth0 up
    nsenter -t $OUTSIDE -n timeout 100 "$NETECHO" serve tcp 7000 3>&- &
    DAEMONS="$DAEMONS $!"
    start_bus
    start_firewalld
}

teardown() {
    [ -n "${TEST_DIR:-}" ] || return 0
    podman rm -fa -t 0 >/dev/null 2>&1 || true
    for d in $DAEMONS; do kill "$d" 2>/dev/null || true; done
    basic_teardown
    kill -9 "$OUTSIDE" 2>/dev/null || true
    ip link del up0 2>/dev/null || true
    ip link del podman0 2>/dev/null || true
    nft flush ruleset
}

other_netns() { [ "$(readlink /proc/$OUTSIDE/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }

start_bus() {
    cat >"$TEST_DIR/bus.conf" <<EOF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=$TEST_DIR/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow user="*"/></policy></busconfig>
EOF
    dbus-daemon --config-file="$TEST_DIR/bus.conf" --nofork --nopidfile >/dev/null 2>&1 3>&- &
    DAEMONS="$DAEMONS $!"
    eventually test -S "$TEST_DIR/bus"
    export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$TEST_DIR/bus
    eventually dbus_answers
}
dbus_answers() {
    dbus-send --system --print-reply --reply-timeout=1000 --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId >/dev/null 2>&1
}
# Without a directory for its settings it has its own defaults: zone public for all, which forwards nothing.
start_firewalld() {
    mkdir -p "$TEST_DIR/firewalld"
    firewalld --nofork --nopid --log-file "$TEST_DIR/firewalld.log" --system-config "$TEST_DIR/firewalld" \
        >/dev/null 2>&1 3>&- &
    FIREWALLD=$!
    DAEMONS="$DAEMONS $FIREWALLD"
    eventually timeout 5 firewall-cmd --state
}
trusted() { firewall-cmd --zone=trusted --list-sources 2>/dev/null; }
trusts() { [[ " $(trusted) " = *" $1 "* ]]; }
trusts_not() { ! trusts "$1"; }
reaches_outside() { podman exec "$1" timeout 3 /netecho ask tcp 192.0.2.2 7000 >/dev/null 2>&1; }

@test "subnets are trusted while a container is there, and pass" {
    podman run -d --name a -v "$NETECHO:/netecho:ro" busybox sleep 300
    is "$(trusted)" = 10.88.0.0/16
    eventually reaches_outside a
    firewall-cmd --zone=trusted --remove-source=10.88.0.0/16 # what it is good for
    run reaches_outside a
    [ "$status" -ne 0 ]
    firewall-cmd --zone=trusted --add-source=10.88.0.0/16
    podman run -d --name b busybox sleep 300
    podman rm -f -t 0 a
    is "$(trusted)" = 10.88.0.0/16
    podman rm -f -t 0 b
    is "$(trusted)" = ""
    podman network create --ipv6 --subnet 10.77.0.0/24 --subnet fd00:77::/64 both
    podman run -d --name c --network both busybox sleep 300
    trusts 10.77.0.0/24
    trusts fd00:77::/64
    podman network connect podman c
    trusts 10.88.0.0/16
    podman network disconnect both c
    is "$(trusted)" = 10.88.0.0/16
    podman stop -t 0 c
    is "$(trusted)" = ""
}

@test "a reload and a restart of firewalld: told again by the monitors" {
    podman run -d --name a -p 8080:80 -v "$NETECHO:/netecho:ro" busybox sleep 300
    firewall-cmd --reload
    eventually trusts 10.88.0.0/16
    eventually reaches_outside a
    kill "$FIREWALLD"
    eventually no_firewalld
    start_firewalld
    eventually trusts 10.88.0.0/16
    podman rm -f -t 0 a
    is "$(trusted)" = ""
}
no_firewalld() { ! kill -0 "$FIREWALLD" 2>/dev/null; }

@test "what the administrator decided stays; another store's containers keep theirs" {
    firewall-cmd --zone=drop --add-source=10.88.0.0/16
    podman run -d --name a busybox sleep 300
    is "$(trusted)" = ""
    podman rm -f -t 0 a
    is "$(firewall-cmd --zone=drop --list-sources)" = 10.88.0.0/16
    firewall-cmd --zone=drop --remove-source=10.88.0.0/16
    other_podman() { "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" "$@"; }
    other_podman load -q -i "$TEST_DIR/busybox.tar"
    other_podman run -d --name b busybox sleep 300
    podman run -d --name a busybox sleep 300
    podman rm -f -t 0 a
    is "$(trusted)" = 10.88.0.0/16
    other_podman rm -f -t 0 b
    is "$(trusted)" = ""
}

@test "firewalld that does not answer is a warning" {
    kill -9 "$FIREWALLD"
    eventually no_firewalld
    run_podman run --rm busybox echo hello
    is "$output" =~ "firewalld"
    is "$output" =~ "hello"
}
