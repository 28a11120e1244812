#!/usr/bin/env bats
# Addresses by DHCP: from a real server, kept, given back.
#
# The network namespace of the test run is the container host, with an interface up0.  Its other end is in a namespace
# "outside", where busybox's udhcpd answers; its log and its leases are what is looked at.

load helpers

setup() {
    is_rootless && skip "interfaces of the host are root's"
    [ -n "${TEST_NETNS:-}" ] || skip "would change this machine's network: use run-bats.sh"
    "$BUSYBOX" udhcpd --help 2>&1 | grep -q Usage || skip "busybox without udhcpd"
    SERVER=
    basic_setup
    load_busybox
    unshare -n sleep 600 3>&- &
    OUTSIDE=$!
    eventually other_netns
    ip link add up0 type veth peer name eth0 netns $OUTSIDE
    ip link set up0 up
    outside ip link set lo up
    outside ip addr add 192.0.2.2/24 dev eth0
    outside ip link set eth0 up
}

teardown() {
    [ -n "${TEST_DIR:-}" ] || return 0
    podman rm -fa -t 0 >/dev/null 2>&1 || true
    stop_server
    for s in ${SERVERS6:-}; do kill "$s" 2>/dev/null || true; done
    basic_teardown
    kill -9 "$OUTSIDE" 2>/dev/null || true
    ip link del up0 2>/dev/null || true
    ip link del mine 2>/dev/null || true
}

