// Metrics of what domains use, with and without a vGPU. Keyed by domain_uuid, so that they join with the info series. Pure.
import type { DomainId } from "../core/ids.ts";
import { counter, gauge, type Collector, type Sample, type SnapshotMetric } from "./definition.ts";
import { exportedDomains } from "./domain-metrics.ts";
import type { DiskFigures, DomainFigures, InterfaceFigures } from "./domain-stats.ts";
import type { ScrapeView } from "./view.ts";

/** Figures older than this are left out: a counter that stands still would look like a guest that does nothing. */
const STALE_SECONDS = 60;

type Device = "domain_uuid" | "device";
type Figures = (view: ScrapeView) => readonly DomainFigures[];

/** Of the domains that have an info series, and only while they are fresh. One scrape asks for them many times. */
function freshFigures(maximum: number): Figures {
  const known = new WeakMap<ScrapeView, readonly DomainFigures[]>();
  return (view) => {
    const before = known.get(view);
    if (before) return before;
    const { domains = [], ageSeconds = Infinity } = view.domainStats;
    const exported = new Set<DomainId>(exportedDomains(view.domains, maximum).map(({ id }) => id));
    const fresh = ageSeconds > STALE_SECONDS ? [] : domains.filter(({ id }) => exported.has(id));
    known.set(view, fresh);
    return fresh;
  };
}

/** One series for each domain of which the value is known. */
function eachDomain(figures: Figures, value: (of: DomainFigures) => number | undefined) {
  return (view: ScrapeView): readonly Sample<"domain_uuid">[] => {
    const samples: Sample<"domain_uuid">[] = [];
    for (const domain of figures(view)) {
      const known = value(domain);
      if (known !== undefined) samples.push({ labels: { domain_uuid: domain.id }, value: known });
    }
    return samples;
  };
}

/** One series for each device of which the value is known. */
function eachDevice<Of extends { readonly device: string }>(
  figures: Figures,
  devices: (of: DomainFigures) => readonly Of[],
  value: (of: Of) => number | undefined,
) {
  return (view: ScrapeView): readonly Sample<Device>[] => {
    const samples: Sample<Device>[] = [];
    for (const domain of figures(view))
      for (const each of devices(domain)) {
        const known = value(each);
        if (known !== undefined)
          samples.push({ labels: { domain_uuid: domain.id, device: each.device }, value: known });
      }
    return samples;
  };
}

export function domainStatsCollector(maximum: number): Collector {
  const figures = freshFigures(maximum);
  return {
    name: "domain_stats",
    healthy: ({ domainStats }) => !domainStats.failing,
    metrics: [...ages, ...processorAndMemory(figures), ...disks(figures), ...interfaces(figures)],
  };
}

const ages: readonly SnapshotMetric[] = [
  gauge({
    name: "vgpud_domain_stats_age_seconds",
    help: "Age of the figures of domains in this scrape; absent before libvirt first gave them.",
    labels: [],
    samples: ({ domainStats: { ageSeconds } }) =>
      ageSeconds === undefined ? [] : [{ labels: {}, value: ageSeconds }],
  }),
];

function processorAndMemory(figures: Figures): readonly SnapshotMetric[] {
  const memory = (kind: keyof DomainFigures["memory"], help: string): SnapshotMetric =>
    gauge({
      name: `vgpud_domain_memory_${kind}_bytes`,
      help,
      labels: ["domain_uuid"],
      samples: eachDomain(figures, (of) => of.memory[kind]),
    });
  return [
    counter({
      name: "vgpud_domain_cpu_seconds_total",
      help: "Processor time that the domain has used since it was started, over all its processors.",
      labels: ["domain_uuid"],
      samples: eachDomain(figures, ({ cpuSeconds }) => cpuSeconds),
    }),
    memory("maximum", "Memory that the domain may have at most."),
    memory("current", "Memory that the balloon leaves the guest now."),
    memory("resident", "Memory of the host that the process of the domain occupies."),
  ];
}

function disks(figures: Figures): readonly SnapshotMetric[] {
  const of = (what: string, help: string, value: (disk: DiskFigures) => number | undefined): SnapshotMetric =>
    counter({
      name: `vgpud_domain_block_${what}_total`,
      help,
      labels: ["domain_uuid", "device"],
      samples: eachDevice(figures, (domain) => domain.disks, value),
    });
  return [
    of("read_bytes", "Bytes that the guest has read from the disk.", (disk) => disk.readBytes),
    of("read_requests", "Reads of the guest from the disk.", (disk) => disk.readRequests),
    of("write_bytes", "Bytes that the guest has written to the disk.", (disk) => disk.writeBytes),
    of("write_requests", "Writes of the guest to the disk.", (disk) => disk.writeRequests),
  ];
}

function interfaces(figures: Figures): readonly SnapshotMetric[] {
  const of = (
    what: string,
    help: string,
    value: (nic: InterfaceFigures) => number | undefined,
  ): SnapshotMetric =>
    counter({
      name: `vgpud_domain_network_${what}_total`,
      help,
      labels: ["domain_uuid", "device"],
      samples: eachDevice(figures, (domain) => domain.interfaces, value),
    });
  return [
    of("receive_bytes", "Bytes that the guest has received.", ({ received }) => received.bytes),
    of("receive_packets", "Packets that the guest has received.", ({ received }) => received.packets),
    of("receive_errors", "Packets to the guest that were broken.", ({ received }) => received.errors),
    of("receive_drops", "Packets to the guest that were dropped.", ({ received }) => received.drops),
    of("transmit_bytes", "Bytes that the guest has sent.", ({ sent }) => sent.bytes),
    of("transmit_packets", "Packets that the guest has sent.", ({ sent }) => sent.packets),
    of("transmit_errors", "Packets from the guest that were broken.", ({ sent }) => sent.errors),
    of("transmit_drops", "Packets from the guest that were dropped.", ({ sent }) => sent.drops),
  ];
}
