// What a person means by the word behind `schedule status` and `schedule destroy`: a claim by its id, or by the name of its domain.
import { parseDomainId } from "../../core/ids.ts";
import { CliError } from "../errors/cli-error.ts";
import { shellLine } from "../line/shell-line.ts";
import { claimRef, withoutClaimPrefix } from "../request/domain-ref.ts";
import { domainsOfClaim, domainsOn, type Domains } from "./domains-seen.ts";
import { allHeld, heldBy, type Asked, type Held } from "./held.ts";
import type { Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";
import { lateAmong, unaskedEnding, unaskedHints, unaskedLines } from "./unasked.ts";

interface Claim {
  readonly claimId: string;
  /** Undefined where nothing is booked for it. */
  readonly held: Held | undefined;
}

export interface Named extends Claim {
  /** On which it is booked, or that the user says; undefined where neither is known. */
  readonly host: string | undefined;
}

type Parts = Pick<Opened, "api" | "agentOf" | "file" | "line" | "lineTo" | "saidBy">;

/** What the user says. */
export interface Meant {
  readonly word: string;
  readonly host: string | undefined;
  /** The command, which is repeated with the claim's id. */
  readonly verb: "destroy" | "status";
  /** How the guest is to be stopped, as words of such a line. */
  readonly stop: readonly string[];
}

/**
 * @throws CliError where no claim, or several, have a domain of that name, a host that is asked for it does not answer, or the claim is booked
 * on another host. All with claims are asked, unless the user names one.
 */
export async function namedClaim(meant: Meant, parts: Parts, signal: AbortSignal): Promise<Named> {
  const { host } = meant;
  const claim = await claimOf(meant, parts, signal);
  const booked = claim.held?.place.host;
  if (booked !== undefined && host !== undefined && host !== booked)
    throw elsewhere(claim.claimId, { booked, host, stop: meant.stop }, parts);
  return { ...claim, host: booked ?? host };
}

/** The user may mean a second domain of the claim, of which no booking tells. */
function elsewhere(
  claimId: string,
  { booked, host, stop }: Pick<Meant, "stop"> & { readonly booked: string; readonly host: string },
  { lineTo }: Parts,
): CliError {
  const hints = [`for what is booked on ${booked}: the same line without --host`];
  try {
    const ref = claimRef(claimId);
    hints.push(
      `a domain of it on ${host} that nothing is booked for is seen by: ${lineTo(host, "domains", ref)}`,
      `and ended by: ${lineTo(host, "destroy", ref, ...stop)}`,
    );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    hints.push(error.message);
  }
  return new CliError("conflict", `claim ${claimId} is booked on ${booked}, and --host names ${host}`, {
    hints,
  });
}

async function claimOf(meant: Meant, parts: Parts, signal: AbortSignal): Promise<Claim> {
  const { word, host } = meant;
  const { api, agentOf, file, line, lineTo } = parts;
  const asked: Asked = { api, signal };
  const claimId = parseDomainId(withoutClaimPrefix(word));
  return await placementWork({ signal, file }, async () => {
    if (claimId !== undefined) return { claimId, held: await heldBy(claimId, asked) };
    const held = await allHeld(asked, undefined);
    const asking = host === undefined ? held.map(({ place }) => place.host) : [host];
    const domains = await domainsOn(new Set(asking), { agentOf });
    const having = held.flatMap((each) => hostsNaming(word, each, domains));
    const [found, other] = new Set(having.map(({ claim }) => claim));
    if (domains.unasked.size > 0) throw unsure(meant, { domains, having }, parts);
    if (found === undefined)
      throw new CliError(
        "failure",
        `no claim of vgpuctl's has a domain ${word}${host === undefined ? "" : ` on ${host}`}`,
        {
          hints: [
            line("list"),
            unbooked(
              host === undefined ? shellLine(["vgpuctl", "domains", word]) : lineTo(host, "domains", word),
            ),
          ],
        },
      );
    if (other === undefined) return { claimId: found.claimId, held: found };
    const both = [found, other].map((each) => `${each.claimId} on ${each.place.host}`);
    throw new CliError("conflict", `several claims have a domain ${word}: ${both.join(", ")}`, {
      hints: [`name one of them by its id, as in: ${line("status", found.claimId)}`],
    });
  });
}

/** Names are looked for among what is booked. */
function unbooked(shown: string): string {
  return `one whose booking was lost is found by its claim id in place of its name; on its host that is shown by: ${shown}`;
}

interface Having {
  readonly host: string;
  readonly claim: Held;
}

/** The hosts that have the domain of that name, of the claim. */
function hostsNaming(word: string, claim: Held, domains: Domains): readonly Having[] {
  const all = [...domainsOfClaim(claim.claimId, domains)];
  return all.filter(([, { name }]) => name === word).map(([host]) => ({ host, claim }));
}

/** A host that does not answer may have a domain of that name, too, and that may be the one that is meant: those that are known are named. */
function unsure(
  { word, verb, stop }: Meant,
  { domains: { unasked }, having }: { readonly domains: Domains; readonly having: readonly Having[] },
  { line, saidBy }: Parts,
): CliError {
  const known = having.map(
    ({ host, claim: { claimId } }) =>
      `${host} has ${word}, claim ${claimId}: ${line(verb, claimId, ...stop)}`,
  );
  const byId = `name the claim by its id, as shown by: ${line("list")}`;
  return new CliError(unaskedEnding(unasked), `which claim has domain ${word} is not known`, {
    late: lateAmong(unasked),
    lines: unaskedLines(unasked),
    hints: [...(known.length === 0 ? [byId] : known), ...unaskedHints(unasked, saidBy)],
  });
}
