// By what a root that a vgpud made tells which machine it is of: two hosts of one name must not write over each other. Pure.
import { createHmac } from "node:crypto";
import { SchedulerError } from "../scheduler.ts";

/** Not one of those of names.ts, which vgpud takes away where they are not wanted: a mark of another machine's stays. */
const MARK = "CUSTOM_VGPUD_MACHINE_";
/** So that the machine id itself, which machine-id(5) wants kept, is not told. */
const PURPOSE = "vgpud: root resource provider";

/** How this host is called, and the mark of its machine; undefined where the machine has no id. */
export interface Self {
  readonly host: string;
  readonly mark: string | undefined;
}

/** The trait that stands for a machine. */
export function markOf(machineId: string): string {
  const hash = createHmac("sha256", machineId).update(PURPOSE).digest("hex");
  return `${MARK}${hash.slice(0, 32).toUpperCase()}`;
}

export function isMarked(traits: readonly string[], mark: string | undefined): boolean {
  return mark !== undefined && traits.includes(mark);
}

/** The mark of another machine, be it beside this one's; undefined where there is none: a vgpud made those that gave none yet. */
export function othersMark(traits: readonly string[], mark: string | undefined): string | undefined {
  return traits.find((trait) => trait.startsWith(MARK) && trait !== mark);
}

/** Throws a SchedulerError of kind `root-taken` where the root with these traits is another machine's, or two machines'. */
export function refuseMarked(uuid: string, traits: readonly string[], { host, mark }: Self): void {
  const other = othersMark(traits, mark);
  if (other === undefined) return;
  const thisOne =
    mark === undefined
      ? "this one has none, for want of an /etc/machine-id or scheduler.placement.machine"
      : `this one's mark is ${mark}`;
  const message = isMarked(traits, mark)
    ? `the resource provider ${uuid} bears the mark of another machine, ${other}, beside this one's, ${mark ?? ""}, so that either would ` +
      "write over the other: take that one of the two away whose machine it is not"
    : `Placement has a resource provider named ${host} already (${uuid}), which the vgpud of another machine made (its mark is ${other}, ` +
      `${thisOne}): give this host a name of its own by scheduler.placement.host or, where it is that machine installed anew, give the ` +
      "provider this one's mark in the place of the other";
  throw new SchedulerError("root-taken", message);
}
