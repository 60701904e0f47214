#!/bin/bash
# Prints Debian's own archives, as this machine's apt is configured for them, in one-line form.
# apt itself is asked, so either form of its files will do, and archives of others are left out by their signed origin.
set -euo pipefail
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck disable=SC2016 # the variables are apt's
sources=$(apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ARCHITECTURE)' 'Created-By: Packages' |
  awk -F'|' -v native="$(dpkg --print-architecture)" -v keyring="$keyring" \
    '$1 == "Debian" && $5 == native { printf "deb [arch=%s signed-by=%s] %s %s %s\n", $5, keyring, $2, $3, $4 }')
[[ -n $sources ]] || { echo "apt has no lists of a Debian archive: run apt-get update" >&2; exit 1; }
echo "$sources"
