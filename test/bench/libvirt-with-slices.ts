// A real libvirtd that drives real QEMUs and finds the simulated host's slices in /sys, which this machine cannot have.
// Only the slice itself is not real: QEMU is started without the one device that would need it. Everything before is done:
// libvirt looks the slice up, sees whether it is taken, and builds QEMU's command line with it.
import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RealLibvirtd } from "../contract/real-libvirtd.ts";
import type { SimulatedHost } from "../fakes/simulated-host.ts";

const QEMU = "/usr/bin/qemu-system-x86_64";
/** Where the real one is called from meanwhile: it finds its modules beside itself, and nobody needs this program here. */
const REAL_QEMU = "/usr/bin/qemu-nbd";

/** The guests run as root without confinement, and nobody's files are given to another owner: the tree is read-only. */
const configuration = {
  "qemu.conf":
    'stdio_handler = "file"\nuser = "root"\ngroup = "root"\nsecurity_driver = "none"\n' +
    "dynamic_ownership = 0\ncgroup_controllers = []\nnamespaces = []\n",
};

/** Leaves the slice's device out of QEMU's words. */
const STARTER = `#!/bin/sh
left=$#
while [ $left -gt 0 ]; do
  word=$1; shift; left=$((left - 1))
  case $word$1 in -device*'"vfio-pci"'*) shift; left=$((left - 1)); continue ;; esac
  set -- "$@" "$word"
done
exec ${REAL_QEMU} "$@"
`;

const LOCKED_MEMORY = fileURLToPath(new URL("../../../test/bench/locked-memory.c", import.meta.url));

export async function libvirtWithSlices({ directory, root }: SimulatedHost): Promise<RealLibvirtd> {
  const starting = path.join(directory, "start-qemu");
  await writeFile(starting, STARTER);
  await chmod(starting, 0o755);
  const lockedMemory = path.join(directory, "locked-memory.so");
  await promisify(execFile)("gcc", ["-shared", "-fPIC", "-O1", "-o", lockedMemory, LOCKED_MEMORY]);
  // In the daemon's own mount namespace: the machine's /sys, /dev and QEMU stay as they are.
  const before = [
    `mount -t overlay -o ro,lowerdir=${root}/sys:/sys overlay /sys`,
    // libvirt asks whether there is VFIO's container, and leaves opening it to QEMU.
    "mkdir -p dev vfio/vfio",
    "touch vfio/vfio/vfio",
    `mount -t overlay -o ro,lowerdir=vfio:${root}/dev:/dev overlay dev`,
    ...["pts", "shm"].map((folder) => `mount --rbind /dev/${folder} dev/${folder}`),
    "mount --rbind dev /dev",
    `mount --bind ${QEMU} ${REAL_QEMU}`,
    `mount --bind ${starting} ${QEMU}`,
    `export LD_PRELOAD=${lockedMemory}`,
  ];
  return await RealLibvirtd.start({ configuration, before });
}
