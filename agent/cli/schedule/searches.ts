// The ways in which Placement is asked for a flavor's candidates, one after the other. Pure.
import { traitOf } from "../../core/placement-names.ts";
import type { Candidate, Resources } from "../../placement/model.ts";
import { booked, HIGH_GM, withoutHighGm, type Flavor } from "./flavor.ts";

export interface Search {
  /** What is booked. */
  readonly resources: Resources;
  /** Of the GPU. */
  readonly traits: Flavor["traits"];
  /** Nothing of this class is booked, so that a GPU that counts it is none for the flavor: the host would take what nobody booked. */
  readonly uncounted?: string;
}

const HYPERVISOR = traitOf("hypervisor", "");
const ON_XEN = traitOf("hypervisor", "xen");

/**
 * First where all that a slice takes is counted, then where high GM is not: XenGT of 2015 and 2016 lets slices share it, so that no
 * request with that class ever finds such a host. The second is left out where the flavor is not for Xen.
 */
export function searchesFor(flavor: Flavor, slicesClass: string): readonly Search[] {
  const { vgpu, traits } = flavor;
  const resources = booked(flavor, slicesClass);
  const first = { resources, traits };
  if (vgpu.mode !== "gvt-g" || vgpu.namesHighGm || !mayBeOnXen(traits)) return [first];
  // No other hypervisor has XenGT: others would fill the answer for nothing.
  const onXen = { ...traits, required: [...new Set([...traits.required, ON_XEN])] };
  return [first, { resources: withoutHighGm(resources), traits: onXen, uncounted: HIGH_GM }];
}

/** Placement refuses a trait that is both required and forbidden, and no GPU has two hypervisors. */
function mayBeOnXen({ required, forbidden }: Flavor["traits"]): boolean {
  return (
    !forbidden.includes(ON_XEN) &&
    required.every((trait) => trait === ON_XEN || !trait.startsWith(HYPERVISOR))
  );
}

interface Bounds {
  /** UUIDs of aggregates, of which the GPU is in one at least; empty: wherever it is. */
  readonly memberOf: readonly string[];
  /** How many candidates are shown. */
  readonly limit: number;
}

/** The query of `GET /allocation_candidates`. */
export function candidatesQuery({ resources, traits }: Search, { memberOf, limit }: Bounds): string {
  const amounts = Object.entries(resources).map(([name, amount]) => `${name}:${amount}`);
  const wanted = [...traits.required, ...traits.forbidden.map((trait) => `!${trait}`)];
  return [
    `resources_GPU=${amounts.join(",")}`,
    ...(wanted.length === 0 ? [] : [`required_GPU=${wanted.join(",")}`]),
    // As it has the suffix of the group, it is asked of the GPUs' providers and not of the root.
    ...(memberOf.length === 0 ? [] : [`member_of_GPU=in:${memberOf.join(",")}`]),
    ...["group_policy=none", `limit=${limit}`],
  ].join("&");
}

export function isFor({ uncounted }: Search, { counted }: Candidate): boolean {
  return uncounted === undefined || ![...counted.values()].some((classes) => classes.has(uncounted));
}
