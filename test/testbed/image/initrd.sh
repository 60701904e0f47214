#!/bin/bash
# initrd.sh VERSION KERNEL OUT [MODULE...]: an initramfs of busybox and the few modules that reach the root file system, after
# those named.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
version=$1 kernel=$2 out=$3
shift 3
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,proc,sys,dev,newroot,modules}
cp /bin/busybox "$tree/bin/busybox"
ln -s busybox "$tree/bin/sh"
install -m 755 "$here/../guest/initramfs-init" "$tree/init"
for module in "$@" virtio_pci virtio_blk ext4 crc32c_generic; do
  modprobe -S "$version" -d "$kernel" --show-depends "$module" | awk '/^insmod/ { print $2 }'
done | awk '!seen[$0]++' | while read -r file; do
  cp "$file" "$tree/modules"
  basename "$file" >>"$tree/modules/order"
done
(cd "$tree" && find . | cpio -o -H newc --quiet) >"$out"
