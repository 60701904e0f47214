// Metrics of the physical GPUs: what they are, what they have, what is taken, what still fits. Pure.
import type { FunctionsAccount } from "../capacity/accounts/virtual-functions.ts";
import type { Amounts, Budget } from "../capacity/budget.ts";
import type { FunctionAmounts } from "../inventory/virtual-functions.ts";
import { platformOf } from "../inventory/platforms.ts";
import type { Holder } from "../lifecycle/holdings.ts";
import type { GpuView, Ownership, VgpuView } from "../lifecycle/views.ts";
import { accountMetrics, functionMemory } from "./account-metrics.ts";
import { backendName } from "./backend-names.ts";
import { gauge, type Collector, type Sample, type SnapshotMetric } from "./definition.ts";
import type { MetricsView } from "./view.ts";

/** What a slice of a type is to us: made, only promised, or not ours. */
const slotStates = ["used", "reserved", "foreign", "orphan"] as const;

const BYTES_PER_MIB = 1024 * 1024;
const ownerships = ["own", "foreign", "orphan"] as const satisfies readonly Ownership[];
const holders = ["own", "foreign", "reserved"] as const satisfies readonly Holder[];

/** The three memory metrics and the free rest add up: capacity = host reserved + allocated + free, unless over-committed. */
function bytesOf(
  metric: { readonly name: string; readonly help: string },
  part: (budget: Budget) => Amounts,
  functionsPart: (functions: FunctionsAccount) => FunctionAmounts | undefined = () => undefined,
): SnapshotMetric {
  return gauge({
    ...metric,
    labels: ["pci_address", "resource"],
    samples: ({ gpus }) =>
      gpus.flatMap((view) => [
        ...(view.budget ? memoryOf({ pci_address: view.gpu.address }, part(view.budget)) : []),
        ...functionMemory(view, functionsPart),
      ]),
  });
}

/** Both parts of the graphics memory, in bytes. */
function memoryOf<Labels extends string>(
  labels: Readonly<Record<Labels, string>>,
  { lowGmMib, highGmMib }: Pick<Amounts, "lowGmMib" | "highGmMib">,
): Sample<Labels | "resource">[] {
  return [
    { labels: { ...labels, resource: "aperture" }, value: lowGmMib * BYTES_PER_MIB },
    { labels: { ...labels, resource: "high_gm" }, value: highGmMib * BYTES_PER_MIB },
  ];
}

/** One series for each that may take room; `of` the amounts that it takes of a GPU. */
function eachHolder<Labels extends string>(
  { gpus }: MetricsView,
  of: (labels: { readonly pci_address: string; readonly holder: Holder }, taken: Amounts) => Sample<Labels>[],
): Sample<Labels>[] {
  return gpus.flatMap(({ gpu: { address: pci_address }, usedBy }) =>
    usedBy ? holders.flatMap((holder) => of({ pci_address, holder }, usedBy[holder])) : [],
  );
}

function fences({ gpu: { address: pci_address }, budget }: GpuView): Sample<"pci_address" | "state">[] {
  if (!budget) return [];
  const { host, used, free } = budget;
  return [
    { labels: { pci_address, state: "host" }, value: host.fences },
    { labels: { pci_address, state: "allocated" }, value: used.fences },
    { labels: { pci_address, state: "free" }, value: free.fences },
  ];
}

/** Types of GPUs that are shared by an account of memory, which the kernel keeps as well. */
function eachSliceType(
  { gpus, ...view }: MetricsView,
  value: Parameters<typeof eachType>[1],
): ReturnType<typeof eachType> {
  return eachType(
    { ...view, gpus: gpus.filter(({ mode }) => mode === undefined || mode === "gvt-g") },
    value,
  );
}

/** One series for each type of each GPU. */
function eachType(
  { gpus }: MetricsView,
  value: (offer: GpuView["types"][number], view: GpuView) => number | undefined,
): Sample<"pci_address" | "vgpu_type">[] {
  return gpus.flatMap((view) =>
    view.types.flatMap((offer) => {
      const known = value(offer, view);
      const labels = { pci_address: view.gpu.address, vgpu_type: offer.type.name };
      return known === undefined ? [] : [{ labels, value: known }];
    }),
  );
}

