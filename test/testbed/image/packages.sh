#!/bin/bash
# Installs what building and running the bed needs and this machine lacks (needs root only then).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

# A machine that has never updated its lists knows no package at all.
apt-cache show linux-image-amd64 >/dev/null 2>&1 || apt-get update -q

mapfile -t wanted < <(sed '/^#/d; /^$/d' "$here/../packages"; echo "linux-headers-$("$here/kernel-version.sh")")
missing=()
for package in "${wanted[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
done
((${#missing[@]} == 0)) && exit 0

echo "installing ${missing[*]}"
install() { DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; }
# Lists that are older than the archive name packages it has dropped: update and try once more.
install || { apt-get update -q && install; }
