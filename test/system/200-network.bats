#!/usr/bin/env bats
# Networks of root's containers: addresses, ports, names, isolation, repair; and that nothing is left of them.
#
# The network namespace of the test run is the container host.  Beside it is another one, "outside": a neighbour
# on a network of the host's, with a route to nothing else.

load helpers

setup() {
    is_rootless && skip "bridge networks are root's"
    [ -n "${TEST_NETNS:-}" ] || skip "would change this machine's network: use run-bats.sh"
    command -v nft >/dev/null || skip "no nft program"
    NETECHO=${BUILD_DIR:-$BATS_TEST_DIRNAME/../../build}/test/netecho
    SERVERS=
    basic_setup
    load_busybox
    # What another file's tests may have left: addresses and names are counted here.
    for b in $(ip -o link show type bridge | sed -n 's/^[0-9]*: \(podman[0-9]*\):.*/\1/p'); do ip link del "$b"; done
    unshare -n sleep 600 3>&- &
    OUTSIDE=$!
    eventually other_netns
    ip link add up0 type veth peer name eth0 netns $OUTSIDE
    ip addr add 192.0.2.1/24 dev up0
    ip addr add 2001:db8::1/64 dev up0 nodad
    ip link set up0 up
    outside ip link set lo up
    outside ip addr add 192.0.2.2/24 dev eth0
    outside ip addr add 2001:db8::2/64 dev eth0 nodad
    outside ip link set eth0 up
}

teardown() {
    [ -n "${TEST_DIR:-}" ] || return 0
    podman rm -fa -t 0 >/dev/null 2>&1 || true
    [ ! -d "$TEST_DIR/root2" ] || other_podman rm -fa -t 0 >/dev/null 2>&1 || true
    for n in $(podman network ls -q); do podman network rm -f "$n" >/dev/null 2>&1 || true; done
    basic_teardown
    for s in $SERVERS; do kill "$s" 2>/dev/null || true; done
    kill -9 "$OUTSIDE" 2>/dev/null || true
    ip link del up0 2>/dev/null || true
    ip link del podman0 2>/dev/null || true
    nft delete table inet podman 2>/dev/null || true
}

