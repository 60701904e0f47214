// Where slices may lie. The kernel does not tell, but it places them by rules, so that whoever saw a GPU empty and every slice
// come and go since can tell; where a rule leaves several ways, or two things happened between two looks, all are kept.
// Kernel gvt/aperture_gm.c, alloc_gm: low GM with PIN_MAPPABLE (lowest), high GM with PIN_HIGH (highest). Pure.
import type { VgpuId } from "../core/ids.ts";
import type { GmSizes, Layout, Place, Range } from "../inventory/memory.ts";
import { highestPlaces, lowestPlace, taking, type Space } from "./address-ranges.ts";
import type { Endowment } from "./budget.ts";

/** The address space of a GPU without slices. */
export interface Ground {
  readonly end: number;
  readonly aperture: Range;
  readonly hidden: Range;
  readonly host: readonly Range[];
}

/** A slice that wants a place. */
export interface Newcomer {
  readonly id: VgpuId;
  readonly sizes: GmSizes;
}

/** What befell between two looks. */
export interface Change {
  readonly gone: readonly VgpuId[];
  readonly came: readonly Newcomer[];
  /** Whether `came` is in the order of their making. */
  readonly ordered: boolean;
}

/** More ways than these are no knowledge. */
export const MAX_LAYOUTS = 32;
/** Changes that leave more orders open are not followed. */
const MAX_ORDERS = 64;

/**
 * The host's share is no range: it is what the driver does not give away, and the host's windows are anywhere. They are taken
 * for where most are: what a display shows begins at the bottom of the aperture, rings and contexts are pinned at the top
 * (i915 gt/intel_ring.c: PIN_HIGH).
 */
export function groundOf({ total, host }: Endowment): Ground {
  const boundary = total.lowGmMib;
  const end = boundary + total.highGmMib;
  return {
    end,
    aperture: { start: 0, end: boundary },
    hidden: { start: boundary, end },
    host: [
      { start: 0, end: Math.min(host.lowGmMib, boundary) },
      { start: Math.max(boundary, end - host.highGmMib), end },
    ],
  };
}

export function spaceOf(ground: Ground, layout: Layout): Space {
  const slices = [...layout.values()].flatMap(({ low, high }) => [low, high]);
  const empty: Space = { end: ground.end, used: [] };
  return [...ground.host, ...slices].reduce(taking, empty);
}

/** Every way in which the kernel may place one more; none when it has no room in one piece. */
export function placed(ground: Ground, layout: Layout, { id, sizes }: Newcomer): Layout[] {
  const space = spaceOf(ground, layout);
  const low = lowestPlace(space, ground.aperture, sizes.lowGmMib);
  if (!low) return [];
  const highs = highestPlaces(taking(space, low), ground.hidden, sizes.highGmMib);
  return highs.map((high): Layout => new Map([...layout, [id, { low, high }]]));
}

/**
 * The layouts after some slices went and others came, in whatever order they may have. Undefined when nothing is known any
 * more: no way is left, since the host has its windows elsewhere, or too many.
 */
export function followed(ground: Ground, layouts: readonly Layout[], change: Change): Layout[] | undefined {
  if (ordersOf(change) > MAX_ORDERS) return undefined;
  const ways = waysAfter(ground, layouts, change);
  return ways.length === 0 || ways.length > MAX_LAYOUTS ? undefined : ways;
}

/** Each that went did so before one of those that came, or after all. */
function ordersOf({ gone, came, ordered }: Change): number {
  const orders = ordered ? 1 : came.reduce((product, _one, index) => product * (index + 1), 1);
  return orders * (came.length + 1) ** gone.length;
}

function waysAfter(ground: Ground, layouts: readonly Layout[], { gone, came, ordered }: Change): Layout[] {
  if (came.length === 0) return different(layouts.map((layout) => without(layout, gone)));
  const ways = (ordered ? came.slice(0, 1) : came).flatMap((next) =>
    subsets(gone).flatMap((before) => {
      const then = layouts.flatMap((layout) => placed(ground, without(layout, before), next));
      const rest = gone.filter((id) => !before.includes(id));
      const later = came.filter((one) => one !== next);
      return waysAfter(ground, different(then), { gone: rest, came: later, ordered });
    }),
  );
  return different(ways);
}

function without(layout: Layout, ids: readonly VgpuId[]): Layout {
  return new Map([...layout].filter(([id]) => !ids.includes(id)));
}

/** A GPU has seven slices at most. */
function subsets(ids: readonly VgpuId[]): VgpuId[][] {
  return ids.reduce<VgpuId[][]>((all, id) => [...all, ...all.map((some) => [...some, id])], [[]]);
}

/** Each once. */
export function different(layouts: readonly Layout[]): Layout[] {
  return [...new Map(layouts.map((layout) => [keyOf(layout), layout])).values()];
}

function keyOf(layout: Layout): string {
  const word = (id: VgpuId, { low, high }: Place): string => `${id}@${low.start}+${high.start}`;
  return [...layout]
    .map(([id, place]) => word(id, place))
    .sort()
    .join();
}
