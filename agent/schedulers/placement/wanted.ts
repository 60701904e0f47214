// A GPU of the host as a resource provider ought to be. Pure.
import { beyond, quantities, sumOf, type Quantities, type Quantity } from "../../capacity/quantities.ts";
import { DRAINED, traitOf } from "../../core/placement-names.ts";
import type { ClassInventory, Inventories } from "../../placement/model.ts";
import type { GpuSupply, HostSupply } from "../supply.ts";
import type { Classes } from "./names.ts";

/** What Placement has on its books for each consumer on one provider. */
export type Bookings = ReadonlyMap<string, Quantities>;

export interface WantedProvider {
  readonly inventories: Inventories;
  readonly traits: readonly string[];
  /** Why it is drained, as the traits tell that it is. */
  readonly drained?: string;
}

const BY_WILL = "its GPU is drained";

/** `bookings`: of this GPU. What claims take beyond them is reserved, as what others take is: nobody else may book it. */
export function wantedProvider(
  gpu: GpuSupply,
  { hypervisor }: Pick<HostSupply, "hypervisor">,
  { bookings, classes }: { readonly bookings: Bookings; readonly classes: Classes },
): WantedProvider {
  const unbooked = sumOf(gpu.held.map((held) => beyond(held.takes, bookedFor(held.claimId, bookings))));
  const shut = gpu.drained || gpu.closed;
  const inventories: Record<string, ClassInventory> = {};
  for (const quantity of quantities) {
    const offer = gpu.offers.get(quantity);
    if (!offer) continue;
    const { total, kept, most } = offer;
    const reserved = shut ? total : Math.min(total, kept + (unbooked[quantity] ?? 0));
    const units = { minUnit: 1, maxUnit: most, stepSize: 1, allocationRatio: 1 };
    inventories[classes[quantity]] = { total, reserved, ...units };
  }
  return { inventories, traits: traitsOf(gpu, hypervisor), ...(gpu.drained && { drained: BY_WILL }) };
}

function bookedFor(claimId: string | undefined, bookings: Bookings): Quantities {
  return (claimId === undefined ? undefined : bookings.get(claimId)) ?? {};
}

function traitsOf(
  { mode, types, platform, drained }: GpuSupply,
  hypervisor: HostSupply["hypervisor"],
): readonly string[] {
  return [
    traitOf("hypervisor", hypervisor),
    ...(mode === undefined ? [] : [traitOf("mode", mode)]),
    ...(platform === undefined ? [] : [traitOf("platform", platform)]),
    ...types.map((type) => traitOf("type", type)),
    ...(drained ? [DRAINED] : []),
  ];
}

/** How much more is booked and reserved than there is. */
export function overbooked(
  gpu: GpuSupply,
  { inventories }: WantedProvider,
  { bookings, classes }: { readonly bookings: Bookings; readonly classes: Classes },
): Quantities {
  const booked = sumOf([...bookings.values()]);
  const open = !gpu.drained && !gpu.closed;
  const there = (quantity: Quantity): number => {
    const offer = inventories[classes[quantity]];
    // Of what is not given out (any more) no amount tells.
    if (!offer) return Infinity;
    // What is shut is reserved whole, which says nothing of what was booked before.
    return open ? offer.total - offer.reserved : offer.total - (gpu.offers.get(quantity)?.kept ?? 0);
  };
  return Object.fromEntries(
    quantities.flatMap((quantity) => {
      const more = (booked[quantity] ?? 0) - there(quantity);
      return more > 0 ? [[quantity, more] as const] : [];
    }),
  );
}
