// What a scheduler is told of this host: of each GPU what there is, what is kept back, and who takes what. Pure.
import { room } from "../capacity/budget.ts";
import { sumOf, sliceOf, takenBy, type Quantities, type Quantity } from "../capacity/quantities.ts";
import type { ClaimId, PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Inventory, VgpuType } from "../inventory/model.ts";
import { platformOf } from "../inventory/platforms.ts";
import type { Code } from "../diagnosis/condition.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { holdsRoom } from "../lifecycle/ledger.ts";
import type { GpuView, VgpuView } from "../lifecycle/views.ts";
import type { Impossible } from "./impossible.ts";

export interface HostSupply {
  readonly hypervisor: Inventory["host"]["hypervisor"];
  readonly gpus: readonly GpuSupply[];
  /**
   * Every claim that has not ended, and the reservation that it was made from: what a scheduler booked for them is in use. While it is
   * not known which domains there are it may lack some, which a ledger that was lost is rebuilt from.
   */
  readonly living: ReadonlySet<string>;
  /** Whether it is known which domains there are: not while libvirt is away. */
  readonly domainsKnown: boolean;
}

export interface GpuSupply {
  readonly gpu: PciAddress;
  /** How it is shared; undefined while it is not. */
  readonly mode: Mode | undefined;
  /** `Broadwell`; undefined for a device that is not in the tables. */
  readonly platform: string | undefined;
  /** Names of the types that it offers. */
  readonly types: readonly string[];
  /** Out of service by somebody's will. */
  readonly drained: boolean;
  /**
   * Gives out nothing now although the sums have room: its kernel counts less, or does not count; nobody knows what domains have of
   * it; or its mode is impossible.
   */
  readonly closed: boolean;
  /** Conditions by which it is closed until they are mended. */
  readonly closedBy: readonly Code[];
  /** By quantity. Empty while it offers nothing. */
  readonly offers: ReadonlyMap<Quantity, Offer>;
  /** Of those who stand in no ledger of ours nobody while it is not known which domains there are. */
  readonly held: readonly Held[];
}

interface Offer {
  readonly total: number;
  /** What the host keeps for itself. */
  readonly kept: number;
  /** What one vGPU has at least. */
  readonly least: number;
  /** The most that one vGPU can have. */
  readonly most: number;
}

/** Somebody who takes room. */
interface Held {
  /** Undefined for what stands in no ledger of ours. */
  readonly claimId: ClaimId | undefined;
  readonly takes: Quantities;
}

/** What the joined views of one moment say. */
export interface Seen {
  readonly inventory: Inventory | undefined;
  readonly gpus: readonly GpuView[];
  readonly vgpus: readonly VgpuView[];
  readonly claims: readonly Claim[];
  readonly impossible: Impossible;
}

/**
 * Undefined before the first look. While libvirt is away it is not known who has what of the GPUs, and no domain can be made: what there
 * is, what claims take and what is drained holds all the same, and nothing more is given out.
 */
export function supplyOf({ inventory, gpus, vgpus, claims, impossible }: Seen): HostSupply | undefined {
  if (!inventory) return undefined;
  const living = claims.filter(({ state }) => state !== "gone");
  const domainsKnown = inventory.domains.known;
  return {
    hypervisor: inventory.host.hypervisor,
    gpus: gpus.map((view) => gpuSupply(view, { vgpus, living, domainsKnown, impossible })),
    living: new Set(living.flatMap(idsOf)),
    domainsKnown,
  };
}

function idsOf(claim: Claim): string[] {
  const reserved = claim.kind === "reservation" ? undefined : claim.reservation;
  return [claim.claimId, ...(reserved ? [reserved.claimId] : [])];
}

