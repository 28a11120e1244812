#!/bin/sh
# install-generated.sh [--remove] PODMAN QUADLET PREFIX: the files that the programs write from their own
# tables, below PREFIX: manual pages and completions.  Meson runs it at installation ($MESON_INSTALL_*).
set -eu
remove=
[ "$1" = --remove ] && remove=y && shift
podman=$1
quadlet=$2
prefix=${3:-$MESON_INSTALL_DESTDIR_PREFIX}
man=$prefix/share/man/man1
man5=$prefix/share/man/man5
bash=$prefix/share/bash-completion/completions
zsh=$prefix/share/zsh/site-functions
fish=$prefix/share/fish/vendor_completions.d

if [ -n "$remove" ]; then
    pages=$(mktemp -d)
    trap 'rm -rf "$pages"' EXIT
    "$podman" __man "$pages" >/dev/null
    for page in "$pages"/*; do
        rm -f "$man/${page##*/}"
    done
    rm -f "$man5/podman-systemd.unit.5" "$bash/podman" "$zsh/_podman" "$fish/podman.fish"
    exit 0
fi

umask 022
mkdir -p "$man" "$man5" "$bash" "$zsh" "$fish"
"$podman" __man "$man" >/dev/null
"$quadlet" -man >"$man5/podman-systemd.unit.5"
"$podman" completion bash >"$bash/podman"
"$podman" completion zsh >"$zsh/_podman"
"$podman" completion fish >"$fish/podman.fish"
