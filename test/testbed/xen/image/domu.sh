#!/bin/bash
# domu.sh VERSION KERNEL VMLINUX ROOT: what domains boot in the bed, in the root's /var/lib/domu: the same kernel, and an
# initramfs of busybox that says on the console that it runs.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
version=$1 kernel=$2 vmlinux=$3 target=$4/var/lib/domu
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,proc,sys,dev,modules} "$target"
cp /bin/busybox "$tree/bin/busybox"
ln -s busybox "$tree/bin/sh"
install -m 755 "$here/../domu-init" "$tree/init"
# By which a domain without hardware virtualization sees the functions it is given.
modprobe -S "$version" -d "$kernel" --show-depends xen-pcifront | awk '/^insmod/ { print $2 }' | xargs cp -t "$tree/modules"
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$target/initrd"
cp "$vmlinux" "$target/vmlinux"
