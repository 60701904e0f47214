// Metrics of domains. A host may run many that have no vGPU, so the number of series is capped. Pure.
import type { DomainView, Ownership } from "../lifecycle/views.ts";
import { gauge, type Collector } from "./definition.ts";

const rank = { own: 0, orphan: 1, foreign: 2 } as const satisfies Record<Ownership, number>;

/** At most `maximum` domains: own ones first, then by id, so that the choice is the same at every scrape. */
export function exportedDomains(domains: readonly DomainView[], maximum: number): DomainView[] {
  return [...domains]
    .sort((a, b) => rank[a.ownership] - rank[b.ownership] || (a.id < b.id ? -1 : 1))
    .slice(0, maximum);
}

export function domainCollector(maximum: number): Collector {
  return {
    name: "domain",
    metrics: [
      gauge({
        name: "vgpud_domain_info",
        help: "A domain that libvirt or a claim knows; always 1. The state is unknown where libvirt does not tell.",
        labels: ["domain_uuid", "domain_name", "ownership", "state"],
        samples: ({ domains }) =>
          exportedDomains(domains, maximum).map(({ id, name, ownership, domain }) => ({
            labels: { domain_uuid: id, domain_name: name, ownership, state: domain?.state ?? "unknown" },
            value: 1,
          })),
      }),
      gauge({
        name: "vgpud_domain_vcpus",
        help: "Virtual processors that the domain's definition gives it; absent while libvirt does not tell.",
        labels: ["domain_uuid"],
        samples: ({ domains }) =>
          exportedDomains(domains, maximum).flatMap(({ id, domain }) =>
            domain?.vcpus === undefined ? [] : [{ labels: { domain_uuid: id }, value: domain.vcpus }],
          ),
      }),
      gauge({
        name: "vgpud_domains_dropped",
        help: "Domains left out of this scrape because there are more than the configured maximum.",
        labels: [],
        samples: ({ domains }) => [{ labels: {}, value: Math.max(0, domains.length - maximum) }],
      }),
    ],
  };
}
