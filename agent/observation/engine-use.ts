// What virtual functions use of a GPU's engines, added up for the vGPUs that they are. Pure.
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { Uncounted } from "../diagnosis/engine-counting.ts";
import type { EngineClass } from "../discovery/drm-fdinfo.ts";
import type { Inventory } from "../inventory/model.ts";
import type { VgpuView } from "../lifecycle/views.ts";

/** One engine, as one virtual function has used it since somebody counts. */
export interface FunctionTicks {
  /** As drivers count, from 1. */
  readonly function: number;
  /** The graphics unit that has the engine. */
  readonly gt: number;
  readonly engine: EngineClass;
  /** Among those of its class in the unit. */
  readonly instance: number;
  readonly active: number;
  readonly total: number;
}

/** Who can read them; of a kernel, what hostd is asked for. */
export interface EngineTicksSource {
  /** Undefined where the driver counts nothing for virtual functions. Rejects when it cannot be asked, or not for all of them. */
  readonly ticks: (
    gpu: PciAddress,
    signal: AbortSignal,
  ) => Promise<readonly FunctionTicks[] | Uncounted | undefined>;
}

/** A vGPU that is a virtual function, whoever has it. */
export interface FunctionVgpu {
  readonly id: VgpuId;
  readonly gpu: PciAddress;
  readonly number: number;
}

/** What a vGPU has used of one engine since it was first seen; only grows. */
export interface EngineUse extends Omit<FunctionTicks, "function"> {
  readonly vgpu: VgpuId;
}

/** Those whose driver may count: xe alone does. Undefined while it is not known who has what. `vgpus` is asked where there are any. */
export function countedFunctions(
  inventory: Inventory | undefined,
  vgpus: () => readonly VgpuView[],
): readonly FunctionVgpu[] | undefined {
  if (!inventory?.domains.known) return undefined;
  const counting = [...inventory.gpus.values()].filter(
    ({ driver, sriov }) => driver === "xe" && (sriov?.functions.length ?? 0) > 0,
  );
  if (counting.length === 0) return [];
  return vgpus().flatMap(({ id, gpu, share, present }) =>
    share?.mode === "sriov" && present && inventory.gpus.get(gpu)?.driver === "xe"
      ? [{ id, gpu, number: share.number }]
      : [],
  );
}

/** Of one engine and one vGPU. */
interface Account {
  readonly use: EngineUse;
  /** What was read last. */
  readonly last: Pick<FunctionTicks, "active" | "total">;
}

/**
 * Keeps the sums of one GPU: hostd counts a function from when it was first asked or was started, whoever has it, and what a vGPU has
 * used must begin with it and not become less.
 */
export class EngineUseAccounts {
  #accounts: ReadonlyMap<string, Account> = new Map();

  /** A reading of all functions; vGPUs that are not among `vgpus` any more are forgotten. */
  add(ticks: readonly FunctionTicks[], vgpus: readonly FunctionVgpu[]): readonly EngineUse[] {
    const accounts = ticks.flatMap(({ function: number, ...read }) => {
      const vgpu = vgpus.find((each) => each.number === number);
      return vgpu ? [this.#continued(vgpu.id, read)] : [];
    });
    // hostd tells nothing until it has counted: one that was started anew must not take what was counted before.
    const kept = [...this.#accounts].filter(([, { use }]) => vgpus.some(({ id }) => id === use.vgpu));
    this.#accounts = new Map([...kept, ...accounts.map((account) => [keyOf(account.use), account] as const)]);
    return accounts.map(({ use }) => use);
  }

  #continued(vgpu: VgpuId, read: Omit<FunctionTicks, "function">): Account {
    const before = this.#accounts.get(keyOf({ vgpu, ...read }));
    const { active, total } = read;
    const use = {
      ...{ ...read, vgpu },
      active: (before?.use.active ?? 0) + since(before?.last.active, active),
      total: (before?.use.total ?? 0) + since(before?.last.total, total),
    };
    return { use, last: { active, total } };
  }
}

function keyOf({ vgpu, gt, engine, instance }: Omit<EngineUse, "active" | "total">): string {
  return [vgpu, gt, engine, instance].join();
}

/** Nothing of what is seen for the first time; all of what counts anew. */
function since(last: number | undefined, now: number): number {
  if (last === undefined) return 0;
  return now >= last ? now - last : now;
}
