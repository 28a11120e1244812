#!/bin/bash
# run-bats.sh [--user NAME] BUILD [FILE...]: the program tests (bats, and pytest for test/api) on the programs of
# BUILD, all of test/system, test/api, test/fault and, as root, test/oci, or the FILEs.  With --user they run as that ordinary user, who is
# made, with a range of subordinate ids, where missing.
#
# Programs and tests are copied first: the checkout may lie where another user cannot read.  Containers
# and stores are made below the same temporary directory, so that nothing is left behind.
# "passed failed skipped" is appended to the file $TALLY.  Each test may take BATS_TEST_TIMEOUT seconds
# and each file FILE_TIMEOUT: a hang is a failure with a name.
set -u -o pipefail
# Root's containers are on a bridge of the host: theirs is a network of the tests' own, with nothing but loopback.
if [ "$(id -u)" -eq 0 ] && [ -z "${TEST_NETNS:-}" ]; then
    TEST_NETNS=1 exec unshare -n sh -c 'ip link set lo up && exec "$0" "$@"' "$0" "$@"
fi
here=$(cd "$(dirname "$0")" && pwd)
user=
if [ "${1:-}" = --user ]; then
    user=$2
    shift 2
fi
build=$(cd "$1" && pwd) || exit 2
shift
: "${FILE_TIMEOUT:=900}"
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-180}

# As on a user's machine, where udev opens them to all.
open_devices() {
    for d in /dev/net/tun /dev/fuse; do
        [ -c $d ] && chmod 0666 $d
    done
}

make_user() {
    id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user" || exit 2
    for kind in uid gid; do
        grep -q "^$user:" /etc/sub$kind 2>/dev/null ||
            usermod --add-sub${kind}s 500000-565535 "$user" || exit 2
    done
}

# Programs, modules and tests, each where the build tree and the checkout have it.
copy_tree() {
    (cd "$build" && find . -type f \( -perm -u+x -o -name "*.so" \) ! -path "*meson-private*" \
        -exec cp --parents -t "$work/build" {} +)
    cp -r "$here" "$work/test"
}

# Ends what a test that failed left running: what names our directory in its command line (monitors, the
# holders of user namespaces).  Removing goes through the user namespace, since files of subordinate ids
# are in the way otherwise.
cleanup() {
    [ -z "$user" ] || as_user "$PODMAN" unshare rm -rf "$work/tmp" 2>/dev/null
    for pid in $(grep -sl -- "$work/" /proc/[0-9]*/cmdline | cut -d/ -f3); do
        [ "$pid" = $$ ] || kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}

as_user() {
    if [ -n "$user" ]; then
        (cd "$work" && setpriv --reuid "$user" --regid "$user" --init-groups \
            env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG="${LANG:-C.UTF-8}" HOME="$work/tmp/home" USER="$user" \
            TMPDIR="$work/tmp" XDG_RUNTIME_DIR="$work/tmp/run" BATS_TEST_TIMEOUT="$BATS_TEST_TIMEOUT" \
            PODMAN="$PODMAN" PODMAN_MONITOR="$PODMAN_MONITOR" BUILD_DIR="$BUILD_DIR" "$@" </dev/null)
    else
        (cd "$work" && TMPDIR="$work/tmp" "$@" </dev/null)
    fi
}

# TAP in numbers.  Tests that were announced and never reported count as failed.
count_tap() {
    awk '/^1\.\.[0-9]+/ { split($1, a, "[.][.]"); plan = a[2] }
         /^ok .*# skip/ { skip++; next }
         /^ok /         { pass++ }
         /^not ok /     { fail++ }
         END { missing = plan - pass - fail - skip
               if (missing > 0 || plan == "") fail += missing > 0 ? missing : 1
               print pass + 0, fail + 0, skip + 0 }' "$work/tap"
}

work=$(mktemp -d /tmp/ptest-XXXXXX)
chmod 755 "$work"
mkdir -p "$work/build" "$work/tmp/home" "$work/tmp/run"
chmod 700 "$work/tmp/run"
trap cleanup EXIT
copy_tree
export BUILD_DIR=$work/build PODMAN=$work/build/src/cli/podman
export PODMAN_MONITOR=$work/build/src/monitor/podman-monitor
if [ -n "$user" ]; then
    open_devices
    make_user
    chown -R "$user" "$work/tmp"
fi

cd "$here" || exit 2
# The runtime alone wants root: its tests turn into an ordinary user themselves where that matters.
[ $# -gt 0 ] || set -- $([ "$(id -u)" -ne 0 ] || [ -n "$user" ] || ls oci/*.bats) \
    $(ls system/*.bats api/test_*.py fault/*.bats 2>/dev/null)
# The tests of the API tell their results as bats does (api/conftest.py).
run_tests() {
    case $1 in
    *.py) as_user timeout -k 10 "$FILE_TIMEOUT" env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest --tap \
        -p no:terminal -p no:cacheprovider --basetemp "$work/tmp/pytest" "$work/test/${1#test/}" 2>&1 ;;
    *) as_user timeout -k 10 "$FILE_TIMEOUT" bats --formatter tap "$work/test/${1#test/}" 2>&1 ;;
    esac
}
run_file() {
    echo "== ${1#test/} as ${user:-$(id -un)}"
    run_tests "$1" | tee "$work/tap"
    read -r p f s < <(count_tap)
}

pass=0 fail=0 skip=0
for file; do
    file=${file#"$here/"}
    run_file "$file"
    pass=$((pass + p)) fail=$((fail + f)) skip=$((skip + s))
    echo "$((p + f + s)) tests, $f failures, $s skipped"
done
[ -z "${TALLY:-}" ] || echo "$pass $fail $skip" >>"$TALLY"
[ $fail -eq 0 ]
