#!/bin/bash
# kernel.sh VERSION OUT: Debian's kernel image unpacked into OUT; installing it here would change this machine's boot.
set -euo pipefail
version=$1 out=$2
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
# Without the option apt complains that its own user cannot write to a folder of root's.
(cd "$download" && apt-get -o APT::Sandbox::User=root -q download "linux-image-$version")
dpkg-deb -x "$download"/*.deb "$out"
depmod -b "$out" "$version"
