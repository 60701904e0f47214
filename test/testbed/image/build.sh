#!/bin/bash
# build.sh OUT AGENT: builds vmlinuz, initrd and root.img into the folder OUT; AGENT is the folder of the compiled harness.
# Prints "STAGE SECONDS" for each stage; a stage that fails prints the end of its log.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
out=$1 agent=$2
((EUID == 0)) || { echo "building the test bed's image needs root (mmdebstrap, chroot, kernel modules)" >&2; exit 1; }
work=$out/work
mkdir -p "$work"

stage() {
  local name=$1 start=$EPOCHREALTIME
  shift
  if ! "$@" >"$work/$name.log" 2>&1; then
    echo "stage $name of the test bed's image failed:" >&2
    tail -n 20 "$work/$name.log" >&2
    exit 1
  fi
  awk -v name="$name" -v start="$start" -v end="$EPOCHREALTIME" 'BEGIN { printf "%s %.1f\n", name, end - start }'
}

version=$("$here/kernel-version.sh")
stage kernel "$here/kernel.sh" "$version" "$work/kernel"
stage modules "$here/modules.sh" "$version" "$work/modules"
stage root "$here/root.sh" "$work/root"
stage fill "$here/fill.sh" "$work/root" "$version" "$work/kernel" "$work/modules" "$agent"
stage capabilities "$here/capabilities.sh" "$work/root"
stage initrd "$here/initrd.sh" "$version" "$work/kernel" "$out/initrd"
stage disk "$here/disk.sh" "$work/root" "$out/root.img"
cp "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
rm -rf "$work"