function slotState({ ownership, present }: VgpuView): (typeof slotStates)[number] {
  if (ownership !== "own") return ownership;
  return present ? "used" : "reserved";
}

function slots({ gpus, vgpus }: MetricsView): Sample<"pci_address" | "vgpu_type" | "state">[] {
  return gpus.flatMap(({ gpu: { address }, types }) =>
    types.flatMap(({ type }) =>
      slotStates.map((state) => ({
        labels: { pci_address: address, vgpu_type: type.name, state },
        value: vgpus.filter(
          (vgpu) => vgpu.gpu === address && vgpu.type === type.name && slotState(vgpu) === state,
        ).length,
      })),
    ),
  );
}

/** A GPU that is shared in no mode may be a parent of mediated devices all the same, without a type to make. */
function backendOf({ gpu, mode, xengt }: GpuView): string {
  if (mode !== undefined) return backendName(mode, { xengt });
  return gpu.mdevParent || gpu.vgt !== undefined ? backendName("gvt-g", { xengt }) : "none";
}

const facts: readonly SnapshotMetric[] = [
  gauge({
    name: "vgpud_gpu_info",
    help: "A physical GPU of this host; always 1. The model is its platform; mode and backend: absent and none where it is not shared.",
    labels: ["pci_address", "device_id", "model", "generation", "driver", "numa_node", "mode", "backend"],
    samples: ({ gpus }) =>
      gpus.map((view) => {
        const { address, deviceId, driver, numaNode } = view.gpu;
        const platform = platformOf(deviceId);
        return {
          labels: {
            pci_address: address,
            device_id: deviceId,
            model: platform?.name,
            generation: platform?.generation,
            driver,
            numa_node: numaNode?.toString(),
            mode: view.mode,
            backend: backendOf(view),
          },
          value: 1,
        };
      }),
  }),
  gauge({
    name: "vgpud_gpu_vgpu_supported",
    help: "Whether vGPUs can be made on the GPU as things are (1) or not (0).",
    labels: ["pci_address"],
    samples: ({ gpus }) =>
      gpus.map(({ gpu: { address }, budget, types }) => ({
        labels: { pci_address: address },
        // What is given out in other modes has no budget, and a type of its own.
        value: budget || types.length > 0 ? 1 : 0,
      })),
  }),
  gauge({
    name: "vgpud_gpu_drained",
    help: "Whether the GPU itself was taken out of service for new vGPUs (1) or not (0); vgpud_host_drained stands for all.",
    labels: ["pci_address"],
    samples: ({ gpus }) =>
      gpus.map(({ gpu: { address }, drain }) => ({ labels: { pci_address: address }, value: drain ? 1 : 0 })),
  }),
  gauge({
    name: "vgpud_gpu_vgpus",
    help: "vGPUs that exist on the GPU or are promised there, by who made them.",
    labels: ["pci_address", "ownership"],
    samples: ({ gpus, vgpus }) =>
      gpus.flatMap(({ gpu: { address } }) =>
        ownerships.map((ownership) => ({
          labels: { pci_address: address, ownership },
          value: vgpus.filter((vgpu) => vgpu.gpu === address && vgpu.ownership === ownership).length,
        })),
      ),
  }),
];

const budgets: readonly SnapshotMetric[] = [
  bytesOf(
    { name: "vgpud_gpu_resource_capacity_bytes", help: "Graphics memory of the GPU that can be shared out." },
    ({ total }) => total,
  ),
  bytesOf(
    {
      name: "vgpud_gpu_resource_host_reserved_bytes",
      help: "Graphics memory that the host keeps for itself.",
    },
    ({ host }) => host,
  ),
  bytesOf(
    {
      name: "vgpud_gpu_resource_allocated_bytes",
      help: "Graphics memory that vGPUs take, those promised included; vram and ggtt: what virtual functions were given.",
    },
    ({ used }) => used,
    ({ allocated }) => allocated,
  ),
  bytesOf(
    {
      name: "vgpud_gpu_resource_free_bytes",
      help: "Graphics memory left for vGPUs, not necessarily in one piece; ggtt: for virtual functions, by the driver.",
    },
    ({ free }) => free,
    ({ sriov }) => sriov.available,
  ),
  gauge({
    name: "vgpud_gpu_fences",
    help: "Fence registers of the GPU by who has them; the states add up to what there is.",
    labels: ["pci_address", "state"],
    samples: ({ gpus }) => gpus.flatMap(fences),
  }),
];

