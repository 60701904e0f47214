// Finds Intel display functions on the PCI bus. Everything is keyed by PCI address: card numbers change at reboots.
import { parsePciAddress, type PciAddress } from "../core/ids.ts";
import type { Gpu } from "../inventory/model.ts";
import { functionAddresses } from "./function-addresses.ts";
import { fact, neededFact, type HostFiles } from "./host-files.ts";

/** What a backend finds that a GPU can be cut into. */
export type Offers = Pick<Gpu, "mdevParent" | "vgt" | "types">;

/** What the PCI bus alone tells; what can be shared is for a backend to find. */
export type PciGpu = Omit<Gpu, keyof Offers | "sriov" | "screens">;

/** As it was found, while it was bound as it was then. */
export interface FoundGpu extends PciGpu {
  /** Another text after each binding to a driver; undefined when there is none, and where nobody can tell. */
  readonly binding: string | undefined;
}

const DEVICES = "sys/bus/pci/devices";
const INTEL = "8086";
const MIB = 1024n * 1024n;
const MAX_INT32 = 2 ** 31 - 1;

/** Throws when it cannot be read which functions there are, and which of them are GPUs. */
export async function findGpus(files: HostFiles): Promise<FoundGpu[]> {
  const addresses = (await files.list(DEVICES))
    .map(parsePciAddress)
    .filter((address) => address !== undefined);
  const found = await Promise.all(addresses.map((address) => readGpu(files, address)));
  return await withoutLeaving(
    files,
    found.filter((gpu) => gpu !== undefined),
  );
}

/**
 * A virtual function whose removal waits for a guest has lost its link to its GPU already (kernel drivers/pci/iov.c,
 * pci_iov_remove_virtfn), and by its ids it is one itself.
 */
async function withoutLeaving(files: HostFiles, gpus: FoundGpu[]): Promise<FoundGpu[]> {
  // A host with one has no function that could be taken for another.
  if (gpus.length < 2) return gpus;
  const functions = await Promise.all(gpus.map(({ address }) => functionAddresses(files, address)));
  const leaving = new Set(functions.flat());
  return gpus.filter(({ address }) => !leaving.has(address));
}

export async function bindingOf(files: HostFiles, address: PciAddress): Promise<string | undefined> {
  return await files.linkStamp?.(`${DEVICES}/${address}/driver`);
}

/**
 * Resolves when no driver is being bound to the function or unbound from it. The kernel holds the device's lock from the
 * beginning of a probe or removal to its end (drivers/base/dd.c), and a read of this file waits for it (drivers/pci/pci-sysfs.c,
 * driver_override_show). One that hangs is given up as any file is, and noted.
 */
export async function bindingIsOver(files: HostFiles, address: PciAddress): Promise<void> {
  await files.read(`${DEVICES}/${address}/driver_override`);
}

/** Undefined when there is no such function, or it is not a GPU. Throws when that cannot be read. */
export async function readGpu(files: HostFiles, address: PciAddress): Promise<FoundGpu | undefined> {
  const dir = `${DEVICES}/${address}`;
  const [vendorId, pciClass] = await Promise.all([
    neededFact(files, `${dir}/vendor`, hexId),
    neededFact(files, `${dir}/class`, hexId),
  ]);
  if (vendorId !== INTEL || !isDisplay(pciClass)) return undefined;
  // The driver before all that it offers: see `described` in kernel-facts.ts.
  const [physfn, binding, driver] = await Promise.all([
    files.linkName(`${dir}/physfn`),
    bindingOf(files, address),
    driverOf(files, address),
  ]);
  // A virtual function shares its parent's ids; it is a slice, not a GPU.
  if (physfn !== undefined) return undefined;
  const [deviceId, node, group, drm, bootVga, resource] = await Promise.all([
    fact(files, `${dir}/device`, hexId),
    fact(files, `${dir}/numa_node`, integer),
    files.linkName(`${dir}/iommu_group`),
    files.list(`${dir}/drm`),
    fact(files, `${dir}/boot_vga`, flag),
    fact(files, `${dir}/resource`, (text) => (RESOURCE.test(text) ? text : undefined)),
  ]);
  // A driver that leaves takes its link away first and its nodes later (kernel drivers/base/dd.c).
  const nodes = driver === undefined ? [] : drm;
  return {
    address,
    vendorId,
    deviceId: deviceId ?? "",
    pciClass,
    ...{ binding, driver },
    // The kernel writes -1 for "no NUMA node".
    numaNode: node !== undefined && node >= 0 ? node : undefined,
    iommuGroup: integer(group ?? ""),
    drmCard: nodes.find((name) => /^card\d+$/.test(name)),
    drmRender: nodes.find((name) => /^renderD\d+$/.test(name)),
    bootVga,
    apertureMib: bar2Mib(resource),
  };
}

/** The bound driver's name. */
export function driverOf(files: HostFiles, address: PciAddress): Promise<string | undefined> {
  return files.linkName(`${DEVICES}/${address}/driver`);
}

/** VGA compatible, or another display controller: an iGPU is the latter when a second card is primary. */
function isDisplay(pciClass: string | undefined): pciClass is string {
  return pciClass !== undefined && (pciClass.startsWith("0300") || pciClass.startsWith("0380"));
}

function hexId(text: string): string | undefined {
  return /^0x([0-9a-f]+)$/.exec(text)?.[1];
}

function integer(text: string): number | undefined {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function flag(text: string): boolean | undefined {
  return text === "0" || text === "1" ? text === "1" : undefined;
}

/** Three lines of `start end flags` in hex at least: sysfs `resource` (Documentation/PCI/sysfs-pci.rst). */
const RESOURCE = /^(0x[0-9a-f]{1,16} 0x[0-9a-f]{1,16} 0x[0-9a-f]{1,16}(\n|$)){3}/;

/**
 * The size of BAR 2 from sysfs `resource`, which i915 maps as the aperture of its GGTT (gt/intel_ggtt.c); undefined for a
 * BAR that is not assigned.
 */
export function bar2Mib(resource: string | undefined): number | undefined {
  const fields = /^(0x[0-9a-f]+) (0x[0-9a-f]+)/.exec(resource?.split("\n")[2] ?? "");
  const [start, end] = [BigInt(fields?.[1] ?? 0), BigInt(fields?.[2] ?? 0)];
  const mib = end > start ? Number((end - start + 1n) / MIB) : undefined;
  return mib === undefined || mib > MAX_INT32 ? undefined : mib;
}
