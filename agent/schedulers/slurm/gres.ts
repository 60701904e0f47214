// Lists of generic resources as Slurm's programs print them (src/common/gres.c). Pure.

/** One of a list, as `vgpu:7` or `gpu:tesla:2(S:0-1)`. */
interface Gres {
  readonly name: string;
  readonly count: number;
  /** As `scontrol update` takes it. */
  readonly words: string;
}

/** A comma within parentheses is part of what is told of one: `gpu:4(IDX:0,2-4)`. */
const BETWEEN = /,(?![^(]*\))/;
const UNITS = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40, P: 2 ** 50 } as const;

/** Empty for `(null)`, which is Slurm's word for none. */
export function gresIn(list: string): readonly Gres[] {
  return list
    .split(BETWEEN)
    .map((each) => each.trim())
    .filter((each) => each !== "" && each !== "(null)")
    .map(gresOf);
}

/** How many of each name, of whatever type. */
export function countsIn(list: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { name, count } of gresIn(list)) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}

/** What a job has is told without types as `vgt_fence(CNT:4)`, what a node has as `vgt_fence:28`. Without a number it is one. */
function gresOf(text: string): Gres {
  const [words = text, inside = ""] = text.split("(", 2);
  const [name = "", ...rest] = words.split(":");
  const told = /^CNT:([^)]*)/.exec(inside)?.[1] ?? rest.at(-1) ?? "";
  return { name, count: countOf(told) ?? 1, words };
}

/** `2K` is 2048: of numbers that it divides Slurm likes to print it so. Undefined for what is no number. */
function countOf(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)([KMGTP]?)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * UNITS[unit as keyof typeof UNITS];
}
