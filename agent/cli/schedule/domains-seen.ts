// The domains that hosts have for claims, each as the host that it is on tells of it.
import type { Domain, DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { allPages, PAGE_SIZE } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import { answersInOrder } from "./in-order.ts";
import type { Unasked } from "./unasked.ts";
import { allHosts, otherThan, RIGHT_ADDRESS, type Search } from "./whereabouts.ts";

export interface DomainSeen {
  readonly name: string;
  readonly state: DomainState;
}

/** By claim id in small letters. */
type ByClaim = ReadonlyMap<string, DomainSeen>;

export interface Domains extends Unasked {
  /** Those of each host that was asked: a claim may have one on another host than it is booked on. */
  readonly byHost: ReadonlyMap<string, ByClaim>;
  /** What may help where there are such. */
  readonly hints: readonly string[];
}

interface Listing {
  /** As in Opened. */
  readonly agentOf: (host: string, kind: "read") => Pick<Vgpud, "listDomains" | "getHost" | "close">;
}

/** Hosts are asked at once: one that does not answer keeps no other waiting. What another one has that answers for a host is not told. */
export async function domainsOn(hosts: ReadonlySet<string>, { agentOf }: Listing): Promise<Domains> {
  const all = await answersInOrder([...hosts], {
    ask: (host, over) => domainsOf(host, { agentOf, over }),
    decides: () => false,
  });
  return {
    byHost: new Map(all.map(({ host, domains = [] }) => [host, byClaim(domains)])),
    unknown: new Map(all.flatMap(({ host, unknown }) => (unknown === undefined ? [] : [[host, unknown]]))),
    hints: all.some(({ isAnother }) => isAnother) ? [RIGHT_ADDRESS] : [],
    faults: new Map(all.flatMap(({ host, fault }) => (fault === undefined ? [] : [[host, fault]]))),
  };
}

/** With those of all other hosts. Throws a PlacementError, or a CliError for the user's interrupt. */
export async function withOthers(
  domains: Domains,
  { api, namedHosts, agentOf, signal }: Listing & Pick<Search, "api" | "namedHosts" | "signal">,
): Promise<Domains> {
  const hosts = allHosts(await api.all(signal), namedHosts).filter((host) => !domains.byHost.has(host));
  const others = await domainsOn(new Set(hosts), { agentOf });
  return {
    byHost: new Map([...domains.byHost, ...others.byHost]),
    unknown: new Map([...domains.unknown, ...others.unknown]),
    hints: [...new Set([...domains.hints, ...others.hints])],
    faults: new Map([...domains.faults, ...others.faults]),
  };
}

/** The hosts that have a domain of the claim, with it. */
export function domainsOfClaim(
  claimId: string,
  { byHost }: Pick<Domains, "byHost">,
): ReadonlyMap<string, DomainSeen> {
  const found = [...byHost].flatMap(([host, claims]) => {
    const domain = claims.get(claimId);
    return domain === undefined ? [] : [[host, domain] as const];
  });
  return new Map(found);
}

function byClaim(domains: readonly Domain[]): ByClaim {
  return new Map(domains.map(({ claimId, name, state }) => [claimId.toLowerCase(), { name, state }]));
}

interface Asking extends Listing {
  readonly over: AbortSignal;
}

interface ToldDomains {
  readonly host: string;
  readonly domains?: readonly Domain[];
  readonly unknown?: string;
  /** It did not say that it is the host. */
  readonly isAnother?: true;
  readonly fault?: CliError;
}

async function domainsOf(host: string, { agentOf, over }: Asking): Promise<ToldDomains> {
  try {
    using agent = closing(agentOf(host, "read"), over);
    const ask = (pageToken: string) =>
      agent.vgpud.listDomains({ pageSize: PAGE_SIZE, pageToken, withUsage: false });
    const other = await otherThan(host, agent.vgpud);
    if (other !== undefined) return { host, unknown: `what answers as ${host} ${other}`, isAnother: true };
    return { host, domains: (await allPages(ask)).flatMap(({ domains }) => domains) };
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
    return { host, unknown: error.message, fault: error };
  }
}
