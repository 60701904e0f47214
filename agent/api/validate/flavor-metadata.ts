// The three sizes in the words of a flavor: `vgt_low_gm_sz` and its like, with or without a prefix, among whatever else it has.
import type { AgentError } from "../../core/errors.ts";
import { nearest } from "../../core/suggest.ts";
import type { SliceSizes } from "../../inventory/share.ts";
import { all, inRange, invalid, printable, refuse, required, type Range } from "./fields.ts";
import { FENCES, GM_MIB, LOW_GM_MIB } from "./vgt-sizes.ts";

const MAX_KEYS = 128;
/** What the sizes' names have in common: a name like it that is none of them is a mistake, not something else. */
const OURS = "vgt_";

const ranges = {
  vgt_low_gm_sz: LOW_GM_MIB,
  vgt_high_gm_sz: GM_MIB,
  vgt_fence_sz: FENCES,
} as const satisfies Record<string, Range>;
type Name = keyof typeof ranges;
const names = Object.keys(ranges) as readonly Name[];

/** @throws AgentError with the key at fault, as `vgpu.flavor.metadata["hw:vgt_low_gm_sz"]` */
export function sizesOfFlavor(metadata: Readonly<Record<string, string>>, path: string): SliceSizes {
  const entries = Object.entries(metadata);
  if (entries.length > MAX_KEYS)
    throw invalid(path, `must have at most ${MAX_KEYS} keys, has ${entries.length}`);
  const ours = entries
    .map(([key, text]) => ({ field: `${path}[${printable(key)}]`, name: withoutPrefix(key), text }))
    .filter(({ name }) => name.toLowerCase().startsWith(OURS));
  refuse(ours.map(({ field, name }) => !isName(name) && unknownName(field, name)));
  const size = (name: Name): number | undefined => valueOf(name, ours);
  const { lowGmMib, highGmMib, fences } = all({
    lowGmMib: () => size("vgt_low_gm_sz"),
    highGmMib: () => size("vgt_high_gm_sz"),
    fences: () => size("vgt_fence_sz"),
  });
  if (lowGmMib === undefined) throw required(`${path}["vgt_low_gm_sz"]`);
  return { lowGmMib, highGmMib: highGmMib ?? 0, fences: fences ?? 0 };
}

interface Entry {
  readonly field: string;
  /** The key without its prefix. */
  readonly name: string;
  readonly text: string;
}

/** Said twice, under two prefixes, it has to be the same. */
function valueOf(name: Name, entries: readonly Entry[]): number | undefined {
  const said = entries.filter((entry) => entry.name === name);
  const values = said.map(({ field, text }) => inRange(field, wholeNumber(field, text), ranges[name]));
  const [first] = values;
  const other = values.findIndex((value) => value !== first);
  if (other > 0)
    throw invalid(
      said[other]?.field ?? "",
      `says ${values[other] ?? ""}, and ${said[0]?.field ?? ""} ${first ?? ""}`,
    );
  return first;
}

function wholeNumber(field: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw invalid(field, `must be a whole number, is ${printable(text)}`);
  return Number(text);
}

function unknownName(field: string, name: string): AgentError {
  const near = nearest(name.toLowerCase(), names);
  const hint = near === undefined ? `the sizes are ${names.join(", ")}` : `did you mean ${near}?`;
  return invalid(field, `is no size of a flavor; ${hint}`);
}

function isName(name: string): name is Name {
  return Object.hasOwn(ranges, name);
}

function withoutPrefix(key: string): string {
  return key.slice(key.lastIndexOf(":") + 1);
}
