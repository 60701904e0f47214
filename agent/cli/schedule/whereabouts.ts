// Which host has the domain of a claim that nothing is booked for: Placement may have lost the booking, or somebody deleted it.
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { PciAddress } from "../../core/ids.ts";
import { gpuOfProvider, providerName } from "../../core/placement-names.ts";
import type { Provider } from "../../placement/model.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import type { SchedulePlacement } from "./placement-port.ts";

type Asked = Pick<Vgpud, "getDomain" | "getHost" | "close">;

export interface Search {
  readonly api: Pick<SchedulePlacement, "all">;
  /** Throws a CliError for a host of which no address is known: none was ever asked for a domain there. */
  readonly agentOf: (host: string) => Asked;
  readonly signal: AbortSignal;
}

export interface Whereabouts {
  /** A domain that is there; where there is none, one that is gone. */
  readonly found: { readonly host: string; readonly domain: Domain } | undefined;
  /** Hosts that could not be asked, and why. Not all of them where a domain is there. */
  readonly unknown: ReadonlyMap<string, string>;
  /** As Placement has them. */
  readonly providers: readonly Provider[];
}

/** Asks every host of which Placement has a GPU of vgpud's. Throws a PlacementError, or a CliError for the user's interrupt. */
export async function whereaboutsOf(claimId: string, { api, agentOf, signal }: Search): Promise<Whereabouts> {
  const providers = await api.all(signal);
  const unknown = new Map<string, string>();
  let gone: Whereabouts["found"];
  for (const host of hostsAmong(providers)) {
    const agent = addressed(host, agentOf);
    if (agent === undefined) continue;
    try {
      using asked = closing(agent);
      const domain = await domainOfClaim(claimId, asked.vgpud);
      const other = await otherThan(host, asked.vgpud);
      if (other !== undefined) unknown.set(host, `what answers as ${host} ${other}`);
      else if (domain && isGone(domain)) gone = { host, domain };
      else if (domain) return { found: { host, domain }, unknown, providers };
    } catch (error) {
      if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
      unknown.set(host, error.message);
    }
  }
  return { found: gone, unknown, providers };
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

function hostsAmong(providers: readonly Provider[]): readonly string[] {
  const roots = new Set(providers.filter(({ name }) => gpuOfProvider(name)).map(({ root }) => root));
  return providers.filter(({ uuid }) => roots.has(uuid)).map(({ name }) => name);
}

function addressed(host: string, agentOf: Search["agentOf"]): Asked | undefined {
  try {
    return agentOf(host);
  } catch (error) {
    if (error instanceof CliError && error.ending === "usage") return undefined;
    throw error;
  }
}
