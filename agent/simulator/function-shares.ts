// What drivers give virtual functions: i915's ports (i915-sriov-dkms, intel_iov_provisioning.c) address space, contexts and
// doorbells, xe (xe_gt_sriov_pf_config.c) local memory, and both a time on the engines.
import type { PciAddress } from "../core/ids.ts";
import type { AmountName } from "../hostd/protocol/shares.ts";
import type { GpuDescription } from "./host-description.ts";
import type { KernelTraits } from "./kernel-version.ts";
import { partsOf } from "./pci-address.ts";

const MIB = 1_048_576;
/** What firmware takes at most; more it cuts off without a word (GUC_KLV_VF_CFG_*_MAX_VALUE). */
const LONGEST = { execQuantumMs: 100_000, preemptTimeoutUs: 100_000_000 } as const;

/** What functions are given parts of. */
interface Resource {
  readonly has: number;
  /** The largest piece of it that one function can have. */
  readonly largest: number;
  /** Parts are multiples of it. */
  readonly unit: number;
  /** The answer to whoever wants more than there is. */
  readonly beyond: ShareErrno;
  /** Whether a function has nothing while it is given another part, and so nothing when there is too little. */
  readonly givenUpFirst: boolean;
}

export type ShareErrno = "EDQUOT" | "ENOMEM" | "ENOSPC" | "ENOENT" | "ENOKEY" | "ESTALE";
export type ResourceName = Exclude<AmountName, keyof typeof LONGEST>;
type Resources = ReadonlyMap<ResourceName, Resource>;
export type Shares = Readonly<Partial<Record<AmountName, number>>>;

const OF_I915: Resources = new Map<ResourceName, Resource>([
  ["ggttBytes", { has: 4_171_235_328, largest: 2048 * MIB, unit: MIB, beyond: "EDQUOT", givenUpFirst: true }],
  ["contexts", { has: 64_512, largest: 64_512, unit: 1024, beyond: "ENOSPC", givenUpFirst: false }],
  ["doorbells", { has: 240, largest: 240, unit: 1, beyond: "ENOSPC", givenUpFirst: false }],
]);
const VRAM: Resource = {
  ...{ has: 14_336 * MIB, largest: 14_336 * MIB, unit: 2 * MIB },
  ...{ beyond: "ENOMEM", givenUpFirst: true },
};

/** Whether the driver that a GPU is bound to has files for shares. */
export function hasShares({ driver, iov }: GpuDescription, traits: KernelTraits): boolean {
  return (driver === "xe" && traits.hasXeSriovAdmin) || (driver === "i915" && iov !== "none");
}

/** What the driver that a GPU is bound to gives parts of. */
export function resourcesOf(gpu: GpuDescription, traits: KernelTraits): Resources {
  if (!hasShares(gpu, traits)) return new Map();
  if (gpu.driver === "i915") return OF_I915;
  return traits.hasVramQuota && isDiscrete(gpu) ? new Map([["vramBytes", VRAM]]) : new Map();
}

/** Of one GPU, as long as it has its driver. */
export class FunctionShares {
  readonly #gpu: GpuDescription;
  readonly #resources: Resources;
  readonly #functions = new Map<number, Shares>();
  /** Whether somebody has given parts, which i915 then leaves to him (pf/auto_provisioning). */
  #manual = false;

  constructor(gpu: GpuDescription, traits: KernelTraits) {
    this.#gpu = gpu;
    this.#resources = resourcesOf(gpu, traits);
  }

  /** Whether the driver shares out by itself what it has when functions are made. */
  get isAutomatic(): boolean {
    if (this.#gpu.driver === "i915") return !this.#manual;
    return [...this.#resources.keys()].every((name) => this.#given(name) === 0);
  }

  /** Of a virtual function by its number, made or not. */
  of(number: number): Shares {
    return this.#functions.get(number) ?? {};
  }

  /** What is left for one function, and how much of it one may have. */
  left(name: ResourceName): { readonly free: number; readonly largest: number } {
    const { has, largest } = this.#resources.get(name) ?? { has: 0, largest: 0 };
    const free = has - this.#given(name);
    return { free, largest: Math.min(free, largest) };
  }

  /**
   * So many functions are made: they share alike, unless somebody has decided. i915's ports make none of whom one has a part of what it
   * needs only (intel_iov_provisioning_verify); one that has nothing may be given it later.
   */
  provision(count: number): "ENOKEY" | undefined {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    if (!this.isAutomatic)
      return this.#gpu.driver === "i915" && numbers.some((number) => this.#isHalfGiven(number))
        ? "ENOKEY"
        : undefined;
    for (const [name, { has, largest, unit }] of this.#resources) {
      const part = Math.min(Math.floor(has / count / unit) * unit, largest);
      for (const number of numbers) this.#put(number, { [name]: part });
    }
    return undefined;
  }

  /** The functions are gone. xe then knows nothing of them any more, i915's ports keep what somebody has decided. */
  release(): void {
    if (this.#gpu.driver === "xe") this.#functions.clear();
    if (this.#manual) return;
    for (const number of this.#functions.keys())
      for (const name of this.#resources.keys()) this.#put(number, { [name]: 0 });
  }

  /** A write of 1 to i915's pf/auto_provisioning: refused as long as any function has a part. xe has no such file. */
  shareOutAgain(): ShareErrno | undefined {
    if (!this.#manual) return undefined;
    if ([...this.#resources.keys()].some((name) => this.#given(name) > 0)) return "ESTALE";
    this.#manual = false;
    return undefined;
  }

  /** A write to the file of the share. */
  write(number: number, name: AmountName, value: number): ShareErrno | undefined {
    if (name === "execQuantumMs" || name === "preemptTimeoutUs") {
      this.#put(number, { [name]: Math.min(value, LONGEST[name]) });
      return undefined;
    }
    const resource = this.#resources.get(name);
    if (resource === undefined) return "ENOENT";
    const part = Math.ceil(value / resource.unit) * resource.unit;
    const before = this.of(number)[name] ?? 0;
    if (part === before) return undefined;
    this.#put(number, { [name]: 0 });
    const fits = part <= this.left(name).largest;
    if (fits || !resource.givenUpFirst) this.#put(number, { [name]: fits ? part : before });
    if (!fits) return resource.beyond;
    this.#manual = this.#gpu.driver === "i915";
    return undefined;
  }

  #isHalfGiven(number: number): boolean {
    const { ggttBytes = 0, contexts = 0, doorbells = 0 } = this.of(number);
    return ggttBytes + contexts + doorbells > 0 && (ggttBytes === 0 || contexts === 0);
  }

  #given(name: ResourceName): number {
    return [...this.#functions.values()].reduce((sum, shares) => sum + (shares[name] ?? 0), 0);
  }

  #put(number: number, change: Shares): void {
    this.#functions.set(number, { ...this.of(number), ...change });
  }
}

/** Those of the processor are all on its own bus. */
function isDiscrete({ address }: { readonly address: PciAddress }): boolean {
  return partsOf(address)[1] !== 0;
}
