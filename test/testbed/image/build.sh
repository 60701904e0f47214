#!/bin/bash
# build.sh OUT AGENT: builds vmlinuz, initrd and root.img of the KVM bed (stage.sh says into what and from what).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage.sh
. "$here/stage.sh"

version=$("$here/kernel-version.sh")
stage kernel "$here/kernel.sh" "$version" "$work/kernel"
stage modules "$here/modules.sh" "$version" "$work/modules"
stage root "$here/root.sh" "$here/guest-packages" "$work/root"
stage fill "$here/fill.sh" "$work/root" "$version" "$work/kernel" "$work/modules" "$agent" "$here/../guest"
stage capabilities "$here/capabilities.sh" "$work/root"
stage initrd "$here/initrd.sh" "$version" "$work/kernel" "$out/initrd"
stage disk "$here/disk.sh" "$work/root" "$out/root.img"
cp "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
rm -rf "$work"
