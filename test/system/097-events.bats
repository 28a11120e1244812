#!/usr/bin/env bats
# podman events: what happened, in order, now and later.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

statuses() { podman events --stream=false --format '{{.Status}}' "$@" | tr '\n' ' '; }

@test "events: the life of a container, in order" {
    run_podman run --rm --name c --network none --label l=v busybox sh -c 'exit 3' || true
    is "$(statuses --filter container=c)" = "create init start died remove "
    run_podman events --stream=false --filter event=died --format '{{.Name}} {{.ContainerExitCode}} {{.Image}} {{.Attributes.l}} {{.Type}}'
    is "$output" = "c 3 docker.io/library/busybox:latest v container"
    run_podman create --name d --network none busybox sleep 100
    run_podman init d
    run_podman start d
    run_podman exec d true
    run_podman rename d e
    run_podman commit -q e
    run_podman kill e
    run_podman wait e
    is "$(podman events --stream=false --filter event=died --filter container=e --format '{{.Name}}')" = e
    run_podman rm e
    all=$(podman events --stream=false --filter type=container --format '{{.ID}} {{.Status}}' | grep "^$(podman events --stream=false --filter event=rename --format '{{.ID}}')")
    is "$(cut -d' ' -f2 <<<"$all" | sort | tr '\n' ' ')" = "commit create died exec exec_died init kill remove rename start "
    is "$(cut -d' ' -f2 <<<"$all" | head -3 | tr '\n' ' ')" = "create init start "
}

@test "events: stop, pause, restart, attach" {
    is_rootless && skip "an ordinary user without systemd has no cgroup to freeze"
    run_podman run -d --name c --network none busybox sleep 100
    run_podman pause c
    run_podman unpause c
    run_podman restart -t 0 c
    run_podman stop -t 0 c
    is "$(statuses --filter container=c)" = "create init start pause unpause died stop init start restart died stop "
}

@test "events: images, volumes, networks" {
    run_podman tag busybox other
    run_podman untag busybox localhost/other
    podman save -q busybox >"$TEST_DIR/i.tar"
    run_podman load -q -i "$TEST_DIR/i.tar"
    is "$(statuses --filter type=image | tr ' ' '\n' | sort -u | tr '\n' ' ')" = "loadfromarchive save tag untag "
    run_podman 125 pull -q --retry 0 localhost:1/nosuch
    run_podman events --stream=false --filter event=pull-error --format '{{.Name}}: {{.Error}}'
    is "$output" =~ "^localhost:1/nosuch: .*refused"
    run_podman run --rm --network none -v /anon busybox true
    is "$(statuses --filter type=volume)" = "create remove "
    run_podman network create n
    run_podman network rm n
    is "$(statuses --filter type=network)" = "create remove "
}

@test "events: filters" {
    run_podman run --rm --name a --network none --label color=red busybox true
    run_podman run --rm --name b --network none --label color=blue busybox true
    is "$(podman events --stream=false --filter label=color=red --filter event=start --format '{{.Name}}')" = a
    is "$(podman events --stream=false --filter label=color --filter event=start --format '{{.Name}}' | wc -l)" = 2
    is "$(podman events --stream=false --filter container=a --filter container=b --filter event=died --format '{{.Name}}' | wc -l)" = 2
    run_podman 125 events --stream=false --filter nosuch=x
    is "$output" =~ "nosuch=x is an invalid filter"
}

@test "events: formats and times" {
    run_podman run --rm --name a --network none busybox true
    run_podman events --stream=false --filter event=start
    is "$output" =~ "^[0-9-]+ [0-9:.]+ \+0000 UTC container start [0-9a-f]{64} \(image=docker.io/library/busybox:latest, name=a, made=here\)$"
    run_podman events --stream=false --no-trunc=false --filter event=start
    is "$output" =~ "container start [0-9a-f]{12} \("
    podman events --stream=false --filter event=died --format json >"$TEST_DIR/json"
    is "$(jq -r '[.Name, .Status, .Type, .ContainerExitCode] | join(" ")' "$TEST_DIR/json")" = "a died container 0"
    [ "$(jq .time "$TEST_DIR/json")" = "$(jq '.timeNano / 1000000000 | floor' "$TEST_DIR/json")" ]
    at=$(sed 's/.*"timeNano":\([0-9]*\).*/\1/' "$TEST_DIR/json") # too long for jq
    stamp="${at:0:10}.${at:10}"
    is "$(podman events --stream=false --since "$stamp" --format '{{.Status}}' | head -1)" = died
    is "$(podman events --stream=false --until "$stamp" --format '{{.Status}}' | tail -1)" = died
    is "$(podman events --stream=false --since 1h --filter container=a --format '{{.Status}}' | head -1)" = create
    run_podman events --since 1h --until 0s --filter event=died --format '{{.Name}}'
    is "$output" = a
}

@test "events: who waits gets them at once, and a full log goes on" {
    printf '[engine]\nevents_logfile_max_size = "20kb"\n' >"$CONTAINERS_CONF"
    mkfifo "$TEST_DIR/pipe"
    timeout 120 "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" events --filter event=tag --format '{{.Name}}' >"$TEST_DIR/seen" 3>&- &
    follower=$!
    eventually eval 'podman tag busybox first:0 && grep -q first:0 "$TEST_DIR/seen"'
    for i in $(seq 1 150); do
        podman tag busybox "counted:$i"
    done
    eventually grep -qx counted:150 "$TEST_DIR/seen"
    kill $follower
    wait $follower || true
    is "$(grep -c '^counted:' "$TEST_DIR/seen")" = 150
    is "$(grep '^counted:' "$TEST_DIR/seen" | cut -d: -f2 | sort -nu | wc -l)" = 150
    size=$(stat -c %s "$TEST_DIR/run/events/events.log")
    [ "$size" -lt 25000 ]
    # Elsewhere, or nowhere.
    printf '[engine]\nevents_logfile_path = "%s/own/log"\n' "$TEST_DIR" >"$CONTAINERS_CONF"
    run_podman tag busybox elsewhere
    is "$(grep -c elsewhere "$TEST_DIR/own/log")" = 1
    printf '[engine]\nevents_logger = "none"\n' >"$CONTAINERS_CONF"
    run_podman tag busybox nowhere
    run_podman 125 events --stream=false
    is "$output" =~ 'cannot read events with the "none" backend'
    is "$(podman info --format '{{.Host.EventLogger}}')" = none
}

@test "events: writers beside each other lose nothing" {
    for i in 1 2 3 4; do
        (for j in 1 2 3 4 5 6 7 8 9 10; do "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" tag busybox "p$i:$j"; done) 3>&- &
        pids="$pids $!"
    done
    for p in $pids; do wait "$p"; done
    is "$(podman events --stream=false --filter event=tag --format '{{.Name}}' | sort -u | wc -l)" = 40
    [ "$(jq -s length "$TEST_DIR/run/events/events.log")" -ge 40 ]
}
