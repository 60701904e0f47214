// By what a root that a vgpud made tells which machine it is of: two hosts of one name must not write over each other. Pure.
import { createHmac } from "node:crypto";

/** Not one of those of names.ts, which vgpud takes away where they are not wanted: a mark of another machine's stays. */
const MARK = "CUSTOM_VGPUD_MACHINE_";
/** So that the machine id itself, which machine-id(5) wants kept, is not told. */
const PURPOSE = "vgpud: root resource provider";

/** The trait that stands for a machine. */
export function markOf(machineId: string): string {
  const hash = createHmac("sha256", machineId).update(PURPOSE).digest("hex");
  return `${MARK}${hash.slice(0, 32).toUpperCase()}`;
}

/** The mark of another machine; undefined where there is this one's, or none: those were made by a vgpud that gave none yet. */
export function othersMark(traits: readonly string[], mark: string | undefined): string | undefined {
  const marks = traits.filter((trait) => trait.startsWith(MARK));
  return mark !== undefined && marks.includes(mark) ? undefined : marks[0];
}
