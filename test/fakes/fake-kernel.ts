// The mdev half of a GVT-g kernel in miniature: one budget of low GM, high GM, fences and ids per GPU, shared by all types.
// The arithmetic is written from the kernel's sources (gvt/vgpu.c, aperture_gm.c), not from agent/capacity.
import { AgentError } from "../../agent/core/errors.ts";
import { parsePciAddress, type PciAddress, type VgpuId } from "../../agent/core/ids.ts";
import type { Gpu, KernelVgpu, VgpuType } from "../../agent/inventory/model.ts";
import type { Companion, FunctionValues } from "../../agent/lifecycle/function-profile.ts";
import type { SliceSizes } from "../../agent/inventory/share.ts";
import type { FunctionTurns } from "../../agent/inventory/virtual-functions.ts";

/** In the order of the kernel's own table: the largest last. */
const TYPES = [
  { suffix: "8", low: 64, high: 384, weight: 2, resolution: "1024x768" },
  { suffix: "4", low: 128, high: 512, weight: 4, resolution: "1920x1200" },
  { suffix: "2", low: 256, high: 1024, weight: 8, resolution: "1920x1200" },
  { suffix: "1", low: 512, high: 2048, weight: 16, resolution: "1920x1200" },
] as const;
const FENCES_EACH = 4;
const KEPT = { low: 128, high: 384, fences: 4 };
const GGTT_MIB = 4096;
const VGPU_IDS = 7;

export type TypeSuffix = (typeof TYPES)[number]["suffix"];

export function typeName(suffix: TypeSuffix): string {
  return `i915-GVTg_V5_${suffix}`;
}

/** By its entry in the table; throws for what is not in it. */
export function sizesOf(suffix: TypeSuffix): SliceSizes {
  const type = TYPES.find((one) => one.suffix === suffix);
  if (!type) throw new Error(`there is no type ${suffix}`);
  return { lowGmMib: type.low, highGmMib: type.high, fences: FENCES_EACH };
}

/** One GPU, and what stands on it. */
export class FakeGpu {
  readonly address: PciAddress;
  readonly #apertureMib: number;
  readonly #made = new Map<VgpuId, (typeof TYPES)[number]>();
  readonly #leaked: (typeof TYPES)[number][] = [];
  /** The host's own windows that lie across the aperture: creates fail although the sums would fit. */
  fragmented = false;
  /** Connectors with something plugged in. */
  screens: string[] = [];
  /** Whether its driver has made the node that guests render on. */
  hasNode = true;
  /** The bound driver: i915, one that gives the GPU to guests, or none. */
  driver: string | undefined = "i915";
  /** How many virtual functions it can have; undefined for a GPU without SR-IOV. */
  totalFunctions: number | undefined;
  /** The drivers of those that it has. */
  functions: (string | undefined)[] = [];
  /** What functions were set to, by their numbers from 1 on. */
  profiles: FunctionValues[] = [];
  /** What its driver tells of what functions need beside address space, while there is none. */
  companions: Readonly<Record<Companion, number | undefined>> = { contexts: undefined, doorbells: undefined };
  /** What its driver has of graphics address space, bytes; undefined where it does not tell. */
  addressSpace: { readonly all: number; readonly inOnePiece: number } | undefined;
  /** Whether its driver gives functions address space by itself; undefined where it has no switch for that. */
  sharesOut: boolean | undefined;
  /** It does not take that up again, whatever it is told. */
  sharesOutNeverAgain = false;
  /** The driver hangs in `available_instances`: how many it would make is not known. */
  uncounted = false;

  constructor(address: PciAddress, apertureMib: number) {
    this.address = address;
    this.#apertureMib = apertureMib;
  }

