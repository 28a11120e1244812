#!/bin/sh
# install-generated.sh [--remove] PODMAN PREFIX: the files that podman itself writes from its command
# tables, below PREFIX: manual pages and completions.  Meson runs it at installation ($MESON_INSTALL_*).
set -eu
remove=
[ "$1" = --remove ] && remove=y && shift
podman=$1
prefix=${2:-$MESON_INSTALL_DESTDIR_PREFIX}
man=$prefix/share/man/man1
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
    rm -f "$bash/podman" "$zsh/_podman" "$fish/podman.fish"
    exit 0
fi

umask 022
mkdir -p "$man" "$bash" "$zsh" "$fish"
"$podman" __man "$man" >/dev/null
"$podman" completion bash >"$bash/podman"
"$podman" completion zsh >"$zsh/_podman"
"$podman" completion fish >"$fish/podman.fish"
