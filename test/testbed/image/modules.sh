#!/bin/bash
# modules.sh VERSION OUT: our kernel modules, built against the headers of that kernel.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
version=$1 out=$2
headers=/usr/src/linux-headers-$version
[[ -d $headers ]] || { echo "no $headers: install linux-headers-$version" >&2; exit 1; }
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp "$here"/../modules/{Makefile,*.c,*.h} "$build"
make -s -C "$headers" M="$build" modules
mkdir -p "$out"
strip --strip-debug "$build"/*.ko
cp "$build"/*.ko "$out"
