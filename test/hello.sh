#!/bin/sh
# hello.sh BUILD: the first container, from the build tree, for root and for an ordinary user alike.
# What it stores lies in a directory of its own and goes with it.
set -eu
build=$(cd "$1" && pwd)
podman=$build/src/cli/podman
# Root's container is on a bridge, and bridge and rules stay: they are not for this machine but for a network of our own.
if [ "$(id -u)" -eq 0 ] && [ -z "${HELLO_NETNS:-}" ] && unshare -n true 2>/dev/null; then
    HELLO_NETNS=1 exec unshare -n "$0" "$@"
fi
dir=$(mktemp -d "$build/hello-XXXXXX")
# An ordinary user's store holds files of ids that only the user namespace may remove.
trap 'rm -rf "$dir" 2>/dev/null || "$podman" unshare rm -rf "$dir"' EXIT

printf '+ podman run --rm hello\n'
"$podman" --root "$dir/root" --runroot "$dir/run" run --rm hello
