// What slices take of the GPUs: every promise in the ledger and every slice in the kernel, each counted once.
import type { Holding } from "../capacity/budget.ts";
import type { Inventory } from "../inventory/model.ts";
import type { DomainId, VgpuId } from "../core/ids.ts";
import type { PromisedSlice } from "../discovery/xen-instances.ts";
import { functionOf, type SliceSizes } from "../inventory/share.ts";
import { sizesOfSlice } from "../inventory/slice-sizes.ts";
import { domainIdOf, type Claim } from "./claim.ts";
import type { Ledger } from "./ledger.ts";

/** Who takes room: claims of the ledger, those of them that only reserve, and slices that stand in no ledger of ours. */
export type Holder = "own" | "foreign" | "reserved";

export function holdingsBy(ledger: Ledger, inventory: Inventory): Readonly<Record<Holder, Holding[]>> {
  const promised = ledger
    .holdings()
    .flatMap(({ vgpuId, gpu, kind, share }) =>
      share.mode === "gvt-g"
        ? [{ vgpuId, gpu, kind, sizes: atLeast(share.sizes, inventory.vgpus.get(vgpuId)?.sizes) }]
        : [],
    );
  const counted = new Set(promised.map(({ vgpuId }) => vgpuId));
  const others = [...inventory.vgpus.values()].filter(({ id }) => !counted.has(id));
  return {
    own: promised.filter(({ kind }) => kind !== "reservation"),
    foreign: others.map((slice) => ({
      vgpuId: slice.id,
      gpu: slice.gpu,
      sizes: sizesOfSlice(slice, inventory.gpus.get(slice.gpu)) ?? UNKNOWN,
    })),
    reserved: promised.filter(({ kind }) => kind === "reservation"),
  };
}

/** Whether another claim has the PCI function of this one, which gave it back. */
export function isAnothers({ vgpuId, gpu, share }: Claim, ledger: Ledger): boolean {
  const function_ = functionOf({ gpu, share });
  if (function_ === undefined) return false;
  return ledger.holdings().some((other) => other.vgpuId !== vgpuId && functionOf(other) === function_);
}

export function holdingsOf(ledger: Ledger, inventory: Inventory): Holding[] {
  return Object.values(holdingsBy(ledger, inventory)).flat();
}

/** The slice that a domain was promised, whoever manages the domain. */
export function promisedSlice(ledger: Ledger, domain: DomainId): PromisedSlice | undefined {
  for (const claim of ledger.living()) {
    const { vgpuId, share } = claim;
    if (share.mode === "gvt-g" && domainIdOf(claim) === domain)
      return { vgpuId, type: share.type, sizes: share.sizes };
  }
  return undefined;
}

/** Whoever edits what a device model is told of XenGT takes more than was promised, or has less than may be had again. */
function atLeast(promised: SliceSizes, taken: SliceSizes = promised): SliceSizes {
  return {
    lowGmMib: Math.max(promised.lowGmMib, taken.lowGmMib),
    highGmMib: Math.max(promised.highGmMib, taken.highGmMib),
    fences: Math.max(promised.fences, taken.fences),
  };
}

/** A type the kernel does not describe takes an unknown amount: at least an instance, which is what can be counted. */
const UNKNOWN: SliceSizes = { lowGmMib: 0, highGmMib: 0, fences: 0 };

/**
 * Those that take an unknown amount. None while it is not known whose slices are, nor of XenGT's that are left of domains which are
 * gone: these are swept.
 */
export function unsizedOf(holdings: readonly Holding[], { vgpus, domains }: Inventory): VgpuId[] {
  if (!domains.known) return [];
  const named = new Set([...domains.value.values()].flatMap(({ vgpuIds }) => vgpuIds));
  return holdings
    .filter(({ sizes }) => sizes === UNKNOWN)
    .map(({ vgpuId }) => vgpuId)
    .filter((id) => vgpus.get(id)?.domid === undefined || named.has(id));
}
