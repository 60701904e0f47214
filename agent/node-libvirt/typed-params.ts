// libvirt's typed parameters: named values that carry their type, used wherever a set of figures may grow.
import type { TypedParam } from "./remote.gen.ts";

/** int, uint, double: number. llong, ullong: bigint, unrounded. boolean. string. */
export type TypedValue = number | bigint | boolean | string;

export type TypedParams = ReadonlyMap<string, TypedValue>;

const BOOLEAN = 6;

export function fromTypedParams(params: readonly TypedParam[]): TypedParams {
  return new Map(
    params.map(({ field, value }) => [field, value.type === BOOLEAN ? value.value !== 0 : value.value]),
  );
}
