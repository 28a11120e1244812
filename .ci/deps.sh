#!/bin/sh
# deps.sh build|test: installs what is missing of the Debian packages to build with, or to test with.
# Asks apt for nothing when all of them are there.
set -eu

build='gcc libc6-dev make meson ninja-build pkg-config python3 libjansson-dev libsqlite3-dev
libcurl4-openssl-dev libyaml-dev libgpgme-dev libssl-dev zlib1g-dev libisal-dev libzstd-dev liblzma-dev libbz2-dev libseccomp-dev
ca-certificates uidmap libnftables1 passt'

# libcmocka-dev for the unit tests; clang and its runtime for the sanitizers; pmccabe and clang-format
# for `make check`; the rest are programs that the system tests start.  Not firewalld: it would be in force at once,
# on the machine of somebody who only wanted to run tests; where it is installed its test runs.
test='libcmocka-dev gnupg libsodium23 python3-nacl bats clang libclang-rt-dev clang-format pmccabe busybox-static docker-registry isal openssh-server
apache2-utils curl openssl skopeo jq crun runc bubblewrap expect python3-pexpect bzip2 xz-utils zstd util-linux
python3-pytest python3-docker procps passwd iproute2 nftables sqlite3 dnsmasq-base dbus-daemon git cpp'

case ${1:-} in
build) packages=$build ;;
test) packages=$test ;;
*) echo "usage: $0 build|test" >&2 && exit 2 ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: please see that these are installed, under whatever name:" $packages >&2
    exit 0
fi

missing=
for p in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" -eq 0 ] || sudo='sudo'
echo "Installing$missing"
$sudo apt-get -q update
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing

# The tests start these themselves, on ports of their own: nothing is to go on running for a test's sake.
if [ -d /run/systemd/system ]; then
    for p in $missing; do
        case $p in
        docker-registry) $sudo systemctl disable --now docker-registry.service ;;
        openssh-server) $sudo systemctl disable --now ssh.service ;;
        esac
    done
fi
