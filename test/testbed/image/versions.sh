#!/bin/bash
# versions.sh PACKAGES: prints the versions of all foreign things the image is made from; the cache key is made from this and our own files.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
echo "kernel $("$here/kernel-version.sh")"
echo "node $(node --version)"
echo "qemu $(dpkg-query -W -f '${Version}' qemu-system-x86)"

# What apt would install into an empty system.
mapfile -t packages < <(sed '/^#/d; /^$/d' "$1")
apt-get -s -o Dir::State::status=/dev/null -o Debug::NoLocking=1 --no-install-recommends install linux-image-amd64 \
  "${packages[@]}" | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\).*/\1 \2/p' | sort
