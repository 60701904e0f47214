// Hosts that could not be asked for what an answer hangs on: how that ends, and what leads on. Pure.
import type { CliError } from "../errors/cli-error.ts";
import { isNobodyThere } from "./silent-hosts.ts";

export interface Unasked {
  /** By host, why. */
  readonly unknown: ReadonlyMap<string, string>;
  /** What failed of asking them; none for those that others answer for. */
  readonly faults: ReadonlyMap<string, CliError>;
}

/** As in Opened. */
type SaidBy = (host: string, error: CliError) => CliError;

/** Where one does not answer, and never will: it is asked as long as Placement has it, or the schedule file. */
export const HOST_NO_MORE =
  "a host that is no more: delete its providers in Placement, as docs/placement.md has it for a host that never comes back, and take it out of agents.addresses of the schedule file";

/** Hosts that are wrong in one way lead to one hint. */
const MOST_HINTS = 3;

/** As where no host answers, unless all have answered that the user's certificate may not ask. */
export function unaskedEnding({ unknown, faults }: Unasked): "permission" | "unreachable" {
  const refused = [...faults.values()].filter(({ ending }) => ending === "permission");
  return unknown.size > 0 && refused.length === unknown.size ? "permission" : "unreachable";
}

export function unaskedLines({ unknown }: Pick<Unasked, "unknown">): readonly string[] {
  return [...unknown].map(([host, why]) => `  ${host} could not be asked: ${why}`);
}

/** Of each kind of fault, and of hosts that are no more where somebody might be one. */
export function unaskedHints({ faults }: Pick<Unasked, "faults">, saidBy: SaidBy): readonly string[] {
  const told = [...faults].map(([host, fault]) => saidBy(host, fault));
  const hints = new Set(told.flatMap((each) => each.hints));
  hints.delete(HOST_NO_MORE);
  return [...[...hints].slice(0, MOST_HINTS), ...(told.some(isNobodyThere) ? [HOST_NO_MORE] : [])];
}