function gpuSupply(
  view: GpuView,
  {
    vgpus,
    living,
    domainsKnown,
    impossible,
  }: {
    readonly vgpus: readonly VgpuView[];
    readonly living: readonly Claim[];
    readonly domainsKnown: boolean;
    readonly impossible: Impossible;
  },
): GpuSupply {
  const { gpu, mode, types, drain, hostDrain } = view;
  const promised = living.filter((claim) => claim.gpu === gpu.address && holdsRoom(claim));
  const own = promised.map(({ claimId, share, vgpuId }): Held => {
    const made = vgpus.find(({ id }) => id === vgpuId)?.kernel?.sizes;
    // Whoever edits what a device model is told of XenGT takes more than was promised.
    const takes = made ? larger(takenBy(share), sliceOf(made)) : takenBy(share);
    return { claimId, takes };
  });
  const offers = offersOf(view);
  // Slices are offered of a GPU that nobody has set to a mode.
  const hindering = impossible.get(gpu.address)?.get(mode ?? "gvt-g") ?? [];
  const closedBy = offers.size === 0 ? [] : hindering;
  const foreign = domainsKnown ? takenByOthers(view, sumOf(own.map(({ takes }) => takes))) : undefined;
  return {
    gpu: gpu.address,
    mode,
    platform: platformOf(gpu.deviceId)?.name,
    types: types.map(({ type }) => type.name),
    drained: drain !== undefined || hostDrain !== undefined,
    closed: !domainsKnown || closedBy.length > 0 || isClosed(view),
    ...{ closedBy, offers },
    held: [...own, ...(foreign ? [{ claimId: undefined, takes: foreign }] : [])],
  };
}

function larger(one: Quantities, other: Quantities): Quantities {
  const names = Object.keys({ ...one, ...other }) as Quantity[];
  return Object.fromEntries(names.map((name) => [name, Math.max(one[name] ?? 0, other[name] ?? 0)]));
}

function offersOf({ gpu, mode, budget, types, functions, seats }: GpuView): ReadonlyMap<Quantity, Offer> {
  switch (mode) {
    case "sriov":
      return pieces("functions", functions?.functions.length ?? 0);
    case "gvt-d":
      return pieces("gpus", 1);
    case "gvt-s":
      return pieces("seats", seats?.total ?? 0);
    case "gvt-g":
    case undefined: {
      if (!budget) return new Map();
      const { total, host } = budget;
      const sized = types.flatMap(({ type }) => type.sizes ?? []);
      const most = (part: "lowGmMib" | "highGmMib" | "fences"): number =>
        Math.max(1, ...sized.map((sizes) => sizes[part]));
      const offer = (part: "lowGmMib" | "highGmMib" | "fences"): [Quantity, Offer] => [
        part,
        {
          total: total[part],
          kept: Math.min(host[part], total[part]),
          least: Math.max(1, Math.min(...sized.map((sizes) => sizes[part]), total[part])),
          most: Math.min(most(part), total[part]),
        },
      ];
      // Kernels of 2015 and 2016 let slices share high GM: what is not used up is not given out either.
      const parts = (["lowGmMib", "highGmMib", "fences"] as const).filter(
        (part) => total[part] > 0 && !(part === "highGmMib" && gpu.vgt === "2015"),
      );
      return new Map([...pieces("slices", total.instances), ...parts.map(offer)]);
    }
  }
}

function pieces(quantity: Quantity, total: number): ReadonlyMap<Quantity, Offer> {
  return total > 0 ? new Map([[quantity, { total, kept: 0, least: 1, most: 1 }]]) : new Map();
}

/** What those take who stand in no ledger of ours; `own` is what claims take. */
function takenByOthers(
  { mode, usedBy, functions, whole, seats }: GpuView,
  own: Quantities,
): Quantities | undefined {
  switch (mode) {
    case "sriov": {
      const taken = functions?.functions.filter(({ free }) => free !== true).length ?? 0;
      return some({ functions: taken - (own.functions ?? 0) });
    }
    case "gvt-d":
      return some({ gpus: whole.free === 1 || own.gpus !== undefined ? 0 : 1 });
    case "gvt-s":
      return some({ seats: seats?.foreign ?? 0 });
    case "gvt-g":
    case undefined: {
      const { instances: slices = 0, lowGmMib = 0, highGmMib = 0, fences = 0 } = usedBy?.foreign ?? {};
      return some({ slices, lowGmMib, highGmMib, fences });
    }
  }
}

function some(taken: Quantities): Quantities | undefined {
  return Object.values(taken).some((value) => value > 0) ? taken : undefined;
}

/** No type is to be had, and it is not the sums that say so. */
function isClosed({ budget, types }: GpuView): boolean {
  if (!budget || types.some(({ allocatable }) => allocatable > 0)) return false;
  const sized = types.flatMap(({ type }: { readonly type: VgpuType }) => type.sizes ?? []);
  return sized.some((sizes) => room(budget, sizes) > 0);
}
