// What things of this host are called in Placement. Whatever vgpud may change there bears one of these names.
import { quantities, type Quantities, type Quantity } from "../../capacity/quantities.ts";
import type { PciAddress } from "../../core/ids.ts";
import { modes } from "../../core/modes.ts";
import { DRAINED, HYPERVISOR_TRAITS, traitOf, TRAITS } from "../../core/placement-names.ts";
import { uuidOfName } from "../../core/uuid.ts";
import type { Resources } from "../../placement/model.ts";

/** The namespace of providers' UUIDs: a UUID of version 4, made once. */
const PROVIDERS = Buffer.from("3f7d0c5a9b1e4d2c8e6f47a1d0b9c358", "hex");

/** More hosts than ever give up one name after the other. */
const UUIDS = 16;

/** The UUIDs of a root that vgpud makes, the first that is free: whoever bore the name before has kept his. */
export function rootUuids(host: string): readonly string[] {
  return uuidsOf(host);
}

/** As of a root: a GPU's provider that was moved below another root has kept its own. */
export function gpuUuids(root: string, gpu: PciAddress): readonly string[] {
  return uuidsOf(`${root}/${gpu}`);
}

/** No host and no GPU has a name with such an end. */
function uuidsOf(name: string): readonly string[] {
  return Array.from({ length: UUIDS }, (_, tried) =>
    uuidOfName(PROVIDERS, tried === 0 ? name : `${name}#${tried}`),
  );
}

/** The resource class of each quantity, as core/placement-names.ts has them. */
export type Classes = Readonly<Record<Quantity, string>>;

export function quantitiesIn(resources: Resources, classes: Classes): Quantities {
  return Object.fromEntries(
    quantities.flatMap((quantity) => {
      const amount = resources[classes[quantity]];
      return amount === undefined ? [] : [[quantity, amount] as const];
    }),
  );
}

/** Those that callers ask for, or for the absence of, whether a host has them or not. */
export const CALLERS_TRAITS: readonly string[] = [
  DRAINED,
  ...modes.map((mode) => traitOf("mode", mode)),
  ...HYPERVISOR_TRAITS,
];

export function isOwnTrait(trait: string): boolean {
  return trait.startsWith(TRAITS);
}

/** Custom names have to be made known before they are used; others are OpenStack's. */
export function isCustom(name: string): boolean {
  return name.startsWith("CUSTOM_");
}
