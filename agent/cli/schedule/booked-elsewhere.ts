// A claim that the user names and that is booked on one host while another has the domain of it, as where somebody booked it anew by hand:
// asking the booked host for one would make a second domain on the same disks.
import { claimRef } from "../request/domain-ref.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import type { Opened } from "./opened.ts";
import { LOOK } from "./silent-hosts.ts";
import { domainOfClaim, isGone, whereaboutsOf, type Search } from "./whereabouts.ts";

interface Looking extends Omit<Search, "agentOf">, Pick<Opened, "line" | "lineTo"> {
  readonly agentOf: (host: string, kind: "read", how: typeof LOOK) => ReturnType<Search["agentOf"]>;
}

/**
 * The hosts, and why, that may have the domain in the place of the booked one, since they could not be asked. The booked one is asked for the
 * domain all the same, as the booking says where it should be, and nobody else before that is known. No other is asked where the booked one
 * has the domain. Throws a PlacementError, or a CliError where another host has it.
 */
export async function mayBeElsewhere(
  claimId: string,
  booked: string,
  looking: Looking,
): Promise<ReadonlyMap<string, string>> {
  const agentOf: Search["agentOf"] = (host, kind) => looking.agentOf(host, kind, LOOK);
  const there = await toldBy(booked, claimId, { agentOf });
  if (there === "has-it") return new Map();
  const { found, unknown } = await whereaboutsOf(claimId, { ...looking, agentOf, butFor: booked });
  if (found === undefined || isGone(found.domain)) return unknown;
  const unsaid = there === "has-none" ? undefined : there.unknown;
  throw elsewhere(claimId, { booked, host: found.host, unsaid }, looking);
}

interface Elsewhere {
  readonly booked: string;
  /** That has the domain. */
  readonly host: string;
  /** Why the booked host does not say whether it has one, too. */
  readonly unsaid: string | undefined;
}

function elsewhere(
  claimId: string,
  { booked, host, unsaid }: Elsewhere,
  { line, lineTo }: Pick<Looking, "line" | "lineTo">,
): CliError {
  const message = `claim ${claimId} is booked on ${booked}, and ${host} has the domain of it: no second one is made`;
  const given = `give the booking on ${booked} back${unsaid === undefined ? "" : ", which ends a domain of it there"}`;
  const lines = [
    ...(unsaid === undefined ? [] : [`  ${booked} does not say whether it has one, too: ${unsaid}`]),
    `  to keep that domain: ${given}, and the same line again books it on ${host}: ${line("destroy", claimId)}`,
    `  for one on ${booked}: end that domain on ${host} first: ${lineTo(host, "destroy", claimRef(claimId))}`,
  ];
  return new CliError("conflict", message, { lines });
}

async function toldBy(
  host: string,
  claimId: string,
  { agentOf }: Pick<Search, "agentOf">,
): Promise<"has-it" | "has-none" | { readonly unknown: string }> {
  try {
    using asked = closing(agentOf(host, "read"));
    return (await domainOfClaim(claimId, asked.vgpud)) === undefined ? "has-none" : "has-it";
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
    return { unknown: error.message };
  }
}
