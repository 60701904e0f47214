// What the commands of `schedule` have in common on the command line. Loads nothing, as the help does not.
import type { Flag, Operand } from "../command.ts";
import type { Arguments } from "../line/arguments.ts";

/** Where the files are unless flags say it. */
export const SCHEDULE_FILE = "/etc/vgpud/schedule.yaml";
export const FLAVORS_FILE = "/etc/vgpud/flavors.yaml";

export const scheduleFlag: Flag = {
  name: "schedule-file",
  value: "FILE",
  help: `where Placement is, and how hosts are reached (default ${SCHEDULE_FILE})`,
  offer: { kind: "files" },
};

/** Where nothing is booked any more that would say it. */
export const hostFlag: Flag = {
  name: "host",
  value: "NAME",
  help: "the host that is asked where nothing is booked for the claim any more; refused where it is booked on another",
};

export const claimOperand: Operand = {
  name: "CLAIM",
  required: true,
  help: "the claim: its id, or the name of its domain, which is looked for on all hosts with claims",
};

/** For hints: without the file that was named they would lead to others. */
export function fileWords(args: Pick<Arguments, "text">): readonly string[] {
  const file = args.text(scheduleFlag.name);
  return file === undefined ? [] : [`--${scheduleFlag.name}`, file];
}
