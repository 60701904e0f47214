// The guest's CPU of a request, and the host's CPUs, nodes and pages it is given.
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { Cpu, HugePages, NumaTuning } from "../../lifecycle/domain-spec.ts";
import { all, each, formed, inRange, invalid, join, known } from "./fields.ts";
import { HOST_CPUS, MODEL, NODE, PHYS_BITS, VCPUS } from "./forms.ts";

const MAX_NODES = 64;
const KIB_PER_MIB = 1024;
/** What x86 has. */
const PAGE_SIZES_KIB: readonly number[] = [2048, 1_048_576];

const modes = {
  [pb.CpuMode.UNSPECIFIED]: "host-model",
  [pb.CpuMode.HOST_MODEL]: "host-model",
  [pb.CpuMode.HOST_PASSTHROUGH]: "host-passthrough",
  [pb.CpuMode.CUSTOM]: "custom",
  [pb.CpuMode.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.CpuMode, Cpu["mode"] | undefined>;

const numaModes = {
  [pb.NumaMode.UNSPECIFIED]: "strict",
  [pb.NumaMode.STRICT]: "strict",
  [pb.NumaMode.PREFERRED]: "preferred",
  [pb.NumaMode.INTERLEAVE]: "interleave",
  [pb.NumaMode.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.NumaMode, NumaTuning["mode"] | undefined>;

export function parseCpu({ cpu, vcpus }: pb.DomainSpec, path: string): Cpu | undefined {
  if (!cpu) return undefined;
  const at = (name: string): string => join(path, name);
  return all<Cpu>({
    mode: () => known(modes[cpu.mode], at("mode")),
    model: () => parseModel(cpu, at("model")),
    topology: () => parseTopology(cpu.topology, { vcpus, path: at("topology") }),
    pins: () =>
      each(cpu.pins, (pin, index) => {
        const isSecond = cpu.pins.findIndex(({ vcpu }) => vcpu === pin.vcpu) < index;
        return parsePin(pin, { isSecond, vcpus, path: `${at("pins")}[${index}]` });
      }),
    emulatorCpus: () =>
      cpu.emulatorCpus === "" ? undefined : parseHostCpus(at("emulator_cpus"), cpu.emulatorCpus),
    maxPhysBits: () =>
      cpu.maxPhysBits === undefined ? undefined : inRange(at("max_phys_bits"), cpu.maxPhysBits, PHYS_BITS),
  });
}

function parseModel({ mode, model }: pb.Cpu, field: string): string | undefined {
  if (mode === pb.CpuMode.CUSTOM) return formed(field, model, MODEL);
  if (model !== "") throw invalid(field, "is for mode CUSTOM only");
  return undefined;
}

function parseTopology(
  topology: pb.CpuTopology | undefined,
  { vcpus, path }: { readonly vcpus: number; readonly path: string },
): Cpu["topology"] {
  if (!topology) return undefined;
  const parsed = all<NonNullable<Cpu["topology"]>>({
    sockets: () => inRange(join(path, "sockets"), topology.sockets, VCPUS),
    cores: () => inRange(join(path, "cores"), topology.cores, VCPUS),
    threads: () => inRange(join(path, "threads"), topology.threads, { min: 1, max: 8 }),
  });
  const product = parsed.sockets * parsed.cores * parsed.threads;
  if (product !== vcpus) throw invalid(path, `makes ${product} virtual CPUs, and vcpus is ${vcpus}`);
  return parsed;
}

function parsePin(
  { vcpu, hostCpus }: pb.VcpuPin,
  { isSecond, vcpus, path }: { readonly isSecond: boolean; readonly vcpus: number; readonly path: string },
): Cpu["pins"][number] {
  return all<Cpu["pins"][number]>({
    vcpu: () => {
      const field = join(path, "vcpu");
      if (isSecond) throw invalid(field, `names ${vcpu} a second time`);
      return inRange(field, vcpu, { min: 0, max: vcpus - 1 });
    },
    hostCpus: () => parseHostCpus(join(path, "host_cpus"), hostCpus),
  });
}

function parseHostCpus(field: string, text: string): string {
  const cpus = formed(field, text, HOST_CPUS);
  const backwards = cpus.split(",").find((range) => {
    const [first, last] = range.split("-").map(Number);
    return first !== undefined && last !== undefined && first > last;
  });
  if (backwards !== undefined)
    throw invalid(field, `has the range ${backwards}, which ends before it begins`);
  return cpus;
}

export function parseNuma(tuning: pb.NumaTuning | undefined, path: string): NumaTuning | undefined {
  if (!tuning) return undefined;
  const { mode, nodes } = tuning;
  const field = join(path, "nodes");
  if (nodes.length > MAX_NODES) throw invalid(field, `must be at most ${MAX_NODES}, are ${nodes.length}`);
  return all<NumaTuning>({
    mode: () => known(numaModes[mode], join(path, "mode")),
    nodes: () =>
      each(nodes, (node, index) => {
        if (nodes.indexOf(node) < index) throw invalid(`${field}[${index}]`, `names ${node} a second time`);
        return inRange(`${field}[${index}]`, node, NODE);
      }),
  });
}

export function parseHugePages({ hugePages, memoryMib }: pb.DomainSpec, path: string): HugePages | undefined {
  if (!hugePages) return undefined;
  const { pageSizeKib } = hugePages;
  const field = join(path, "page_size_kib");
  if (pageSizeKib === 0) return { pageSizeKib: undefined };
  if (!PAGE_SIZES_KIB.includes(pageSizeKib))
    throw invalid(field, `must be 0, ${PAGE_SIZES_KIB.join(" or ")}, is ${pageSizeKib}`);
  if ((memoryMib * KIB_PER_MIB) % pageSizeKib !== 0)
    throw invalid(field, `does not divide memory_mib, which is ${memoryMib}`);
  return { pageSizeKib };
}
