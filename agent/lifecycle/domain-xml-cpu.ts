// The guest's CPU, and which CPUs, nodes and pages of the host it gets.
import type { Builder } from "../core/xml-builder.ts";
import type { Cpu, DomainSpec } from "./domain-spec.ts";

export function addMemoryBacking(domain: Builder, { hugePages }: DomainSpec): void {
  if (!hugePages) return;
  const pages = domain.ele("memoryBacking").ele("hugepages");
  if (hugePages.pageSizeKib !== undefined)
    pages.ele("page", { size: String(hugePages.pageSizeKib), unit: "KiB" });
}

export function addPlacement(domain: Builder, { cpu, numa }: DomainSpec): void {
  if (cpu && (cpu.pins.length > 0 || cpu.emulatorCpus !== undefined)) {
    const tune = domain.ele("cputune");
    for (const { vcpu, hostCpus } of cpu.pins) tune.ele("vcpupin", { vcpu: String(vcpu), cpuset: hostCpus });
    if (cpu.emulatorCpus !== undefined) tune.ele("emulatorpin", { cpuset: cpu.emulatorCpus });
  }
  if (numa && numa.nodes.length > 0)
    domain.ele("numatune").ele("memory", { mode: numa.mode, nodeset: numa.nodes.join(",") });
}

export function addCpu(domain: Builder, { cpu }: DomainSpec): void {
  if (!cpu) return;
  const { mode, model, topology, maxPhysBits } = cpu;
  const element = domain.ele("cpu", modes[mode]);
  // Another model than the one asked for is not what was asked for.
  if (model !== undefined) element.ele("model", { fallback: "forbid" }).txt(model);
  if (topology) {
    const { sockets, cores, threads } = topology;
    element.ele("topology", {
      sockets: String(sockets),
      dies: "1",
      cores: String(cores),
      threads: String(threads),
    });
  }
  if (maxPhysBits !== undefined) element.ele("maxphysaddr", { mode: "emulate", bits: String(maxPhysBits) });
}

const modes = {
  "host-model": { mode: "host-model" },
  "host-passthrough": { mode: "host-passthrough" },
  custom: { mode: "custom", match: "exact" },
} as const satisfies Record<Cpu["mode"], object>;
