#!/bin/sh
# Runs a script of tests in the virtual machine and prints what it says.
# usage: run.sh DIRECTORY BUILD SCRIPT    (DIRECTORY: of build.sh; BUILD: a meson build directory)
#
# Environment: VM_DISK=file    keep what the machine writes in this disk (default: thrown away)
#              VM_FILES=files  to be found beside the script in the machine
#              VM_KILL=seconds cut the power that long after the script has started
set -eu

dir=$1 build=$2 script=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/in"
for f in cli/podman monitor/podman-monitor image/podman-image.so quadlet/quadlet; do
    cp "$build/src/$f" "$work/in/"
done
chmod 755 "$work/in"
cp "$script" "$work/in/guest"
cp "$(dirname "$0")/guest.inc" ${VM_FILES:-} "$work/in/"
tar -cf "$work/in.tar" -C "$work/in" .
truncate -s %512 "$work/in.tar"
: >"$work/out"

if [ -n "${VM_DISK:-}" ]; then
    disk="file=$VM_DISK,snapshot=off"
else
    disk="file=$dir/root.img,snapshot=on"
fi
# KVM is left alone: the guest has to run where there is none, too.
qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max -m 2048 -nographic -no-reboot -nodefaults \
    -kernel "$dir/vmlinuz" -initrd "$dir/initrd" \
    -append "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 ${VM_APPEND:-}" \
    -drive "$disk,format=raw,if=virtio" -drive "file=$work/in.tar,format=raw,if=virtio,readonly=on" \
    -serial "file:${VM_CONSOLE:-$work/console}" -serial "file:$work/out" &
pid=$!
trap 'kill -9 $pid 2>/dev/null || true; rm -rf "$work"' EXIT
if [ -n "${VM_KILL:-}" ]; then
    while [ ! -s "$work/out" ] && kill -0 $pid 2>/dev/null; do sleep 0.2; done
    sleep "$VM_KILL"
    kill -9 $pid 2>/dev/null || true
fi
wait $pid 2>/dev/null || true
tr -d '\r' <"$work/out" >"$work/tap"
cat "$work/tap"
# A machine that died does not come to its plan.
[ -n "${VM_KILL:-}" ] || { grep -q '^1\.\.[0-9]' "$work/tap" && ! grep -q '^not ok' "$work/tap"; }
