// Pure: what drivers tell of the shares of virtual functions, by path below the device's directory.
import type { GpuDescription } from "./host-description.ts";
import type { KernelTraits } from "./kernel-version.ts";
import { partsOf } from "./pci-address.ts";

const MIB = 1_048_576;
/** What i915 has for virtual functions, and the largest piece of it that one can have. */
const SHARES = {
  ggtt: { has: 4_171_235_328, largest: 2048 * MIB, unit: MIB },
  contexts: { has: 64_512, largest: 64_512, unit: 1024 },
  doorbells: { has: 240, largest: 240, unit: 1 },
} as const;
/** Local memory of a discrete GPU that xe has for virtual functions. */
const VRAM_BYTES = 14_336 * MIB;

interface SriovPlace {
  readonly description: GpuDescription;
  /** The number of its card. */
  readonly index: number;
  /** How many virtual functions there are: they share alike (auto-provisioning). */
  readonly enabled: number;
  readonly traits: KernelTraits;
}

/** Empty for a driver that makes none. */
export function sriovFiles(place: SriovPlace): ReadonlyMap<string, string> {
  const files = filesOf(place);
  return new Map(Object.entries(files).map(([name, value]) => [name, `${value}\n`]));
}

type Values = Readonly<Record<string, string | number>>;

function filesOf(place: SriovPlace): Values {
  const { driver, iov } = place.description;
  if (driver === "xe" && place.traits.hasXeSriovAdmin) return xeFiles(place);
  return driver === "i915" && iov !== "none" ? i915Files(place, iov) : {};
}

/** i915-sriov-dkms, gt/iov/intel_iov_sysfs.c; ports of before 2023 have one graphics unit and do not number it. */
function i915Files({ description, index, enabled }: SriovPlace, folder: "prelim_iov" | "iov"): Values {
  const card = `drm/card${index}/${folder}`;
  const gt = folder === "prelim_iov" ? "gt0" : "gt";
  const functions = Array.from({ length: description.total_vfs }, (_, vf) => vf + 1);
  const policies = { exec_quantum_ms: 0, preempt_timeout_us: 0 };
  const shares = each(Object.entries(SHARES), ([name, { has, largest, unit }]) => {
    const quota = enabled === 0 ? 0 : Math.min(roundDown(has / enabled, unit), largest);
    const free = has - enabled * quota;
    return {
      [`${card}/pf/${gt}/available/${name}_free`]: free,
      [`${card}/pf/${gt}/available/${name}_max_quota`]: Math.min(free, largest),
      ...each(functions, (vf) => ({ [`${card}/vf${vf}/${gt}/${name}_quota`]: vf <= enabled ? quota : 0 })),
    };
  });
  return {
    [`${card}/mode`]: "SR-IOV PF",
    [`${card}/pf/auto_provisioning`]: 1,
    ...below(`${card}/pf/${gt}`, policies),
    ...each(functions, (vf) => ({ [`${card}/vf${vf}/id`]: vf, ...below(`${card}/vf${vf}/${gt}`, policies) })),
    ...shares,
  };
}

/** Documentation/ABI/testing/sysfs-driver-intel-xe-sriov. */
function xeFiles({ description, enabled, traits }: SriovPlace): Values {
  const policies = {
    exec_quantum_ms: 0,
    preempt_timeout_us: 0,
    sched_priority: "[low] normal high",
  };
  const vram = enabled === 0 ? 0 : roundDown(VRAM_BYTES / enabled, 2 * MIB);
  const functions = Array.from({ length: description.total_vfs }, (_, vf) => vf + 1);
  const hasVram = traits.hasVramQuota && isDiscrete(description);
  return {
    ...below("sriov_admin/pf/profile", policies),
    ...each(functions, (vf) =>
      below(`sriov_admin/vf${vf}/profile`, {
        ...policies,
        ...(hasVram ? { vram_quota: vf <= enabled ? vram : 0 } : {}),
      }),
    ),
  };
}

/** Those of the processor are all on its own bus. */
function isDiscrete({ address }: GpuDescription): boolean {
  return partsOf(address)[1] !== 0;
}

function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

function below(folder: string, files: Values): Values {
  return Object.fromEntries(Object.entries(files).map(([name, value]) => [`${folder}/${name}`, value]));
}

function each<T>(things: readonly T[], filesFor: (thing: T) => Values): Values {
  return Object.fromEntries(things.flatMap((thing) => Object.entries(filesFor(thing))));
}
