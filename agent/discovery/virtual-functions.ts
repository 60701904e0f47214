// SR-IOV of a GPU: what the PCI core tells of its virtual functions (Documentation/ABI/testing/sysfs-bus-pci), and what its driver
// tells of their shares. Figures of drivers are readable by all, and reading them wakes no GPU.
import { parsePciAddress } from "../core/ids.ts";
import {
  functionPriorities,
  functionResources,
  type FunctionAmounts,
  type FunctionPriority,
  type FunctionResource,
  type FunctionTurns,
  type Sriov,
  type VirtualFunction,
} from "../inventory/virtual-functions.ts";
import { fact, unsignedInt, type HostFiles } from "./host-files.ts";
import { driverOf, type PciGpu } from "./pci-gpus.ts";

/** Where a driver keeps its figures; a path is undefined where it has none of that kind. */
interface Shares {
  readonly available: (resource: FunctionResource) => string | undefined;
  readonly largestQuota: (resource: FunctionResource) => string | undefined;
  readonly quota: (vf: number, resource: FunctionResource) => string | undefined;
  readonly turns: (vf: number, name: keyof FunctionTurns) => string | undefined;
}

/**
 * Undefined for a GPU without SR-IOV. Throws when a directory is there and cannot be listed. Which functions there are is told
 * by their links: a read of `sriov_numvfs` waits, beyond signals, for whoever changes their number (kernel drivers/pci/iov.c,
 * sriov_numvfs_show), and a change hangs for as long as a guest has one of them.
 */
export async function readSriov(files: HostFiles, gpu: PciGpu): Promise<Sriov | undefined> {
  const dir = `sys/bus/pci/devices/${gpu.address}`;
  const names = await files.list(dir);
  if (!names.includes("sriov_totalvfs")) return undefined;
  const shares = await sharesOf(files, gpu, dir);
  const links = names
    .filter((name) => LINK.test(name))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const [total, autoprobe, functions, available, largestQuota] = await Promise.all([
    fact(files, `${dir}/sriov_totalvfs`, count),
    fact(files, `${dir}/sriov_drivers_autoprobe`, (text) => FLAGS.get(text)),
    Promise.all(links.map((link) => readFunction(files, `${dir}/${link}`, shares))),
    amounts(files, (resource) => shares?.available(resource)),
    amounts(files, (resource) => shares?.largestQuota(resource)),
  ]);
  return {
    ...{ total, autoprobe, available, largestQuota },
    driverEnables: shares !== undefined,
    functions: functions.filter((found) => found !== undefined),
  };
}

const LINK = /^virtfn\d{1,5}$/;
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["0", false],
  ["1", true],
]);

/** Undefined for one that has just gone. */
async function readFunction(
  files: HostFiles,
  link: string,
  shares: Shares | undefined,
): Promise<VirtualFunction | undefined> {
  const address = parsePciAddress((await files.linkName(link)) ?? "");
  if (address === undefined) return undefined;
  const number = Number(/\d+$/.exec(link)?.[0]) + 1;
  const [driver, quota, turns] = await Promise.all([
    driverOf(files, address),
    amounts(files, (resource) => shares?.quota(number, resource)),
    readTurns(files, (name) => shares?.turns(number, name)),
  ]);
  return { number, address, driver, quota, turns };
}

/**
 * Undefined where the bound driver enables no functions. xe does: where it cannot, it lowers sriov_totalvfs to 0 (xe_sriov.c,
 * xe_sriov_probe_early). i915 does as a port from outside of the kernel, whose card then has a folder for them.
 */
async function sharesOf(
  files: HostFiles,
  { driver, drmCard }: PciGpu,
  dir: string,
): Promise<Shares | undefined> {
  if (driver === "xe") return xeShares(`${dir}/sriov_admin`);
  if (driver !== "i915" || drmCard === undefined) return undefined;
  const card = `${dir}/drm/${drmCard}`;
  const names = await files.list(card);
  const folder = ["prelim_iov", "iov"].find((name) => names.includes(name));
  if (folder === undefined) return undefined;
  // Ports of before 2023 have one graphics unit and do not number it.
  const units = await files.list(`${card}/${folder}/pf`);
  return i915Shares(`${card}/${folder}`, units.includes("gt0") ? "gt0" : "gt");
}

/** Documentation/ABI/testing/sysfs-driver-intel-xe-sriov: of all shares only the local memory of discrete GPUs. */
function xeShares(admin: string): Shares {
  return {
    available: () => undefined,
    largestQuota: () => undefined,
    quota: (vf, resource) => (resource === "vramBytes" ? `${admin}/vf${vf}/profile/vram_quota` : undefined),
    turns: (vf, name) => `${admin}/vf${vf}/profile/${TURN_FILES[name]}`,
  };
}

/** Of i915-sriov-dkms: gt/iov/intel_iov_sysfs.c. */
function i915Shares(folder: string, gt: string): Shares {
  const file = (dir: string, resource: FunctionResource, suffix: string): string | undefined => {
    const name = I915_NAMES[resource];
    return name && `${folder}/${dir}/${name}_${suffix}`;
  };
  return {
    available: (resource) => file(`pf/${gt}/available`, resource, "free"),
    largestQuota: (resource) => file(`pf/${gt}/available`, resource, "max_quota"),
    quota: (vf, resource) => file(`vf${vf}/${gt}`, resource, "quota"),
    turns: (vf, name) => (name === "priority" ? undefined : `${folder}/vf${vf}/${gt}/${TURN_FILES[name]}`),
  };
}

const TURN_FILES = {
  execQuantumMs: "exec_quantum_ms",
  preemptTimeoutUs: "preempt_timeout_us",
  priority: "sched_priority",
} as const satisfies Record<keyof FunctionTurns, string>;

const I915_NAMES: Readonly<Record<FunctionResource, string | undefined>> = {
  vramBytes: undefined,
  ggttBytes: "ggtt",
  contexts: "contexts",
  doorbells: "doorbells",
};

async function amounts(
  files: HostFiles,
  pathOf: (resource: FunctionResource) => string | undefined,
): Promise<FunctionAmounts> {
  const [vramBytes, ggttBytes, contexts, doorbells] = await Promise.all(
    functionResources.map(async (resource) => {
      const path = pathOf(resource);
      return path === undefined
        ? undefined
        : await fact(files, path, resource.endsWith("Bytes") ? bytes : count);
    }),
  );
  return { vramBytes, ggttBytes, contexts, doorbells };
}

async function readTurns(
  files: HostFiles,
  pathOf: (name: keyof FunctionTurns) => string | undefined,
): Promise<FunctionTurns> {
  const told = async <T>(
    name: keyof FunctionTurns,
    understand: (text: string) => T | undefined,
  ): Promise<T | undefined> => {
    const path = pathOf(name);
    return path === undefined ? undefined : await fact(files, path, understand);
  };
  const [execQuantumMs, preemptTimeoutUs, priority] = await Promise.all([
    told("execQuantumMs", unsignedInt),
    told("preemptTimeoutUs", unsignedInt),
    told("priority", chosen),
  ]);
  return { execQuantumMs, preemptTimeoutUs, priority };
}

/** All that it could be is listed, and what it is stands in brackets: `[low] normal`. */
function chosen(text: string): FunctionPriority | undefined {
  const word = /\[(\w+)\]/.exec(text)?.[1];
  return functionPriorities.find((priority) => priority === word);
}

/** An unsigned number of 16 bits. */
function count(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

/** Up to a petabyte. */
function bytes(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
