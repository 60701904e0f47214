// What a person means by the word behind `schedule status` and `schedule destroy`: a claim by its id, or by the name of its domain.
import { parseDomainId } from "../../core/ids.ts";
import { CliError } from "../errors/cli-error.ts";
import { allHeld, domainsOn, heldBy, type Asked, type Held } from "./held.ts";
import type { Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";

export interface Named {
  readonly claimId: string;
  /** Undefined where nothing is booked for it. */
  readonly held: Held | undefined;
}

/** @throws CliError where no claim, or several, have a domain of that name, or a host with claims does not answer */
export async function namedClaim(
  word: string,
  { api, agentOf, line }: Pick<Opened, "api" | "agentOf" | "line">,
  signal: AbortSignal,
): Promise<Named> {
  const asked: Asked = { api, signal };
  const claimId = parseDomainId(word);
  return await placementWork(signal, async () => {
    if (claimId !== undefined) return { claimId, held: await heldBy(claimId, asked) };
    const held = await allHeld(asked, undefined);
    const domains = await domainsOn(new Set(held.map(({ place }) => place.host)), { agentOf });
    const [found, other] = held.filter((each) => domains.byClaim.get(each.claimId)?.name === word);
    if (domains.unknown.size > 0) throw unsure(word, domains.unknown, line("list"));
    if (found === undefined)
      throw new CliError("failure", `no claim of vgpuctl's has a domain ${word}`, { hints: [line("list")] });
    if (other === undefined) return { claimId: found.claimId, held: found };
    const both = [found, other].map((each) => `${each.claimId} on ${each.place.host}`);
    throw new CliError("conflict", `several claims have a domain ${word}: ${both.join(", ")}`, {
      hints: [`name one of them by its id, as in: ${line("status", found.claimId)}`],
    });
  });
}

/** A host that does not answer may have a domain of that name, too, and that may be the one that is meant. */
function unsure(word: string, unknown: ReadonlyMap<string, string>, list: string): CliError {
  const lines = [...unknown].map(([host, why]) => `  ${host} could not be asked: ${why}`);
  const hints = [`name the claim by its id: ${list}`];
  return new CliError("unreachable", `which claim has domain ${word} is not known`, { lines, hints });
}
