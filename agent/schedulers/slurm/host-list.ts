// Slurm's way to write many nodes as one word (slurm.conf(5)): `gvt-[1-3,7],desk1`. Pure.

/** A comma within brackets is part of one word. */
const BETWEEN = /,(?![^[]*\])/;

export function isNamedBy(list: string, node: string): boolean {
  return list.split(BETWEEN).some((word) => isMeant(word, node));
}

function isMeant(word: string, node: string): boolean {
  const ranges = [...word.matchAll(/\[([^\]]*)\]/g)].map(([, inside = ""]) => inside.split(","));
  const literals = word.split(/\[[^\]]*\]/).map((text) => text.replace(/[^\w]/g, String.raw`\$&`));
  const numbers = new RegExp(`^${literals.join(String.raw`(\d+)`)}$`).exec(node)?.slice(1);
  return numbers?.every((number, index) => ranges[index]?.some((range) => isWithin(range, number))) === true;
}

/** `[01-12]` means numbers of two digits. */
function isWithin(range: string, number: string): boolean {
  const [first = "", last = first] = range.split("-");
  const isPadded = first.startsWith("0") && first.length > 1;
  const digits = isPadded ? first.length : String(Number(number)).length;
  return number.length === digits && Number(first) <= Number(number) && Number(number) <= Number(last);
}
