// The domains that hosts have for claims, each as the host that it is on tells of it.
import type { Domain, DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { allPages, PAGE_SIZE } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { anotherThan } from "./another-host.ts";
import { closing } from "./held.ts";
import { answersInOrder } from "./in-order.ts";
import { answeredBy, failedAsking, unaskedAmong, type Unasked, type UnaskedHosts } from "./unasked.ts";
import { allHosts, type Search } from "./whereabouts.ts";

export interface DomainSeen {
  readonly name: string;
  readonly state: DomainState;
}

/** By claim id in small letters. */
type ByClaim = ReadonlyMap<string, DomainSeen>;

export interface Domains {
  /** Those of each host that was asked: a claim may have one on another host than it is booked on. */
  readonly byHost: ReadonlyMap<string, ByClaim>;
  readonly unasked: UnaskedHosts;
}

interface Listing {
  /** As in Opened. */
  readonly agentOf: (host: string, kind: "read") => Pick<Vgpud, "listDomains" | "getHost" | "close">;
}

/** Hosts are asked at once: one that does not answer keeps no other waiting. What another one has that answers for a host is left out. */
export async function domainsOn(hosts: ReadonlySet<string>, { agentOf }: Listing): Promise<Domains> {
  const answers = await answersInOrder([...hosts], {
    ask: (host, over) => domainsOf(host, { agentOf, over }),
    decides: () => false,
  });
  return {
    byHost: new Map(answers.map(({ host, domains = [] }) => [host, byClaim(domains)])),
    unasked: unaskedAmong(answers),
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
    unasked: new Map([...domains.unasked, ...others.unasked]),
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

interface HostDomains {
  readonly host: string;
  readonly domains?: readonly Domain[];
  readonly unasked?: Unasked;
}

async function domainsOf(host: string, { agentOf, over }: Asking): Promise<HostDomains> {
  try {
    using agent = closing(agentOf(host, "read"), over);
    const ask = (pageToken: string) =>
      agent.vgpud.listDomains({ pageSize: PAGE_SIZE, pageToken, withUsage: false });
    const another = await anotherThan(host, agent.vgpud);
    if (another) return { host, unasked: answeredBy(another, host) };
    return { host, domains: (await allPages(ask)).flatMap(({ domains }) => domains) };
  } catch (error) {
    return { host, unasked: failedAsking(error) };
  }
}
