// The bed's GPU as suites handle it: through the kernel's files, and as XML of a domain that holds a slice.
import type { Bed, TextResult } from "./bed.ts";

export const gpuAddress = "0000:00:02.0";
const parent = `/sys/class/mdev_bus/${gpuAddress}`;
const knobs = "/sys/module/kvmgt/parameters";

export type Suffix = "1" | "2" | "4" | "8";

/** Where the kernel offers a type. */
export function typeFolder(suffix: Suffix): string {
  return `${parent}/mdev_supported_types/i915-GVTg_V5_${suffix}`;
}

/** What may still be made of each listed type, by the type's suffix. */
export async function available(bed: Bed): Promise<Partial<Record<Suffix, number>>> {
  const text = await bed.check(
    `cd ${parent}/mdev_supported_types && grep -H . */available_instances || true`,
  );
  const found: Partial<Record<Suffix, number>> = {};
  for (const [, suffix, count] of text.matchAll(/GVTg_V\d_(\d)\/available_instances:(\d+)/g))
    if (suffix === "1" || suffix === "2" || suffix === "4" || suffix === "8") found[suffix] = Number(count);
  return found;
}

/** A fixed UUID for the n-th slice of a suite. */
export function uuid(n: number): string {
  return `11111111-1111-4111-8111-${String(n).padStart(12, "0")}`;
}

/** Of a PCI function by its address; empty for none. */
export function driverOf(bed: Bed, address: string): Promise<string> {
  return bed.check(`basename "$(readlink /sys/bus/pci/devices/${address}/driver)"`);
}

export function create(bed: Bed, suffix: Suffix, id: string): Promise<TextResult> {
  return bed.run(`echo ${id} > ${typeFolder(suffix)}/create`);
}

export function remove(bed: Bed, id: string): Promise<TextResult> {
  return bed.run(`echo 1 > /sys/bus/mdev/devices/${id}/remove`);
}

export async function removeAll(bed: Bed): Promise<void> {
  await bed.check(
    `for slice in /sys/bus/mdev/devices/*; do [ ! -e "$slice" ] || echo 1 > "$slice/remove"; done`,
  );
}

export async function setKnob(bed: Bed, name: string, value: string): Promise<void> {
  await bed.check(`echo ${value} > ${knobs}/${name}`);
}

/** What the kernel has logged since the last call. */
export function kernelLog(bed: Bed): Promise<string> {
  return bed.check("dmesg --read-clear");
}

/** Loads the modules anew, for a GPU of another shape. */
export async function reloadGpu(bed: Bed, igd: string, kvmgt = ""): Promise<void> {
  await bed.check(
    `modprobe -r kvmgt i915 fake_igd && modprobe fake_igd ${igd} && modprobe kvmgt ${kvmgt} && udevadm settle --timeout=30`,
  );
}

/** The smallest domain that holds a device; it has no disk and ends up in the firmware, which is enough to keep it. */
function smallDomain(name: string, hostdev: string): string {
  return `<domain type='qemu'>
  <name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/><memballoon model='none'/>
    ${hostdev}
  </devices>
</domain>`;
}

function sliceDomain(name: string, id: string): string {
  return smallDomain(
    name,
    `<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'><source><address uuid='${id}'/></source></hostdev>`,
  );
}

/** Starts a domain that is given a PCI function, which is at vfio-pci before and stays there behind it. */
export async function startWithFunction(bed: Bed, name: string, address: string): Promise<void> {
  const [, domain, bus, slot, fn] = /^(\w+):(\w+):(\w+)\.(\w)$/.exec(address) ?? [];
  const at = `domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'`;
  const hostdev = `<hostdev mode='subsystem' type='pci' managed='no'><source><address ${at}/></source></hostdev>`;
  await bed.writeFile(`/tmp/${name}.xml`, smallDomain(name, hostdev));
  await bed.check(`virsh -q create /tmp/${name}.xml`, { timeoutMs: 180_000 });
}

/** Binds a PCI function that has no driver to this one, or takes it from the one it has where none is named. */
export async function bind(bed: Bed, address: string, driver = ""): Promise<void> {
  const at = `/sys/bus/pci/devices/${address}`;
  const probe =
    driver === "" ? `echo ${address} >${at}/driver/unbind` : `echo ${address} >/sys/bus/pci/drivers_probe`;
  await bed.check(`echo '${driver}' >${at}/driver_override && ${probe}`);
}

/** Starts it; emulation makes that take ten seconds and more. */
export async function startDomain(bed: Bed, name: string, id: string): Promise<void> {
  await bed.writeFile(`/tmp/${name}.xml`, sliceDomain(name, id));
  await bed.check(`virsh -q create /tmp/${name}.xml`, { timeoutMs: 180_000 });
}

/** Defines it and leaves it off. */
export async function defineDomain(bed: Bed, name: string, id: string): Promise<void> {
  await bed.writeFile(`/tmp/${name}.xml`, sliceDomain(name, id));
  await bed.check(`virsh -q define /tmp/${name}.xml`);
}
