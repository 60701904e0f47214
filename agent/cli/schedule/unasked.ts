// Hosts that could not be asked for what an answer hangs on: how that ends, and what leads on. Pure.
import { tooShort, type Limit } from "../client/limit.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Another } from "./another-host.ts";
import { isNobodyThere } from "./silent-hosts.ts";

/** Of one host. */
export interface Unasked {
  readonly why: string;
  /** What failed of asking it; none where another answers for it. */
  readonly fault?: CliError;
  /** What may have to be put right where another does. */
  readonly hint?: string;
}

/** By host, in the order in which they were to be asked. */
export type UnaskedHosts = ReadonlyMap<string, Unasked>;

/** As in Opened. */
type SaidBy = (host: string, error: CliError) => CliError;

/** Where one does not answer, and never will: it is asked as long as Placement has it, or the schedule file. */
export const HOST_NO_MORE =
  "a host that is no more: delete its providers in Placement, as docs/placement.md has it for a host that never comes back, and take it out of agents.addresses of the schedule file";

/** What came of asking a host in place of its answer. @throws what is no failure of the host: the user's interrupt, or a fault of ours */
export function failedAsking(error: unknown): Unasked {
  if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
  return { why: error.message, fault: error };
}

export function answeredBy({ says, hint }: Another, host: string): Unasked {
  return { why: `what answers as ${host} ${says}`, hint };
}

export function unaskedAmong(
  answers: readonly { readonly host: string; readonly unasked?: Unasked }[],
): UnaskedHosts {
  return new Map(answers.flatMap(({ host, unasked }) => (unasked === undefined ? [] : [[host, unasked]])));
}

/** As where no host answers, unless all have answered that the user's certificate may not ask. */
export function unaskedEnding(hosts: UnaskedHosts): "permission" | "unreachable" {
  const all = [...hosts.values()];
  return all.length > 0 && all.every(({ fault }) => fault?.ending === "permission")
    ? "permission"
    : "unreachable";
}

/** Any of them may have what is looked for. */
export function unaskedNames(hosts: UnaskedHosts): string {
  return [...hosts.keys()].join(" or ");
}

export function unaskedLines(hosts: UnaskedHosts): readonly string[] {
  return [...hosts].map(([host, { why }]) => `  ${host} could not be asked: ${why}`);
}

/** As documents have them. */
export function unaskedJson(hosts: UnaskedHosts): readonly Readonly<Record<string, string>>[] {
  return [...hosts].map(([host, { why: message }]) => ({ host, message }));
}

/** For a line whose end hangs on them. */
export function againHint(hosts: UnaskedHosts): string {
  return `the same line again once ${whenKnown(hosts)}`;
}

/** Before that they come to the same, however often they are asked. */
export function whenKnown(hosts: UnaskedHosts): string {
  const isAnother = anotherHints(hosts).length > 0;
  return isAnother ? "each of them answers and says that it is that host" : "each of them answers";
}

/** Of the user, that ended the wait for one of them; undefined where none did. */
export function lateAmong(hosts: UnaskedHosts): Limit | undefined {
  return [...hosts.values()].map(({ fault }) => fault?.late).find((late) => late?.isUsers);
}

/** Where another answers for one of them. */
export function anotherHints(hosts: UnaskedHosts): readonly string[] {
  return [...new Set([...hosts.values()].flatMap(({ hint = [] }) => hint))];
}

/** Beside warnings of them: what the user, or the schedule file, has said that may be wrong. */
export function warningHints(hosts: UnaskedHosts): readonly string[] {
  return [...tooShort(lateAmong(hosts)), ...anotherHints(hosts)];
}

const MOST_HINTS = 3;

/** The first few of them, each once: hosts that are wrong in one way lead to one hint. */
export function someHints(ofHosts: readonly string[]): readonly string[] {
  return [...new Set(ofHosts)].slice(0, MOST_HINTS);
}

/** Of each kind of fault, of hosts that are no more where somebody might be one, and of what answers in their place. */
export function unaskedHints(hosts: UnaskedHosts, saidBy: SaidBy): readonly string[] {
  const told = [...hosts].flatMap(([host, { fault }]) => (fault === undefined ? [] : [saidBy(host, fault)]));
  const hints = told.flatMap((each) => each.hints).filter((hint) => hint !== HOST_NO_MORE);
  return [...someHints(hints), ...(told.some(isNobodyThere) ? [HOST_NO_MORE] : []), ...anotherHints(hosts)];
}
