// What a person means by the word behind `schedule status` and `schedule destroy`: a claim by its id, or by the name of its domain.
import { parseDomainId } from "../../core/ids.ts";
import { CliError } from "../errors/cli-error.ts";
import { shellLine } from "../line/shell-line.ts";
import { claimRef } from "../request/domain-ref.ts";
import { domainsOfClaim, domainsOn, type Domains } from "./domains-seen.ts";
import { allHeld, heldBy, type Asked, type Held } from "./held.ts";
import type { Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";

interface Claim {
  readonly claimId: string;
  /** Undefined where nothing is booked for it. */
  readonly held: Held | undefined;
}

export interface Named extends Claim {
  /** On which it is booked, or that the user says; undefined where neither is known. */
  readonly host: string | undefined;
}

type Parts = Pick<Opened, "api" | "agentOf" | "file" | "line" | "lineTo">;

/**
 * `host`: as the user says. @throws CliError where no claim, or several, have a domain of that name, a host with claims does not answer, or
 * the claim is booked on another host
 */
export async function namedClaim(
  { word, host }: { readonly word: string; readonly host: string | undefined },
  parts: Parts,
  signal: AbortSignal,
): Promise<Named> {
  const claim = await claimOf(word, parts, signal);
  const booked = claim.held?.place.host;
  if (booked !== undefined && host !== undefined && host !== booked)
    throw elsewhere(claim.claimId, { booked, host }, parts);
  return { ...claim, host: booked ?? host };
}

/** The user may mean a second domain of the claim, of which no booking tells. */
function elsewhere(
  claimId: string,
  { booked, host }: { readonly booked: string; readonly host: string },
  { lineTo }: Parts,
): CliError {
  const hints = [`for what is booked on ${booked}: the same line without --host`];
  try {
    const there = (verb: string): string => lineTo(host, verb, claimRef(claimId));
    hints.push(
      `a domain of it on ${host} that nothing is booked for is seen by: ${there("domains")}`,
      `and ended by: ${there("destroy")}`,
    );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    hints.push(error.message);
  }
  return new CliError("conflict", `claim ${claimId} is booked on ${booked}, and --host names ${host}`, {
    hints,
  });
}

async function claimOf(
  word: string,
  { api, agentOf, file, line }: Parts,
  signal: AbortSignal,
): Promise<Claim> {
  const asked: Asked = { api, signal };
  const claimId = parseDomainId(word);
  return await placementWork({ signal, file }, async () => {
    if (claimId !== undefined) return { claimId, held: await heldBy(claimId, asked) };
    const held = await allHeld(asked, undefined);
    const domains = await domainsOn(new Set(held.map(({ place }) => place.host)), { agentOf });
    const isNamed = (each: Held): boolean =>
      [...domainsOfClaim(each.claimId, domains).values()].some(({ name }) => name === word);
    const [found, other] = held.filter(isNamed);
    if (domains.unknown.size > 0) throw unsure(word, domains, line("list"));
    if (found === undefined)
      throw new CliError("failure", `no claim of vgpuctl's has a domain ${word}`, {
        hints: [line("list"), unbooked(word)],
      });
    if (other === undefined) return { claimId: found.claimId, held: found };
    const both = [found, other].map((each) => `${each.claimId} on ${each.place.host}`);
    throw new CliError("conflict", `several claims have a domain ${word}: ${both.join(", ")}`, {
      hints: [`name one of them by its id, as in: ${line("status", found.claimId)}`],
    });
  });
}

/** Names are looked for among what is booked. */
function unbooked(word: string): string {
  const shown = shellLine(["vgpuctl", "domains", word]);
  return `one whose booking was lost is found by its claim id in place of its name; on its host that is shown by: ${shown}`;
}

/** A host that does not answer may have a domain of that name, too, and that may be the one that is meant. */
function unsure(word: string, { unknown, hints: own }: Domains, list: string): CliError {
  const lines = [...unknown].map(([host, why]) => `  ${host} could not be asked: ${why}`);
  const hints = [`name the claim by its id: ${list}`, ...own];
  return new CliError("unreachable", `which claim has domain ${word} is not known`, { lines, hints });
}
