// Why one more of an item does not fit, GPU by GPU, beside all that is planned. Pure.
import type { PciAddress } from "../../core/ids.ts";
import type { Reason } from "../../core/reasons.ts";
import { isClosed } from "../closed.ts";
import { freeText, lacking, missing, resources, oneOf, type Amounts } from "../budget.ts";
import { meantType, sizesText } from "../wish.ts";
import type { Load } from "./fill.ts";
import { boundReached } from "../kernel-count.ts";
import type { Item, Place } from "./units.ts";

/** What a GPU lacks for one more. */
export interface Shortfall {
  readonly gpu: PciAddress;
  readonly reason: Reason;
  readonly why: string;
  /** How much more it would need of each resource; undefined when no amount would do. */
  readonly missing: Amounts | undefined;
  /** How far it is from being enough: what is missing as a part of what is needed, of the scarcest. Infinity when nothing would do. */
  readonly distance: number;
}

/** Of each GPU that comes into question; none when it is a GPU that is left out. */
export function shortfalls(item: Item, places: readonly Place[], loads: readonly Load[]): Shortfall[] {
  const { gpu } = item.wish;
  return places.flatMap((place, at) => {
    const load = loads[at];
    const asked = gpu === undefined || gpu === place.site.gpu.address;
    return load && asked ? [shortfall(item, { place, load, at })] : [];
  });
}

/** The one that came nearest: the least missing, of equal ones that with the lowest address. */
export function nearestOf(all: readonly Shortfall[]): Shortfall | undefined {
  return [...all].sort((a, b) => rank(a) - rank(b))[0];
}

/** A GPU that is closed comes nearer than one that offers other types, and that nearer than one that offers none. */
function rank({ distance, reason }: Shortfall): number {
  if (Number.isFinite(distance)) return distance;
  if (isClosed(reason)) return Number.MAX_SAFE_INTEGER / 2;
  return reason === "MODE_UNSUPPORTED" ? Number.MAX_VALUE : Number.MAX_SAFE_INTEGER;
}

function shortfall(
  { wish, types }: Item,
  { place: { site, bounds }, load, at }: { readonly place: Place; readonly load: Load; readonly at: number },
): Shortfall {
  const { gpu } = site;
  const never = (reason: Reason, why: string): Shortfall => ({
    ...{ gpu: gpu.address, reason, why },
    ...{ missing: undefined, distance: Infinity },
  });
  const type = types[at];
  if (!load.budget || site.types.length === 0) return never("MODE_UNSUPPORTED", "offers no vGPU types");
  const closed = meantType(wish, site.types)?.closed;
  if (closed) return never(closed.reason, closed.why);
  if (!type) return never("TYPE_UNKNOWN", `offers ${site.types.map(({ name }) => name).join(", ")}`);
  const short = lacking(load.budget, type.sizes);
  if (short === undefined) {
    const bound = boundReached(bounds, load.planned, type.sizes);
    const count = `the kernel's available_instances allows ${bound?.atMost ?? 0} of ${bound?.type ?? type.name} and larger types`;
    return never("KERNEL_REPORTS_NO_ROOM", count);
  }
  const lacks = missing(load.budget, type.sizes);
  const one = oneOf(type.sizes);
  return {
    gpu: gpu.address,
    reason: short,
    why: `needs ${sizesText(type.sizes)}, free are ${freeText(load.budget)}`,
    missing: lacks,
    distance: Math.max(...resources.map((key) => lacks[key] / Math.max(1, one[key]))),
  };
}
