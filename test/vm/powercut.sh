#!/bin/sh
# Cuts the power in the middle of work and looks what is left.  TAP of the last boot of each round.
# usage: powercut.sh DIRECTORY BUILD [SECONDS...]
set -eu

dir=$1 build=$2
shift 2
here=$(dirname "$0") failed=0
disk=$dir/powercut.img done=$dir/done
trap 'rm -f "$disk" "$done"' EXIT
for seconds in "${@:-20}"; do
    cp --sparse=always "$dir/root.img" "$disk"
    VM_DISK=$disk VM_KILL=$seconds "$here/run.sh" "$dir" "$build" "$here/guest-load" |
        grep -E '^(image|container|volume) [0-9]+$' >"$done" || true
    echo "# cut after $seconds s: $(wc -l <"$done") things done"
    VM_DISK=$disk VM_FILES=$done "$here/run.sh" "$dir" "$build" "$here/guest-after" || failed=1
done
exit "$failed"
