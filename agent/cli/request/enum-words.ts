// The values of the contract's enums as people write them in a file: `qcow2` for DISK_FORMAT_QCOW2. Both are taken, and the short
// one as vgpud's own messages have it, too: `QCOW2`.
import type { DescEnum } from "@bufbuild/protobuf";

/** In the contract's order; without the one that says nothing. */
export function enumWords(type: DescEnum): readonly string[] {
  return type.values.filter(({ number }) => number !== 0).map(({ name }) => short(type, name));
}

/** The contract's name behind a word; undefined when it names no value. */
export function enumName(type: DescEnum, word: string): string | undefined {
  const lower = word.toLowerCase();
  return type.values.find(
    ({ name }) => name === word || (short(type, name) === lower && !isUnspecified(name)),
  )?.name;
}

/** The word for a value by the contract's name; undefined for one that says nothing. */
export function enumWord(type: DescEnum, name: unknown): string | undefined {
  return typeof name !== "string" || isUnspecified(name) ? undefined : short(type, name);
}

function isUnspecified(name: string): boolean {
  return name.endsWith("_UNSPECIFIED");
}

function short(type: DescEnum, name: string): string {
  return name
    .slice((type.sharedPrefix ?? "").length)
    .toLowerCase()
    .replaceAll("_", "-");
}
