#!/usr/bin/env bats
# Under a real terminal: run -it, its size, detaching, attaching, exec -it.  terminal.py is the person at it.

load helpers

setup() {
    basic_setup
    python3 -c 'import pexpect' 2>/dev/null || skip "no python3-pexpect"
    load_busybox
}
teardown() { basic_teardown; }

terminal() {
    run timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" "$1" \
        "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "run -it: a terminal inside, its size follows the outer one's, the exit code comes out" {
    terminal run_it
}

@test "run -it: Ctrl-C and Ctrl-Z reach the container" {
    terminal keys
}

@test "Ctrl-P Ctrl-Q detaches, the container lives on, attach comes back" {
    terminal detach
    is "$(podman inspect -f '{{.State.Status}} {{.State.ExitCode}}' detached)" = "exited 5"
}

@test "--detach-keys" {
    terminal detach_keys
}

@test "exec -it: a terminal of its own" {
    run_podman run -d --name e busybox sleep 100
    terminal exec_it
}

@test "start -ai" {
    run_podman create -it --name s busybox sh
    terminal start_ai
}

@test "the outer terminal is as it was" {
    terminal restored
}

@test "-t without a terminal: lines end as a terminal's do" {
    is "$(podman run --rm -t busybox echo hi </dev/null 2>/dev/null | od -An -c | tr -d ' ')" = 'hi\r\n'
    run_podman run --rm -d -t --name t busybox sh -c 'tty; sleep 100'
    eventually eval 'podman logs t | grep -q /dev/'
    is "$(podman exec t readlink /proc/1/fd/0)" =~ '^/dev/(pts/0|console)'
    run_podman run --rm -t busybox env </dev/null
    is "$output" =~ TERM=xterm
}
