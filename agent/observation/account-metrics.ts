// Metrics of what GPUs have in the modes beside gvt-g: virtual functions with their shares, the whole GPU, seats. Pure.
// What is not known has no series.
import type { FunctionsAccount } from "../capacity/accounts/virtual-functions.ts";
import type { FunctionAmounts } from "../inventory/virtual-functions.ts";
import type { GpuView } from "../lifecycle/views.ts";
import { gauge, type Sample, type SnapshotMetric } from "./definition.ts";

/** Of a GPU with SR-IOV: its memory that virtual functions share, in bytes. */
export function functionMemory(
  { gpu: { address: pci_address }, functions }: GpuView,
  part: (functions: FunctionsAccount) => FunctionAmounts | undefined,
): Sample<"pci_address" | "resource">[] {
  const amounts = functions && part(functions);
  return [
    ...known({ pci_address, resource: "vram" }, amounts?.vramBytes),
    ...known({ pci_address, resource: "ggtt" }, amounts?.ggttBytes),
  ];
}

function known<Labels extends string>(
  labels: Readonly<Record<Labels, string>>,
  value: number | undefined,
): Sample<Labels>[] {
  return value === undefined ? [] : [{ labels, value }];
}

function functionStates({ gpu, functions }: GpuView): Sample<"pci_address" | "state">[] {
  if (!functions) return [];
  const { used, sriov } = functions;
  const of = (state: string, value: number | undefined): Sample<"pci_address" | "state">[] =>
    known({ pci_address: gpu.address, state }, value);
  return [
    ...of("own", used?.own),
    ...of("foreign", used?.foreign),
    ...of("idle", used && functions.functions.length - used.own - used.foreign),
    ...of("off", sriov.total === undefined ? undefined : Math.max(0, sriov.total - sriov.functions.length)),
  ];
}

function shares(
  { gpu: { address: pci_address }, functions }: GpuView,
  resource: "contexts" | "doorbells",
): Sample<"pci_address" | "state">[] {
  return [
    ...known({ pci_address, state: "allocated" }, functions?.allocated[resource]),
    ...known({ pci_address, state: "free" }, functions?.sriov.available[resource]),
  ];
}

interface ByHolder {
  readonly own: number;
  readonly foreign: number | undefined;
}

function byHolder(pci_address: string, used: ByHolder | undefined): Sample<"pci_address" | "holder">[] {
  return [
    ...known({ pci_address, holder: "own" }, used?.own),
    ...known({ pci_address, holder: "foreign" }, used?.foreign),
  ];
}

export const accountMetrics: readonly SnapshotMetric[] = [
  gauge({
    name: "vgpud_gpu_virtual_functions",
    help: "Virtual functions of the GPU: of claims (own), of others (foreign), of nobody (idle), not enabled (off); they add up to the most.",
    labels: ["pci_address", "state"],
    samples: ({ gpus }) => gpus.flatMap(functionStates),
  }),
  gauge({
    name: "vgpud_gpu_virtual_functions_free",
    help: "How many virtual functions of the GPU may be had now: while one is used only of those that exist.",
    labels: ["pci_address"],
    samples: ({ gpus }) =>
      gpus.flatMap(({ gpu, functions }) => known({ pci_address: gpu.address }, functions?.free)),
  }),
  gauge({
    name: "vgpud_gpu_contexts",
    help: "Submission contexts of the GPU that its virtual functions were given (allocated) and that its driver has left for them (free).",
    labels: ["pci_address", "state"],
    samples: ({ gpus }) => gpus.flatMap((view) => shares(view, "contexts")),
  }),
  gauge({
    name: "vgpud_gpu_doorbells",
    help: "Doorbells of the GPU that its virtual functions were given (allocated) and that its driver has left for them (free).",
    labels: ["pci_address", "state"],
    samples: ({ gpus }) => gpus.flatMap((view) => shares(view, "doorbells")),
  }),
  gauge({
    name: "vgpud_gpu_whole_free",
    help: "Whether the GPU could be given away whole (1), or somebody has it or something stands on it (0).",
    labels: ["pci_address"],
    samples: ({ gpus }) => gpus.flatMap(({ gpu, whole }) => known({ pci_address: gpu.address }, whole.free)),
  }),
  gauge({
    name: "vgpud_gpu_seats",
    help: "Domains that render on the GPU: those that claims promise a seat, on or off (own), and running ones of others (foreign).",
    labels: ["pci_address", "holder"],
    samples: ({ gpus }) => gpus.flatMap(({ gpu, seats }) => byHolder(gpu.address, seats)),
  }),
  gauge({
    name: "vgpud_gpu_seats_max",
    help: "How many seats the configuration allows on the GPU.",
    labels: ["pci_address"],
    samples: ({ gpus }) =>
      gpus.flatMap(({ gpu, seats }) => known({ pci_address: gpu.address }, seats?.total)),
  }),
];
