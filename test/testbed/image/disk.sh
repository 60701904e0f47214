#!/bin/bash
# disk.sh ROOT OUT: the root as an ext4 image with 1 GiB of room, with a journal as hosts have: without one a cut of the power takes back
# what was done to one folder and keeps what was done after it to another.
set -euo pipefail
root=$1 out=$2
size_mb=$(($(du -sm "$root" | cut -f1) + 1024))
truncate -s "${size_mb}M" "$out"
mke2fs -q -t ext4 -O '^metadata_csum' -E lazy_itable_init=1 -d "$root" "$out"
