// Finds Intel display functions on the PCI bus. Everything is keyed by PCI address: card numbers change at reboots.
import { parsePciAddress, type PciAddress } from "../core/ids.ts";
import type { Gpu } from "../inventory/model.ts";
import type { HostFiles } from "./host-files.ts";

/** What the PCI bus alone tells; what can be shared is for a backend to find. */
export type PciGpu = Omit<Gpu, "mdevParent" | "types">;

const DEVICES = "sys/bus/pci/devices";
const INTEL = "8086";
const MIB = 1024n * 1024n;
const MAX_INT32 = 2 ** 31 - 1;

export async function findGpus(files: HostFiles): Promise<PciGpu[]> {
  const addresses = (await files.list(DEVICES))
    .map(parsePciAddress)
    .filter((address) => address !== undefined);
  const found = await Promise.all(addresses.map((address) => readGpu(files, address)));
  return found.filter((gpu) => gpu !== undefined);
}

async function readGpu(files: HostFiles, address: PciAddress): Promise<PciGpu | undefined> {
  const dir = `${DEVICES}/${address}`;
  const [vendorId, pciClass] = await Promise.all([
    hexId(files, `${dir}/vendor`),
    hexId(files, `${dir}/class`),
  ]);
  if (vendorId !== INTEL || !isDisplay(pciClass)) return undefined;
  // A virtual function shares its parent's ids; it is a slice, not a GPU.
  if ((await files.linkName(`${dir}/physfn`)) !== undefined) return undefined;
  const [deviceId, driver, numa, group, drm, bootVga, resource] = await Promise.all([
    hexId(files, `${dir}/device`),
    files.linkName(`${dir}/driver`),
    files.read(`${dir}/numa_node`),
    files.linkName(`${dir}/iommu_group`),
    files.list(`${dir}/drm`),
    files.read(`${dir}/boot_vga`),
    files.read(`${dir}/resource`),
  ]);
  return {
    address,
    vendorId,
    deviceId: deviceId ?? "",
    pciClass,
    driver,
    numaNode: nonNegative(numa),
    iommuGroup: nonNegative(group),
    drmCard: drm.find((name) => /^card\d+$/.test(name)),
    drmRender: drm.find((name) => /^renderD\d+$/.test(name)),
    bootVga: bootVga === undefined ? undefined : bootVga === "1",
    apertureMib: bar2Mib(resource),
  };
}

/** VGA compatible, or another display controller: an iGPU is the latter when a second card is primary. */
function isDisplay(pciClass: string | undefined): pciClass is string {
  return pciClass !== undefined && (pciClass.startsWith("0300") || pciClass.startsWith("0380"));
}

async function hexId(files: HostFiles, path: string): Promise<string | undefined> {
  return /^0x([0-9a-f]+)$/.exec((await files.read(path)) ?? "")?.[1];
}

/** The kernel writes -1 for "no NUMA node". What no int of the kernel holds is no answer of it. */
function nonNegative(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  return value === undefined || value > MAX_INT32 ? undefined : value;
}

/**
 * The size of BAR 2 from sysfs `resource`, whose third line is `start end flags` in hex
 * (Documentation/PCI/sysfs-pci.rst). i915 maps BAR 2 as the aperture of its GGTT (gt/intel_ggtt.c).
 */
export function bar2Mib(resource: string | undefined): number | undefined {
  const fields = /^(0x[0-9a-f]+) (0x[0-9a-f]+)/.exec(resource?.split("\n")[2] ?? "");
  const [start, end] = [BigInt(fields?.[1] ?? 0), BigInt(fields?.[2] ?? 0)];
  const mib = end > start ? Number((end - start + 1n) / MIB) : undefined;
  return mib === undefined || mib > MAX_INT32 ? undefined : mib;
}
