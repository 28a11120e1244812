#!/usr/bin/env bats
# What a name without a registry means: modes, the question, and what is remembered of the answer.

load helpers

setup() {
    basic_setup
    export HOME=$TEST_DIR/home CONTAINERS_SHORT_NAME_ALIASES_CONF=$TEST_DIR/cache/aliases.conf
    mkdir "$HOME"
    start_stub
    make_busybox_archive "$TEST_DIR/box.tar" box:latest
    podman load -q -i "$TEST_DIR/box.tar"
    podman push -q box "$REGISTRY/two/box:latest"
    podman rmi -f box
}
teardown() { basic_teardown; }

# conf MODE: two places to search, of which the second has the image.
conf() {
    cat >"$CONTAINERS_REGISTRIES_CONF" <<END
unqualified-search-registries = ["$REGISTRY/one", "$REGISTRY/two"]
short-name-mode = "$1"
[[registry]]
location = "$REGISTRY"
insecure = true
END
}

# on_a_terminal KEYS ARGS...: podman with somebody who answers the question.
on_a_terminal() {
    cat >"$TEST_DIR/ask.py" <<'END'
import sys
import pexpect

p = pexpect.spawn(sys.argv[2], sys.argv[3:], encoding="utf-8", timeout=60)
p.expect("Please select an image")
p.expect("two/box:latest")
p.send(sys.argv[1].encode().decode("unicode_escape"))
p.expect(pexpect.EOF)
p.close()
print(p.before)
sys.exit(p.exitstatus)
END
    run python3 "$TEST_DIR/ask.py" "$1" "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" "${@:2}"
}

@test "short names: without a terminal permissive and disabled try all, enforcing refuses" {
    conf enforcing
    run_podman 125 pull -q box
    is "$output" =~ "short-name resolution enforced but cannot prompt without a TTY"
    for mode in permissive disabled; do
        conf $mode
        run_podman pull -q box
        run_podman image exists "$REGISTRY/two/box"
        run_podman rmi -f box
    done
    [ ! -e "$CONTAINERS_SHORT_NAME_ALIASES_CONF" ]
}

@test "short names: a person is asked, and the answer is remembered" {
    conf enforcing
    on_a_terminal '\x03' pull -q box
    [ "$status" -eq 125 ]
    is "$output" =~ "no image was selected"
    on_a_terminal '\x1b[B\r' pull box
    echo "$output"
    [ "$status" -eq 0 ]
    is "$(cat "$CONTAINERS_SHORT_NAME_ALIASES_CONF")" =~ "\"box\" = \"$REGISTRY/two/box\""
    run_podman rmi -f box
    run_podman pull box
    is "$output" =~ "Resolved \"box\" as an alias"
    run_podman image exists "$REGISTRY/two/box"
}

@test "short names: an alias finds the image here, too" {
    conf permissive
    printf '[aliases]\nmine = "%s/two/box"\n' "$REGISTRY" >>"$CONTAINERS_REGISTRIES_CONF"
    run_podman pull -q mine
    run_podman image exists mine
    run_podman run --rm --pull never mine echo yes
    is "$output" = yes
}
