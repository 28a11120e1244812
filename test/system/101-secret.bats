#!/usr/bin/env bats
# podman secret, and containers that have them.

load helpers

setup() {
    basic_setup
    load_busybox
    printf 'xyzzy\nsecret' >"$TEST_DIR/data"
}
teardown() { basic_teardown; }

@test "secret: create, inspect, ls, exists, rm" {
    run_podman secret create --label a=b one "$TEST_DIR/data"
    is "$output" =~ "^[0-9a-f]{25}$"
    id=$output
    is "$(printf piped | podman secret create two -)" =~ "^[0-9a-f]{25}$"
    THREE=three run_podman secret create --env three THREE
    is "$(podman secret inspect --showsecret --format '{{.SecretData}}' three)" = three
    podman secret inspect --showsecret one >"$TEST_DIR/json"
    is "$(jq -c '.[0] | [.ID, .Spec.Name, .Spec.Driver.Name, .Spec.Labels, .SecretData]' "$TEST_DIR/json")" = \
        "[\"$id\",\"one\",\"file\",{\"a\":\"b\"},\"xyzzy\\nsecret\"]"
    is "$(podman secret inspect one | jq '.[0] | has("SecretData")')" = false
    is "$(podman secret inspect --format '{{.Spec.Name}}' "${id:0:12}")" = one
    run_podman secret inspect --pretty one
    is "$output" =~ "Name: +one"
    run_podman secret ls
    is "${lines[0]}" =~ "^ID +NAME +DRIVER +CREATED +UPDATED$"
    is "${lines[1]}" =~ "^$id +one +file +.* ago +.* ago$"
    is "$(podman secret ls -q | wc -l)" = 3
    is "$(podman secret ls --noheading --format '{{.Name}}' --filter name=^t | sort | tr '\n' ' ')" = "three two "
    run_podman 125 secret ls --filter nosuch=1
    run_podman 125 secret create one "$TEST_DIR/data"
    is "$output" =~ "secret name in use"
    run_podman secret create --ignore one "$TEST_DIR/data"
    is "$output" = "$id"
    echo other >"$TEST_DIR/data"
    run_podman secret create --replace one "$TEST_DIR/data"
    [ "$output" != "$id" ]
    is "$(podman secret inspect --showsecret --format '{{.SecretData}}' one)" = other
    run_podman secret exists one
    run_podman 1 secret exists "$id"
    run_podman 125 secret create bad/name "$TEST_DIR/data"
    run_podman 125 secret create empty /dev/null
    is "$output" =~ "larger than 0 and less than 512000 bytes"
    head -c 600000 /dev/zero >"$TEST_DIR/big"
    run_podman 125 secret create big "$TEST_DIR/big"
    run_podman 125 secret create -d pass x "$TEST_DIR/data"
    is "$output" =~ "not supported"
    run_podman secret rm one
    run_podman 125 secret rm one
    is "$output" =~ 'no secret with name or id "one": no such secret'
    run_podman secret rm -i one
    run_podman secret rm -a
    is "$(podman secret ls -q)" = ""
    is "$(podman events --stream=false --filter type=secret --format '{{.Status}}' | sort | uniq -c | tr -s ' \n' ' ')" = " 4 create 4 remove "
}

@test "secret: only its owner may read what is stored" {
    run_podman secret create one "$TEST_DIR/data"
    is "$(find "$TEST_DIR/root/secrets" -type f -perm /077)" = ""
    is "$(find "$TEST_DIR/root/secrets" -type f | wc -l)" = 2
}

@test "run --secret: a file, its owner and mode, a variable" {
    run_podman secret create mine "$TEST_DIR/data"
    run_podman run --rm --network none --secret mine busybox sh -c 'cat /run/secrets/mine; echo; stat -c "%a %u:%g" /run/secrets/mine'
    is "$output" = "xyzzy
secret
444 0:0"
    run_podman run --rm --network none -u 7 --secret mine,target=/etc/key,uid=7,gid=8,mode=0400 busybox sh -c 'head -1 /etc/key; stat -c "%a %u:%g" /etc/key; echo x >/etc/key'  || true
    is "$output" =~ "xyzzy"
    is "$output" =~ "400 7:8"
    is "$output" =~ "Read-only file system|Permission denied"
    run_podman run --rm --network none --secret mine,type=env,target=KEY --secret source=mine,target=renamed busybox sh -c 'echo "$KEY"; ls /run/secrets'
    is "$output" = "xyzzy
secret
renamed"
    run_podman run -d --name c --network none --secret mine --secret mine,type=env,target=KEY busybox sleep 100
    # The value is in no record that others can ask for.
    is "$(podman inspect c | grep -c 'xyzzy')" = 0
    is "$(podman inspect c | jq -c '.[0].Config.Secrets | map([.Name, .Mode])')" = '[["mine",292],["mine",292]]'
    run_podman exec c cat /run/secrets/mine
    # A copy: it outlives the secret, and an image made of the container has nothing of it.
    run_podman secret rm mine
    run_podman restart -t 0 c
    run_podman exec c sh -c 'cat /run/secrets/mine'
    is "$output" = "xyzzy
secret"
    run_podman commit -q c image
    podman save -q image | tar -xOf - 2>/dev/null | grep -c 'xyzzy' >"$TEST_DIR/count" || true
    is "$(cat "$TEST_DIR/count")" = 0
    run_podman 125 run --rm --secret nosuch busybox true
    is "$output" =~ 'no secret with name or id "nosuch": no such secret'
    run_podman 125 run --rm --secret mine,type=nonsense busybox true
    run_podman 125 run --rm --secret mine,color=red busybox true
    is "$(podman ps -aq | wc -l)" = 1
}
