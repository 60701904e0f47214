// Pure: what drivers tell of the shares of virtual functions, by path below the device's directory.
import type { AmountName } from "../hostd/protocol/shares.ts";
import { hasShares, resourcesOf, type FunctionShares, type ResourceName } from "./function-shares.ts";
import type { GpuDescription } from "./host-description.ts";
import type { KernelTraits } from "./kernel-version.ts";

/** Where the driver of a GPU has its files. */
export interface SriovPlace {
  readonly description: GpuDescription;
  /** The number of its card. */
  readonly index: number;
  readonly traits: KernelTraits;
}

/** Whom GuC lets have another priority: the GPU itself alone, so that the file of a virtual function is only read (xe_sriov_pf_sysfs.c). */
const PRIORITY = { pf: "[low] normal high", vf: "[low] normal" } as const;
const RESOURCE_FILES = {
  vramBytes: "vram",
  ggttBytes: "ggtt",
  contexts: "contexts",
  doorbells: "doorbells",
} as const satisfies Record<ResourceName, string>;

type Values = Readonly<Record<string, string | number>>;

/** The shares that the driver takes for a virtual function, each with its file; empty for a driver that makes none. */
export function shareFiles(place: SriovPlace, vf: number): ReadonlyMap<AmountName, string> {
  const { description, traits } = place;
  if (!hasShares(description, traits)) return new Map();
  const folder =
    description.driver === "xe"
      ? `sriov_admin/vf${vf}/profile`
      : `${cardFolder(place)}/vf${vf}/${graphicsUnit(description)}`;
  return new Map<AmountName, string>([
    ["execQuantumMs", `${folder}/exec_quantum_ms`],
    ["preemptTimeoutUs", `${folder}/preempt_timeout_us`],
    ...[...resourcesOf(description, traits).keys()].map(
      (name) => [name, `${folder}/${RESOURCE_FILES[name]}_quota`] as const,
    ),
  ]);
}

/** Ports of before 2023 have one graphics unit and do not number it. */
export function graphicsUnit({ iov }: GpuDescription): string {
  return iov === "prelim_iov" ? "gt0" : "gt";
}

/** Empty for a driver that makes none. */
export function sriovFiles(place: SriovPlace, shares: FunctionShares): ReadonlyMap<string, string> {
  if (!hasShares(place.description, place.traits)) return new Map();
  const numbers = Array.from({ length: place.description.total_vfs }, (_, vf) => vf + 1);
  const files: Values = {
    ...(place.description.driver === "xe" ? xeFiles(numbers) : i915Files(place, numbers, shares)),
    ...each(numbers, (vf) =>
      each([...shareFiles(place, vf)], ([name, file]) => ({ [file]: shares.of(vf)[name] ?? 0 })),
    ),
  };
  return new Map(Object.entries(files).map(([name, value]) => [name, `${value}\n`]));
}

/** i915-sriov-dkms, gt/iov/intel_iov_sysfs.c. */
function i915Files(place: SriovPlace, numbers: readonly number[], shares: FunctionShares): Values {
  const { description, traits } = place;
  const folder = cardFolder(place);
  const own = `${folder}/pf/${graphicsUnit(description)}`;
  return {
    [`${folder}/mode`]: "SR-IOV PF",
    [`${folder}/pf/auto_provisioning`]: shares.isAutomatic ? 1 : 0,
    [`${own}/exec_quantum_ms`]: 0,
    [`${own}/preempt_timeout_us`]: 0,
    ...each([...resourcesOf(description, traits).keys()], (name) => ({
      [`${own}/available/${RESOURCE_FILES[name]}_free`]: shares.left(name).free,
      [`${own}/available/${RESOURCE_FILES[name]}_max_quota`]: shares.left(name).largest,
    })),
    ...each(numbers, (vf) => ({ [`${folder}/vf${vf}/id`]: vf })),
  };
}

/** Documentation/ABI/testing/sysfs-driver-intel-xe-sriov. */
function xeFiles(numbers: readonly number[]): Values {
  return {
    "sriov_admin/pf/profile/exec_quantum_ms": 0,
    "sriov_admin/pf/profile/preempt_timeout_us": 0,
    "sriov_admin/pf/profile/sched_priority": PRIORITY.pf,
    ...each(numbers, (vf) => ({ [`sriov_admin/vf${vf}/profile/sched_priority`]: PRIORITY.vf })),
  };
}

function cardFolder({ description, index }: SriovPlace): string {
  return `drm/card${index}/${description.iov}`;
}

function each<T>(things: readonly T[], filesFor: (thing: T) => Values): Values {
  return Object.fromEntries(things.flatMap((thing) => Object.entries(filesFor(thing))));
}
