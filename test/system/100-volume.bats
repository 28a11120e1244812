#!/usr/bin/env bats
# podman volume: what is made, listed, mounted, moved and removed.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

@test "volume: create, inspect, exists, rm" {
    run_podman volume create --label a=b --label c mine
    is "$output" = mine
    podman volume inspect mine >"$TEST_DIR/json"
    is "$(jq -c '.[0] | [.Name, .Driver, .Scope, .Labels, .Options, .MountCount]' "$TEST_DIR/json")" = \
        '["mine","local","local",{"a":"b","c":""},{},0]'
    [ -d "$(jq -r '.[0].Mountpoint' "$TEST_DIR/json")" ]
    is "$(podman volume inspect --format '{{.Mountpoint}}' mi)" = "$(jq -r '.[0].Mountpoint' "$TEST_DIR/json")"
    run_podman 125 volume create mine
    is "$output" =~ "volume with name mine already exists: volume already exists"
    run_podman volume create --ignore mine
    run_podman volume exists mine
    run_podman 1 volume exists other
    run_podman volume create
    is "$output" =~ "^[0-9a-f]{64}$"
    anonymous=$output
    is "$(podman volume inspect --format '{{.Anonymous}}' "$anonymous")" = true
    run_podman 125 volume create bad/name
    run_podman 125 volume create -d nosuch x
    run_podman volume rm mine "$anonymous"
    is "${lines[0]}" = mine
    [ ! -e "$(jq -r '.[0].Mountpoint' "$TEST_DIR/json")" ]
    run_podman 1 volume rm mine
    is "$output" =~ 'no volume with name "mine" found: no such volume'
    run_podman volume rm -f mine
    run_podman 125 volume inspect mine
    run_podman 125 volume rm
    is "$(podman events --stream=false --filter volume=mine --format '{{.Status}}' | tr '\n' ' ')" = "create remove "
}

@test "inspect: volumes and networks are objects too" {
    run_podman volume create vol
    run_podman network create net
    is "$(podman inspect vol | jq -r '.[0].Mountpoint')" = "$(podman volume inspect -f '{{.Mountpoint}}' vol)"
    is "$(podman inspect --type volume -f '{{.Name}}' vol)" = vol
    is "$(podman inspect net | jq -r '.[0].driver')" = bridge
    is "$(podman inspect --type network net vol 2>/dev/null | jq length)" = 1
    run_podman 125 inspect --type container vol
    run_podman 125 inspect nosuch
    is "$output" =~ 'no such object: "nosuch"'
}

@test "volume: what uses it keeps it" {
    run_podman volume create v
    run_podman run -d --name c --network none -v v:/data busybox sh -c 'echo hello >/data/f; sleep 100'
    is "$(podman volume inspect --format '{{.MountCount}}' v)" = 1
    eventually eval '[ "$(cat "$(podman volume inspect --format "{{.Mountpoint}}" v)/f" 2>/dev/null || podman exec c cat /data/f)" = hello ]'
    run_podman 2 volume rm v
    is "$output" =~ "volume v is being used by the following container\(s\): [0-9a-f]{64}: volume is being used"
    run_podman run --rm --network none -v v:/other:ro busybox cat /other/f
    is "$output" = hello
    run_podman volume rm -f -t 0 v
    run_podman 1 container exists c
    run_podman 1 volume exists v
}

