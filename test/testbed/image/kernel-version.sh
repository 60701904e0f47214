#!/bin/bash
# Prints the kernel the guest runs, such as 6.1.0-56-amd64: the one Debian's metapackage depends on.
# Debian raises the number with every ABI change, so it must not be written down anywhere.
set -euo pipefail
# The cloud flavour cannot serve: it is built without CONFIG_VFIO_MDEV.
version=$(apt-cache --no-all-versions show linux-image-amd64 |
  sed -n 's/^Depends:.*linux-image-\([0-9][^ ,]*-amd64\).*/\1/p' | head -n 1)
[[ -n $version ]] || { echo "apt knows no linux-image-amd64: run apt-get update" >&2; exit 1; }
echo "$version"
