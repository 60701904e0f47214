// What the beds' machines have in common: the devices that the harness needs, and what one machine is to it.
import { join } from "node:path";
import { portName } from "./protocol.ts";

/** Name of the saved state in the disk image. */
export const snapshotName = "ready";
/** What the guest runs as PID 1: the bed's own init, or systemd as a host has it. */
const inits = { minimal: "/usr/local/sbin/testbed-init", systemd: "/sbin/init" } as const;
export type Init = keyof typeof inits;

export interface MachineOptions {
  /** Folder of this run: disk.qcow2 is there, sockets and logs are made there. */
  readonly dir: string;
  /** Folder of the image: kernel and initrd. */
  readonly image: string;
  /** Host folders that the guest may mount (read-only) by these tags. */
  readonly shares: { readonly project: string; readonly modules: string };
  readonly init: Init;
  /** Continue from the saved state instead of booting. */
  readonly restore: boolean;
}

/** What tells one bed from another. */
export interface Machine {
  /** Begins the names of its folders and files in the cache. */
  readonly prefix: string;
  /** Its own `image` and `guest`, seen from test/testbed; image/build.sh and image/guest-packages are there. */
  readonly folder: string;
  /** The states that are saved: what is run in a booted guest before, so that not every run pays for it anew. With another PID 1 it boots. */
  readonly warmUps: ReadonlyMap<Init, string>;
  /** QEMU's command line. It decides whether a saved state fits, so it is part of the cache key. */
  qemuArguments(options: MachineOptions): readonly string[];
}

/** Of any guest's kernel: its root, its PID 1, and speed under emulation. */
export function kernelWords(init: Init): string {
  return `panic=-1 quiet loglevel=5 root=/dev/vda rw mitigations=off nokaslr audit=0 init=${inits[init]}`;
}

/**
 * Emulation always: /dev/kvm may open and yet boot no ordinary kernel where the host is itself a guest. Our own devices
 * stand at slots from 4 on, because integrated graphics is at slot 2 and another GPU may be at slot 3; the placeholders
 * there make the firmware's IOMMU tables cover them.
 * `processors`: how many; each has a thread of its own.
 */
export function commonArguments(options: MachineOptions, processors: number): string[] {
  const { dir, shares } = options;
  const socket = (name: string): string =>
    `socket,id=${name},path=${join(dir, `${name}.sock`)},server=on,wait=off`;
  const share = (tag: "modules" | "project", slot: number): string[] => [
    "-fsdev",
    `local,id=${tag},path=${shares[tag]},security_model=none,readonly=on,multidevs=remap`,
    "-device",
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag},addr=${slot}`,
  ];
  return [
    ...["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512"],
    ...["-smp", String(processors), "-m", "2048"],
    ...["-nodefaults", "-display", "none", "-vga", "none"],
    ...["-device", "pci-testdev,addr=2", "-device", "pci-testdev,addr=3"],
    ...["-drive", `file=${join(dir, "disk.qcow2")},if=none,id=disk,format=qcow2,cache=unsafe`],
    ...["-device", "virtio-blk-pci,drive=disk,addr=4"],
    ...["-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=,addr=5"],
    ...["-device", "virtio-rng-pci,addr=6"],
    ...["-device", "virtio-serial-pci,addr=7", "-chardev", socket("control")],
    ...["-device", `virtserialport,chardev=control,name=${portName}`],
    ...share("project", 8),
    ...share("modules", 9),
    ...["-serial", `file:${join(dir, "console.log")}`],
    ...["-chardev", socket("qmp"), "-mon", "chardev=qmp,mode=control"],
    ...(options.restore ? ["-loadvm", snapshotName] : []),
  ];
}
