// A claim that the user names and that is booked on one host while another has the domain of it, as where somebody booked it anew by hand:
// asking the booked host for one would make a second domain on the same disks.
import { claimRef } from "../request/domain-ref.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import type { Opened } from "./opened.ts";
import { LOOK } from "./silent-hosts.ts";
import {
  againHint,
  lateAmong,
  unaskedEnding,
  unaskedHints,
  unaskedLines,
  unaskedNames,
  type UnaskedHosts,
} from "./unasked.ts";
import { claimOnHost, whereaboutsOf, type Search } from "./whereabouts.ts";

/** A host that is given too little for its answer may have the domain all the same, and then there would be a second one. */
const UNHURRIED = { ...LOOK, isUnhurried: true } as const;

interface Looking extends Omit<Search, "agentOf">, Pick<Opened, "line" | "lineTo" | "saidBy"> {
  readonly agentOf: (host: string, kind: "read", how: typeof UNHURRIED) => ReturnType<Search["agentOf"]>;
}

/**
 * The hosts that may have the domain in the place of the booked one, since they could not be asked. The booked one is asked for the
 * domain all the same, as the booking says where it should be, and nobody else before that is known. No other is asked where the booked one
 * has the domain. Throws a PlacementError, or a CliError where another host has it, or may have it while the booked one will have none: the
 * claim has ended there.
 */
export async function mayBeElsewhere(
  claimId: string,
  booked: string,
  looking: Looking,
): Promise<UnaskedHosts> {
  const agentOf: Search["agentOf"] = (host, kind) => looking.agentOf(host, kind, UNHURRIED);
  const { domain, unasked } = await claimOnHost(booked, claimId, { agentOf, isTakenAtItsWord: true });
  const hasEnded = domain !== undefined && isGone(domain);
  if (domain !== undefined && !hasEnded) return new Map();
  const others = await othersThan(booked, claimId, { ...looking, agentOf });
  const { host } = others;
  if (host !== undefined) throw elsewhere(claimId, { booked, host, unsaid: unasked?.why, hasEnded }, looking);
  const unsure = hasEnded ? notGivenBack(claimId, { booked, others, stop: [] }, looking) : undefined;
  if (unsure) throw unsure;
  return others.unasked;
}

/** What the hosts but the booked one say of the domain, where that one has none. */
export interface Others {
  /** That has it. With none, and nobody unasked, there is no domain of the claim. */
  readonly host: string | undefined;
  readonly unasked: UnaskedHosts;
}

/** Throws a PlacementError, or a CliError for the user's interrupt. */
export async function othersThan(booked: string, claimId: string, search: Search): Promise<Others> {
  const { found, unasked } = await whereaboutsOf(claimId, { ...search, butFor: booked });
  return { host: found && !isGone(found.domain) ? found.host : undefined, unasked };
}

interface NotGivenBack {
  readonly booked: string;
  readonly others: Others;
  /** How the guest is to be stopped, as words of a command line. */
  readonly stop: readonly string[];
}

/** Why what is booked on a host that has no domain of the claim is not given back; undefined where no other host has one either. */
export function notGivenBack(
  claimId: string,
  { booked, others: { host, unasked }, stop }: NotGivenBack,
  { line, lineTo, saidBy }: Pick<Looking, "line" | "lineTo" | "saidBy">,
): CliError | undefined {
  const none = `${booked} has no domain of claim ${claimId}`;
  if (host !== undefined)
    return new CliError("conflict", `${none}, on which it is booked, and ${host} has it: it stays booked`, {
      kind: "booked-elsewhere",
      lines: [
        `  to keep that domain: ${givingBack(claimId, { booked }, line)}`,
        `  to end it: end it on ${host}: ${lineTo(host, "destroy", claimRef(claimId), ...stop)}; then the same line again`,
      ],
    });
  if (unasked.size === 0) return undefined;
  const message = `${none}, and whether ${unaskedNames(unasked)} has one is not known: it stays booked`;
  return new CliError(unaskedEnding(unasked), message, {
    kind: "booked-elsewhere",
    late: lateAmong(unasked),
    lines: unaskedLines(unasked),
    hints: [
      againHint(unasked),
      ...unaskedHints(unasked, saidBy),
      `to give it back all the same, without asking them: ${line("destroy", claimId, "--host", booked)}`,
    ],
  });
}

/** What leads on from there for who only looks: `unsaid` is why the booked host does not say whether it has a domain, too. */
export function waysOn(
  claimId: string,
  { booked, host, unsaid }: { readonly booked: string; readonly host: string; readonly unsaid?: string },
  { line, lineTo }: Pick<Looking, "line" | "lineTo">,
): readonly string[] {
  return [
    `to keep that domain: ${givingBack(claimId, { booked, unsaid }, line)}; then schedule create with --claim-id ${claimId} books it on ${host}`,
    `to end it: end it on ${host}: ${lineTo(host, "destroy", claimRef(claimId))}; then give the booking back`,
  ];
}

function givingBack(
  claimId: string,
  { booked, unsaid }: { readonly booked: string; readonly unsaid?: string | undefined },
  line: Looking["line"],
): string {
  const ends = unsaid === undefined ? "" : ", which ends a domain of it there";
  return `give the booking on ${booked} back${ends}: ${line("destroy", claimId, "--host", booked)}`;
}

interface Elsewhere {
  readonly booked: string;
  /** That has the domain. */
  readonly host: string;
  /** Why the booked host does not say whether it has one. */
  readonly unsaid: string | undefined;
  /** The claim has ended on the booked host. */
  readonly hasEnded: boolean;
}

function elsewhere(
  claimId: string,
  { booked, host, unsaid, hasEnded }: Elsewhere,
  { line, lineTo }: Pick<Looking, "line" | "lineTo">,
): CliError {
  const message = `claim ${claimId} is booked on ${booked}, and ${host} has the domain of it: no second one is made`;
  const given = givingBack(claimId, { booked, unsaid }, line);
  const end = lineTo(host, "destroy", claimRef(claimId));
  const lines = [
    ...(unsaid === undefined ? [] : [`  ${booked} does not say whether it has one, too: ${unsaid}`]),
    `  to keep that domain: ${given}; then the same line again books it on ${host}`,
    hasEnded
      ? `  to end it, since the claim has ended on ${booked}: ${end}; then give the booking back`
      : `  for one on ${booked}: end that domain on ${host} first: ${end}`,
  ];
  return new CliError("conflict", message, { kind: "booked-elsewhere", lines });
}
