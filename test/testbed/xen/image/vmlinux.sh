#!/bin/bash
# vmlinux.sh VMLINUZ OUT: the kernel without its compression, which Xen and libxl would undo at each start (20 s, emulated).
set -euo pipefail
vmlinuz=$1 out=$2
offset=$(LC_ALL=C grep --text --byte-offset --only-matching --max-count=1 --perl-regexp '\xFD7zXZ\x00' "$vmlinuz" | head -n 1 | cut -d: -f1)
[[ -n $offset ]] || { echo "no xz stream in $vmlinuz" >&2; exit 1; }
# What follows the stream is no stream: xz is told to stop there.
xz --decompress --single-stream --stdout < <(tail -c "+$((offset + 1))" "$vmlinuz") >"$out"
[[ $(head -c 4 "$out") == $'\x7fELF' ]] || { echo "$vmlinuz holds no ELF kernel" >&2; exit 1; }
