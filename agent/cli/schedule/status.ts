// `vgpuctl schedule status`
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import type { Arguments } from "../line/arguments.ts";
import { domainDetail } from "../view/domain-view.ts";
import { messageJson } from "../view/json.ts";
import { closing } from "./held.ts";
import { othersThan, waysOn, type Others } from "./booked-elsewhere.ts";
import { resourcesText } from "./list.ts";
import { namedClaim, type Named } from "./named.ts";
import { opened, type Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";
import { LOOK } from "./silent-hosts.ts";
import {
  bookAgain,
  domainOfClaim,
  notKnown,
  otherThan,
  RIGHT_ADDRESS,
  whereaboutsOf,
  type Search,
} from "./whereabouts.ts";

export async function status(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment);
  const asked = { word: args.operand(), host: args.text("host") };
  const named = await namedClaim(asked, parts, environment.signal);
  const { host } = named;
  const { api, namedHosts } = parts;
  const how = args.has("timeout") ? {} : LOOK;
  const agentOf: Opened["agentOf"] = (other, kind) => parts.agentOf(other, kind, how);
  const search = { api, namedHosts, agentOf, signal: environment.signal };
  if (host === undefined) return await unbooked(named, search, parts);
  const others = (): Promise<Others> =>
    placementWork(search.signal, () => othersThan(host, named.claimId, search));
  let domain: Domain | undefined;
  try {
    domain = await domainOf(named, host, { parts, isMeant: asked.host === host });
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted" || named.held === undefined)
      throw error;
    throw withOther(error, named, { booked: host, host: (await others()).host, parts });
  }
  const isThere = domain !== undefined && !isGone(domain);
  if (isThere || named.held === undefined) return shown(named, host, { domain }, parts);
  return shown(named, host, { domain, others: await others() }, parts);
}

interface Unsaid {
  readonly booked: string;
  /** That has the domain; undefined where none is known to. */
  readonly host: string | undefined;
  readonly parts: Pick<Opened, "line" | "lineTo">;
}

/** The booked host does not say what it has: what leads on, where another has the domain. */
function withOther(error: CliError, { claimId }: Named, { booked, host, parts }: Unsaid): CliError {
  if (host === undefined) return error;
  const { ending, message, reason, hints, target, call, inFile } = error;
  const ways = waysOn(claimId, { booked, host, unsaid: message }, parts);
  return new CliError(ending, message, {
    lines: [
      `  ${host} has a domain of claim ${claimId}, which is booked on ${booked}`,
      ...ways.map((way) => `  ${way}`),
    ],
    ...{ reason, hints, target, inFile, cause: error },
    ...(call && { call }),
  });
}

/** With nothing to say where to look. @throws CliError unless a host has a domain of it */
async function unbooked(
  { claimId }: Named,
  search: Search,
  parts: Pick<Opened, "line" | "lineTo">,
): Promise<Answer> {
  const { found, ...others } = await placementWork(search.signal, () => whereaboutsOf(claimId, search));
  if (found && !isGone(found.domain))
    return shown({ claimId, held: undefined, host: found.host }, found.host, { domain: found.domain }, parts);
  const otherwise = `a host that may have one is named with --host: ${parts.line("status", claimId, "--host", "NAME")}`;
  const none = `nothing is booked for claim ${claimId}, and no host has a domain of it`;
  throw notKnown(claimId, others, otherwise) ?? new CliError("failure", none);
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
  let other: string | undefined;
  try {
    const domain = await domainOfClaim(claimId, agent.vgpud);
    other = domain || isMeant ? undefined : await otherThan(host, agent.vgpud);
    if (other === undefined) return domain;
  } catch (error) {
    throw error instanceof CliError ? saidBy(host, error) : error;
  }
  const message = `what answers as ${host} has no domain of claim ${claimId}, and ${other}`;
  const taken = `where that is the host that is meant: ${line("status", claimId, "--host", host)}`;
  throw new CliError("conflict", message, { hints: [RIGHT_ADDRESS, taken] });
}

interface Seen {
  /** On the booked host, or the one that the user names. */
  readonly domain: Domain | undefined;
  /** Where that host has none that is there, and the claim is booked there. */
  readonly others?: Others;
}

/** Where the booked host has no domain that is there. */
function noneText({ domain, others }: Seen, host: string): string {
  const none = domain === undefined ? "none" : "gone";
  if (others?.host !== undefined) return `${none} on ${host}, and ${others.host} has it`;
  const unknown = [...(others?.unknown.keys() ?? [])].join(" or ");
  return unknown === ""
    ? `${none}: the booking is given back in time, or by destroy`
    : `${none} on ${host}, and whether ${unknown} has one is not known`;
}

function shown(
  { claimId, held }: Named,
  host: string,
  seen: Seen,
  parts: Pick<Opened, "line" | "lineTo">,
): Answer {
  const { domain, others } = seen;
  const lives = domain !== undefined && !isGone(domain);
  const fields = [
    ["claim id", claimId],
    ["host", host],
    ["GPU", held?.place.gpu],
    ["booked", held === undefined ? "nothing" : resourcesText(held.resources)],
    ...(lives || held === undefined ? [] : [["domain", noneText(seen, host)] as const]),
  ] as const;
  return {
    json: {
      claim_id: claimId,
      host,
      gpu: held?.place.gpu ?? null,
      booking: held === undefined ? "none" : "held",
      resources: held?.resources ?? {},
      ...messageJson({ domain }),
      domain_host: others?.host ?? (domain === undefined ? null : host),
      unasked: [...(others?.unknown ?? [])].map(([name, message]) => ({ host: name, message })),
    },
    text: [
      { kind: "fields", fields },
      ...(domain && (lives || held === undefined) ? domainDetail(domain) : []),
    ],
    names: [claimId],
    messages: [
      ...[...(others?.unknown ?? [])].map(
        ([name, why]) => `warning: whether ${name} has a domain of it is not known: ${why}`,
      ),
      ...(others?.host === undefined
        ? []
        : waysOn(claimId, { booked: host, host: others.host }, parts).map((way) => `hint: ${way}`)),
      ...(lives && held === undefined
        ? [
            `warning: nothing is booked for claim ${claimId}, and ${host} has a domain of it`,
            `hint: ${bookAgain(claimId)}`,
          ]
        : []),
    ],
  };
}
