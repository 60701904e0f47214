// Cuts a GPU into virtual functions, and gives it those again that it had before a boot: the kernel forgets them, their number
// stands in the record of modes.
import type { Clock } from "../core/clock.ts";
import { counted } from "../core/counted.ts";
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Gpu, Inventory } from "../inventory/model.ts";
import { libvirtAway } from "./admission.ts";
import { endedByStop } from "./bound.ts";
import type { Caller } from "./caller.ts";
import { cutGpu, recutGpu, type Cut, type Cutter } from "./cut.ts";
import type { FunctionProfile } from "./function-profile.ts";
import { claimedMode, modeOf, type GpuModes, type ModeRecord } from "./gpu-modes.ts";
import { claimsBeyond, functionUsersOf } from "./gpu-users.ts";
import type { Ledger } from "./ledger.ts";

export interface FunctionsRequest {
  readonly gpu: PciAddress;
  readonly count: number;
  /** What each is to have; undefined: as the driver shares it out. */
  readonly profile: FunctionProfile | undefined;
  /** Checks as the change does, and does nothing. */
  readonly validateOnly: boolean;
}

export interface VirtualFunctionServiceOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly modes: GpuModes;
  readonly functions: Cutter;
  readonly clock: Clock;
  /** One change of a GPU after the other, also of its mode. */
  readonly turns: KeyedLock<PciAddress>;
  /** Ends what is waited for with the agent: what was begun is not the caller's to end. */
  readonly stop: AbortSignal;
  /** Told of each GPU that was given its virtual functions again, or could not be. */
  readonly onRestored: (cut: Cut, outcome: Restored) => void;
}

/** What came of it; warnings are what the driver made otherwise, in words. */
type Restored =
  { readonly warnings: readonly string[]; readonly failure?: undefined } | { readonly failure: AgentError };

/** A driver that could not, as a rule cannot: whoever looks is not to be told in every look. */
const AGAIN_MS = 60_000;

export class VirtualFunctionService {
  readonly #options: VirtualFunctionServiceOptions;
  /** GPUs that are being cut anew. */
  readonly #restoring = new Set<PciAddress>();
  /** When they may be tried again that could not be, by the clock that never steps back. */
  readonly #notBefore = new Map<PciAddress, number>();

