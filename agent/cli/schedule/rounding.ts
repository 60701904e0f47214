// Sizes of a slice, and the type of GVT-g that they round to: what is booked has to be what is made. Pure.
import { counted } from "../../core/counted.ts";
import { KNOWN_TYPES } from "../../core/gvtg-types.ts";

/** GM in MiB. */
export interface Sizes {
  readonly lowGmMib: number;
  readonly highGmMib: number;
  readonly fences: number;
}

/** The smallest type that has as much of each; undefined where none has. */
export function roundedUp(asked: Sizes): Sizes | undefined {
  return KNOWN_TYPES.find(
    ({ sizes }) =>
      sizes.lowGmMib >= asked.lowGmMib && sizes.highGmMib >= asked.highGmMib && sizes.fences >= asked.fences,
  )?.sizes;
}

/** The most that there is of each. */
export function largestType(): Sizes {
  const [first, ...rest] = KNOWN_TYPES.map(({ sizes }) => sizes);
  return rest.at(-1) ?? first ?? { lowGmMib: 0, highGmMib: 0, fences: 0 };
}

export function sizesText({ lowGmMib, highGmMib, fences }: Sizes): string {
  return `${lowGmMib} MiB low GM, ${highGmMib} MiB high GM, ${counted(fences, "fence")}`;
}

export function areSame(one: Sizes, other: Sizes): boolean {
  return sizesText(one) === sizesText(other);
}

/** As the contract has it. */
export function sizesJson({ lowGmMib, highGmMib, fences }: Sizes): Record<string, number> {
  return { low_gm_mib: lowGmMib, high_gm_mib: highGmMib, fences };
}
