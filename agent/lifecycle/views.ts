// The ledger joined with what is seen: who owns which vGPU and domain, and what can still be made. Pure.
import { bearsOurMark } from "../core/vgpu-mark.ts";
import type { DomainId, VgpuId } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import {
  amountsOf,
  budgetOf,
  resources,
  room,
  type Amounts,
  type Budget,
  type CapacityRule,
  type Holding,
} from "../capacity/budget.ts";
import { uncounted } from "../capacity/closed.ts";
import { fragmentationOf, type Fragmentation } from "../capacity/fragmentation.ts";
import type { SeatLimit } from "../capacity/seats.ts";
import { allocatable, kernelBounds, pendingOf, type KernelBound } from "../capacity/kernel-count.ts";
import type { Disagreement, Fragmented, Overcommitted, Room } from "../diagnosis/room.ts";
import {
  isAlive,
  type Domain,
  type Gpu,
  type Inventory,
  type KernelVgpu,
  type VgpuType,
} from "../inventory/model.ts";
import { ownTypeOf, typeOf, type Share } from "../inventory/share.ts";
import { isThere, names } from "../inventory/standing.ts";
import { isXengt } from "../inventory/xengt.ts";
import type { Claim, DomainClaim } from "./claim.ts";
import { drainedOn, type Drain, type DrainRecord } from "./drains.ts";
import { holdingsBy, unsizedOf, type Holder } from "./holdings.ts";
import type { Ledger } from "./ledger.ts";
import type { ModeRecord } from "./gpu-modes.ts";
import { domainUses, modeAccounts, type ModeAccounts } from "./mode-accounts.ts";
import { othersVgpus } from "./others.ts";
import { endedClaimOf } from "./owned-domain.ts";

/** Stands in our ledger; made by somebody else; or bears our mark but no claim. */
export type Ownership = "own" | "foreign" | "orphan";

/** Budget and types are the account of mode gvt-g. */
export interface GpuView extends Room, ModeAccounts {
  readonly gpu: Gpu;
  /** Its own. Undefined: in service. */
  readonly drain: Drain | undefined;
  /** The host's, which stands for all GPUs. */
  readonly hostDrain: Drain | undefined;
  /** Undefined for a GPU that offers no slices. */
  readonly budget: Budget | undefined;
  /** The parts of what is used; undefined as above. */
  readonly usedBy: Readonly<Record<Holder, Amounts>> | undefined;
  readonly types: readonly { readonly type: VgpuType; readonly allocatable: number }[];
}

export interface VgpuView {
  readonly id: VgpuId;
  readonly gpu: Gpu["address"];
  readonly type: string;
  /** Undefined for a slice that no claim knows. */
  readonly share: Share | undefined;
  readonly ownership: Ownership;
  readonly claim: Claim | undefined;
  /** Whether it exists, and is not only promised or named. A seat does while its domain is defined. */
  readonly present: boolean;
  /** The mediated device; undefined while there is none, and in modes without. */
  readonly kernel: KernelVgpu | undefined;
  /** The domain that has it by its definition or with Xen; undefined also while libvirt is away. */
  readonly domain: Domain | undefined;
  /** From the domains' states; undefined while libvirt is away. */
  readonly inUse: boolean | undefined;
}

export interface DomainView {
  readonly id: DomainId;
  readonly name: string;
  readonly ownership: Ownership;
  readonly claim: DomainClaim | undefined;
  /** Of an orphan, where it is known: the claim that it was made for. */
  readonly ended: DomainClaim | undefined;
  /** Undefined while libvirt is away, or does not know it (yet, or any more). */
  readonly domain: Domain | undefined;
  /** What it has of GPUs without a claim that knows the domain. */
  readonly vgpuIds: readonly VgpuId[];
}

/** What GPUs are given out by, beside what there is. */
export interface Terms {
  readonly rule: CapacityRule;
  readonly drains: DrainRecord;
  readonly modes: ModeRecord;
  /** How many seats a GPU in mode gvt-s has. */
  readonly renderSeats: SeatLimit;
}

