// A host whose GPUs are each in another mode, which gives out what it is told to and knows what it has given.
import fc from "fast-check";
import { gvtgTypesAt } from "../../agent/backends/kvmgt/types-at-aperture.ts";
import { functionsAccount } from "../../agent/capacity/accounts/virtual-functions.ts";
import { wholeGpuAccount } from "../../agent/capacity/accounts/whole-gpu.ts";
import type { Holding } from "../../agent/capacity/budget.ts";
import type { Placed } from "../../agent/capacity/place.ts";
import type { PlanStock } from "../../agent/capacity/plan/suppose.ts";
import type { Mode } from "../../agent/core/modes.ts";
import type { PciAddress } from "../../agent/core/ids.ts";
import type { Gpu } from "../../agent/inventory/model.ts";
import type { Sriov } from "../../agent/inventory/virtual-functions.ts";
import { FakeGpu, typeName } from "./fake-kernel.ts";
import { domainId, foreignVgpuId, ownVgpuId, pciAddress } from "./ids.ts";
import { SUFFIXES, type TypeAt } from "./plan-oracle.ts";
import { untouched } from "./stock.ts";

/** One GPU and the mode that it is in. */
export type MixedGpu =
  | { readonly mode: "gvt-g"; readonly apertureMib: number; readonly foreign: readonly TypeAt[] }
  /** `foreign`: seats that running domains of others have. */
  | { readonly mode: "gvt-s"; readonly seats: number; readonly foreign: number }
  /** `foreign`: whether a domain of others has it. */
  | { readonly mode: "gvt-d"; readonly foreign: boolean }
  | { readonly mode: "sriov"; readonly functions: readonly MixedFunction[] };

export interface MixedFunction {
  /** What it was given; undefined where the driver does not tell. */
  readonly vramMib: number | undefined;
  readonly ggttMib: number | undefined;
  readonly foreign: boolean;
}

const MIB = 1024 * 1024;
const SOMEBODY = domainId(77);

export class MixedHost {
  readonly gpus: readonly MixedGpu[];
  readonly #kernels: ReadonlyMap<PciAddress, FakeGpu>;
  readonly #given: Placed[] = [];

