// What things of this host are called in Placement. Whatever vgpud may change there bears one of these names.
import { quantities, type Quantities, type Quantity } from "../../capacity/quantities.ts";
import { parsePciAddress, type PciAddress } from "../../core/ids.ts";
import { uuidOfName } from "../../core/uuid.ts";
import type { Resources } from "../../placement/model.ts";

/** The namespace of providers' UUIDs: a UUID of version 4, made once. */
const PROVIDERS = Buffer.from("3f7d0c5a9b1e4d2c8e6f47a1d0b9c358", "hex");

/** The UUID of a root that vgpud makes: the same after a reinstallation. */
export function rootUuid(host: string): string {
  return uuidOfName(PROVIDERS, host);
}

export function gpuUuid(root: string, gpu: PciAddress): string {
  return uuidOfName(PROVIDERS, `${root}/${gpu}`);
}

/** Apart from those of Nova, which names its own providers of GPUs `HOST_pci_0000_00_02_0`. */
const INFIX = "_vgpud_";

export function providerName(host: string, gpu: PciAddress): string {
  return `${host}${INFIX}${gpu.replace(/[:.]/g, "_")}`;
}

/** The GPU of a provider of vgpud's, whatever the host was called; undefined for a provider of others. */
export function gpuOfProvider(name: string): PciAddress | undefined {
  const at = name.lastIndexOf(INFIX);
  const [, domain, bus, device, fn] =
    at < 0
      ? []
      : (/^([0-9a-f]{4})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])$/.exec(name.slice(at + INFIX.length)) ?? []);
  return domain === undefined ? undefined : parsePciAddress(`${domain}:${bus}:${device}.${fn}`);
}

/** The resource class of each quantity. The seed's three sizes are the three in the middle. */
export type Classes = Readonly<Record<Quantity, string>>;

export function classesWith(slices: string): Classes {
  return {
    slices,
    lowGmMib: "CUSTOM_VGT_LOW_GM_MB",
    highGmMib: "CUSTOM_VGT_HIGH_GM_MB",
    fences: "CUSTOM_VGT_FENCE",
    functions: "CUSTOM_INTEL_VGPU_VF",
    gpus: "CUSTOM_INTEL_GPU",
    seats: "CUSTOM_INTEL_VGPU_SEAT",
  };
}

export function quantitiesIn(resources: Resources, classes: Classes): Quantities {
  return Object.fromEntries(
    quantities.flatMap((quantity) => {
      const amount = resources[classes[quantity]];
      return amount === undefined ? [] : [[quantity, amount] as const];
    }),
  );
}

/** What every trait of vgpud's begins with: others on the same provider are somebody else's and stay. */
const TRAIT = "CUSTOM_INTEL_VGPU_";

export type TraitKind = "mode" | "type" | "platform" | "hypervisor";

/** `CUSTOM_INTEL_VGPU_TYPE_I915_GVTG_V5_4`. */
export function traitOf(kind: TraitKind, value: string): string {
  return `${TRAIT}${kind.toUpperCase()}_${value.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
}

export const DRAINED = `${TRAIT}DRAINED`;

export function isOwnTrait(trait: string): boolean {
  return trait.startsWith(TRAIT);
}

/** Custom names have to be made known before they are used; others are OpenStack's. */
export function isCustom(name: string): boolean {
  return name.startsWith("CUSTOM_");
}

/** The type of consumers that vgpud's own tools claim for, and so the only ones whose claims vgpud gives back. */
export const CONSUMER_TYPE = "VGPUD";
