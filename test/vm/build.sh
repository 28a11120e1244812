#!/bin/sh
# Makes the disk of the test machine: Debian 12 with systemd, pure cgroup v2, journald, D-Bus, AppArmor.
# usage: build.sh DIRECTORY    (as root; needs mmdebstrap and e2fsprogs; a quarter of an hour at worst)
# VM_PACKAGES: further packages, with commas between them, for scripts of one's own.
set -eu

dir=${1:?usage: build.sh DIRECTORY}
mkdir -p "$dir"
packages=linux-image-cloud-amd64,initramfs-tools,systemd-sysv,dbus,dbus-user-session,libpam-systemd
packages=$packages,libjansson4,libsqlite3-0,libcurl4,libssl3,libisal2,libzstd1,libseccomp2,zlib1g
packages=$packages,libyaml-0-2,libbz2-1.0,liblzma5,libgpgme11,libsodium23,libnftables1
packages=$packages,uidmap,busybox-static,iproute2,nftables,apparmor,passt,ca-certificates,procps,kmod,udev
packages=$packages${VM_PACKAGES:+,$VM_PACKAGES}

[ -e "$dir/root.tar" ] ||
    mmdebstrap --variant=minbase --include="$packages" bookworm "$dir/root.tar"
rm -rf "$dir/root"
mkdir "$dir/root"
tar -xf "$dir/root.tar" -C "$dir/root"
root=$dir/root

cp "$root"/boot/vmlinuz-* "$dir/vmlinuz"
cp "$root"/boot/initrd.img-* "$dir/initrd"
echo podman-vm >"$root/etc/hostname"
echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"
echo 'user:x:1000:1000::/home/user:/bin/bash' >>"$root/etc/passwd"
echo 'user:*:19000:0:99999:7:::' >>"$root/etc/shadow"
echo 'user:x:1000:' >>"$root/etc/group"
echo 'user:100000:65536' | tee "$root/etc/subuid" >"$root/etc/subgid"
mkdir -p "$root/home/user" "$root/var/lib/systemd/linger" "$root/opt/podman"
chown 1000:1000 "$root/home/user"
touch "$root/var/lib/systemd/linger/user"
for unit in e2scrub_reap.service getty@tty1.service serial-getty@ttyS0.service apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer systemd-networkd-wait-online.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# The second disk is a tar file: what is tested, and the script `guest` that tests it.
cat >"$root/etc/systemd/system/podman-vm-test.service" <<'UNIT'
[Unit]
After=multi-user.target user@1000.service dbus.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
StandardOutput=file:/dev/ttyS1
StandardError=file:/dev/ttyS1
ExecStart=/bin/sh -c 'tar -xf /dev/vdb -C /opt/podman && exec /bin/sh /opt/podman/guest'
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=graphical.target
UNIT
mkdir -p "$root/etc/systemd/system/graphical.target.wants"
ln -s ../podman-vm-test.service "$root/etc/systemd/system/graphical.target.wants/"

rm -f "$dir/root.img"
truncate -s 3G "$dir/root.img"
mke2fs -q -t ext4 -F -d "$root" "$dir/root.img"
rm -rf "$root"
