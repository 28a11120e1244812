#!/usr/bin/env bats
# The command line itself: help, versions, errors, completion, global options.

load helpers

setup() { basic_setup; }
teardown() { basic_teardown; }

@test "help: lists the commands, on stdout, exit 0" {
    run_podman --help
    is "$output" =~ "Available Commands:"
    is "$output" =~ "  run +Run a command in a new container"
    help=$output
    run_podman help
    is "$output" = "$help"
    run_podman -h 2>/dev/null
    is "$output" = "$help"
    [ -z "$("$PODMAN" --help 2>&1 >/dev/null)" ]
}

@test "help: of every command, and only of what works" {
    commands=$("$PODMAN" --help | sed -n '/^Available/,/^$/s/^  \([a-z]*\) .*/\1/p')
    [ "$(wc -w <<<"$commands")" -gt 25 ]
    for c in $commands; do
        run_podman "$c" --help
        is "$output" =~ "Usage:"
        is "$output" =~ "podman $c"
    done
    is "$commands" !~ '(^|[[:space:]])(machine|farm)($|[[:space:]])'
    run_podman container ls --help
    is "$output" =~ "--no-trunc"
}

@test "version: short and by template" {
    run_podman --version
    is "$output" =~ '^podman version [0-9]+\.[0-9]+\.[0-9]+'
    version=${output##* }
    run_podman -v
    is "$output" = "podman version $version"
    run_podman version --format '{{.Client.Version}}'
    is "$output" = "$version"
    run_podman version
    is "$output" =~ "OS/Arch: +linux/$(go_arch)"
    podman version --format json | python3 -c "import json,sys; assert json.load(sys.stdin)['Client']['Version'] == '$version'"
}

@test "errors: unknown commands and options are 125, on stderr" {
    run_podman 125 nonsense
    is "${lines[0]}" = 'Error: unrecognized command `podman nonsense`'
    run_podman 125 rnu
    is "$output" =~ "Did you mean this?"
    is "$output" =~ "run"
    run_podman 125 run --nonsense busybox
    is "${lines[0]}" = "Error: unknown flag: --nonsense"
    is "$output" =~ "See 'podman run --help'"
    run_podman 125 run -j busybox
    is "${lines[0]}" =~ "unknown shorthand flag: 'j' in -j"
    run_podman 125 run
    is "$output" =~ "requires at least 1 arg"
    run_podman 125 rename a
    run_podman 125 ps --last=x
    is "$output" =~ 'invalid argument "x"'
    [ -z "$("$PODMAN" nonsense 2>/dev/null)" ]
}

@test "errors: a command that is not built yet says so" {
    for c in "machine init" "farm list" "container checkpoint"; do
        run_podman 125 $c
        is "$output" = "Error: podman $c: not supported yet"
    done
    run_podman 125 machine init --no-such-thing x
    is "$output" =~ "not supported yet"
}

@test "global options: before and after the command" {
    load_busybox
    mkdir "$TEST_DIR/other"
    run "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" images -q
    here=$output
    is "$here" =~ '^[0-9a-f]{12}$'
    run "$PODMAN" images -q --root "$TEST_DIR/root" --runroot="$TEST_DIR/run"
    is "$output" = "$here"
    run "$PODMAN" --root="$TEST_DIR/other" --runroot "$TEST_DIR/run2" images -q
    is "$output" = ""
    [ -e "$TEST_DIR/other/db.sqlite" ]
    # Behind the image they are the container's.
    run_podman run --rm busybox echo --root x --log-level
    is "$output" = "--root x --log-level"
}

@test "global options: --log-level, --out" {
    run_podman 1 --log-level nonsense ps
    is "$output" =~ "is not supported, choose from: trace, debug, info"
    run_podman --out "$TEST_DIR/out" ps -q --noheading
    is "$output" = ""
    run_podman --out "$TEST_DIR/out" version
    is "$output" = ""
    is "$(cat "$TEST_DIR/out")" =~ "OS/Arch"
}

@test "options: joined, separated, negated, after --" {
    load_busybox
    run_podman run --rm=true --env=A=1 -eB=2 -e C=3 --tty=false -i busybox sh -c 'echo $A$B$C' </dev/null
    is "$output" = 123
    run_podman ps -aq --noheading
    is "$output" = ""
    run_podman run --rm -- busybox echo -- -x
    is "$output" = "-- -x"
    run_podman ps -aqn1
    run_podman 125 ps --all=perhaps
    is "$output" =~ 'invalid argument "perhaps"'
}

@test "aliases: podman container ls, list and ps are one" {
    load_busybox
    run_podman create --name one busybox true
    for c in "ps" "container ls" "container list" "container ps"; do
        run_podman $c -a --format '{{.Names}}'
        is "$output" = one
    done
    run_podman container rm one
    run_podman 1 container exists one
}

@test "completion: bash completes commands, options, names" {
    command -v bash >/dev/null
    load_busybox
    run_podman create --name complete-me busybox true
    podman completion bash >"$TEST_DIR/completion"
    cat >"$TEST_DIR/try" <<EOF
source "$TEST_DIR/completion"
podman() { "$PODMAN" "\$@"; }
try() {
    COMP_LINE=\$1 COMP_POINT=\${#1} COMPREPLY=()
    read -ra COMP_WORDS <<<"\$1"
    [[ \$1 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1))
    _podman podman "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
    echo "\$1: \${COMPREPLY[*]}"
}
try "$PODMAN ren"
try "$PODMAN run --read-on"
try "$PODMAN --root $TEST_DIR/root --runroot $TEST_DIR/run rm comp"
EOF
    run bash "$TEST_DIR/try"
    is "${lines[0]}" =~ ': .*rename'
    is "${lines[1]}" =~ ': .*--read-only'
    is "${lines[2]}" =~ ': complete-me'
    # What each kind of argument is completed with.
    run_podman volume create vol-complete
    run_podman network create net-complete
    run_podman pod create --name pod-complete
    local row
    for row in "volume rm vol:vol-complete" "network rm net:net-complete" "pod rm pod:pod-complete" \
        "image rm bus:busybox:latest" "start comp:complete-me"; do
        run_podman __complete ${row%%:*}
        is "$output" =~ "${row#*:}"
    done
    run_podman pod rm -f pod-complete
    run_podman network rm net-complete
    for shell in zsh fish; do
        run_podman completion $shell
        is "$output" =~ podman
    done
    run_podman 125 completion nonsense
}

@test "info: what it says about the host is so" {
    run_podman info --format '{{.Host.Kernel}} {{.Host.Arch}} {{.Host.CPUs}}'
    is "$output" = "$(uname -r) $(go_arch) $(nproc)"
    run_podman info --format '{{.Store.GraphRoot}} {{.Store.RunRoot}}'
    is "$output" = "$TEST_DIR/root $TEST_DIR/run"
    podman info --format json | python3 -m json.tool >/dev/null
    is_rootless && rootless=true || rootless=false
    run_podman info --format '{{.Host.Security.Rootless}}'
    is "$output" = $rootless
}

@test "hello: the image that is built in" {
    run_podman run --rm hello
    is "$output" =~ "Hello"
    run_podman ps -aq
    is "$output" = ""
}