  get vgpuIds(): VgpuId[] {
    return [...this.#made.keys()];
  }

  /** MiB of low GM that slices take. */
  get usedLowMib(): number {
    return [...this.#made.values()].reduce((sum, { low }) => sum + low, 0);
  }

  make(id: VgpuId, name: string): void {
    const type = TYPES.find(({ suffix }) => typeName(suffix) === name);
    if (!type) throw new AgentError("KERNEL_REFUSED", `type ${name} is not offered (EINVAL)`);
    if (this.#made.has(id)) return;
    if (this.#available(type) < 1) throw new AgentError("APERTURE_EXHAUSTED", `no room for ${name} (ENOSPC)`);
    if (this.fragmented) throw new AgentError("GM_FRAGMENTED", `no range for ${name} in one piece (ENOSPC)`);
    this.#made.set(id, type);
  }

  unmake(id: VgpuId): void {
    this.#made.delete(id);
  }

  /** A slice that went away and whose room the kernel never got back. */
  leak(suffix: TypeSuffix): void {
    this.#leaked.push(...TYPES.filter((type) => type.suffix === suffix));
  }

  facts(): Gpu {
    return {
      address: this.address,
      vendorId: "8086",
      deviceId: "5917",
      pciClass: "030000",
      driver: this.driver,
      numaNode: undefined,
      iommuGroup: undefined,
      drmCard: this.#isHosts ? "card0" : undefined,
      drmRender: this.#isHosts && this.hasNode ? "renderD128" : undefined,
      bootVga: true,
      apertureMib: this.#apertureMib,
      screens: this.#isHosts ? this.screens : [],
      sriov: this.#sriov(),
      mdevParent: this.#isHosts && this.#isSliced,
      types: this.#isHosts && this.#isSliced ? this.#types() : [],
    };
  }

  functionAddress(number: number): PciAddress {
    const address = parsePciAddress(this.address.replace(/\d$/, String(number)));
    if (!address) throw new Error(`there is no function ${number}`);
    return address;
  }

  get #isHosts(): boolean {
    return this.driver === "i915" || this.driver === "xe";
  }

  /** No GPU makes slices and has SR-IOV. */
  get #isSliced(): boolean {
    return this.totalFunctions === undefined;
  }

  #sriov(): Gpu["sriov"] {
    if (this.totalFunctions === undefined) return undefined;
    const nothing = { vramBytes: undefined, ggttBytes: undefined, contexts: undefined, doorbells: undefined };
    const turns = (at: number): FunctionTurns => {
      const { execQuantumMs = 0, preemptTimeoutUs = 0 } = this.profiles[at] ?? {};
      return { execQuantumMs, preemptTimeoutUs, priority: "normal" };
    };
    const ggttOf = (at: number): number | undefined =>
      this.addressSpace && (this.profiles[at]?.ggttBytes ?? 0);
    const given = this.functions.reduce((sum: number, _, at) => sum + (ggttOf(at) ?? 0), 0);
    const left = this.addressSpace && this.addressSpace.all - given;
    const largest = this.addressSpace && left && Math.min(this.addressSpace.inOnePiece, left);
    return {
      ...{ total: this.totalFunctions, autoprobe: false, driverEnables: this.#isHosts },
      functions: this.functions.map((driver, at) => ({
        ...{ number: at + 1, address: this.functionAddress(at + 1), driver },
        quota: { ...nothing, vramBytes: this.profiles[at]?.vramBytes ?? 0, ggttBytes: ggttOf(at) },
        turns: turns(at),
      })),
      available: { ...nothing, ggttBytes: left },
      largestQuota: { ...nothing, ggttBytes: largest },
    };
  }

  slices(): KernelVgpu[] {
    return [...this.#made].map(([id, { suffix }], at) => ({
      id,
      gpu: this.address,
      type: typeName(suffix),
      isLeaving: false,
      iommuGroup: at + 1,
    }));
  }

  /** Listing stops at the first type of which not even one would fit an empty GPU's aperture. */
  #types(): VgpuType[] {
    const end = TYPES.findIndex(({ low }) => this.#apertureMib - KEPT.low < low);
    return TYPES.slice(0, end === -1 ? TYPES.length : end).map((type) => ({
      name: typeName(type.suffix),
      sizes: sizesOf(type.suffix),
      weight: type.weight,
      resolution: type.resolution,
      kernelAvailable: this.uncounted ? undefined : this.#available(type),
    }));
  }

  #available({ low, high }: (typeof TYPES)[number]): number {
    const used = [...this.#made.values(), ...this.#leaked];
    const sum = (of: "low" | "high"): number => used.reduce((total, type) => total + type[of], 0);
    const quotients = [
      (this.#apertureMib - KEPT.low - sum("low")) / low,
      (GGTT_MIB - this.#apertureMib - KEPT.high - sum("high")) / high,
      (32 - KEPT.fences - used.length * FENCES_EACH) / FENCES_EACH,
      VGPU_IDS - used.length,
    ];
    return Math.max(0, Math.floor(Math.min(...quotients)));
  }
}
