// What schedulers count GPUs by: everything that a vGPU takes of one, in every mode, as plain numbers. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { Share, SliceSizes } from "../inventory/share.ts";
import type { Wish } from "./wish.ts";

/** GM in MiB, the others in pieces. */
export const quantities = [
  "slices",
  "lowGmMib",
  "highGmMib",
  "fences",
  "functions",
  "gpus",
  "seats",
] as const;
export type Quantity = (typeof quantities)[number];
/** What is absent is 0. */
export type Quantities = Readonly<Partial<Record<Quantity, number>>>;

const pieceOf = { sriov: "functions", "gvt-d": "gpus", "gvt-s": "seats" } as const;

/** What a vGPU takes of its GPU. */
export function takenBy(share: Share): Quantities {
  return share.mode === "gvt-g" ? sliceOf(share.sizes) : { [pieceOf[share.mode]]: 1 };
}

export function sliceOf({ lowGmMib, highGmMib, fences }: SliceSizes): Quantities {
  return { slices: 1, lowGmMib, highGmMib, fences };
}

/**
 * What a caller has to have booked for what it is given. Sizes are what was asked for and not those of the type that they round
 * to: who books 384 MiB of high GM cannot know which types the GPU has.
 */
export function askedBy(wish: Pick<Wish, "size"> | undefined, share: Share): Quantities {
  const taken = takenBy(share);
  if (share.mode !== "gvt-g" || !wish) return taken;
  const asked = sizesAskedBy(wish);
  return asked ? least(sliceOf(asked), taken) : taken;
}

function sizesAskedBy({ size }: Pick<Wish, "size">): SliceSizes | undefined {
  if (size.by === "sizes") return size.sizes;
  const need = size.by === "needs" ? size.anyOf.find(({ mode }) => mode === "gvt-g") : undefined;
  return need?.mode === "gvt-g" ? need.least : undefined;
}

function least(one: Quantities, other: Quantities): Quantities {
  return mapped((quantity) => Math.min(one[quantity] ?? 0, other[quantity] ?? 0));
}

/** What of the first the second does not cover; only what is more than 0. */
export function beyond(taken: Quantities, covered: Quantities): Quantities {
  return mapped((quantity) => Math.max(0, (taken[quantity] ?? 0) - (covered[quantity] ?? 0)));
}

export function sumOf(all: readonly Quantities[]): Quantities {
  return mapped((quantity) => all.reduce((sum, each) => sum + (each[quantity] ?? 0), 0));
}

function mapped(amount: (quantity: Quantity) => number): Quantities {
  return Object.fromEntries(
    quantities.map((quantity) => [quantity, amount(quantity)] as const).filter(([, value]) => value > 0),
  );
}

const words = {
  slices: ["slice", "slices"],
  lowGmMib: ["MiB low GM"],
  highGmMib: ["MiB high GM"],
  fences: ["fence", "fences"],
  functions: ["virtual function", "virtual functions"],
  gpus: ["whole GPU", "whole GPUs"],
  seats: ["render seat", "render seats"],
} as const satisfies Record<Quantity, readonly [string, string?]>;

/** `1 slice, 64 MiB low GM`. */
export function quantitiesText(all: Quantities): string {
  const named = quantities.filter((quantity) => (all[quantity] ?? 0) > 0);
  if (named.length === 0) return "nothing";
  return named.map((quantity) => quantityText(quantity, all[quantity] ?? 0)).join(", ");
}

function quantityText(quantity: Quantity, value: number): string {
  const [one, many = one] = words[quantity];
  return `${value} ${value === 1 ? one : many}`;
}

/** What the scheduler that a caller asked first has booked for its claim on this host. */
export type Booking =
  | { readonly on: "gpus"; readonly byGpu: ReadonlyMap<PciAddress, BookedOn> }
  /** By one that counts all GPUs of a host together: which of them it is to be, this host decides. */
  | { readonly on: "host"; readonly booked: BookedOn };

export interface BookedOn {
  readonly amounts: Quantities;
  /** What the scheduler counts there; of the rest nothing can have been booked. */
  readonly counted: ReadonlySet<Quantity>;
}

/** The vGPU itself, in each mode: what is booked otherwise is no word for another kind of it. */
const PIECES: ReadonlySet<Quantity> = new Set(["slices", "functions", "gpus", "seats"]);

/** What is asked for and was not booked; undefined when all was. Sizes alone may be what the scheduler does not count there. */
export function notBooked({ amounts, counted }: BookedOn, asked: Quantities): Quantities | undefined {
  const missing = beyond(asked, amounts);
  const missed = quantities.filter(
    (quantity) => missing[quantity] !== undefined && (PIECES.has(quantity) || counted.has(quantity)),
  );
  if (missed.length === 0) return undefined;
  return Object.fromEntries(missed.map((quantity) => [quantity, missing[quantity] ?? 0]));
}
