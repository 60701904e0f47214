// The keys of a flavor, and what each takes. Those of Nova's extra specs for Placement are spelled as Nova has them
// (nova/doc/source/configuration/extra-specs.rst): `resources_GPU:CLASS` and `trait_GPU:TRAIT`. Pure.
import { classesWith, SLICES_CLASS } from "../../core/placement-names.ts";
import { modes, type Mode } from "../../core/modes.ts";
import { nearest } from "../../core/suggest.ts";

/** What keys come to: amounts by what they are of. */
const quantities = [
  "vcpus",
  "memoryMib",
  "lowGmMib",
  "highGmMib",
  "fences",
  "slices",
  "functions",
  "gpus",
  "seats",
] as const;
export type Quantity = (typeof quantities)[number];

/** What one key says. */
export type Said =
  | { readonly kind: "amount"; readonly of: Quantity; readonly value: number }
  | { readonly kind: "mode"; readonly mode: Mode }
  | { readonly kind: "trait"; readonly trait: string; readonly wanted: "required" | "forbidden" }
  /** Means something to Nova, and of one group of resources nothing. */
  | { readonly kind: "nothing" }
  | { readonly kind: "wrong"; readonly why: string };

interface Range {
  readonly of: Quantity;
  readonly least: number;
  readonly most: number;
}

/** The names of the seed's flavors. As in the contract: low GM has to be asked for. */
const sizes: Readonly<Record<string, Range>> = {
  vgt_low_gm_sz: { of: "lowGmMib", least: 1, most: 4096 },
  vgt_high_gm_sz: { of: "highGmMib", least: 0, most: 4096 },
  vgt_fence_sz: { of: "fences", least: 0, most: 32 },
};

const VCPUS: Range = { of: "vcpus", least: 1, most: 4096 };
export const RESOURCES = "resources_GPU";
export const TRAIT = "trait_GPU";
const known = ["vcpus", "memory", "mode", ...Object.keys(sizes), RESOURCES, TRAIT, "group_policy"];

/** What others have, and why it is not here. */
const elsewhere: Readonly<Record<string, string>> = {
  disk: "vgpud makes no disks: the domain's file names them",
  ephemeral: "vgpud makes no disks: the domain's file names them",
  swap: "vgpud makes no disks: the domain's file names them",
  type: "not every host has the same: say its sizes",
};

export function saidBy(key: string, value: unknown): Said {
  const [group, name] = parts(key);
  if (key === "vcpus") return amount(VCPUS, value);
  if (key === "memory") return memory(value);
  if (key === "mode") return mode(value);
  if (key === "group_policy")
    return value === "none" || value === "isolate" ? { kind: "nothing" } : wrong("takes none or isolate");
  if (group === RESOURCES && name !== undefined) return resource(name, value);
  if (group === TRAIT && name !== undefined) return trait(name, value);
  const size = sizeOf(key);
  return size === undefined ? wrong(unknown(key)) : amount(size, value);
}

/** With whatever prefix the metadata of flavors have before it, as `hw:vgt_low_gm_sz`. */
function sizeOf(key: string): Range | undefined {
  const last = key.slice(key.lastIndexOf(":") + 1);
  return Object.hasOwn(sizes, last) ? sizes[last] : undefined;
}

function unknown(key: string): string {
  const why = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined;
  if (why !== undefined) return `no key of a flavor; ${why}`;
  if (/^(resources|trait)\w*:/.test(key))
    return `no key of a flavor; the GPU is asked for by ${RESOURCES}:CLASS and ${TRAIT}:TRAIT`;
  const near = nearest(key.slice(key.lastIndexOf(":") + 1), known);
  return `no key of a flavor; ${near === undefined ? `the keys are ${known.join(", ")}` : `did you mean ${near}?`}`;
}

/** Texts as well: all of Nova's are. */
function amount({ of, least, most }: Range, value: unknown): Said {
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most)
    return { kind: "amount", of, value: number };
  return wrong(`takes a whole number of ${least} to ${most}`);
}

const MEBIBYTES: Readonly<Record<string, number>> = { "": 1, M: 1, MiB: 1, G: 1024, GiB: 1024 };
const MOST_MEMORY_MIB = 1 << 30;

function memory(value: unknown): Said {
  const [, digits = "", unit = ""] = /^(\d{1,9}) ?(|M|MiB|G|GiB)$/.exec(String(value)) ?? [];
  const mib = Number(digits) * (MEBIBYTES[unit] ?? 0);
  if ((typeof value === "number" || typeof value === "string") && mib > 0 && mib <= MOST_MEMORY_MIB)
    return { kind: "amount", of: "memoryMib", value: mib };
  return wrong("takes MiB as a whole number, or with its unit as 512M or 2G");
}

function mode(value: unknown): Said {
  const found = modes.find((each) => each === value);
  return found === undefined ? wrong(`takes ${modes.join(", ")}`) : { kind: "mode", mode: found };
}

/** Nova's flavors name the slices VGPU, others the class of the configuration: it is the same one thing here. */
function resource(name: string, value: unknown): Said {
  const { slices, ...others } = classesWith(SLICES_CLASS);
  const classes = { ...others, slices };
  const of = name === "VGPU" ? "slices" : quantityOf(name, classes);
  if (of === undefined) {
    const near = nearest(name, Object.values(classes));
    const hint =
      near === undefined
        ? `the classes are VGPU, ${Object.values(classes).join(", ")}`
        : `did you mean ${near}?`;
    return wrong(`no class of a GPU of vgpud's; ${hint}`);
  }
  const size = Object.values(sizes).find((each) => each.of === of);
  return amount(size ?? { of, least: 1, most: 1 }, value);
}

function quantityOf(name: string, classes: Readonly<Record<string, string>>): Quantity | undefined {
  return quantities.find((quantity) => classes[quantity] === name);
}

function trait(name: string, value: unknown): Said {
  if (!/^[A-Z0-9_]{1,255}$/.test(name)) return wrong("a trait has capitals, digits and underscores");
  if (value === "required" || value === "forbidden") return { kind: "trait", trait: name, wanted: value };
  return wrong("takes required or forbidden");
}

function wrong(why: string): Said {
  return { kind: "wrong", why };
}

/** At the first colon. */
function parts(key: string): readonly [string, string | undefined] {
  const at = key.indexOf(":");
  return at < 0 ? [key, undefined] : [key.slice(0, at), key.slice(at + 1)];
}
