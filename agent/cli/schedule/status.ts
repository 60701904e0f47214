// `vgpuctl schedule status`
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import type { Arguments } from "../line/arguments.ts";
import { anotherThan, type Another } from "./another-host.ts";
import { closing } from "./held.ts";
import { othersThan, waysOn, type Others } from "./booked-elsewhere.ts";
import { namedClaim, type Named } from "./named.ts";
import { opened, type Opened } from "./opened.ts";
import { placementWork, type PlacementUse } from "./placement-failure.ts";
import { ofLook } from "./silent-hosts.ts";
import { bookedText, othersUnknown, shown, unaskedTexts } from "./status-view.ts";
import { anotherHints, lateAmong, type UnaskedHosts } from "./unasked.ts";
import { domainOfClaim, notKnown, whereaboutsOf, type Search } from "./whereabouts.ts";

export async function status(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment);
  const meant = { word: args.operand(), host: args.text("host"), verb: "status", stop: [] } as const;
  const named = await namedClaim(meant, parts, environment.signal);
  const { host } = named;
  const { api, namedHosts, file, lookAt: agentOf } = parts;
  const search = { api, namedHosts, agentOf, file, signal: environment.signal };
  if (host === undefined) return await unbooked(named, search, parts);
  const others = (): Promise<Others> => placementWork(search, () => othersThan(host, named.claimId, search));
  let domain: Domain | undefined;
  try {
    domain = await domainOf(named, host, { parts, isMeant: meant.host === host });
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted" || named.held === undefined)
      throw error;
    const ofBooked = error.with({ lines: [...error.lines, `  ${bookedText(named.held)}`] });
    throw withOthers(ofBooked, named.claimId, { booked: host, others: await orWhy(others), parts });
  }
  const isThere = domain !== undefined && !isGone(domain);
  if (isThere || named.held === undefined) return shown({ ...named, host }, { domain }, parts);
  const asked = await orWhy(others);
  const seen = asked instanceof CliError ? { domain, fault: asked } : { domain, others: asked };
  return shown({ ...named, host }, seen, parts);
}

/** A failure to ask them is no reason to hide what the booked host said, or failed with. Throws the user's interrupt. */
async function orWhy(others: () => Promise<Others>): Promise<Others | CliError> {
  try {
    return await others();
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
    return error;
  }
}

interface Unsaid {
  readonly booked: string;
  /** Or why they could not be asked. */
  readonly others: Others | CliError;
  readonly parts: Pick<Opened, "line" | "lineTo">;
}

/** The booked host does not say what it has: what others have, and what leads on where one has the domain. */
function withOthers(error: CliError, claimId: string, { booked, others, parts }: Unsaid): CliError {
  const more = (lines: readonly string[], unasked: UnaskedHosts = new Map()): CliError =>
    error.with({
      late: error.late?.isUsers ? error.late : (lateAmong(unasked) ?? error.late),
      lines: [...error.lines, ...lines.map((each) => `  ${each}`)],
      // What answers for the booked host may have led there already.
      hints: [...new Set([...error.hints, ...anotherHints(unasked)])],
    });
  if (others instanceof CliError) return more([othersUnknown(claimId, others)]);
  const { host, unasked } = others;
  const open = unaskedTexts(unasked);
  if (host === undefined) return more(open, unasked);
  const ways = waysOn(claimId, { booked, host, unsaid: error.message }, parts);
  const has = `${host} has a domain of claim ${claimId}, which is booked on ${booked}`;
  return more([has, ...ways, ...open], unasked);
}

/** With nothing to say where to look. @throws CliError unless a host has a domain of it */
async function unbooked(
  { claimId }: Named,
  search: Search & PlacementUse,
  parts: Pick<Opened, "line" | "lineTo" | "saidBy">,
): Promise<Answer> {
  const { found, ...others } = await placementWork(search, () => whereaboutsOf(claimId, search));
  if (found && !isGone(found.domain))
    return shown({ claimId, held: undefined, host: found.host }, { domain: found.domain }, parts);
  const otherwise = `a host that may have one is named with --host: ${parts.line("status", claimId, "--host", "NAME")}`;
  const none = `nothing is booked for claim ${claimId}, and no host has a domain of it`;
  throw notKnown(claimId, others, { otherwise, saidBy: parts.saidBy }) ?? new CliError("failure", none);
}

interface Asking {
  readonly parts: Opened;
  /** The user named the host: what answers is taken at its word. */
  readonly isMeant: boolean;
}

/** Undefined where the host has none. @throws CliError where another host may have answered */
async function domainOf(
  { claimId }: Named,
  host: string,
  { parts, isMeant }: Asking,
): Promise<Domain | undefined> {
  const { agentOf, saidBy, line } = parts;
  using agent = closing(agentOf(host, "read"));
  let another: Another | undefined;
  try {
    const domain = await domainOfClaim(claimId, agent.vgpud);
    another = domain || isMeant ? undefined : await anotherThan(host, agent.vgpud);
    if (another === undefined) return domain;
  } catch (error) {
    throw error instanceof CliError ? saidBy(host, ofLook(error)) : error;
  }
  const message = `what answers as ${host} has no domain of claim ${claimId}, and ${another.says}`;
  const taken = `where that is the host that is meant: ${line("status", claimId, "--host", host)}`;
  throw new CliError("conflict", message, { hints: [another.hint, taken] });
}
