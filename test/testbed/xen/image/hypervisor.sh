#!/bin/bash
# hypervisor.sh ROOT OUT: the hypervisor of the root's packages as QEMU's multiboot loader takes it, and the root fit for it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$1 out=$2
gzip -dc "$root"/boot/xen-*-amd64.gz >"$out"
# An emulated processor has no VME and Xen hides SEP on AMD's, so that every model libvirt knows lacks something, and its
# driver for Xen does not load where no model fits the processor.
sed -i "/'vme'/d" "$root/usr/share/libvirt/cpu_map/x86_486.xml"
install -D -m 755 "$here/../guest/xengt-device-model" "$root/usr/local/libexec/xengt-device-model"