const parts: readonly SnapshotMetric[] = [
  gauge({
    name: "vgpud_gpu_resource_used_bytes",
    help: "Graphics memory that vGPUs take by who has them: own (claims), foreign (orphans, too), reserved; the sum is what is allocated.",
    labels: ["pci_address", "holder", "resource"],
    samples: (view) => eachHolder(view, memoryOf),
  }),
  gauge({
    name: "vgpud_gpu_used_fences",
    help: "Fence registers that vGPUs take by who has them: own (claims), foreign (orphans, too), reserved.",
    labels: ["pci_address", "holder"],
    samples: (view) => eachHolder(view, (labels, { fences }) => [{ labels, value: fences }]),
  }),
  gauge({
    name: "vgpud_gpu_used_instances",
    help: "vGPUs that exist on the GPU or are promised there by who has them: own (claims), foreign (orphans, too), reserved.",
    labels: ["pci_address", "holder"],
    samples: (view) => eachHolder(view, (labels, { instances }) => [{ labels, value: instances }]),
  }),
  gauge({
    name: "vgpud_gpu_max_instances",
    help: "How many vGPUs the GPU may have at most, whatever their size.",
    labels: ["pci_address"],
    samples: ({ gpus }) =>
      gpus.flatMap(({ gpu: { address: pci_address }, budget }) =>
        budget ? [{ labels: { pci_address }, value: budget.total.instances }] : [],
      ),
  }),
  gauge({
    name: "vgpud_gpu_resource_largest_free_block_bytes",
    help: "The largest piece of graphics memory left for a vGPU, by estimate; ggtt: the largest quota for a virtual function, by the driver.",
    labels: ["pci_address", "resource"],
    samples: ({ gpus }) =>
      gpus.flatMap((view) => [
        ...(view.largestFree ? memoryOf({ pci_address: view.gpu.address }, view.largestFree) : []),
        ...functionMemory(view, ({ sriov }) => sriov.largestQuota),
      ]),
  }),
];

const types: readonly SnapshotMetric[] = [
  gauge({
    name: "vgpud_vgpu_type_slots",
    help: "vGPUs of the type on the GPU: used (made), reserved (promised), foreign, orphan; what can still be made is allocatable.",
    labels: ["pci_address", "vgpu_type", "state"],
    samples: slots,
  }),
  gauge({
    name: "vgpud_vgpu_type_allocatable",
    help: "How many more vGPUs of the type fit on the GPU; all types draw on one budget, so they do not add up.",
    labels: ["pci_address", "vgpu_type"],
    samples: (view) => eachType(view, ({ allocatable }) => allocatable),
  }),
  gauge({
    name: "vgpud_vgpu_type_kernel_available",
    help: "available_instances of the type, which knows nothing of promises and ignores fragmentation; absent where it cannot be read.",
    labels: ["pci_address", "vgpu_type"],
    samples: (view) => eachType(view, ({ type }) => type.kernelAvailable),
  }),
  gauge({
    name: "vgpud_capacity_disagreements",
    help: "Whether kernel and vgpud differ (1) or agree (0) on how many vGPUs of the type fit beside those that exist.",
    labels: ["pci_address", "vgpu_type"],
    samples: (view) =>
      eachSliceType(view, ({ type }, { disagreements }) =>
        // Where the one has no count the two cannot agree.
        type.kernelAvailable === undefined
          ? undefined
          : Number(disagreements.some((d) => d.type === type.name)),
      ),
  }),
  gauge({
    name: "vgpud_vgpu_type_fragmented",
    help: "Whether vGPUs of the type would fit in sum and find no piece large enough (1), by a refusal of the kernel or by estimate, or not (0).",
    labels: ["pci_address", "vgpu_type"],
    samples: (view) =>
      eachSliceType(view, ({ type }, { fragmented, largestFree }) => {
        if (fragmented.some((f) => f.type === type.name)) return 1;
        // Without an estimate of where slices lie nobody knows that what is free is in one piece.
        return largestFree === undefined ? undefined : 0;
      }),
  }),
];

export const gpuCollector: Collector = {
  name: "gpu",
  metrics: [...facts, ...budgets, ...parts, ...types, ...accountMetrics],
};
