// Metrics of single vGPUs. Their number is bounded by what the GPUs can hold, and that of others' seats, which nothing bounds, by the
// number of domains that have series. Names stand only in the info series. Pure.
import type { DomainId } from "../core/ids.ts";
import { domainIdOf, type ClaimState } from "../lifecycle/claim.ts";
import { modeOfType } from "../inventory/share.ts";
import { isXengt } from "../inventory/xengt.ts";
import type { Ownership, VgpuView } from "../lifecycle/views.ts";
import { backendName } from "./backend-names.ts";
import { gauge, type Collector, type Sample } from "./definition.ts";
import { exportedDomains } from "./domain-metrics.ts";
import type { MetricsView } from "./view.ts";

function info(
  { id, gpu, type, ownership, domain, claim }: VgpuView,
  inventory: MetricsView["inventory"],
): Sample<(typeof infoLabels)[number]> {
  // While libvirt is away the claim still knows whose the slice is, so that joins hold.
  return {
    labels: {
      vgpu_id: id,
      pci_address: gpu,
      vgpu_type: type,
      backend: backendName(modeOfType(type), { xengt: isXengt(inventory) }),
      ownership,
      domain_uuid: domain?.id ?? (claim && domainIdOf(claim)),
      domain_name: domain?.name ?? claim?.domain?.name,
    },
    value: 1,
  };
}

const infoLabels = [
  "vgpu_id",
  "pci_address",
  "vgpu_type",
  "backend",
  "ownership",
  "domain_uuid",
  "domain_name",
] as const;

const states = [
  "reserved",
  "creating",
  "active",
  "stopped",
  "deleting",
  "failed",
] as const satisfies readonly ClaimState[];

function count(ownership: Ownership): (view: MetricsView) => Sample<never>[] {
  return ({ vgpus }) => [{ labels: {}, value: vgpus.filter((vgpu) => vgpu.ownership === ownership).length }];
}

/** Without those that others' domains have which are left out themselves. */
function exportedVgpus({ vgpus, domains }: MetricsView, maximum: number): readonly VgpuView[] {
  if (domains.length <= maximum) return vgpus;
  const exported = new Set<DomainId>(exportedDomains(domains, maximum).map(({ id }) => id));
  return vgpus.filter(({ claim, domain }) => claim !== undefined || !domain || exported.has(domain.id));
}

export function vgpuCollector(maximum: number): Collector {
  return {
    name: "vgpu",
    metrics: [
      gauge({
        name: "vgpud_vgpu_info",
        help: "A vGPU that exists or is promised; always 1. Join by vgpu_id or domain_uuid.",
        labels: infoLabels,
        samples: (view) => exportedVgpus(view, maximum).map((vgpu) => info(vgpu, view.inventory)),
      }),
      gauge({
        name: "vgpud_vgpu_state",
        help: "The state of the claim on the vGPU (1) among all it may have (0); only for own ones.",
        labels: ["vgpu_id", "state"],
        samples: ({ vgpus }) =>
          vgpus.flatMap(({ id, claim }) =>
            claim
              ? states.map((state) => ({
                  labels: { vgpu_id: id, state },
                  value: claim.state === state ? 1 : 0,
                }))
              : [],
          ),
      }),
      gauge({
        name: "vgpud_vgpu_in_use",
        help: "Whether a domain with the vGPU is on (1) or not (0); absent while libvirt does not answer.",
        labels: ["vgpu_id"],
        samples: (view) =>
          exportedVgpus(view, maximum).flatMap(({ id, inUse }) =>
            inUse === undefined ? [] : [{ labels: { vgpu_id: id }, value: inUse ? 1 : 0 }],
          ),
      }),
      gauge({
        name: "vgpud_vgpu_created_timestamp_seconds",
        help: "When the claim on the vGPU was made; only for own ones.",
        labels: ["vgpu_id"],
        samples: ({ vgpus }) =>
          vgpus.flatMap(({ id, claim }) =>
            claim ? [{ labels: { vgpu_id: id }, value: claim.createdAt / 1000 }] : [],
          ),
      }),
      gauge({
        name: "vgpud_vgpu_orphans",
        help: "vGPUs that bear the mark of vgpud and stand in no claim; they are never removed by themselves.",
        labels: [],
        samples: count("orphan"),
      }),
      gauge({
        name: "vgpud_vgpu_foreign",
        help: "vGPUs of any mode that somebody else made or has; they are counted and never touched.",
        labels: [],
        samples: count("foreign"),
      }),
    ],
  };
}