other_netns() { [ "$(readlink /proc/$OUTSIDE/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
outside() { nsenter -t "$OUTSIDE" -n "$@"; }

# start_server [SECONDS] [LINE...]: leases of that length, with further lines in its configuration.
start_server() {
    local lease=${1:-600}
    shift || true
    {
        echo "start 192.0.2.100"
        echo "end 192.0.2.120"
        echo "interface eth0"
        echo "max_leases 20"
        echo "min_lease 2"
        echo "pidfile $TEST_DIR/udhcpd.pid"
        echo "lease_file $TEST_DIR/leases"
        echo "opt lease $lease"
        echo "opt subnet 255.255.255.0"
        echo "opt router ${ROUTER:-192.0.2.2}"
        echo "opt dns 192.0.2.53"
        echo "opt domain lan.test"
        printf '%s\n' "$@"
    } >"$TEST_DIR/udhcpd.conf"
    : >>"$TEST_DIR/leases"
    : >>"$TEST_DIR/log"
    nsenter -t "$OUTSIDE" -n "$BUSYBOX" udhcpd -f -vv "$TEST_DIR/udhcpd.conf" >>"$TEST_DIR/log" 2>&1 3>&- &
    SERVER=$!
    eventually grep -q started "$TEST_DIR/log"
}
stop_server() {
    [ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
    SERVER=
}
# leases: hardware address, address, host name, time left or "expired", as the server has them now.
leases() {
    kill -USR1 "$SERVER"
    sleep 0.2
    "$BUSYBOX" dumpleases -f "$TEST_DIR/leases" 2>/dev/null
}
released() { leases | grep "$1 " | grep -q expired; }
# in_time COMMAND...: like eventually, for what takes a lease's time and two seconds of the server's looking around.
in_time() {
    local _
    for _ in $(seq 150); do
        "$@" && return
        sleep 0.2
    done
    echo "never became true: $*"
    return 1
}
said() { grep -c "$1" "$TEST_DIR/log" || true; }
said_at_least() { [ "$(said "$1")" -ge "$2" ]; }

address_of() { podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}/{{.IPPrefixLen}} {{.Gateway}}{{end}}' "$1"; }
inside() { podman exec "$@"; }

@test "macvlan: address, route, name server, host name; given back at the end" {
    start_server
    podman network create -d macvlan -o parent=up0 lan
    is "$(podman network inspect -f '{{.IPAMOptions.driver}} {{.DNSEnabled}}' lan)" = "dhcp false"
    podman run -d --name c --hostname kitchen --network lan busybox sleep 100
    is "$(inside c ip -4 -o addr show eth0)" =~ "192.0.2.1[0-2][0-9]/24"
    is "$(inside c ip route)" =~ "default via 192.0.2.2 dev eth0"
    is "$(inside c cat /etc/resolv.conf)" =~ "nameserver 192.0.2.53"
    is "$(inside c cat /etc/resolv.conf)" =~ "search lan.test"
    is "$(address_of c)" =~ "^192.0.2.1[0-2][0-9]/24 192.0.2.2$"
    ip=$(podman inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' c)
    is "$(inside c ip -4 -o addr show eth0)" =~ "inet $ip/24"
    is "$(inside c cat /etc/hosts)" =~ "$ip"
    outside "$BUSYBOX" ping -c 1 -W 5 "$ip" >/dev/null
    is "$(leases)" =~ "$ip +kitchen +00:[01]"
    podman stop -t 0 c
    eventually released "$ip"
    # The same container is known again.
    podman start c
    is "$(podman inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' c)" = "$ip"
}

@test "a short lease is renewed, one that is refused is replaced, one that ends is taken away" {
    start_server 4
    podman network create -d macvlan -o parent=up0 lan
    podman run -d --name c --network lan busybox sleep 300
    first=$(address_of c)
    acks=$(said "ACK")
    in_time said_at_least "ACK" $((acks + 2))
    is "$(address_of c)" = "$first"
    # Another server, which does not know the lease and has other addresses: refused, and asked anew.
    stop_server
    : >"$TEST_DIR/leases"
    ROUTER=192.0.2.3 start_server 4 "start 192.0.2.130" "end 192.0.2.140"
    moved() { [[ "$(address_of c)" =~ ^192.0.2.1[34][0-9]/24\ 192.0.2.3$ ]]; }
    in_time moved
    is "$(inside c ip -4 -o addr show eth0)" =~ "inet 192.0.2.1[34][0-9]/24"
    is "$(inside c ip -4 -o addr show eth0)" !~ "${first%%/*}/"
    is "$(inside c ip route)" =~ "default via 192.0.2.3 dev eth0"
    is "$(inside c ip route)" !~ "192.0.2.2 "
    # Nobody answers: it is not ours any more.
    stop_server
    bare() { [ -z "$(inside c ip -4 -o addr show eth0)" ]; }
    in_time bare
    is "$(inside c ip route)" = ""
    is "$(address_of c)" = "/0 "
    start_server 600
    back() { [[ "$(address_of c)" =~ ^192.0.2.1 ]]; }
    in_time back
    is "$(inside c ip route)" =~ "default via"
}

@test "no server: the start fails in words, in time, and leaves nothing" {
    podman network create -d macvlan -o parent=up0 lan
    begun=$SECONDS
    run_podman 125 run --name c --network lan busybox true
    [ $((SECONDS - begun)) -le 12 ]
    is "$output" =~ "no DHCP server answered on interface eth0 of network lan"
    is "$(ip -o link show type macvlan)" = ""
    podman rm -f c
}

@test "classless routes, a gateway outside of the subnet, MTU, --ip, --mac-address, --dns, metric, internal" {
    start_server 600 "opt staticroutes 198.51.100.0/24 192.0.2.7, 0.0.0.0/0 203.0.113.1" "opt mtu 1400"
    podman network create -d macvlan -o parent=up0 -o metric=77 --route 203.0.113.128/25,192.0.2.9 lan
    run_podman run --rm --network lan:ip=192.0.2.111,mac=02:00:00:00:00:42 --dns 192.0.2.99 busybox \
        sh -c 'ip -4 -o addr show eth0; ip route; ip link show eth0; cat /etc/resolv.conf'
    is "$output" =~ "inet 192.0.2.111/24"
    is "$output" =~ "198.51.100.0/24 via 192.0.2.7 dev eth0 +metric 77"
    is "$output" =~ "203.0.113.1 dev eth0"
    is "$output" =~ "default via 203.0.113.1 dev eth0 +metric 77"
    is "$output" =~ "203.0.113.128/25 via 192.0.2.9"
    is "$output" =~ "mtu 1400"
    is "$output" =~ "02:00:00:00:00:42"
    is "$output" =~ "nameserver 192.0.2.99"
    is "$output" !~ "nameserver 192.0.2.53"
    run_podman 125 run --rm --network lan:ip=198.51.100.9 busybox true
    is "$output" =~ "does not give interface eth0 the address 198.51.100.9: it offers 192.0.2.1"
    podman network create -d macvlan -o parent=up0 --internal in
    run_podman run --rm --network in busybox ip route
    is "$output" !~ default
}

@test "a bridge of the host's, several networks, connect and disconnect" {
    start_server
    ip link add mine type bridge
    ip link set mine up
    ip link set up0 master mine
    podman network create -o mode=unmanaged --interface-name mine --ipam-driver dhcp br
    podman network create -o mode=unmanaged --interface-name mine --ipam-driver dhcp br2
    podman run -d --name c --network br busybox sleep 100
    is "$(inside c ip -4 -o addr show eth0)" =~ "192.0.2.1[0-2][0-9]/24"
    podman network connect br2 c
    is "$(inside c ip -4 -o addr show eth1)" =~ "192.0.2.1[0-2][0-9]/24"
    ip=$(podman inspect -f '{{.NetworkSettings.Networks.br2.IPAddress}}' c)
    is "$(inside c ip -4 -o addr show eth1)" =~ "inet $ip/24"
    podman network disconnect br2 c
    eventually released "$ip"
    podman exec c ip link show eth0
    stop_server
    run_podman 125 network connect br2 c
    is "$output" =~ "no DHCP server answered on interface eth1 of network br2"
    run podman exec c ip link show eth1
    [ "$status" -ne 0 ]
}

@test "a restart by policy keeps the lease" {
    start_server
    podman network create -d macvlan -o parent=up0 lan
    podman run -d --restart=always --name c --network lan busybox sh -c 'ip -4 -o addr show eth0; sleep 1'
    ip=$(podman inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' c)
    again() { [ "$(podman logs c | grep -c "inet $ip/24")" -ge 2 ]; }
    in_time again
    run released "$ip"
    [ "$status" -ne 0 ]
    podman rm -f -t 0 c
    in_time released "$ip"
}

@test "ipvlan: the container's ID is its name" {
    ip link add link up0 name iv0 type ipvlan 2>/dev/null || skip "this kernel has no ipvlan"
    ip link del iv0
    start_server
    podman network create -d ipvlan -o parent=up0 lan
    podman run -d --name a --network lan busybox sleep 100
    podman run -d --name b --network lan busybox sleep 100
    is "$(address_of a)" =~ "^192.0.2.1"
    is "$(address_of b)" =~ "^192.0.2.1"
    [ "$(address_of a)" != "$(address_of b)" ]
}

@test "a killed monitor leaves nothing on the host" {
    start_server
    podman network create -d macvlan -o parent=up0 lan
    podman run -d --name c --network lan busybox sleep 100
    ip=$(podman inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' c)
    id=$(podman inspect -f '{{.Id}}' c)
    pid=$(podman inspect -f '{{.State.ConmonPid}}' c)
    kill -9 "$pid"
    gone() { ! outside "$BUSYBOX" ping -c 1 -W 1 "$ip" >/dev/null 2>&1; }
    podman ps -a >/dev/null
    in_time gone
    podman start c # the server knows it again
    is "$(podman inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' c)" = "$ip"
    podman rm -f -t 0 c
    [ ! -e "$TEST_DIR/run/containers/$id/dhcp" ]
    is "$(ip -o link show type macvlan)" = ""
}

# start_dnsmasq [OPTION...]: a DHCPv6 server that also advertises itself as router, with a log.
start_dnsmasq() {
    command -v dnsmasq >/dev/null || skip "no dnsmasq"
    outside ip addr add 2001:db8:5::2/64 dev eth0 nodad
    outside sysctl -qw net.ipv6.conf.all.forwarding=1
    : >"$TEST_DIR/log6"
    nsenter -t "$OUTSIDE" -n dnsmasq -C /dev/null -k -p 0 -i eth0 --bind-interfaces --log-facility="$TEST_DIR/log6" --log-dhcp \
        --dhcp-leasefile="$TEST_DIR/leases6" --user=root --enable-ra \
        --dhcp-range=2001:db8:5::100,2001:db8:5::1ff,64,2m --dhcp-option=option6:dns-server,[2001:db8:5::53] \
        --dhcp-option=option6:domain-search,six.test "$@" >/dev/null 2>&1 3>&- &
    SERVERS6="${SERVERS6:-} $!"
    eventually grep -q started "$TEST_DIR/log6"
}
addresses_of() { podman inspect -f '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}/{{.GlobalIPv6PrefixLen}}{{end}}' "$1"; }

@test "DHCPv6: address, route by advertisement, name server; known again, given back" {
    start_server
    start_dnsmasq
    podman network create -d macvlan -o parent=up0 --ipv6 -o metric=55 lan
    is "$(podman network inspect -f '{{.IPv6Enabled}}' lan)" = true
    podman run -d --name c --hostname kitchen --network lan busybox sleep 100
    is "$(inside c ip -6 -o addr show eth0 scope global)" =~ "inet6 2001:db8:5::1[0-9a-f][0-9a-f]/128"
    is "$(inside c ip -4 -o addr show eth0)" =~ "192.0.2.1[0-2][0-9]/24"
    is "$(inside c ip -6 -o addr show eth0 scope global | grep -c .)" = 1
    ip=$(addresses_of c)
    is "$(inside c ip -6 -o addr show eth0)" =~ "inet6 $ip "
    is "$(inside c cat /etc/resolv.conf)" =~ "nameserver 2001:db8:5::53"
    is "$(inside c cat /etc/resolv.conf)" =~ "search lan.test six.test"
    is "$(inside c cat /etc/hosts)" =~ "${ip%/*}"
    routed() { inside c ip -6 route | grep -q "default via fe80.* dev eth0 .*metric 55"; }
    eventually routed
    reached() { outside "$BUSYBOX" ping -6 -c 1 -W 1 "${ip%/*}" >/dev/null; }
    eventually reached
    grep -q "${ip%/*} .*kitchen" "$TEST_DIR/leases6"
    podman stop -t 0 c
    given_back6() { ! grep -q "${ip%/*} " "$TEST_DIR/leases6"; }
    eventually given_back6
    podman start c
    is "$(addresses_of c)" = "$ip"
    # An address that is wished for, one that cannot be.
    run_podman run --rm --network lan --ip6 2001:db8:5::1ab busybox ip -6 -o addr show eth0
    is "$output" =~ "2001:db8:5::1ab/128"
    run_podman 125 run --rm --network lan --ip6 2001:db8:6::1 busybox true
    is "$output" =~ "does not give interface eth0 the address 2001:db8:6::1: it offers 2001:db8:5::1"
}

@test "DHCPv6: a short lease is renewed, one that nobody knows is replaced, one that ends is taken away" {
    start_server
    # stub ADDRESS: leases of six seconds, to be renewed after two.
    stub() {
        nsenter -t "$OUTSIDE" -n python3 "$BATS_TEST_DIRNAME/dhcp6_stub.py" eth0 "$1" 2 4 6 >>"$TEST_DIR/log6" 3>&- &
        SERVERS6="${SERVERS6:-} $!"
        STUB=$!
        eventually grep -q "ready $1" "$TEST_DIR/log6"
    }
    count6() { [ "$(grep -c "$1" "$TEST_DIR/log6")" -ge "$2" ]; }
    stub 2001:db8:5::aa
    podman network create -d macvlan -o parent=up0 --ipv6 lan
    podman run -d --name c --network lan busybox sleep 300
    is "$(addresses_of c)" = 2001:db8:5::aa/128
    in_time count6 "renew 2001:db8:5::aa" 2
    is "$(addresses_of c)" = 2001:db8:5::aa/128
    # Another server takes over, and does not know it.
    kill "$STUB"
    stub 2001:db8:5::bb
    moved6() { [ "$(addresses_of c)" = 2001:db8:5::bb/128 ]; }
    in_time moved6
    is "$(inside c ip -6 -o addr show eth0)" =~ "2001:db8:5::bb/128"
    is "$(inside c ip -6 -o addr show eth0)" !~ "2001:db8:5::aa"
    kill "$STUB"
    bare6() { [ -z "$(inside c ip -6 -o addr show eth0 scope global)" ]; }
    in_time bare6
    is "$(addresses_of c)" = /0
    is "$(inside c ip -4 -o addr show eth0)" =~ "192.0.2.1" # the other family is its own
    stub 2001:db8:5::bb
    in_time moved6
    podman stop -t 0 c
    in_time count6 "release 2001:db8:5::bb" 1
}

@test "DHCPv6: no server is said in words, in time" {
    start_server
    podman network create -d macvlan -o parent=up0 --ipv6 lan
    begun=$SECONDS
    run_podman 125 run --name c --network lan busybox true
    [ $((SECONDS - begun)) -le 13 ]
    is "$output" =~ "no DHCPv6 server answered on interface eth0 of network lan"
    is "$(ip -o link show type macvlan)" = ""
}

@test "what is refused in words" {
    run_podman 125 network create --ipam-driver dhcp br
    is "$output" =~ "ipam driver dhcp is not supported on a bridge that podman manages"
    run_podman 125 network create -d macvlan -o parent=up0 --ipam-driver dhcp --subnet 192.0.2.0/24 lan
    is "$output" =~ "ipam driver dhcp is set but subnets are given"
    run_podman 125 network create -d ipvlan -o parent=up0 -o mode=l3 --ipam-driver dhcp lan
    is "$output" =~ "ipam driver dhcp needs ipvlan mode l2"
    start_server
    podman network create -d macvlan -o parent=up0 lan
    run_podman 125 run --rm --network lan --ip6 2001:db8:5::9 busybox true
    is "$output" =~ "network lan has no IPv6: create it with --ipv6"
}
