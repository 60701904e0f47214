// What `vgpuctl schedule status` tells of a claim, for people and for machines. Pure.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Answer } from "../command.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import { domainDetail } from "../view/domain-view.ts";
import { messageJson } from "../view/json.ts";
import { waysOn, type Others } from "./booked-elsewhere.ts";
import { resourcesText } from "./list.ts";
import type { Named } from "./named.ts";
import { placeText } from "./places.ts";
import type { Opened } from "./opened.ts";
import { unaskedJson, unaskedNames, warningHints, type UnaskedHosts } from "./unasked.ts";
import { bookAgain } from "./whereabouts.ts";

/** A claim, with the host on which it is booked, or that has its domain, or that the user names. */
interface About extends Pick<Named, "claimId" | "held"> {
  readonly host: string;
}

interface Seen {
  /** On that host. */
  readonly domain: Domain | undefined;
  /** Where that host has none that is there, and the claim is booked there. */
  readonly others?: Others;
  /** Why nobody knows them there. */
  readonly fault?: CliError;
}

type Lines = Pick<Opened, "line" | "lineTo">;

/** Of hosts that nobody could be asked for: Placement failed. */
export function othersUnknown(claimId: string, { message }: Pick<CliError, "message">): string {
  return `whether another host has a domain of claim ${claimId} is not known: ${message}`;
}

export function unaskedTexts(hosts: UnaskedHosts): readonly string[] {
  return [...hosts].map(([host, { why }]) => `whether ${host} has a domain of it is not known: ${why}`);
}

/** Placement has said it, whatever becomes of asking the host. */
export function bookedText({ claimId, place, resources }: NonNullable<Named["held"]>): string {
  return `claim ${claimId} is booked on ${placeText(place)}: ${resourcesText(resources)}`;
}

export function shown(about: About, seen: Seen, parts: Lines): Answer {
  const { claimId, held } = about;
  const { domain } = seen;
  const error = endOf(about, seen);
  const isShown = domain !== undefined && (lives(domain) || held === undefined);
  return {
    json: documentOf(about, seen),
    text: [{ kind: "fields", fields: fieldsOf(about, seen) }, ...(isShown ? domainDetail(domain) : [])],
    names: [claimId],
    messages: messagesOf(about, seen, parts),
    ...(error && { error }),
  };
}

/** Undefined where there is what was asked for. */
function endOf({ claimId, host, held }: About, { domain, fault }: Seen): CliError | undefined {
  if (fault) return fault.with({ message: othersUnknown(claimId, fault) });
  return held === undefined && !lives(domain)
    ? new CliError("failure", `nothing is booked for claim ${claimId}, and ${host} has no domain of it`)
    : undefined;
}

function lives(domain: Domain | undefined): boolean {
  return domain !== undefined && !isGone(domain);
}

function documentOf({ claimId, host, held }: About, { domain, others }: Seen): Record<string, unknown> {
  return {
    claim_id: claimId,
    host,
    gpu: held?.place.gpu ?? null,
    booking: held === undefined ? "none" : "held",
    resources: held?.resources ?? {},
    ...messageJson({ domain }),
    domain_host: others?.host ?? (lives(domain) ? host : null),
    unasked: others ? unaskedJson(others.unasked) : [],
  };
}

function fieldsOf({ claimId, host, held }: About, seen: Seen) {
  return [
    ["claim id", claimId],
    ["host", host],
    ["GPU", held?.place.gpu],
    ["booked", held === undefined ? "nothing" : resourcesText(held.resources)],
    ...(lives(seen.domain) || held === undefined ? [] : [["domain", noneText(seen, host)] as const]),
  ] as const;
}

/** Where the booked host has no domain that is there. */
function noneText({ domain, others, fault }: Seen, host: string): string {
  const none = domain === undefined ? "none" : "gone";
  if (others?.host !== undefined) return `${none} on ${host}, and ${others.host} has it`;
  const names = fault ? "another" : others ? unaskedNames(others.unasked) : "";
  return names === ""
    ? `${none}: the booking is given back in time, or by destroy`
    : `${none} on ${host}, and whether ${names} has one is not known`;
}

function messagesOf({ claimId, host, held }: About, { domain, others }: Seen, parts: Lines): string[] {
  const ways = others?.host === undefined ? [] : waysOn(claimId, { booked: host, host: others.host }, parts);
  return [
    ...(others ? unaskedTexts(others.unasked) : []).map((text) => `warning: ${text}`),
    ...(others ? warningHints(others.unasked) : []).map((hint) => `hint: ${hint}`),
    ...ways.map((way) => `hint: ${way}`),
    ...(lives(domain) && held === undefined
      ? [
          `warning: nothing is booked for claim ${claimId}, and ${host} has a domain of it`,
          `hint: ${bookAgain(claimId)}`,
        ]
      : []),
  ];
}
