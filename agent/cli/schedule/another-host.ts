// What answers at the address of a host without saying that it is that host: another one, by a wrong address, or one that does not know how
// others call it.
import type { Vgpud } from "../client/vgpud.ts";

export interface Another {
  /** After "what answers as HOST". */
  readonly says: string;
  /** What may have to be put right. */
  readonly hint: string;
}

export const RIGHT_ADDRESS = "is the address of the host right? agents of the schedule file";
/** It takes its name from what it tells the scheduler. */
export const NAMELESS =
  "has the vgpud there a scheduler in its configuration, and is the address of the host right? agents of the schedule file";

/**
 * A host that never heard of a claim may be another one than was booked: unless it says that it is the one. Undefined where it does.
 * Throws a CliError where it does not answer.
 */
export async function anotherThan(host: string, vgpud: Pick<Vgpud, "getHost">): Promise<Another | undefined> {
  const name = (await vgpud.getHost({})).host?.scheduler?.host ?? "";
  if (name === host) return undefined;
  return name === ""
    ? { says: "does not say what its scheduler calls it", hint: NAMELESS }
    : { says: `is the vgpud of host ${name}`, hint: RIGHT_ADDRESS };
}
