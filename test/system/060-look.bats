#!/usr/bin/env bats
# Looking at running containers: logs of several at once, ps(1) for top.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

@test "logs -f of several containers" {
    run_podman run -d --name a busybox sh -c 'for i in 1 2 3; do echo a$i; sleep 0.3; done'
    run_podman run -d --name b busybox sh -c 'for i in 1 2 3; do echo b$i; sleep 0.3; done; printf rest'
    run_podman logs --names -f a b
    for w in 'a a1' 'a a2' 'a a3' 'b b1' 'b b2' 'b b3' 'b rest'; do is "$output" =~ "$w"; done
    run_podman logs --tail 1 a
    is "$output" = a3
    run_podman logs --tail 2 b
    is "$output" = $'b3\nrest'
}
@test "top: arguments of ps" {
    run_podman run -d --name c busybox sleep 100
    run_podman top c -o pid,args
    is "$output" =~ "sleep 100"
    run_podman top c pid comm
    is "$output" =~ "sleep"
    run_podman 125 top c --no-such-option
}