export function gpuViews(inventory: Inventory, ledger: Ledger, terms: Terms): GpuView[] {
  const holdings = holdingsBy(ledger, inventory);
  const uses = domainUses(inventory, ledger);
  const xengt = isXengt(inventory);
  return [...inventory.gpus.values()].map((gpu) => {
    const on = (holder: Holder): Holding[] => holdings[holder].filter((one) => one.gpu === gpu.address);
    const here = { own: on("own"), foreign: on("foreign"), reserved: on("reserved") };
    const vgpus = Object.values(here).flat().length;
    const accounts = modeAccounts(gpu, vgpus, { ...terms, ledger, uses, host: inventory.host });
    const isElsewise = accounts.mode !== undefined && accounts.mode !== "gvt-g";
    const slices = isElsewise
      ? { gpu, ...drainedIn(terms.drains, gpu), ...NO_BUDGET, types: ownTypes(gpu, accounts, terms) }
      : sliceAccount(gpu, here, { ...terms, inventory });
    return { ...slices, ...accounts, xengt };
  });
}

/** What a GPU offers in the modes in which the kernel names no types: one of vgpud's own. */
function ownTypes(gpu: Gpu, { mode, ...accounts }: ModeAccounts, { drains }: Terms): GpuView["types"] {
  const name = mode && ownTypeOf(mode);
  const left = leftIn(mode, accounts);
  if (name === undefined || left === undefined) return [];
  const closed = drainedOn(drains, gpu.address) !== undefined;
  const none = { sizes: undefined, weight: undefined, resolution: undefined, kernelAvailable: undefined };
  return [{ type: { name, ...none }, allocatable: closed ? 0 : left }];
}

/** How many more there are to be had; undefined where it offers none. What is not known of others' domains is not counted. */
function leftIn(
  mode: Mode | undefined,
  { seats, whole, functions }: Omit<ModeAccounts, "mode">,
): number | undefined {
  switch (mode) {
    case "gvt-s":
      return seats?.total && Math.max(0, seats.total - seats.own - (seats.foreign ?? 0));
    case "gvt-d":
      return whole.free ?? 1;
    case "sriov":
      return functions?.functions.filter(({ free }) => free !== false).length;
    case "gvt-g":
    case undefined:
      return undefined;
  }
}

function drainedIn(drains: DrainRecord, { address }: Gpu): Pick<GpuView, "drain" | "hostDrain"> {
  return { drain: drains.gpus.get(address), hostDrain: drains.host };
}

function sliceAccount(
  gpu: Gpu,
  here: Readonly<Record<Holder, readonly Holding[]>>,
  { inventory, rule, drains }: Pick<Terms, "rule" | "drains"> & { readonly inventory: Inventory },
): Omit<GpuView, keyof ModeAccounts | "xengt"> {
  const types = smallestFirst(gpu.types);
  const endowment = types.length > 0 ? rule(gpu) : undefined;
  const drained = drainedIn(drains, gpu);
  if (!endowment) {
    const offers = types.map((type) => ({ type, allocatable: 0 }));
    return { gpu, ...drained, ...NO_BUDGET, types: offers };
  }
  const all = Object.values(here).flat();
  const budget = budgetOf(endowment, all);
  const made = new Set(inventory.vgpus.keys());
  const exists = budgetOf(
    endowment,
    all.filter(({ vgpuId }) => made.has(vgpuId)),
  );
  const bounds = kernelBounds({ budget, types, pending: pendingOf(all, made) });
  const fragmentation = fragmentationOf(gpu, endowment, all);
  const closed = drainedOn(drains, gpu.address) !== undefined;
  return {
    gpu,
    ...drained,
    budget,
    usedBy: {
      own: amountsOf(here.own),
      foreign: amountsOf(here.foreign),
      reserved: amountsOf(here.reserved),
    },
    largestFree: fragmentation.largest,
    types: types.map((type) => ({
      type,
      allocatable:
        closed || !type.sizes || uncounted(type)
          ? 0
          : Math.min(allocatable(budget, type.sizes, bounds), fragmentation.room(type.sizes)),
    })),
    disagreements: disagreements(gpu, exists),
    overcommitted: overcommitted(budget),
    unsized: unsizedOf(here.foreign, inventory),
    fragmented: types.flatMap((type) => fragmented(type, { budget, bounds, fragmentation })),
  };
}