other_netns() { [ "$(readlink /proc/$OUTSIDE/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
outside() { nsenter -t "$OUTSIDE" -n "$@"; }
address_of() { podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }

# server NAME [OPTIONS...]: answers on port 80 with the address of who asks.
server() {
    local name=$1
    shift
    podman run -d --name "$name" -v "$NETECHO:/netecho:ro" "$@" busybox /netecho serve tcp 80 >/dev/null
    eventually listens "$name" 80
}
listens() { podman exec "$1" netstat -ltn | grep -q "[:.]$2 "; }
# client NAME [OPTIONS...]: one that ask_from() can ask from.
client() {
    local name=$1
    shift
    podman run -d --name "$name" -v "$NETECHO:/netecho:ro" "$@" busybox sleep 100 >/dev/null
}

# ask ADDRESS PORT: what a server there says.
ask() { timeout 5 "$NETECHO" ask tcp "$1" "$2" 2>&1; }
ask_outside() { outside timeout 5 "$NETECHO" ask tcp "$1" "$2" 2>&1; }
# ask_from CONTAINER ADDRESS PORT
ask_from() { podman exec "$1" timeout 5 /netecho ask tcp "$2" "$3" 2>&1; }
# serve_outside PORT [ADDRESS], serve_host PORT [ADDRESS]: ended with the test.
serve_outside() { outside timeout 60 "$NETECHO" serve tcp "$@" 3>&- & SERVERS="$SERVERS $!"; }
serve_host() { timeout 60 "$NETECHO" serve tcp "$@" 3>&- & SERVERS="$SERVERS $!"; }

elements() { nft -j list map inet podman "$1" | jq '[.nftables[] | .map // empty | .elem // [] | length] | add // 0'; }
veths() { ip -br link show type veth | grep -c '^veth' || true; }
no_veths() { [ "$(veths)" = 0 ]; }
no_ports() { [ "$(elements ports4)" = 0 ]; }
rows() { sqlite3 -cmd '.timeout 5000' "$TEST_DIR/root/db.sqlite" "SELECT count(*) FROM $1"; }

# An ordinary user with a store of his own on the same host: user_podman.
user_setup() {
    id podtest >/dev/null 2>&1 || skip "no user podtest"
    command -v pasta >/dev/null || skip "no pasta"
    [ -c /dev/net/tun ] || skip "no /dev/net/tun"
    chmod 0666 /dev/net/tun # as udev does
    ip route add default via 192.0.2.3 dev up0
    USER_DIR=$TEST_DIR/user
    mkdir -p "$USER_DIR/xdg"
    chown -R podtest "$USER_DIR"
    chmod 700 "$USER_DIR/xdg"
    user_podman load -q -i "$TEST_DIR/busybox.tar"
}
user_teardown() {
    user_podman rm -fa -t 0
    user_podman unshare rm -rf "$USER_DIR/root" "$USER_DIR/run"
    rm -rf "$USER_DIR/xdg" # the holder of the namespaces leaves with it
}
user_podman() {
    setpriv --reuid podtest --regid podtest --init-groups env -i PATH="$PATH" HOME="$USER_DIR" USER=podtest \
        XDG_RUNTIME_DIR="$USER_DIR/xdg" CONTAINERS_CONF="$CONTAINERS_CONF" CONTAINERS_STORAGE_CONF="$CONTAINERS_STORAGE_CONF" \
        CONTAINERS_REGISTRIES_CONF="$CONTAINERS_REGISTRIES_CONF" "$PODMAN" --root "$USER_DIR/root" --runroot "$USER_DIR/run" "$@"
}
user_processes() { ps -u podtest -o args= | grep -c "$1.*$USER_DIR/" || true; }

@test "the default network: address, route, bridge, hosts" {
    run_podman run --rm --name c busybox sh -c 'ip -o addr show eth0; ip route; cat /etc/hosts'
    is "$output" =~ "inet 10.88.0.2/16"
    is "$output" =~ "default via 10.88.0.1 dev eth0"
    is "$output" =~ "10.88.0.1"$'\t'"host.containers.internal host.docker.internal"
    is "$output" =~ "10.88.0.2"$'\t'"[0-9a-f]{12} c"
    run ip -br addr show podman0
    is "$output" =~ "10.88.0.1/16"
    # the bridge stays; the pair and the lease do not
    eventually no_veths
    run_podman run --rm busybox ip -o addr show eth0
    is "$output" =~ "inet 10.88.0.3/16" # an address rests for a while
}

@test "a container reaches the outside under the host's address" {
    serve_outside 90
    client c
    eventually ask_from c 192.0.2.2 90
    is "$(ask_from c 192.0.2.2 90)" =~ "from 192.0.2.1:"
}

@test "containers reach each other and the host reaches them" {
    server a
    client b
    is "$(ask_from b "$(address_of a)" 80)" =~ "from $(address_of b):"
    is "$(ask "$(address_of a)" 80)" =~ "from 10.88.0.1:"
}

@test "a published port: from outside with the client's address, from the host, from itself" {
    server a -p 8080:80
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    is "$(ask 127.0.0.1 8080)" =~ "from 10.88.0.1:"
    is "$(ask ::1 8080)" =~ "from "
    is "$(ask_outside 2001:db8::1 8080)" =~ "from " # the monitor passes on what has no address inside
    is "$(ask 192.0.2.1 8080)" =~ "from "
    is "$(ask_from a 192.0.2.1 8080)" =~ "from 10.88.0.1:"
    run_podman port a
    is "$output" = "80/tcp -> 0.0.0.0:8080"
    run_podman port a 80
    is "$output" = "0.0.0.0:8080"
    run_podman ps --format '{{.Ports}}'
    is "$output" = "0.0.0.0:8080->80/tcp"
    run_podman inspect -f '{{json .NetworkSettings.Ports}} {{json .HostConfig.PortBindings}}' a
    is "$output" = '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]} {"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}'
    is "$(elements ports4)" = 1
    podman stop -t 0 a
    eventually no_ports
    run ask_outside 192.0.2.1 8080
    is "$output" =~ "refused"
}

@test "a port of one address of the host" {
    server a -p 192.0.2.1:8081:80
    is "$(ask_outside 192.0.2.1 8081)" =~ "from 192.0.2.2:"
    run ask 127.0.0.1 8081
    is "$output" =~ "refused"
    server b -p 127.0.0.1:8081:80
    is "$(ask 127.0.0.1 8081)" =~ "from "
}

@test "the loopback of the host is out of a container's reach" {
    serve_host 70 127.0.0.1
    server a -p 8080:80
    eventually ask 127.0.0.1 70
    client b --cap-add NET_ADMIN
    podman exec b sh -c 'ip route add table 9 127.0.0.0/8 via 10.88.0.1 && ip rule add pref 0 to 127.0.0.0/8 table 9 && ip rule del pref 0 lookup local || true'
    echo 1 >"/proc/$(pid_of b)/root/proc/sys/net/ipv4/conf/all/route_localnet" 2>/dev/null || true
    run ask_from b 127.0.0.1 70
    is "$output" !~ "from"
}

@test "a port that is taken is refused before anything starts, with its owner" {
    server a -p 8080:80
    run_podman 125 run --name b -p 8080:80 busybox touch /never
    is "$output" =~ "8080: bind: address already in use: published by container a"
    run_podman inspect -f '{{.State.Status}}' b
    is "$output" = created
    serve_host 8090
    eventually ask 127.0.0.1 8090
    run_podman 125 run --rm -p 8090:80 busybox true
    is "$output" =~ "cannot listen on the TCP port: listen tcp4 :8090: bind: address already in use"
    is "$(rows leases)" = 1
}

@test "random ports, ranges, -P and exposed ports" {
    server a -p 80
    port=$(podman port a 80 | cut -d: -f2)
    [ "$port" -gt 1023 ]
    is "$(ask_outside 192.0.2.1 "$port")" =~ "from 192.0.2.2:"
    server b -p 7000-7002:80-82
    is "$(ask_outside 192.0.2.1 7000)" =~ "from 192.0.2.2:"
    is "$(podman ps --filter name=b --format '{{.Ports}}')" = "0.0.0.0:7000-7002->80-82/tcp"
    is "$(podman port b | wc -l)" = 3
    server c --expose 80 --expose 90/udp -P
    port=$(podman port c 80/tcp | cut -d: -f2)
    is "$(ask_outside 192.0.2.1 "$port")" =~ "from 192.0.2.2:"
    run_podman inspect -f '{{json .Config.ExposedPorts}}' c
    is "$output" =~ '"80/tcp":\{\}'
    run_podman 125 run --rm -p 1-3:80 busybox true
    is "$output" =~ "different lengths"
    run_podman run --rm --network host -p 80:80 busybox true
    is "$output" =~ "Port mappings have been discarded"
}

@test "udp" {
    podman run -d --name u -p 8053:53/udp -v "$NETECHO:/netecho:ro" busybox /netecho serve udp 53
    said() { outside "$NETECHO" ask udp 192.0.2.1 8053 | grep -q "from 192.0.2.2:"; }
    eventually said
    for a in 127.0.0.1 ::1 192.0.2.1; do is "$("$NETECHO" ask udp $a 8053)" =~ "from "; done
    is "$(outside "$NETECHO" ask udp 2001:db8::1 8053)" =~ "from "
    is "$(podman port u)" = "53/udp -> 0.0.0.0:8053"
}

@test "IPv6: addresses, a way out, ports with the client's address" {
    podman network create --ipv6 --subnet fd00:77::/64 --subnet 10.77.0.0/24 six
    server a --network six -p 8080:80
    run_podman exec a ip -o addr show eth0
    is "$output" =~ "fd00:77::2/64"
    is "$output" =~ "10.77.0.2/24"
    is "$(ask_outside 2001:db8::1 8080)" =~ "from 2001:db8::2:"
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    is "$(ask ::1 8080)" =~ "from "
    serve_outside 90
    eventually ask_from a 2001:db8::2 90
    is "$(ask_from a 2001:db8::2 90)" =~ "from 2001:db8::1:"
}

@test "/etc/hosts: --add-host, base files, --no-hosts" {
    run_podman run --rm --add-host 'one;two:192.0.2.7' --add-host gw:host-gateway busybox cat /etc/hosts
    is "${lines[0]}" = "192.0.2.7"$'\t'"one two"
    is "${lines[1]}" = "10.88.0.1"$'\t'"gw"
    run_podman 125 run --rm --add-host foo:bar busybox true
    is "$output" =~ "invalid IP address in add-host"
    echo '192.0.2.8 base' >"$TEST_DIR/base"
    run_podman run --rm --hosts-file "$TEST_DIR/base" busybox cat /etc/hosts
    is "$output" =~ "192.0.2.8"$'\t'"base"
    is "$output" =~ "127.0.0.1"$'\t'"localhost"
    run_podman run --rm --hosts-file none busybox cat /etc/hosts
    is "${lines[0]}" = "127.0.0.1"$'\t'"localhost"
    printf '[containers]\nbase_hosts_file="%s"\n' "$TEST_DIR/base" >"$CONTAINERS_CONF"
    run_podman run --rm busybox cat /etc/hosts
    is "$output" =~ "base"
    run_podman run --rm --no-hosts busybox sh -c 'cat /etc/hosts || echo none'
    is "$output" !~ "base"
    run_podman 125 run --rm --no-hosts --add-host a:1.2.3.4 busybox true
    is "$output" =~ "cannot be set together"
    run_podman run --rm --network none --hostname h busybox cat /etc/hosts
    is "$output" =~ "127.0.0.1"$'\t'"h "
    run_podman run --rm --no-hostname busybox sh -c 'cat /etc/hostname || echo none'
    is "$output" =~ none
}

@test "/etc/hosts: another address of the host, while the container runs" {
    podman run -d --name h --network host --add-host gate:host-gateway --add-host mine:192.0.2.1 busybox sleep 300
    podman run -d --name b busybox sleep 300
    podman exec h sh -c 'echo "192.0.2.1 added.inside" >>/etc/hosts'
    is "$(podman exec h grep host.containers /etc/hosts)" =~ ^192.0.2.1
    ip addr del 192.0.2.1/24 dev up0
    ip addr add 192.0.2.77/24 dev up0
    follows() { podman exec h grep -q "^192.0.2.77[[:space:]]host.containers.internal" /etc/hosts; }
    eventually follows
    is "$(podman exec h grep gate /etc/hosts)" =~ ^192.0.2.77
    is "$(podman exec h grep mine /etc/hosts)" =~ ^192.0.2.1[^0-9]
    is "$(podman exec h grep added /etc/hosts)" = "192.0.2.1 added.inside"
    is "$(podman exec b grep host.containers /etc/hosts)" =~ ^10.88.0.1 # a bridge's address is what it was
    ip addr del 192.0.2.77/24 dev up0
    ip addr add 192.0.2.1/24 dev up0
    back() { podman exec h grep -q "^192.0.2.1[[:space:]]host.containers.internal" /etc/hosts; }
    eventually back
    # Who has changed the line has it.
    podman exec h sh -c 'sed "s/host.containers.internal/changed/" /etc/hosts >/tmp/h; cat /tmp/h >/etc/hosts'
    ip addr del 192.0.2.1/24 dev up0
    ip addr add 192.0.2.77/24 dev up0
    gate() { podman exec h grep -q "^192.0.2.77.*gate" /etc/hosts; }
    eventually gate
    is "$(podman exec h grep changed /etc/hosts)" =~ ^192.0.2.1[^0-9]
}

@test "/etc/resolv.conf: --dns, --dns-search, --dns-option, the host's servers" {
    run_podman run --rm --dns 192.0.2.9 --dns-search example.org --dns-option ndots:3 busybox cat /etc/resolv.conf
    is "$output" = "search example.org
nameserver 192.0.2.9
options ndots:3"
    run_podman run --rm --dns none busybox sh -c 'cat /etc/resolv.conf || echo image'
    is "$output" =~ image
    run_podman 125 run --rm --dns x busybox true
    is "$output" =~ "x is not an ip address"
    run_podman run --rm busybox cat /etc/resolv.conf
    is "$output" !~ "nameserver 127"
    # A host that asks a server on its own loopback: the container's monitor asks it.
    echo 'nameserver 127.0.0.1' >"$TEST_DIR/resolv"
    run unshare -m bash -c 'mount --bind "$0" /etc/resolv.conf && "$@"' "$TEST_DIR/resolv" \
        "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" run --rm busybox cat /etc/resolv.conf
    is "$output" = "nameserver 127.0.0.11"
    printf '[containers]\ndns_servers=["192.0.2.10"]\n' >"$CONTAINERS_CONF"
    run_podman run --rm busybox cat /etc/resolv.conf
    is "$output" =~ "nameserver 192.0.2.10"
}

@test "network create: what it writes, what it chooses, what it refuses" {
    run_podman network create --subnet 10.50.0.0/24 --gateway 10.50.0.254 --ip-range 10.50.0.16/28 --label a=b -o mtu=1400 --dns 192.0.2.53 n
    is "$output" = n
    file=$TEST_DIR/root/networks/n.json
    is "$(jq -r '.name+" "+.driver+" "+.network_interface' "$file")" = "n bridge podman1"
    is "$(jq -c '[.subnets,.labels,.options,.ipam_options,.dns_enabled,.internal,.ipv6_enabled,.network_dns_servers]' "$file")" = '[[{"subnet":"10.50.0.0/24","gateway":"10.50.0.254","lease_range":{"start_ip":"10.50.0.17","end_ip":"10.50.0.31"}}],{"a":"b"},{"mtu":"1400"},{"driver":"host-local"},true,false,false,["192.0.2.53"]]'
    run_podman run --rm --network n busybox ip addr show eth0
    is "$output" =~ "10.50.0.17/24"
    is "$output" =~ "mtu 1400"
    ip addr add 10.89.0.77/24 dev up0
    podman network create m # not the subnet that the host has a route to
    is "$(podman network inspect -f '{{(index .Subnets 0).Subnet}}' m)" = 10.89.1.0/24
    for bad in "n" "host" "-d nonsense x" "--subnet 10.50.0.0/25 x" "-o what=1 x" "-o mtu=big x" "--subnet 10.51.0.0/24 --gateway 10.52.0.1 x" "--gateway 10.1.1.1 x" "-d macvlan -o parent=nothere x" "a/b"; do
        run_podman 125 network create $bad
        is "$output" =~ Error
    done
    run_podman network create --ignore n
    is "$(podman network create)" = podman1
    run_podman network exists n
    run_podman 1 network exists none-such
    run_podman 1 network rm none-such
    run_podman create --name c --network n busybox true
    run_podman 2 network rm n
    is "$output" =~ "network is being used"
    run_podman network prune -f
    is "$output" = "m
podman1"
    run_podman network rm -f n
    run_podman 1 container exists c
    run_podman 125 network rm podman
}

@test "network create: values as Podman writes them, and its words" {
    podman network create --opt no_default_route=1 --opt isolate=0 o
    is "$(podman network inspect -f '{{.Options}}' o)" = "map[isolate:false no_default_route:true]"
    podman network create --subnet fd00:4:3:2::/64 --ipv6 dual
    is "$(podman network inspect -f '{{json .Subnets}}' dual)" =~ "fd00:4:3:2::1.*subnet.*10\.[0-9]+\.[0-9]+\.0/24"
    podman network create --subnet fd00:4:3:3::/64 six
    is "$(podman network inspect -f '{{len .Subnets}} {{.IPv6Enabled}}' six)" = "1 true"
    refused() {
        local words=$1
        shift
        run_podman 125 network create "$@"
        is "$output" =~ "Error: $words"
    }
    refused 'range start ip "10.11.12.345" is not a ip address' --subnet 10.11.12.0/24 --ip-range 10.11.12.345-10.11.12.999
    refused 'range end ip "10.11.12.999" is not a ip address' --subnet 10.11.12.0/24 --ip-range 10.11.12.3-10.11.12.999
    refused 'lease range start ip 10.11.12.9 and end ip 10.11.12.3 not in subnet or out of order' --subnet 10.11.12.0/24 --ip-range 10.11.12.9-10.11.12.3
    refused 'invalid argument "10.11.12.256" for "--gateway" flag: invalid string being converted to IP address: 10.11.12.256' --gateway 10.11.12.256
    refused "cannot set more gateways than subnets" --subnet 10.10.3.0/24 --gateway 10.10.3.10 --gateway fd52::10
    refused "cannot set more ranges than subnets" --subnet 10.10.3.0/24 --ip-range 10.10.3.0/26 --ip-range 10.10.3.0/28
    refused 'unable to parse isolate option "maybe"' --opt isolate=maybe
}

@test "network ls and inspect: filters and formats" {
    podman network create --label k=v one
    podman network create -d ipvlan --interface-name up0 --subnet 192.0.2.0/24 two
    is "$(podman network ls -q | tr '\n' ' ')" = "one podman two "
    is "$(podman network ls -q --filter driver=ipvlan)" = two
    is "$(podman network ls -q --filter label=k=v)" = one
    is "$(podman network ls -q --filter label!=k | tr '\n' ' ')" = "podman two "
    is "$(podman network ls -q --filter name=^o)" = one
    is "$(podman network ls -q --filter dangling=false)" = podman
    is "$(podman network ls -q --filter "id=$(podman network inspect -f '{{.ID}}' one | cut -c1-8)")" = one
    is "$(podman network ls -q --filter until=1h)" = ""
    run_podman 125 network ls --filter bad=1
    run_podman network ls
    is "${lines[0]}" =~ "NETWORK ID +NAME +DRIVER"
    run_podman network ls -n --format '{{.ID}} {{.Name}} {{.Driver}} {{.NetworkInterface}} {{.IPv6Enabled}} {{.Internal}} {{.DNSEnabled}} {{.Labels}}'
    is "$output" =~ "one bridge podman1 false false true k=v"
    is "$(podman network ls --format json | jq -r '.[].name' | tr '\n' ' ')" = "one podman two "
    podman run -d --name c --network one busybox sleep 100
    is "$(podman network inspect one | jq -r '.[0].containers[].interfaces.eth0.subnets[0].ipnet')" =~ "^10.89.0.2/24$"
    is "$(podman network inspect one | jq -r '.[0].containers[].name')" = c
    run_podman 125 network inspect one none-such
    is "$output" =~ "network none-such: unable to find network with name or ID none-such: network not found"
    is "$(podman ps -q --filter network=one | wc -l)" = 1
    is "$(podman ps -q --filter network=podman | wc -l)" = 0
    is "$(podman ps --format '{{.Networks}}')" = one
}

@test "a network file of Podman's is read" {
    mkdir -p "$TEST_DIR/root/networks"
    cat >"$TEST_DIR/root/networks/web.json" <<JSON
{
     "name": "web",
     "id": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "driver": "bridge",
     "network_interface": "podman7",
     "created": "2023-05-05T10:11:12.123456789+02:00",
     "subnets": [{"subnet": "10.90.3.0/24", "gateway": "10.90.3.1"}],
     "ipv6_enabled": false,
     "internal": false,
     "dns_enabled": true,
     "ipam_options": {"driver": "host-local"}
}
JSON
    run_podman run --rm --network web busybox ip -o addr show eth0
    is "$output" =~ "10.90.3.2/24"
    run_podman run --rm --network 0123456789 busybox true
    echo '{"name":"bad","id":"x"}' >"$TEST_DIR/root/networks/bad.json"
    run_podman network ls -q
    is "$output" =~ "web"
    is "$output" =~ "Error reading network config file"
}

@test "static addresses, hardware addresses, interface names, several networks" {
    podman network create a
    podman network create b
    podman run -d --name c --network a:ip=10.89.0.40,mac=02:00:00:00:00:40,interface_name=left --network b:alias=other,host_interface_name=hostb busybox sleep 100
    run_podman exec c ip -o addr
    is "$output" =~ "left +inet 10.89.0.40/24"
    is "$output" =~ "eth1 +inet 10.89.1.2/24"
    is "$(podman exec c cat /sys/class/net/left/address)" = 02:00:00:00:00:40
    ip link show hostb
    run_podman 125 run --rm --network a --ip 10.89.0.40 busybox true
    is "$output" =~ "requested ip address 10.89.0.40 is already allocated"
    run_podman 125 run --rm --network a --ip 10.1.0.40 busybox true
    is "$output" =~ "requested static ip 10.1.0.40 not in any subnet on network a"
    run_podman run --rm --network a --ip 10.89.0.41 --mac-address 02:00:00:00:00:41 busybox ip addr show eth0
    is "$output" =~ "10.89.0.41/24"
    is "$output" =~ "02:00:00:00:00:41"
    run_podman 125 run --rm --network none --ip 10.89.0.41 busybox true
    run_podman 125 run --rm --network a --network b --ip 10.89.0.41 busybox true
    run_podman 125 run --rm --network a:nonsense=1 busybox true
    is "$output" =~ "unknown bridge network option: nonsense"
    run_podman 125 run --rm --network none --network a busybox true
    is "$output" =~ "cannot set multiple networks without bridge network mode"
    run_podman 125 run --rm --network slirp4netns busybox true
    is "$output" =~ "use pasta instead"
    run_podman 125 run --rm --network none-such busybox true
    is "$output" =~ "network not found"
}

@test "names: containers, aliases; a container that serves port 53 itself" {
    podman network create a
    podman run -d --name one --network a --network-alias uno busybox sleep 100
    podman run -d --name two --network a -v "$NETECHO:/netecho:ro" busybox /netecho serve udp 53
    ip1=$(address_of one)
    run_podman exec two nslookup one
    is "$output" =~ "Address: $ip1"
    run_podman exec two nslookup uno
    is "$output" =~ "Address: $ip1"
    run_podman exec two nslookup "$(podman inspect -f '{{.Id}}' one | cut -c1-12)"
    is "$output" =~ "Address: $ip1"
    run_podman exec two nslookup "$ip1"
    is "$output" =~ "one"
    is "$("$NETECHO" ask udp "$(address_of two)" 53)" =~ "from 10.89.0.1:"
    podman restart -t 0 one
    run podman exec two nslookup "$ip1" # its old address
    is "$output" !~ "name = one"
    ip1=$(address_of one)
    run_podman exec two nslookup one
    is "$output" =~ "Address: $ip1"
    podman rm -f -t 0 one
    run podman exec two nslookup one
    is "$output" !~ "Address: $ip1"
}

@test "connect and disconnect, running and stopped" {
    podman network create a
    podman network create b
    server c --network a -p 8080:80
    podman run -d --name peer --network b busybox sleep 100
    podman network connect --alias sea --ip 10.89.1.9 b c
    run_podman exec c ip -o addr show eth1
    is "$output" =~ "10.89.1.9/24"
    run_podman exec c cat /etc/hosts
    is "$output" =~ "10.89.1.9"$'\t'
    run_podman exec peer nslookup sea
    is "$output" =~ "Address: 10.89.1.9"
    run_podman 125 network connect b c
    is "$output" =~ "network is already connected"
    eventually ask 127.0.0.1 8080
    podman network disconnect a c # the port goes over to the other network
    run podman exec c ip addr show eth0
    [ "$status" -ne 0 ]
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    run_podman 125 network disconnect a c
    podman run -d --name d busybox sleep 100 # on a network without names
    podman network connect b d
    run_podman exec d nslookup sea
    is "$output" =~ "Address: 10.89.1.9"
    podman stop -t 0 c
    podman network connect a c
    podman start c
    is "$(podman inspect -f '{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}' c)" = "a b "
    podman run -d --name n --network none busybox sleep 100
    run_podman 125 network connect a n
    is "$output" =~ '"none" is not supported: invalid network mode'
}

@test "isolated networks do not reach each other, internal ones nothing" {
    podman network create -o isolate=true a
    podman network create -o isolate=true b
    podman network create -o isolate=strict s
    podman network create --internal i
    podman network create open
    for n in a b s i open; do server "srv-$n" --network $n -p "$((8000 + $(printf '%d' "'${n:0:1}"))):80"; done
    for n in a s i open; do
        run ask_from "srv-$n" "$(address_of srv-b)" 80
        if [ $n = open ]; then is "$output" =~ from; else is "$output" !~ from; fi
    done
    run ask_from srv-a 192.0.2.1 8098 # b's published port
    is "$output" !~ "from"
    run ask_from srv-open "$(address_of srv-s)" 80
    is "$output" !~ "from"
    run ask_from srv-s "$(address_of srv-open)" 80
    is "$output" !~ "from"
    serve_outside 90
    eventually ask_from srv-a 192.0.2.2 90
    run ask_from srv-i 192.0.2.2 90
    is "$output" !~ "from"
    run ask_outside 192.0.2.1 8105 # i's port
    is "$output" !~ "from"
    outside ip route add 10.89.0.0/16 via 192.0.2.1
    run ask_outside "$(address_of srv-i)" 80
    is "$output" !~ "from"
    is "$(ask "$(address_of srv-i)" 80)" =~ from
}

@test "rules that somebody flushed are made again, for all" {
    server a -p 8080:80
    server b -p 8081:80
    nft flush ruleset
    podman run --rm busybox true
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    is "$(ask_outside 192.0.2.1 8081)" =~ "from 192.0.2.2:"
    nft flush chain inet podman ports
    run_podman network reload b
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    nft add table inet theirs
    nft delete table inet podman
    run_podman network reload -a
    is "$(ask_outside 192.0.2.1 8081)" =~ "from 192.0.2.2:"
    nft list table inet theirs
    # The monitors see to it by themselves, too: rules and a bridge that is gone.
    nft flush ruleset
    again() { ask_outside 192.0.2.1 8080 | grep -q "from 192.0.2.2:"; }
    eventually again
    ip link del podman0
    eventually again
    is "$(ask_from b "$(address_of a)" 80)" =~ "from $(address_of b):"
}

@test "one monitor watches for all; when it is gone, another does" {
    podman run -d --name a busybox sleep 300
    podman network create --interface-name brx net
    server b -p 8080:80
    podman run -d --name c --network net busybox sleep 300
    # Of the listeners for interfaces there is one, however many containers there are.
    listeners() { awk '$2 == 0 && $4 ~ /[13579bdf]$/' /proc/net/netlink | wc -l; }
    is "$(listeners)" = 1
    kill -9 "$(podman inspect -f '{{.State.ConmonPid}}' a)"
    one() { [ "$(listeners)" = 1 ]; }
    eventually one
    nft flush ruleset
    eventually ask_outside 192.0.2.1 8080
    ip link del brx # of another container than the one whose monitor watches
    back() { ip link show brx >/dev/null 2>&1 && [ "$(ip -o link show master brx | wc -l)" = 1 ]; }
    eventually back
}

# A second store on the same host: other_podman.
other_podman() { "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" "$@"; }
other_address() { other_podman inspect -f '{{.NetworkSettings.IPAddress}}' "$1"; }

@test "two stores: addresses never meet, neither takes away what is the other's" {
    other_podman load -q -i "$TEST_DIR/busybox.tar"
    for n in 1 2 3; do
        podman run -d --name a$n busybox sleep 300
        other_podman run -d --name b$n busybox sleep 300
    done
    all=$(for n in 1 2 3; do
        address_of a$n
        other_address b$n
    done | sort)
    is "$(uniq <<<"$all" | grep -c '^10\.88\.')" = 6
    run_podman 125 run --rm --ip "$(other_address b1)" busybox true
    is "$output" =~ "already allocated to a container of another storage root"
    # A container that has gone has given its address up.
    ip=$(other_address b3)
    other_podman rm -f -t 0 b3
    podman run --rm --ip "$ip" busybox true
    # The table is made by whoever comes first; both stores' ports are in it again.
    server sa -p 8080:80
    other_podman run -d --name sb -v "$NETECHO:/netecho:ro" -p 8081:80 busybox /netecho serve tcp 80
    both() { ask_outside 192.0.2.1 8080 && ask_outside 192.0.2.1 8081; }
    eventually both
    nft flush ruleset
    eventually both
    nft delete table inet podman
    eventually both
    podman network reload --all
    both
    # The same network of both, and one removes its own.
    podman network create --interface-name brx --subnet 10.201.0.0/24 net
    other_podman network create --interface-name brx --subnet 10.201.0.0/24 net
    podman run -d --name ca --network net busybox sleep 300
    server2() { other_podman run -d --name cb --network net -p 8082:80 -v "$NETECHO:/netecho:ro" busybox /netecho serve tcp 80; }
    server2
    eventually ask_outside 192.0.2.1 8082
    podman network rm -f -t 0 net
    ip link show brx
    ask_outside 192.0.2.1 8082
    other_podman network rm -f -t 0 net
    run ip link show brx
    [ "$status" -ne 0 ]
    podman system reset -f
    ask_outside 192.0.2.1 8081
    other_podman rm -fa -t 0
}

@test "a port of a dead container of another store" {
    other_podman load -q -i "$TEST_DIR/busybox.tar"
    other_podman run -d --name dead -p 8080:80 busybox sleep 300
    kill -9 "$(other_podman inspect -f '{{.State.ConmonPid}}' dead)"
    is "$(elements ports4)" = 1
    free() { podman run -d --replace --name web -p 8080:80 -v "$NETECHO:/netecho:ro" busybox /netecho serve tcp 80; }
    eventually free
    eventually ask_outside 192.0.2.1 8080
    other_podman rm -f -t 0 dead # knows of the port, which leads elsewhere now
    ask_outside 192.0.2.1 8080
    podman rm -f -t 0 web
    no_ports
}

@test "publish: sctp, which the kernel passes on without a socket of ours" {
    podman run -d --name s -p 192.0.2.1:9000:9001/sctp busybox sleep 100
    is "$(podman port s)" = "9001/sctp -> 192.0.2.1:9000"
    nft list map inet podman ports4_at | tr -d '\n' >"$TEST_DIR/map"
    is "$(cat "$TEST_DIR/map")" =~ "192.0.2.1 . sctp . 9000 : $(address_of s) . 9001"
    podman rm -f -t 0 s
    is "$(elements ports4_at)" = 0
}

@test "macvlan" {
    podman network create -d macvlan --interface-name up0 --subnet 192.0.2.0/24 --gateway 192.0.2.1 --ip-range 192.0.2.64/27 mv
    server a --network mv
    is "$(ask_outside 192.0.2.65 80)" =~ "from 192.0.2.2:" # Podman's ranges begin behind the net's own address
    podman rm -f -t 0 a
    for mode in bridge private vepa; do
        podman network create -d macvlan -o parent=up0 -o mode=$mode --ipam-driver none "m-$mode"
        run_podman run --rm --network "m-$mode" busybox ip link show eth0
    done
}

@test "ipvlan" {
    ip link add link up0 name iv0 type ipvlan 2>/dev/null || skip "this kernel has no ipvlan"
    ip link del iv0
    podman network create -d ipvlan -o parent=up0 -o mode=l2 --subnet 192.0.2.0/24 --ip-range 192.0.2.96/27 iv
    server a --network iv
    is "$(ask_outside 192.0.2.97 80)" =~ "from 192.0.2.2:"
    podman rm -f -t 0 a
    podman network create -d ipvlan -o parent=up0 -o mode=l3 --subnet 198.51.100.0/24 l3
    run_podman run --rm --network l3 busybox ip route
    is "$output" =~ "default dev eth0"
}

@test "bridge options: vlan, vrf, unmanaged, routes, metric, no default route" {
    podman network create -o vlan=7 v
    if ip link add mine type bridge vlan_filtering 1 2>/dev/null; then # not every kernel can
        ip link del mine
        podman run -d --name c --network v busybox sleep 100
        run bridge vlan show
        is "$output" =~ "veth[0-9a-f]+ +7 PVID Egress Untagged"
    else
        run_podman 125 run --network v busybox true
        is "$output" =~ "creating the bridge podman1"
    fi
    if ip link add red type vrf table 9 2>/dev/null; then
        ip link set red up
        podman network create -o vrf=red r
        podman run --rm --network r busybox true
        is "$(ip -o link show "$(podman network inspect -f '{{.NetworkInterface}}' r)")" =~ "master red"
        podman network rm r
        ip link del red
    fi
    ip link add mine type bridge
    ip link set mine up
    podman network create -o mode=unmanaged --interface-name mine --subnet 10.60.0.0/24 u
    run_podman run --rm --network u busybox ip route
    is "$output" =~ "default via 10.60.0.1"
    is "$(ip -o addr show mine)" !~ 10.60
    podman network rm u
    ip link show mine
    ip link del mine
    podman network create --route 203.0.113.0/24,10.89.1.9,50 --route 198.51.100.0/24,blackhole -o metric=300 m
    run_podman run --rm --network m busybox ip route
    is "$output" =~ "203.0.113.0/24 via 10.89.1.9 dev eth0 +metric 50"
    is "$output" =~ "blackhole 198.51.100.0/24"
    is "$output" =~ "default via 10.89.1.1 dev eth0 +metric 300"
    podman network create -o no_default_route=true nd
    run_podman run --rm --network nd busybox ip route
    is "$output" !~ default
}

@test "update: servers of a network" {
    podman network create a
    run_podman network update --dns-add 192.0.2.2 a
    is "$(podman network inspect -f '{{.NetworkDNSServers}}' a)" = "[192.0.2.2]"
    run_podman network update --dns-drop 192.0.2.2 --dns-add 192.0.2.3 a
    is "$(podman network inspect -f '{{.NetworkDNSServers}}' a)" = "[192.0.2.3]"
    run_podman 125 network update --dns-add nonsense a
    run_podman 125 network update --dns-add 192.0.2.3 podman # answers no names
}

@test "another OCI runtime: bridge, ports, names, exec, restart" {
    command -v runc >/dev/null || skip "no runc"
    podman network create net
    podman --runtime runc run -d --name r --network net -p 8080:80 -v "$NETECHO:/netecho:ro" busybox /netecho serve tcp 80
    ip=$(address_of r)
    eventually ask_outside 192.0.2.1 8080
    is "$(podman exec r ip -4 -o addr show eth0)" =~ "inet $ip/"
    client c --network net
    is "$(podman exec c nslookup r 2>&1)" =~ "$ip"
    is "$(ask_from c "$ip" 80)" =~ "from $(address_of c)"
    podman --runtime runc run --rm --network container:r busybox ip -4 -o addr show eth0 | grep -q "inet $ip/"
    podman restart -t 0 r
    eventually ask_outside 192.0.2.1 8080
    podman network disconnect net r
    run podman exec r ip link show eth0
    [ "$status" -ne 0 ]
    podman rm -f -t 0 r c
    eventually no_veths
    no_ports
}

@test "the network of another container" {
    server a -p 8080:80
    run_podman run --rm --network container:a busybox sh -c 'ip -o addr show eth0; grep "a$" /etc/hosts'
    is "$output" =~ "inet $(address_of a)/16"
    is "$output" =~ "$(address_of a)"$'\t'
}

@test "restart keeps addresses and ports; a changed port moves with stop and start" {
    podman run -d --name a --restart always -p 8080:80 -v "$NETECHO:/netecho:ro" busybox sh -c 'timeout 1 /netecho serve tcp 80; exit 1'
    ip1=$(address_of a)
    again() { [ "$(podman inspect -f '{{.RestartCount}}' a)" -ge 1 ]; }
    eventually again
    is "$(address_of a)" = "$ip1"
    eventually ask 127.0.0.1 8080
}

@test "update: ports come and go while the container runs" {
    server a -p 8080:80
    server b
    run_podman update --publish-add 8081:80 a
    is "$output" =~ '^[0-9a-f]{64}$'
    is "$(ask_outside 192.0.2.1 8081)" =~ "from 192.0.2.2:"
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    is "$(ask ::1 8081)" =~ "from "
    is "$(podman port a | sort | tr '\n' ' ')" = "80/tcp -> 0.0.0.0:8080 80/tcp -> 0.0.0.0:8081 "
    # Taken by another: refused, and nothing has changed.
    run_podman 125 update --publish-rm 8081:80 --publish-add 8080:81 b
    is "$output" =~ "does not publish port 8081:80"
    run_podman 125 update --publish-add 8080:80 b
    is "$output" =~ "address already in use|8080"
    is "$(podman port b)" = ""
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    # A port goes: nobody answers, and another container can have it at once.
    run_podman update --publish-rm 8080:80 a
    run ask_outside 192.0.2.1 8080
    is "$output" !~ "from"
    run_podman update --publish-add 8080:80 b
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    is "$(ask_outside 192.0.2.1 8081)" =~ "from 192.0.2.2:"
    # Moved in one step; it outlives a restart of the container.
    run_podman update --publish-rm 8080:80 --publish-add 127.0.0.1:8080:80 b
    is "$(ask 127.0.0.1 8080)" =~ "from "
    run ask_outside 192.0.2.1 8080
    is "$output" !~ "from"
    podman restart -t 0 a >/dev/null
    listens_a() { listens a 80; }
    eventually listens_a
    is "$(ask_outside 192.0.2.1 8081)" =~ "from 192.0.2.2:"
    podman stop -t 0 a >/dev/null
    run_podman update --publish-rm 80/tcp a
    is "$(podman port a)" = ""
    podman run -d --name h --network none busybox sleep 100
    run_podman 125 update --publish-add 8085:80 h
    is "$output" =~ "none"
    podman rm -fa -t 0 >/dev/null
    eventually no_ports
}

@test "an ordinary user: pasta, with published ports; it leaves with the container" {
    user_setup
    user_podman run -d --name a -p 8080:80 -v "$NETECHO:/netecho:ro" busybox /netecho serve tcp 80
    eventually ask 127.0.0.1 8080
    run user_podman exec a ip -o addr
    is "$output" =~ "inet 192.0.2.1/24"
    serve_outside 90
    from_inside() { user_podman exec a /netecho ask tcp 192.0.2.2 90 | grep -q "from 192.0.2.1:"; }
    eventually from_inside
    # From outside, and with the client's own address; another port comes and goes while it runs.
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:"
    is "$(ask_outside 2001:db8::1 8080)" =~ "from "
    user_podman run -d --name u -p 8053:53/udp -v "$NETECHO:/netecho:ro" busybox /netecho serve udp 53
    udp_said() { outside timeout 5 "$NETECHO" ask udp 192.0.2.1 8053 | grep -q "from 192.0.2.2:"; }
    eventually udp_said
    udp_said
    is "$(timeout 5 "$NETECHO" ask udp 127.0.0.1 8053)" =~ "from "
    user_podman rm -f -t 0 u
    user_podman update --publish-add 8082:80 a
    is "$(ask_outside 192.0.2.1 8082)" =~ "from 192.0.2.2:"
    user_podman update --publish-rm 8082:80 a
    run ask_outside 192.0.2.1 8082
    is "$output" !~ "from"
    run user_podman run --rm -p 8080:80 busybox true
    [ "$status" -eq 125 ]
    is "$output" =~ "address already in use"
    is "$(user_podman port a)" = "80/tcp -> 0.0.0.0:8080"
    is "$(user_podman inspect -f '{{.HostConfig.NetworkMode}}' a)" = pasta
    [ "$(user_processes pasta)" -ge 1 ]
    user_podman stop -t 0 a
    gone() { [ "$(user_processes pasta)" = 0 ]; }
    eventually gone
    run user_podman run --rm --network pasta:--nonsense busybox true
    [ "$status" -eq 125 ]
    is "$output" =~ "pasta failed with exit code"
    user_teardown
}

@test "an ordinary user: bridges, names, ports, a way out" {
    user_setup
    user_podman network create n
    user_podman run -d --name a --network n -p 8080:80 -v "$NETECHO:/netecho:ro" busybox /netecho serve tcp 80
    user_podman run -d --name b --network n -v "$NETECHO:/netecho:ro" busybox sleep 100
    run user_podman exec b ip -o addr show eth0
    is "$output" =~ "inet 10.89.0.3/24"
    run user_podman exec b nslookup a
    is "$output" =~ "Address: 10.89.0.2"
    from_b() { user_podman exec b /netecho ask tcp 10.89.0.2 80 | grep -q "from 10.89.0.3:"; }
    eventually from_b
    eventually ask 127.0.0.1 8080
    is "$(ask_outside 192.0.2.1 8080)" =~ "from 192.0.2.2:" # and not from whoever passes it on
    user_podman run -d --name u --network n -p 8053:53/udp -p 8054:53/udp -v "$NETECHO:/netecho:ro" busybox /netecho serve udp 53
    udp_said() { outside timeout 5 "$NETECHO" ask udp 192.0.2.1 "$1" | grep -q "from 192.0.2.2:"; }
    eventually udp_said 8053
    udp_said 8054
    is "$(user_podman exec b timeout 5 /netecho ask udp 10.89.0.4 53)" =~ "from 10.89.0.3:" # its neighbours as ever
    user_podman rm -f -t 0 u
    serve_outside 90
    out() { user_podman exec b /netecho ask tcp 192.0.2.2 90 | grep -q "from 192.0.2.1:"; }
    eventually out
    is "$(ip -br link show type bridge)" = "" # nothing of it on the host
    run user_podman unshare --rootless-netns ip -br link show type bridge
    is "$output" =~ "podman1"
    run user_podman run --rm --network n -p 8080:80 busybox true
    [ "$status" -eq 125 ]
    is "$output" =~ "address already in use"
    user_podman network connect podman b
    run user_podman exec b ip -o addr show eth1
    is "$output" =~ "inet 10.88.0.2/16"
    user_podman network rm -f -t 0 n
    user_teardown
    gone() { [ "$(user_processes pasta)" = 0 ] && [ "$(user_processes podman-pause)" = 0 ]; }
    eventually gone || {
        ps -u podtest -o pid,etimes,args | grep "$USER_DIR"
        false
    }
}

@test "system prune takes unused networks, system reset all" {
    podman network create net-a
    podman network create net-b
    run_podman run --rm --network net-a busybox true
    podman run -d --name c --network net-b busybox sleep 100
    run_podman system prune -f
    is "$output" =~ "Deleted Networks
net-a"
    run_podman 1 network exists net-a
    run ip link show podman1
    [ "$status" -ne 0 ]
    run_podman network exists net-b
    run_podman system reset -f
    run ip link show podman2
    [ "$status" -ne 0 ]
    [ ! -e "$TEST_DIR/root/networks" ]
}

@test "many at once: each has an address, nobody waits for another" {
    for i in $(seq 20); do podman run -d --name "c$i" busybox sleep 100 >/dev/null 3>&- & pids="$pids $!"; done
    for p in $pids; do wait "$p"; done
    is "$(for i in $(seq 20); do address_of "c$i"; done | sort -u | wc -l)" = 20
    podman rm -fa -t 0 >/dev/null
    is "$(rows leases)" = 0
}

@test "kill -9 anywhere: addresses, ports and interfaces come back" {
    podman run --rm -p 9000:80 busybox true
    parent=/libpod-kill-$BASHPID
    [ "$(podman info -f '{{.Host.CgroupManager}}')" = cgroupfs ] || parent=
    for i in $(seq "${KILL_ROUNDS:-100}"); do
        podman run -d --rm ${parent:+--cgroup-parent $parent} --name k -p 9000:80 -p 9001:81 busybox sleep 100 >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.0$((RANDOM % 5))$((RANDOM % 10))"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        monitor=$(podman inspect -f '{{.State.ConmonPid}}' k 2>/dev/null) || monitor=0
        [ $((i % 3)) -ne 0 ] || [ "${monitor:-0}" -le 1 ] || kill -9 "$monitor" 2>/dev/null || true
        podman rm -f -t 0 k >/dev/null 2>&1 || true
    done
    podman rm -fa -t 0 >/dev/null 2>&1 || true
    podman container prune -f >/dev/null
    podman run --rm -p 9000:80 -p 9001:81 busybox true
    clean() { [ "$(rows leases)" = 0 ] && [ "$(rows published)" = 0 ] && [ "$(elements ports4)" = 0 ] && [ "$(veths)" = 0 ]; }
    eventually clean
    [ -z "$parent" ] || is "$(find /sys/fs/cgroup -path "*$parent/libpod-*" -type d 2>/dev/null)" = ""
    [ -z "$parent" ] || find /sys/fs/cgroup -depth -path "*$parent" -type d -exec rmdir {} + 2>/dev/null || true
}