  constructor(gpus: readonly MixedGpu[]) {
    this.gpus = gpus;
    this.#kernels = new Map(
      gpus.flatMap((gpu, n) => (gpu.mode === "gvt-g" ? [[pciAddress(n), kernelOf(gpu, n)] as const] : [])),
    );
  }

  /** What stands on a GPU in mode gvt-g. */
  slicesOn(n: number): readonly string[] {
    return (this.#kernels.get(pciAddress(n))?.slices() ?? []).map(({ type }) => type);
  }

  give(placed: Placed): void {
    const { gpu, share } = placed;
    if (share.mode === "gvt-g") this.#kernels.get(gpu)?.make(ownVgpuId(this.#given.length), share.type);
    this.#given.push(placed);
  }

  stock(): PlanStock {
    const slices = [...this.#kernels.values()].flatMap((kernel) => holdingsOf(kernel));
    const modes = new Map<PciAddress, Mode>(this.gpus.map(({ mode }, n) => [pciAddress(n), mode]));
    const has = (n: number) =>
      this.#given.filter(({ gpu }) => gpu === pciAddress(n)).map(({ share }) => share);
    const numberOf = ({ address }: Gpu): number => [...modes.keys()].indexOf(address);
    const usersOf = (pciDevices: readonly PciAddress[]) => [
      { domain: SOMEBODY, name: "somebody", own: false, alive: true, pciDevices, renderNodes: [] },
    ];
    return {
      ...untouched,
      gpus: this.gpus.map((gpu, n) => this.#facts(gpu, n)),
      typesAt: gvtgTypesAt,
      holdings: slices,
      made: new Set(slices.map(({ vgpuId }) => vgpuId)),
      foreign: new Set(slices.map(({ vgpuId }) => vgpuId).filter((id) => id.startsWith("f"))),
      modeOf: ({ address }) => modes.get(address),
      seats: (gpu) => {
        const described = this.gpus[numberOf(gpu)];
        const { seats = 0, foreign = 0 } = described?.mode === "gvt-s" ? described : {};
        return { total: seats, own: has(numberOf(gpu)).length, foreign };
      },
      whole: (gpu) => {
        const described = this.gpus[numberOf(gpu)];
        const isForeign = described?.mode === "gvt-d" && described.foreign;
        const on = {
          isClaimed: has(numberOf(gpu)).length > 0,
          isToGiveAway: true,
          isParked: false,
          vgpus: 0,
          seats: 0,
        };
        return wholeGpuAccount(gpu, on, isForeign ? usersOf([gpu.address]) : []);
      },
      functions: (gpu) => {
        const described = this.gpus[numberOf(gpu)];
        const functions = described?.mode === "sriov" ? described.functions : [];
        const claimed = has(numberOf(gpu)).flatMap((share) => (share.mode === "sriov" ? [share.number] : []));
        const theirs = functions.flatMap(({ foreign }, at) => (foreign ? [functionAt(gpu.address, at)] : []));
        return gpu.sriov && functionsAccount(gpu.sriov, new Set(claimed), usersOf(theirs));
      },
    };
  }

  #facts(gpu: MixedGpu, n: number): Gpu {
    const kernel = this.#kernels.get(pciAddress(n));
    if (kernel) return kernel.facts();
    const facts = new FakeGpu(pciAddress(n), 256).facts();
    const sriov = gpu.mode === "sriov" ? sriovOf(facts.address, gpu.functions) : undefined;
    return { ...facts, types: [], drmRender: "renderD128", screens: [], sriov };
  }
}

function kernelOf({ apertureMib, foreign }: MixedGpu & { mode: "gvt-g" }, n: number): FakeGpu {
  const kernel = new FakeGpu(pciAddress(n), apertureMib);
  for (const [nth, type] of foreign.entries()) {
    try {
      kernel.make(foreignVgpuId(n * 10 + nth), typeName(SUFFIXES[type]));
    } catch {
      // no room: what was made so far stands
    }
  }
  return kernel;
}

function holdingsOf(kernel: FakeGpu): Holding[] {
  const { types } = kernel.facts();
  return kernel.slices().flatMap(({ id, gpu, type }) => {
    const sizes = types.find(({ name }) => name === type)?.sizes;
    return sizes ? [{ vgpuId: id, gpu, sizes }] : [];
  });
}

function functionAt(gpu: PciAddress, at: number): PciAddress {
  return `${gpu.slice(0, -1)}${at + 1}` as PciAddress;
}

function sriovOf(gpu: PciAddress, functions: readonly MixedFunction[]): Sriov {
  const unknown = { vramBytes: undefined, ggttBytes: undefined, contexts: undefined, doorbells: undefined };
  return {
    ...{ total: 7, autoprobe: false, driverEnables: true },
    functions: functions.map(({ vramMib, ggttMib }, at) => ({
      number: at + 1,
      address: functionAt(gpu, at),
      driver: undefined,
      turns: { execQuantumMs: undefined, preemptTimeoutUs: undefined, priority: undefined },
      quota: {
        ...unknown,
        vramBytes: vramMib === undefined ? undefined : vramMib * MIB,
        ggttBytes: ggttMib === undefined ? undefined : ggttMib * MIB,
      },
    })),
    available: unknown,
    largestQuota: unknown,
  };
}

const types = fc.constantFrom<TypeAt>(0, 1, 2, 3);
const amounts = fc.constantFrom(undefined, 1024, 2048, 4096);

/** Small ones, so that all ways can be tried. */
export const mixedGpus: fc.Arbitrary<readonly MixedGpu[]> = fc.array(
  fc.oneof(
    fc.record({
      mode: fc.constant("gvt-g" as const),
      apertureMib: fc.constantFrom(128, 256, 512, 1024),
      foreign: fc.array(types, { maxLength: 2 }),
    }),
    fc.record({
      mode: fc.constant("gvt-s" as const),
      seats: fc.integer({ min: 1, max: 3 }),
      foreign: fc.integer({ min: 0, max: 2 }),
    }),
    fc.record({ mode: fc.constant("gvt-d" as const), foreign: fc.boolean() }),
    fc.record({
      mode: fc.constant("sriov" as const),
      functions: fc.array(
        fc.record({ vramMib: amounts, ggttMib: amounts, foreign: fc.constantFrom(false, false, true) }),
        { maxLength: 3 },
      ),
    }),
  ),
  { minLength: 1, maxLength: 4 },
);