const NO_BUDGET = {
  ...{ budget: undefined, usedBy: undefined, largestFree: undefined },
  ...{ disagreements: [], overcommitted: [], unsized: [], fragmented: [] },
} satisfies Partial<GpuView>;

interface Counted {
  readonly budget: Budget;
  readonly bounds: readonly KernelBound[];
  readonly fragmentation: Fragmentation;
}

function fragmented(type: VgpuType, { budget, bounds, fragmentation }: Counted): Fragmented[] {
  const { name, sizes, kernelAvailable: kernel } = type;
  if (!sizes || kernel === undefined || fragmentation.room(sizes) > 0) return [];
  const inSum = allocatable(budget, sizes, bounds);
  if (inSum === 0) return [];
  return [{ type: name, inSum, kernel, refused: fragmentation.refused(sizes) }];
}

function smallestFirst(types: readonly VgpuType[]): VgpuType[] {
  return [...types].sort(
    (a, b) => (a.sizes?.lowGmMib ?? 0) - (b.sizes?.lowGmMib ?? 0) || (a.name < b.name ? -1 : 1),
  );
}

/** Law 2: both arithmetics must allow a create, and where they differ over what exists the operator is told. */
function disagreements({ types, vgt }: Gpu, exists: Budget): Disagreement[] {
  const byXengt = vgt !== undefined;
  const wraps = !byXengt && resources.some((part) => exists.total[part] < exists.host[part]);
  return types.flatMap(({ name, sizes, kernelAvailable: kernel }) => {
    const ours = sizes ? room(exists, sizes) : kernel;
    if (ours === undefined || kernel === undefined) return [];
    // XenGT counts what is left of low GM and fences: the high GM that guests share, and how many there may be, is not in it.
    const agree = byXengt ? kernel >= ours : kernel === ours;
    return agree ? [] : [{ type: name, ours, kernel, wraps }];
  });
}

/** Others do not ask whether there is room, and the aperture can be made smaller after slices were promised. */
function overcommitted({ total, host, used }: Budget): Overcommitted[] {
  return (["lowGmMib", "highGmMib", "fences"] as const).flatMap((part) => {
    const by = host[part] + used[part] - total[part];
    return used[part] > 0 && by > 0 ? [{ part, by }] : [];
  });
}

export function vgpuViews(inventory: Inventory, ledger: Ledger, modes: ModeRecord): VgpuView[] {
  const { domains } = inventory;
  const users = domains.known ? usersOf([...domains.value.values()]) : undefined;
  const claims = new Map(ledger.living().map((claim) => [claim.vgpuId, claim]));
  const made = [...inventory.vgpus.values()].map(({ id, gpu, type }) => ({
    id,
    gpu,
    type,
    share: undefined,
  }));
  const others = othersVgpus({ inventory, ledger, modes }).map((vgpu) => ({
    ...vgpu,
    type: typeOf(vgpu.share),
  }));
  const promised = [...claims.values()].map(({ vgpuId: id, gpu, share }) => ({
    ...{ id, gpu, share, type: typeOf(share) },
  }));
  // What is promised last: of a slice that was leaving when it was first seen only the claim knows the type.
  const all: readonly Listed[] = [...made, ...others, ...promised];
  const listed = new Map(all.map((vgpu) => [vgpu.id, vgpu]));
  return [...listed.values()].sort(byId).map(({ id, gpu, type, share, domain: holder }) => {
    const claim = claims.get(id);
    const domain = users?.get(id) ?? holder ?? (claim && userOfClaim(claim, inventory));
    const kernel = inventory.vgpus.get(id);
    const isPresent = claim
      ? isPromisedPresent(claim, domain, inventory)
      : share !== undefined && isThere({ vgpuId: id, gpu, share }, inventory);
    return {
      ...{ id, gpu, type, share, claim, domain, kernel },
      ownership: claim ? "own" : bearsOurMark(id) ? "orphan" : "foreign",
      present: kernel !== undefined || isPresent,
      inUse: users === undefined ? undefined : domain !== undefined && isAlive(domain.state),
    };
  });
}

