// `vgpuctl schedule list`
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import type { Arguments } from "../line/arguments.ts";
import { stateCell } from "../view/words.ts";
import { domainsOfClaim, domainsOn, withOthers, type Domains, type DomainSeen } from "./domains-seen.ts";
import { allHeld, type Held } from "./held.ts";
import { opened, type Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";
import { warningHints } from "./unasked.ts";

export async function list(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment);
  const { signal } = environment;
  const { file } = parts;
  const only = args.text("host");
  const held = await placementWork({ signal, file }, () => allHeld({ api: parts.api, signal }, only));
  const { api, namedHosts, lookAt: agentOf } = parts;
  const booked = await domainsOn(new Set(held.map(({ place }) => place.host)), { agentOf });
  // Such a booking may have been moved by hand, from a host that nothing else is booked on.
  const isAnyIdle = held.some((each) => isIdle(seen(each, booked)));
  const domains = isAnyIdle
    ? await placementWork({ signal, file }, () => withOthers(booked, { api, namedHosts, agentOf, signal }))
    : booked;
  return listed(held, domains, parts);
}

/** A booking with what is known of its domain. */
interface Listed {
  readonly held: Held;
  /** On the host that it is booked on. */
  readonly domain: DomainSeen | undefined;
  /** Whether that host has said what it has. */
  readonly isKnown: boolean;
  /** Another of the hosts that were asked, where that one has none. */
  readonly elsewhere: string | undefined;
  /** Whether no further host may have one, since that could not be asked. */
  readonly isSure: boolean;
}

/** As far as the hosts say that were asked. */
function isIdle({ domain, isKnown, elsewhere }: Listed): boolean {
  return isKnown && domain === undefined && elsewhere === undefined;
}

function seen(held: Held, domains: Domains): Listed {
  const { host } = held.place;
  const all = domainsOfClaim(held.claimId, domains);
  const domain = all.get(host);
  const [elsewhere] = domain === undefined ? all.keys() : [];
  const isSure = all.size > 0 || domains.unasked.size === 0;
  return { held, domain, isKnown: !domains.unasked.has(host), elsewhere, isSure };
}

function listed(held: readonly Held[], domains: Domains, { line }: Pick<Opened, "line">): Answer {
  const { unasked } = domains;
  const all = held.map((each) => seen(each, domains));
  const idle = all.filter(isIdle);
  return {
    json: { claims: all.map(claimJson) },
    text: [table(all)],
    names: held.map(({ claimId }) => claimId),
    messages: [
      ...[...unasked].map(([host, { why }]) => `warning: domains of ${host} are not known: ${why}`),
      ...warningHints(unasked).map((hint) => `hint: ${hint}`),
      ...all.flatMap((each) => elsewhereText(each, line)),
      ...idleHint(idle, line),
    ],
  };
}

function claimJson({ held, domain, isKnown, elsewhere, isSure }: Listed): Record<string, unknown> {
  return {
    claim_id: held.claimId,
    ...held.place,
    resources: held.resources,
    domain: domain?.name ?? null,
    domain_known: isKnown && isSure,
    domain_host: domain === undefined ? (elsewhere ?? null) : held.place.host,
  };
}

function table(all: readonly Listed[]): Answer["text"][number] {
  return {
    kind: "table",
    columns: [
      { title: "CLAIM" },
      { title: "HOST" },
      { title: "GPU" },
      { title: "DOMAIN" },
      { title: "STATE" },
      { title: "BOOKED", wide: true },
    ],
    rows: all.map(({ held, domain, isKnown }) => [
      held.claimId,
      ...[held.place.host, held.place.gpu],
      domain?.name ?? (isKnown ? "none" : "?"),
      domain && stateCell(domain.state, "DOMAIN_STATE"),
      resourcesText(held.resources),
    ]),
  };
}

/** Such a booking is not idle: it may have been moved by hand, while the domain goes on where it was made. */
function elsewhereText({ held, isKnown, elsewhere }: Listed, line: Opened["line"]): readonly string[] {
  if (elsewhere === undefined) return [];
  const { claimId, place } = held;
  const booked = isKnown
    ? `${place.host} has no domain of claim`
    : `${place.host} does not say whether it has a domain of claim`;
  return [
    `warning: ${booked} ${claimId}, which is booked there, and ${elsewhere} has one: how to go on says ${line("status", claimId)}`,
  ];
}

/** What to do about bookings that keep room from others for nothing, unless somebody is just making their domains. */
function idleHint(idle: readonly Listed[], line: Opened["line"]): readonly string[] {
  const [first] = idle;
  if (first === undefined) return [];
  const { claimId } = first.held;
  const what = first.isSure
    ? "bookings without a domain"
    : "bookings without a domain on their hosts, of which the hosts that could not be asked may have one";
  return [
    `hint: ${what}: ${idle.length}; where none is being made, vgpud gives them back in time; what there is of one: ${line("status", claimId)}; to give it back: ${line("destroy", claimId)}`,
  ];
}

/** As requests have them: `CUSTOM_VGT_FENCE:4`. */
export function resourcesText(resources: Held["resources"]): string {
  return Object.entries(resources)
    .map(([name, amount]) => `${name}:${amount}`)
    .join(",");
}
