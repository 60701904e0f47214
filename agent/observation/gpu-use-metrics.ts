// Metrics of what domains use of GPUs that they render on themselves. Other modes give a guest its own driver, and what that does
// the host does not see. Keyed by domain_uuid, so that they join with the info series. Pure.
import type { DomainId } from "../core/ids.ts";
import { counter, gauge, type Collector, type Sample } from "./definition.ts";
import { exportedDomains } from "./domain-metrics.ts";
import type { DomainGpuUse } from "./gpu-use.ts";
import type { ScrapeView } from "./view.ts";

type Label = "domain_uuid" | "pci_address";

/** One series for each part of each domain that has an info series. */
function eachPart<Part extends string>(
  maximum: number,
  part: Part,
  parts: (of: DomainGpuUse) => ReadonlyMap<string, number>,
) {
  return ({ gpuUse, domains }: ScrapeView): readonly Sample<Label | Part>[] => {
    if (gpuUse.domains.length === 0) return [];
    const exported = new Set<DomainId>(exportedDomains(domains, maximum).map(({ id }) => id));
    return gpuUse.domains
      .filter(({ domain }) => exported.has(domain))
      .flatMap((use) =>
        [...parts(use)].map(([name, value]) => ({
          labels: { domain_uuid: use.domain, pci_address: use.gpu, [part]: name } as Readonly<
            Record<Label | Part, string>
          >,
          value,
        })),
      );
  };
}

export function gpuUseCollector(maximum: number): Collector {
  return {
    name: "domain_gpu",
    healthy: ({ gpuUse }) => !gpuUse.failing,
    metrics: [
      counter({
        name: "vgpud_domain_gpu_engine_seconds_total",
        help: "Time that the GPU's engines of the class worked for a domain that renders on it (gvt-s), as its driver counts it.",
        labels: ["domain_uuid", "pci_address", "engine"],
        samples: eachPart(maximum, "engine", ({ engineSeconds }) => engineSeconds),
      }),
      gauge({
        name: "vgpud_domain_gpu_memory_resident_bytes",
        help: "Memory in place that a domain which renders on the GPU (gvt-s) has there, by region of its driver.",
        labels: ["domain_uuid", "pci_address", "region"],
        samples: eachPart(maximum, "region", ({ residentBytes }) => residentBytes),
      }),
    ],
  };
}
