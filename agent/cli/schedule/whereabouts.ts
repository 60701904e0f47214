// Which host has the domain of a claim that nothing is booked for: Placement may have lost the booking, or somebody deleted it.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { PciAddress } from "../../core/ids.ts";
import { gpuOfProvider, providerName } from "../../core/placement-names.ts";
import type { Provider } from "../../placement/model.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import { anotherThan } from "./another-host.ts";
import { closing } from "./held.ts";
import { answersInOrder } from "./in-order.ts";
import type { Opened } from "./opened.ts";
import { hostsAmong } from "./places.ts";
import type { SchedulePlacement } from "./placement-port.ts";
import {
  againHint,
  answeredBy,
  failedAsking,
  lateAmong,
  unaskedAmong,
  unaskedEnding,
  unaskedHints,
  unaskedLines,
  unaskedNames,
  type Unasked,
  type UnaskedHosts,
} from "./unasked.ts";

type Asked = Pick<Vgpud, "getDomain" | "getHost" | "close">;

export interface Search {
  readonly api: Pick<SchedulePlacement, "all">;
  /** Those that the schedule file names: of a host that has not published, or not again, Placement knows nothing. */
  readonly namedHosts: readonly string[];
  /** Throws a CliError for a host of which no address is known. */
  readonly agentOf: (host: string, kind: "read") => Asked;
  /** A host that is not asked. */
  readonly butFor?: string;
  readonly signal: AbortSignal;
}

export interface Whereabouts {
  /** A domain that is there, of the first host by name that has one; where there is none, one that is gone. */
  readonly found: { readonly host: string; readonly domain: Domain } | undefined;
  /** Not all of them where a domain is there. */
  readonly unasked: UnaskedHosts;
  /** There was no host that could have been asked. */
  readonly isNobody: boolean;
  /** As Placement has them. */
  readonly providers: readonly Provider[];
}

/** What a host says of the domain of a claim. */
interface ClaimOnHost {
  readonly host: string;
  /** Undefined where it has none, or could not be asked. */
  readonly domain?: Domain | undefined;
  readonly unasked?: Unasked;
}

/**
 * Asks every host of which Placement has a GPU of vgpud's, and every one that the schedule file names, until the first by name is known that
 * has a domain that is there: a domain that is gone, or a host that does not answer, leaves open what others have. Throws a PlacementError,
 * or a CliError for the user's interrupt.
 */
export async function whereaboutsOf(
  claimId: string,
  { api, namedHosts, agentOf, butFor, signal }: Search,
): Promise<Whereabouts> {
  const providers = await api.all(signal);
  const hosts = allHosts(providers, namedHosts).filter((host) => host !== butFor);
  const answers = await answersInOrder(hosts, {
    ask: (host, over) => claimOnHost(host, claimId, { agentOf, over }),
    decides: isThere,
  });
  const { host, domain } = answers.find(isThere) ?? answers.find((each) => each.domain) ?? {};
  return {
    found: host !== undefined && domain ? { host, domain } : undefined,
    unasked: unaskedAmong(answers),
    isNobody: hosts.length === 0,
    providers,
  };
}

function isThere({ domain }: ClaimOnHost): boolean {
  return domain !== undefined && !isGone(domain);
}

interface Asking extends Pick<Search, "agentOf"> {
  /** Nobody waits for it any more. */
  readonly over?: AbortSignal;
  /** It need not say that it is the host. */
  readonly isTakenAtItsWord?: true;
}

/** @throws CliError for the user's interrupt */
export async function claimOnHost(
  host: string,
  claimId: string,
  { agentOf, over, isTakenAtItsWord }: Asking,
): Promise<ClaimOnHost> {
  try {
    using asked = closing(agentOf(host, "read"), over);
    const domain = await domainOfClaim(claimId, asked.vgpud);
    const another = isTakenAtItsWord ? undefined : await anotherThan(host, asked.vgpud);
    return another ? { host, unasked: answeredBy(another, host) } : { host, domain };
  } catch (error) {
    return { host, unasked: failedAsking(error) };
  }
}

/** Undefined where the host never heard of the claim. @throws CliError where it does not say */
export async function domainOfClaim(
  claimId: string,
  vgpud: Pick<Vgpud, "getDomain">,
): Promise<Domain | undefined> {
  try {
    const ref = { ref: { $case: "claimId", value: claimId } } as const;
    return (await vgpud.getDomain({ domain: ref, withUsage: false })).domain;
  } catch (error) {
    if (error instanceof CliError && error.reason === "DOMAIN_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Where a host has a domain of a claim that nothing is booked for. */
export function bookAgain(claimId: string): string {
  return `to book it again where it is: the same line of vgpuctl schedule create as made it, with --claim-id ${claimId}`;
}

/** `otherwise`: what else leads on. Undefined where there are hosts, and all have said what they have of the claim, of which nothing is booked. */
export function notKnown(
  claimId: string,
  { isNobody, unasked }: Pick<Whereabouts, "unasked" | "isNobody">,
  { otherwise, saidBy }: { readonly otherwise: string; readonly saidBy: Opened["saidBy"] },
): CliError | undefined {
  if (unasked.size === 0 && !isNobody) return undefined;
  const names = isNobody ? "any host" : unaskedNames(unasked);
  const message = `nothing is booked for claim ${claimId}, and whether ${names} has a domain of it is not known`;
  if (isNobody)
    return new CliError("unreachable", message, {
      lines: ["  Placement has no GPU of vgpud's, and agents.addresses of the schedule file names no host"],
      hints: ["the same line again once the hosts have published their GPUs in Placement", otherwise],
    });
  return new CliError(unaskedEnding(unasked), message, {
    late: lateAmong(unasked),
    lines: unaskedLines(unasked),
    hints: [againHint(unasked), ...unaskedHints(unasked, saidBy), otherwise],
  });
}

/** Undefined for a GPU of which the host has no provider. */
export function providerOf(
  host: string,
  gpu: PciAddress,
  providers: readonly Provider[],
): string | undefined {
  const root = providers.find(({ uuid, name, root }) => uuid === root && name === host)?.uuid;
  const name = providerName(host, gpu);
  const below = providers.filter((each) => each.root === root);
  return (below.find((each) => each.name === name) ?? below.find((each) => gpuOfProvider(each.name) === gpu))
    ?.uuid;
}

/** By name: those with a GPU of vgpud's, and those that the schedule file names. */
export function allHosts(providers: readonly Provider[], namedHosts: readonly string[]): readonly string[] {
  return [...new Set([...hostsAmong(providers), ...namedHosts])].sort();
}
