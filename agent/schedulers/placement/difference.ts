// What has to be sent to Placement so that a provider of vgpud's is as it ought to be; what others added to it stays. Pure.
import { isDeepStrictEqual } from "node:util";
import type { Inventories } from "../../placement/model.ts";
import { isOwnTrait } from "./names.ts";
import type { WantedProvider } from "./wanted.ts";

/** What Placement has of one provider. */
export interface FoundProvider {
  readonly inventories: Inventories;
  readonly traits: readonly string[];
  readonly aggregates: readonly string[];
}

/** Each is all that the provider is to have of its kind; undefined: it has that. */
export interface Difference {
  readonly inventories: Inventories | undefined;
  readonly traits: readonly string[] | undefined;
  readonly aggregates: readonly string[] | undefined;
}

export function difference(
  wanted: WantedProvider,
  found: FoundProvider,
  {
    isOwnClass,
    aggregates,
  }: { readonly isOwnClass: (name: string) => boolean; readonly aggregates: readonly string[] },
): Difference {
  const others = Object.entries(found.inventories).filter(([name]) => !isOwnClass(name));
  const inventories = { ...Object.fromEntries(others), ...wanted.inventories };
  const traits = merged(wanted.traits, found.traits, isOwnTrait);
  // Which of them were once configured here nobody knows: none is taken away.
  const members = merged(aggregates, found.aggregates, () => false);
  return {
    inventories: isDeepStrictEqual(inventories, found.inventories) ? undefined : inventories,
    traits: isSame(traits, found.traits) ? undefined : traits,
    aggregates: isSame(members, found.aggregates) ? undefined : members,
  };
}

/** Those wanted and, of those found, the ones that are not ours to take away. */
function merged(
  wanted: readonly string[],
  found: readonly string[],
  isOurs: (each: string) => boolean,
): readonly string[] {
  return [...new Set([...wanted, ...found.filter((each) => !isOurs(each))])].sort();
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return isDeepStrictEqual(new Set(some), new Set(others));
}

/** With classes of vgpud's that go although they are held: Placement keeps those, and gives nothing more of them. */
export function keepingHeld(
  wanted: Inventories,
  found: Inventories,
  isHeld: (resourceClass: string) => boolean,
): Inventories {
  const kept = Object.entries(found).filter(([name]) => !Object.hasOwn(wanted, name) && isHeld(name));
  return {
    ...wanted,
    ...Object.fromEntries(kept.map(([name, each]) => [name, { ...each, reserved: each.total }])),
  };
}
