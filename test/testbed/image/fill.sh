#!/bin/bash
# fill.sh ROOT VERSION KERNEL MODULES AGENT GUEST: puts kernel modules, Node and our guest's files into the root. GUEST has
# the guest's init, its etc, and kernel-modules: those of Debian's modules that it may need.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$1 version=$2 kernel=$3 modules=$4 agent=$5 guest=$6

# With all of Debian's modules the image would be several times larger.
mapfile -t wanted < <(sed '/^#/d; /^$/d' "$guest/kernel-modules")
target=$root/lib/modules/$version
mkdir -p "$target/extra"
cp "$kernel/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$target"
for module in "${wanted[@]}"; do
  modprobe -S "$version" -d "$kernel" --show-depends "$module" 2>/dev/null | awk '/^insmod/ { print $2 }' || true
done | sort -u | while read -r file; do
  install -D -m 644 "$file" "$target/${file#*/lib/modules/"$version"/}"
done
cp "$modules"/*.ko "$target/extra"
depmod -b "$root" "$version"

cp "$(readlink -f "$(command -v node)")" "$root/usr/bin/node"
install -d "$root/usr/local/lib/testbed/guest"
cp "$agent/protocol.js" "$root/usr/local/lib/testbed"
cp "$agent/guest/agent.js" "$root/usr/local/lib/testbed/guest"
echo '{ "type": "module" }' >"$root/usr/local/lib/testbed/package.json"
install -m 755 "$guest/init" "$root/usr/local/sbin/testbed-init"
install -m 644 "$here/../guest/init-steps.sh" "$root/usr/local/lib/testbed/guest"
cp -r "$here/../guest/etc/systemd" "$guest/etc/." "$root/etc"
wants=$root/etc/systemd/system/multi-user.target.wants
install -d "$wants" "$root/share"
ln -sf ../testbed-agent.service "$wants/testbed-agent.service"
ln -sf /lib/systemd/system/systemd-networkd.service "$wants/systemd-networkd.service"
# Nothing of Debian's own housekeeping at a moment of its choice, no consoles that nobody reads.
for unit in apt-daily{,-upgrade}.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  logrotate.timer systemd-tmpfiles-clean.timer getty@tty1.service serial-getty@{ttyS0,hvc0}.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

echo testbed >"$root/etc/hostname"
echo '127.0.0.1 localhost testbed' >"$root/etc/hosts"
: >"$root/etc/fstab"
# dbus and libvirt refuse to start without one; any 32 digits will do for a machine that is never on a network.
printf 'testbed' | md5sum | cut -c1-32 >"$root/etc/machine-id"
