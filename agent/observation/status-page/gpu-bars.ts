// How the parts of a GPU share the width of a bar: to scale, and together always the whole. Pure.
import type { Budget } from "../../capacity/budget.ts";
import { sizesOf } from "../../inventory/share.ts";
import { sizesOfSlice } from "../../inventory/slice-sizes.ts";
import type { GpuView, VgpuView } from "../../lifecycle/views.ts";
import type { Claim } from "../../lifecycle/claim.ts";
import { holdsRoom } from "../../lifecycle/ledger.ts";
import type { AgentError } from "../../core/errors.ts";
import type { Bar, Resource, Segment, SliceView } from "./model.ts";

const resources = ["lowGmMib", "highGmMib", "fences"] as const satisfies readonly Resource[];

/** One bar each for aperture, high GM and fences. The order is ours: where a slice lies the kernel does not tell. */
export function barsOf(budget: Budget, slices: readonly SliceView[]): Bar[] {
  return resources.map((resource) => barOf(resource, budget, slices));
}

function barOf(resource: Resource, { total, host, free }: Budget, slices: readonly SliceView[]): Bar {
  const parts = [
    { kind: "host" as const, slice: undefined, amount: host[resource] },
    ...slices.map((slice) => ({ kind: "slice" as const, slice, amount: slice.sizes?.[resource] ?? 0 })),
    { kind: "free" as const, slice: undefined, amount: free[resource] },
  ].filter(({ amount }) => amount > 0);
  // What others over-committed makes the parts more than the whole: the bar then shows all that was given away.
  const whole = Math.max(
    1,
    parts.reduce((sum, { amount }) => sum + amount, 0),
  );
  let before = 0;
  const segments = parts.map((part): Segment => {
    const x = (before / whole) * 100;
    before += part.amount;
    return { ...part, x, width: (part.amount / whole) * 100 };
  });
  return { resource, total: total[resource], free: free[resource], segments };
}

/** The slices of a GPU, numbered: ours in the order they were promised, then those of others. */
export function slicesOf(
  { gpu }: GpuView,
  vgpus: readonly VgpuView[],
  stalledBy: (claim: Claim) => AgentError | undefined,
): SliceView[] {
  return vgpus
    .filter((vgpu) => vgpu.gpu === gpu.address && takesRoom(vgpu))
    .sort((a, b) => (a.claim?.createdAt ?? Infinity) - (b.claim?.createdAt ?? Infinity) || byId(a, b))
    .map((vgpu, index): SliceView => {
      const { claim, kernel } = vgpu;
      return {
        number: index + 1,
        id: vgpu.id,
        type: vgpu.type,
        ownership: vgpu.ownership,
        sizes: (claim && sizesOf(claim.share)) ?? (kernel && sizesOfSlice(kernel, gpu)),
        state: stateOf(vgpu),
        phase: phaseOf(vgpu),
        domain: vgpu.domain?.name ?? claim?.domain?.name,
        troubled: claim && (stalledBy(claim) ?? claim.failure),
      };
    });
}

/** A stopped domain may have given its slice back: then there is none to show. */
function takesRoom({ kernel, claim }: VgpuView): boolean {
  return kernel !== undefined || (claim !== undefined && holdsRoom(claim));
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

function stateOf({ claim, inUse }: VgpuView): string {
  if (claim) return claim.state;
  if (inUse === undefined) return "unknown";
  return inUse ? "in use" : "idle";
}

function phaseOf({ claim, kernel }: VgpuView): SliceView["phase"] {
  if (claim?.state === "deleting" || kernel?.isLeaving === true) return "leaving";
  return kernel ? "present" : "promised";
}
