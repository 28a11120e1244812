#!/usr/bin/env bats
# podman compose: another program, on a service of ours that lives as long as it does.
load helpers

setup() {
    basic_setup
    mkdir "$TEST_DIR/shop"
    cd "$TEST_DIR/shop"
    # A provider of our own shows what it is given.
    cat >"$TEST_DIR/provider" <<-'EOT'
		#!/bin/sh
		echo "args: $*"
		echo "host: $DOCKER_HOST buildkit: $DOCKER_BUILDKIT"
		[ "$1" != ask ] || curl -s --unix-socket "${DOCKER_HOST#unix://}" http://d/_ping
		[ "$1" != sleep ] || exec sleep 7291
		exit 7
	EOT
    chmod 755 "$TEST_DIR/provider"
    export PODMAN_COMPOSE_PROVIDER=$TEST_DIR/provider
}

teardown() {
    cd /
    basic_teardown
}

@test "compose: the provider gets all words and a socket that answers; its exit code is ours" {
    run_podman 7 compose -f x.yml up --no-such-option
    is "$output" =~ "Executing external compose provider \"$TEST_DIR/provider\""
    is "$output" =~ 'args: -f x.yml up --no-such-option'
    is "$output" =~ 'buildkit: 0'
    socket=$(sed -n 's|^host: unix://\([^ ]*\) .*|\1|p' <<<"$output")
    [ -n "$socket" ] && [ ! -e "$socket" ] && [ ! -e "${socket%/*}" ]
    run_podman 7 compose ask
    is "${lines[-1]}" = OK
    PODMAN_COMPOSE_WARNING_LOGS=0 run_podman 7 compose ps
    is "$output" !~ Executing
    export DOCKER_HOST=unix:///elsewhere
    run_podman 7 compose ps
    is "$output" =~ 'host: unix:///elsewhere '
    unset DOCKER_HOST
    PODMAN_COMPOSE_PROVIDER=/no/such run_podman 125 compose ps
    is "$output" =~ 'looking up compose provider failed'
    # A kill -9 leaves no service behind for long.
    podman compose sleep >/dev/null 2>&1 3>&- &
    pid=$!
    eventually pgrep -f "unix://.*podman-compose-.*/podman.sock"
    eventually pgrep -P "$pid"
    pkill -9 -f "podman --root $TEST_DIR/root .*compose sleep"
    pkill -9 -f 'sleep 7291$' || true
    none() { ! pgrep -f "root $TEST_DIR/root .*system service"; }
    eventually none
    # Nor its directory, once somebody comes by later.
    left=${XDG_RUNTIME_DIR:-/run}
    is_rootless || left=/run
    mkdir -p "$left/podman-compose-old$$"
    touch -d '1 hour ago' "$left/podman-compose-old$$"
    mkdir "$left/podman-compose-new$$"
    run_podman 7 compose ps
    [ ! -e "$left/podman-compose-old$$" ] && [ -d "$left/podman-compose-new$$" ]
    rmdir "$left/podman-compose-new$$"
}

@test "compose: docker-compose brings an application up and down" {
    command -v docker-compose >/dev/null || skip "docker-compose is not installed"
    unset PODMAN_COMPOSE_PROVIDER
    load_busybox
    cat >docker-compose.yml <<-'EOT'
		version: "3"
		services:
		  web:
		    image: busybox
		    command: sh -c 'echo started; exec top'
		    network_mode: none
		    stop_grace_period: 1s
		    volumes: [ "data:/data" ]
		  job:
		    image: busybox
		    command: sh -c 'exit 3'
		    network_mode: none
		volumes:
		  data:
	EOT
    run_podman compose up -d
    run_podman ps -a --format '{{.Names}} {{.Labels}}'
    is "$output" =~ 'shop_web_1'
    is "$output" =~ 'com.docker.compose.project=shop|com.docker.compose.project:shop'
    run_podman compose exec -T web sh -c 'echo kept > /data/f; id -u'
    is "${lines[-1]}" = 0
    run_podman compose logs web
    is "$output" =~ started
    run_podman volume ls -q
    is "$output" = shop_data
    run_podman compose down
    run_podman ps -aq
    is "$output" = ""
    is "$(cat "$(podman volume inspect -f '{{.Mountpoint}}' shop_data)/f")" = kept
    run_podman compose down -v
    run_podman volume ls -q
    is "$output" = ""
}
