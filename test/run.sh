#!/bin/bash
# run.sh BUILD: every test on the programs of the build directory BUILD.  As root the program tests run
# twice, the second time as an ordinary user.  The last line is "N passed, N failed, N skipped", and the
# exit status says whether that was good.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd) || exit 2
tally=$(mktemp)
log=$(mktemp)
trap 'rm -f "$tally" "$log"' EXIT

# Meson's summary in numbers; a run that gave none counts as one failure.
count_meson() {
    awk '/^(Ok|Expected Fail): /          { pass += $NF; seen = 1 }
         /^(Fail|Unexpected Pass|Timeout): / { fail += $NF }
         /^Skipped: /                     { skip += $NF }
         END { if (!seen) fail++; print pass + 0, fail + 0, skip + 0 }' "$log" >>"$tally"
}

echo "== unit tests and fuzz corpora"
meson test -C "$build" --no-rebuild --print-errorlogs 2>&1 | tee "$log"
count_meson

# 0 and 1 are the results of tests, which it has counted itself; anything else means that it did not come
# to its end.
bats_tests() {
    TALLY=$tally "$here/run-bats.sh" "$@" "$build"
    [ $? -le 1 ] || echo "0 1 0" >>"$tally"
}

bats_tests
[ "$(id -u)" -ne 0 ] || bats_tests --user podtest

awk '{ p += $1; f += $2; s += $3 } END { print p " passed, " f " failed, " s " skipped"; exit f > 0 }' \
    "$tally"
