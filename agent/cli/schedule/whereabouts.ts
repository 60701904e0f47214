// Which host has the domain of a claim that nothing is booked for: Placement may have lost the booking, or somebody deleted it.
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { PciAddress } from "../../core/ids.ts";
import { gpuOfProvider, providerName } from "../../core/placement-names.ts";
import type { Provider } from "../../placement/model.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import { answersInOrder } from "./in-order.ts";
import type { SchedulePlacement } from "./placement-port.ts";

type Asked = Pick<Vgpud, "getDomain" | "getHost" | "close">;

export interface Search {
  readonly api: Pick<SchedulePlacement, "all">;
  /** Throws a CliError for a host of which no address is known: none was ever asked for a domain there. */
  readonly agentOf: (host: string, kind: "read") => Asked;
  readonly signal: AbortSignal;
}

export interface Whereabouts {
  /** A domain that is there, of the first host by name that has one; where there is none, one that is gone. */
  readonly found: { readonly host: string; readonly domain: Domain } | undefined;
  /** Hosts by name that could not be asked, and why. Not all of them where a domain is there. */
  readonly unknown: ReadonlyMap<string, string>;
  /** As Placement has them. */
  readonly providers: readonly Provider[];
}

/** What a host says of the claim. */
interface Told {
  readonly host: string;
  /** Undefined where it has none, or nobody knows. */
  readonly domain?: Domain | undefined;
  /** Why it could not be asked. */
  readonly unknown?: string;
}

/**
 * Asks every host of which Placement has a GPU of vgpud's, until the first by name is known that has a domain that is there: a domain that is
 * gone, or a host that does not answer, leaves open what others have. Throws a PlacementError, or a CliError for the user's interrupt.
 */
export async function whereaboutsOf(claimId: string, { api, agentOf, signal }: Search): Promise<Whereabouts> {
  const providers = await api.all(signal);
  const all = await answersInOrder(hostsAmong(providers), {
    ask: (host, over) => toldBy(host, claimId, { agentOf, over }),
    decides: isThere,
  });
  const { host, domain } = all.find(isThere) ?? all.find((told) => told.domain) ?? {};
  return {
    found: host !== undefined && domain ? { host, domain } : undefined,
    unknown: new Map(all.flatMap(({ host: of, unknown }) => (unknown === undefined ? [] : [[of, unknown]]))),
    providers,
  };
}

function isThere({ domain }: Told): boolean {
  return domain !== undefined && !isGone(domain);
}

interface Telling extends Pick<Search, "agentOf"> {
  readonly over: AbortSignal;
}

async function toldBy(host: string, claimId: string, { agentOf, over }: Telling): Promise<Told> {
  const agent = addressed(host, agentOf);
  if (agent === undefined) return { host };
  using asked = closing(agent, over);
  try {
    const domain = await domainOfClaim(claimId, asked.vgpud);
    const other = await otherThan(host, asked.vgpud);
    return other === undefined ? { host, domain } : { host, unknown: `what answers as ${host} ${other}` };
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
    return { host, unknown: error.message };
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

export function isGone({ claimState }: Domain): boolean {
  return claimState === ClaimState.GONE;
}

/**
 * A host that never heard of the claim may be another one than was booked, by a wrong address: unless it says that it is the one.
 * What it says instead; undefined where it is.
 */
export async function otherThan(host: string, vgpud: Pick<Vgpud, "getHost">): Promise<string | undefined> {
  const name = (await vgpud.getHost({})).host?.scheduler?.host ?? "";
  if (name === host) return undefined;
  return name === "" ? "does not say what its scheduler calls it" : `is the vgpud of host ${name}`;
}

/** Where another host answers. */
export const RIGHT_ADDRESS = "is the address of the host right? agents of the schedule file";

/** Where one does not answer, and never will: it is asked as long as Placement has it. */
export const HOST_NO_MORE =
  "a host that is no more: delete its providers in Placement, as docs/placement.md has it for a host that never comes back";

/** As in a sentence: a document has the message of an error alone. */
export function namesOf(unknown: ReadonlyMap<string, string>): string {
  return [...unknown.keys()].join(" or ");
}

/** As they are told below an error. */
export function unknownLines(unknown: ReadonlyMap<string, string>): readonly string[] {
  return [...unknown].map(([host, why]) => `  ${host} could not be asked: ${why}`);
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

/** By name: Placement tells them in no order of its own. */
function hostsAmong(providers: readonly Provider[]): readonly string[] {
  const roots = new Set(providers.filter(({ name }) => gpuOfProvider(name)).map(({ root }) => root));
  const names = providers.filter(({ uuid }) => roots.has(uuid)).map(({ name }) => name);
  return names.sort();
}

function addressed(host: string, agentOf: Search["agentOf"]): Asked | undefined {
  try {
    return agentOf(host, "read");
  } catch (error) {
    if (error instanceof CliError && error.ending === "usage") return undefined;
    throw error;
  }
}
