#!/bin/bash
# root.sh PACKAGES OUT: the guest's root file system with the packages that the file names, from the archives of this machine.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
packages_file=$1 out=$2
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
sources=$(mktemp)
trap 'rm -f "$sources"' EXIT
"$here/sources.sh" >"$sources"

options=(--aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io)
for path in man doc locale icons info; do options+=("--dpkgopt=path-exclude=/usr/share/$path/*"); done
# How this machine reaches its archives (proxies and the like) holds for the guest's root as well.
while read -r option; do options+=("--aptopt=$option"); done < <(apt-config dump | grep -E '^Acquire::(http|https)::[^ ]+ "[^"]' || true)

packages=$(sed '/^#/d; /^$/d' "$packages_file" | paste -sd,)
mmdebstrap --mode=root --variant=minbase "${options[@]}" --include="$packages" "$suite" "$out" "$sources"