@test "volume: ls and its filters" {
    run_podman volume create --label color=red one
    run_podman volume create --label color=blue two
    run_podman create --name c -v two:/x -v /anon busybox
    run_podman volume ls
    is "${lines[0]}" =~ "^DRIVER +VOLUME NAME$"
    is "${#lines[@]}" = 4
    names() { podman volume ls -q "$@" | tr '\n' ' '; }
    is "$(names --filter label=color=red)" = "one "
    is "$(names --filter label=color)" = "one two "
    is "$(names --filter 'label!=color=red' --filter anonymous=false)" = "two "
    is "$(names --filter dangling=true)" = "one "
    is "$(names --filter dangling=false --filter name=^t)" = "two "
    is "$(podman volume ls -q --filter anonymous=true | wc -l)" = 1
    is "$(names --filter since=one --filter anonymous=false)" = "two "
    is "$(names --filter driver=local --filter name=one)" = "one "
    is "$(names --filter driver=other)" = ""
    is "$(names --filter until=1h)" = ""
    run_podman 125 volume ls --filter nosuch=x
    is "$output" =~ '"nosuch" is an invalid volume filter'
    is "$(podman volume ls --noheading --format '{{.Name}} {{.Driver}} {{.Labels.color}}' --filter name=one)" = "one local red"
    is "$(podman volume ls --format json | jq -r '.[].Name' | grep -c '^one$\|^two$')" = 2
    is "$(podman volume inspect -a | jq length)" = 3
}

@test "volume: prune takes what nobody uses" {
    run_podman volume create named
    run_podman volume create
    anonymous=$output
    run_podman create --name c -v used:/x -v /anon busybox
    run_podman volume prune --dry-run
    is "$output" = "$anonymous"
    run_podman volume prune -f
    is "$output" = "$anonymous"
    run_podman volume prune -f --all --filter label=nosuch
    is "$output" = ""
    run_podman volume prune -f --all
    is "$output" = named
    is "$(podman volume ls -q | wc -l)" = 2
    run_podman volume rm -a -f
    is "$(podman volume ls -q | wc -l)" = 0
}

@test "volume: export and import" {
    run_podman run --rm --network none -v src:/d busybox sh -c 'mkdir /d/sub; echo deep >/d/sub/f; ln -s sub/f /d/l; chown 7:8 /d/sub/f; chmod 4711 /d/sub/f'
    run_podman volume export -o "$TEST_DIR/v.tar" src
    is "$(tar -tf "$TEST_DIR/v.tar" | sort | tr '\n' ' ')" = "l sub/ sub/f "
    gzip -k "$TEST_DIR/v.tar"
    run_podman volume create dst
    run_podman volume import dst "$TEST_DIR/v.tar.gz"
    run_podman run --rm --network none -v dst:/d busybox sh -c 'cat /d/l; stat -c "%a %u:%g" /d/sub/f'
    is "$output" = "deep
4711 7:8"
    podman volume create piped
    podman volume export src | podman volume import piped -
    run_podman run --rm --network none -v piped:/d busybox cat /d/l
    is "$output" = deep
    run_podman 1 volume exists nosuch
    run_podman 125 volume import nosuch "$TEST_DIR/v.tar"
    run_podman 125 volume import dst "$TEST_DIR/nosuch.tar"
}

@test "volume: owners, and devices that are mounted inside alone" {
    run_podman volume create --uid 5 --gid 6 owned
    run_podman run --rm --network none -v owned:/o busybox stat -c %u:%g /o
    is "$output" = 5:6
    mkdir "$TEST_DIR/dir"
    echo bound >"$TEST_DIR/dir/f"
    run_podman volume create --opt type=none --opt device="$TEST_DIR/dir" --opt o=bind,ro bound
    is "$(podman volume inspect bound | jq -c '.[0].Options | [.device, .o, .type]')" = "[\"$TEST_DIR/dir\",\"bind,ro\",\"none\"]"
    run_podman 1 run --rm --network none -v bound:/b busybox sh -c 'cat /b/f; touch /b/x'
    is "${lines[0]}" = bound
    is "$output" =~ "Read-only file system"
    run_podman volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=2M,nodev memory
    run_podman run --rm --network none -v memory:/m busybox sh -c 'mount | grep " /m "; df -k /m | tail -1'
    is "$output" =~ "tmpfs on /m type tmpfs .*nodev"
    is "$output" =~ " 2048 "
    is "$(grep -c "$TEST_DIR.*memory" /proc/self/mounts)" = 0
    run_podman 125 volume create --opt nosuch=x bad
    run_podman 125 volume create --opt type=tmpfs bad
    run_podman 125 volume create --opt o=size=2M --opt size=2M bad
    run_podman 125 volume export -o "$TEST_DIR/x" memory
}