interface Listed extends Pick<VgpuView, "id" | "gpu" | "type" | "share"> {
  /** Of one that others have: who. */
  readonly domain?: Domain | undefined;
}

/** Who has what is no mediated device: of a seat only its own domain, since any may render there; of a function who names it. */
function userOfClaim(claim: Claim, inventory: Inventory): Domain | undefined {
  const { domains } = inventory;
  if (!domains.known || claim.share.mode === "gvt-g") return undefined;
  const own = claim.domain && domains.value.get(claim.domain.id);
  // Under one UUID but without the claim's mark it is somebody else's.
  if (own?.mark?.vgpuId === claim.vgpuId) return own;
  if (claim.share.mode === "gvt-s") return undefined;
  const naming = [...domains.value.values()].filter((domain) => names(domain, claim, inventory));
  return naming.find(({ state }) => isAlive(state)) ?? naming[0];
}

/** A reservation has nothing of the GPU yet, whatever driver it has; a seat is there while its domain is. */
function isPromisedPresent(claim: Claim, domain: Domain | undefined, inventory: Inventory): boolean {
  if (claim.kind === "reservation" || claim.share.mode === "gvt-g") return false;
  return claim.share.mode === "gvt-s" ? domain !== undefined : isThere(claim, inventory);
}

/** Copied definitions name the same slice; only one of their domains can run, and that is its user. */
function usersOf(domains: readonly Domain[]): ReadonlyMap<VgpuId, Domain> {
  const users = new Map<VgpuId, Domain>();
  for (const domain of domains)
    for (const id of domain.vgpuIds) {
      const user = users.get(id);
      if (!user || (!isAlive(user.state) && isAlive(domain.state))) users.set(id, domain);
    }
  return users;
}

export function domainViews(inventory: Inventory, ledger: Ledger, modes: ModeRecord): DomainView[] {
  const heldBy = new Map<DomainId, VgpuId[]>();
  for (const { id, domain } of othersVgpus({ inventory, ledger, modes }))
    if (domain) heldBy.set(domain.id, [...(heldBy.get(domain.id) ?? []), id]);
  const domains = inventory.domains.known ? inventory.domains.value : new Map<DomainId, Domain>();
  const claims = new Map(
    ledger.living().flatMap((claim) => (claim.kind === "domain" ? [[claim.domain.id, claim] as const] : [])),
  );
  return [...new Set([...domains.keys(), ...claims.keys()])].sort().map((id) => {
    const domain = domains.get(id);
    const claim = claims.get(id);
    // Under one UUID but without the claim's mark it is somebody else's domain (plan.ts).
    const own = claim !== undefined && (domain === undefined || domain.mark?.vgpuId === claim.vgpuId);
    const orphan = domain?.mark?.domainId === id;
    return {
      id,
      name: domain?.name ?? claim?.domain.name ?? "",
      ownership: own ? "own" : orphan ? "orphan" : "foreign",
      claim: own ? claim : undefined,
      ended: orphan && !own ? endedClaimOf(ledger, domain) : undefined,
      domain,
      vgpuIds: [...(domain?.vgpuIds ?? []), ...(heldBy.get(id) ?? [])],
    };
  });
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