  constructor(options: VirtualFunctionServiceOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what the driver made otherwise, in words. Throws GPU_NOT_FOUND, FIELD_INVALID for more than there can be,
   * MODE_UNSUPPORTED, VGPU_IN_USE, KERNEL_REFUSED, KERNEL_TIMEOUT, HOSTD_UNAVAILABLE, LIBVIRT_UNAVAILABLE or
   * LEDGER_UNAVAILABLE.
   */
  set(request: FunctionsRequest, caller: Caller): Promise<readonly string[]> {
    return untilAborted(
      this.#options.turns.run(request.gpu, () => this.#set(request, caller)),
      caller.signal,
    );
  }

  /** Begins to cut those anew that are to have virtual functions and have none, by this view. */
  restore(inventory: Inventory): void {
    for (const one of uncutGpus(this.#options.modes.current, inventory)) void this.#restore(one);
  }

  async #restore(cut: Cut): Promise<void> {
    const { modes, turns, lookout, functions, clock, stop, onRestored } = this.#options;
    const { gpu } = cut;
    if (this.#restoring.has(gpu) || clock.now() < (this.#notBefore.get(gpu) ?? 0)) return;
    this.#restoring.add(gpu);
    try {
      const warnings = await turns.run(gpu, async () => {
        // Somebody may have asked for something else, or done it, while it was waited for.
        const isWanted = modes.current.get(gpu)?.functions === cut.count;
        return isWanted ? recutGpu(cut, functions, stop) : undefined;
      });
      if (warnings) onRestored(cut, { warnings });
      await lookout.fresh();
    } catch (error) {
      this.#notBefore.set(gpu, clock.now() + AGAIN_MS);
      onRestored(cut, { failure: AgentError.from(error) });
    } finally {
      this.#restoring.delete(gpu);
    }
  }

  async #set(
    { gpu: address, count, profile, validateOnly }: FunctionsRequest,
    { signal }: Caller,
  ): Promise<readonly string[]> {
    const { ledger, lookout, modes, functions, stop } = this.#options;
    const inventory = await untilAborted(lookout.fresh(), signal);
    signal.throwIfAborted();
    // From here to the change nothing is awaited: nobody is promised anything of the GPU in between.
    const gpu = inventory.gpus.get(address);
    if (!gpu)
      throw new AgentError("GPU_NOT_FOUND", `this host has no Intel GPU ${address}`, {
        details: { gpu: address },
      });
    const claimed = claimedMode(ledger, address);
    refuseUncuttable(gpu, count, modeOf(gpu, { record: modes.current, claimed }));
    const has = gpu.sriov?.functions.length ?? 0;
    // Memory that a function is given anew it loses first; how it takes turns may change while a guest has it.
    const takesMemory = profile?.vramBytes !== undefined || profile?.ggttBytes !== undefined;
    if (has > 0 && (has !== count || takesMemory)) {
      // Whose domains name one is not known: it may be held.
      if (!inventory.domains.known) throw libvirtAway(inventory.domains.why);
      refuseHeld(gpu, count, functionUsersOf(gpu, ledger, inventory));
    }
    // Of those that a boot took away some are promised still.
    if (has === 0) refuseHeld(gpu, count, claimsBeyond(count, address, ledger));
    if (validateOnly) return [];
    // Who says nothing of it leaves it as it was, and who makes the GPU whole forgets it.
    const kept = count === 0 ? undefined : (profile ?? modes.current.get(address)?.profile);
    const setting = { mode: "sriov", functions: count, ...(kept && { profile: kept }) } as const;
    const cut = { gpu: address, count, profile: has === count ? profile : kept };
    let warnings: readonly string[] = [];
    await modes.set(address, setting, async () => {
      warnings = await endedByStop(cutGpu(cut, functions, stop), stop);
    });
    await lookout.fresh();
    return warnings;
  }
}

/** What somebody else cut otherwise is left as it is. */
function uncutGpus(record: ModeRecord, { gpus }: Pick<Inventory, "gpus">): Cut[] {
  return [...record].flatMap(([gpu, { mode, functions: count = 0, profile }]) => {
    const sriov = gpus.get(gpu)?.sriov;
    const isUncut =
      mode === "sriov" && count > 0 && sriov?.driverEnables === true && sriov.functions.length === 0;
    return isUncut ? [{ gpu, count, profile }] : [];
  });
}

function refuseUncuttable({ address, sriov, driver }: Gpu, count: number, mode: string | undefined): void {
  const details = { gpu: address };
  if (!sriov) throw new AgentError("MODE_UNSUPPORTED", `GPU ${address} has no SR-IOV`, { details });
  if (mode !== "sriov") {
    const now = mode === undefined ? "shared in no mode" : `in mode ${mode}`;
    const message = `GPU ${address} is ${now}; SetGpuMode (vgpuctl set-mode ${address} sriov) changes that first`;
    throw new AgentError("MODE_UNSUPPORTED", message, { details });
  }
  if (!sriov.driverEnables && count > 0) {
    const message = `GPU ${address} can be cut by its driver alone, and ${driver ?? "no driver"} cuts none; vgpuctl doctor --mode sriov says why`;
    throw new AgentError("MODE_UNSUPPORTED", message, { details });
  }
  const { total } = sriov;
  if (total === undefined || count <= total) return;
  const message = `count is ${count}, and GPU ${address} can have at most ${counted(total, "virtual function")}`;
  throw new AgentError("FIELD_INVALID", message, { field: "count", details: { ...details, total } });
}

function refuseHeld({ address }: Gpu, count: number, users: readonly string[]): void {
  if (users.length === 0) return;
  const wanted = counted(count, "virtual function");
  const message = `GPU ${address} cannot be cut into ${wanted} while such as would go are used: by ${users.join(", ")}`;
  throw new AgentError("VGPU_IN_USE", message, { details: { gpu: address } });
}
