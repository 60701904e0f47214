#!/bin/bash
# build.sh OUT AGENT: builds xen, vmlinux, initrd and root.img of the Xen bed (stage.sh says into what and from what).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
shared=$here/../../image
# shellcheck source=../../image/stage.sh
. "$shared/stage.sh"

version=$("$shared/kernel-version.sh")
stage kernel "$shared/kernel.sh" "$version" "$work/kernel"
stage modules "$shared/modules.sh" "$version" "$work/modules"
stage root "$shared/root.sh" "$here/guest-packages" "$work/root"
stage fill "$shared/fill.sh" "$work/root" "$version" "$work/kernel" "$work/modules" "$agent" "$here/../guest"
stage hypervisor "$here/hypervisor.sh" "$work/root" "$out/xen"
stage vmlinux "$here/vmlinux.sh" "$work/kernel/boot/vmlinuz-$version" "$out/vmlinux"
stage domu "$here/domu.sh" "$version" "$work/kernel" "$out/vmlinux" "$work/root"
# pciback before any driver of a function, as on hosts that hide functions from their drivers: then it keeps what it once had.
stage initrd "$shared/initrd.sh" "$version" "$work/kernel" "$out/initrd" xen-pciback
stage disk "$shared/disk.sh" "$work/root" "$out/root.img"
rm -rf "$work"
