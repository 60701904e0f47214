// The simulated host's true state as plain data, for a test to compare the agent's view with.
import type { Fault } from "./faults/fault.ts";
import type { FaultBoard } from "./faults/board.ts";
import type { SimulatedKernel } from "./kernel.ts";
import type { Domain } from "./libvirt/domain.ts";

export interface Snapshot {
  readonly bootId: string;
  readonly kernel: string;
  readonly gpus: readonly {
    readonly address: string;
    /** By type directory, as the kernel counts: without the fault that makes it lie. */
    readonly availableInstances: Readonly<Record<string, number>>;
  }[];
  readonly mdevs: readonly {
    readonly uuid: string;
    readonly gpu: string;
    readonly type: string;
    readonly vgpuNumber: number;
    readonly group: number;
    readonly removing: boolean;
    readonly holder: { readonly pid: number; readonly command: string; readonly domain?: string } | null;
  }[];
  /** Slices of XenGT, whether or not their guests are there. */
  readonly xengt: readonly {
    readonly domid: number;
    readonly gpu: string;
    readonly number: number;
    readonly lowMib: number;
    readonly highMib: number;
    readonly fences: number;
  }[];
  /** The GPUs and their virtual functions. */
  readonly functions: readonly {
    readonly address: string;
    /** Whose virtual function it is. */
    readonly of: string | null;
    readonly driver: string;
    readonly group: number;
    /** Its driver waits for the holder. */
    readonly unbinding: boolean;
    readonly holder: { readonly pid: number; readonly command: string; readonly domain?: string } | null;
  }[];
  readonly domains: readonly {
    readonly name: string;
    readonly uuid: string;
    readonly persistent: boolean;
    /** As libvirt names it: `running`, `shut-off`, ... */
    readonly state: string;
    readonly mdevs: readonly string[];
    readonly functions: readonly string[];
  }[];
  /** Those that are set, by name. */
  readonly faults: readonly Fault[];
}

export function snapshotOf(
  kernel: SimulatedKernel,
  faults: FaultBoard,
  domains: readonly Domain[],
): Snapshot {
  const gpus = [...kernel.gpus.values()].map(({ description, gvt }) => ({
    address: description.address,
    availableInstances: Object.fromEntries(
      (gvt?.types ?? []).map((type) => [type.directory, gvt?.availableInstances(type) ?? 0]),
    ),
  }));
  const mdevs = [...kernel.mdevs.values()].map(({ id, gpu, allocation, group, holder, removing }) => ({
    uuid: id,
    gpu,
    type: allocation.type.directory,
    vgpuNumber: allocation.id,
    group,
    removing,
    holder: holder ?? null,
  }));
  const functions = kernel.functions.all.map(({ address, virtual, driver, group, unbinding, holder }) => ({
    ...{ address, driver, group, unbinding },
    of: virtual?.of ?? null,
    holder: holder ?? null,
  }));
  const xengt = (kernel.vgt?.slices ?? []).map(({ domid, number, lowMib, highMib, fences }) => ({
    ...{ domid, number, lowMib, highMib, fences },
    gpu: kernel.vgt?.gpu.address ?? "",
  }));
  return {
    bootId: kernel.bootId,
    kernel: kernel.host.kernel,
    gpus,
    mdevs,
    xengt,
    functions,
    domains: domains.map(domainOf),
    faults: faults.list,
  };
}

function domainOf({ name, uuid, definition, running, state }: Domain): Snapshot["domains"][number] {
  const shown = running?.definition ?? definition;
  return {
    ...{ name, uuid, persistent: definition !== undefined, state: state.state },
    mdevs: shown?.mdevs ?? [],
    functions: (shown?.functions ?? []).map(({ address }) => address),
  };
}
