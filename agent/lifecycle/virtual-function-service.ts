// Cuts a GPU into virtual functions, and gives it those again that it had before a boot: the kernel forgets them, their number
// stands in the record of modes.
import { counted } from "../core/counted.ts";
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Gpu, Inventory } from "../inventory/model.ts";
import { libvirtAway } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { cutGpu, type Cut } from "./cut.ts";
import type { FunctionProfile } from "./function-profile.ts";
import { claimedMode, modeOf, type GpuModes, type ModeRecord } from "./gpu-modes.ts";
import { claimsBeyond, functionUsersOf } from "./gpu-users.ts";
import type { Ledger } from "./ledger.ts";
import type { GpuFunctions } from "./ports.ts";

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
  readonly functions: Pick<GpuFunctions, "cut" | "cutInto" | "setProfile">;
  /** One change of a GPU after the other, also of its mode. */
  readonly turns: KeyedLock<PciAddress>;
  /** Ends what is waited for with the agent: what was begun is not the caller's to end. */
  readonly stop: AbortSignal;
  /** Told of each GPU that was given its virtual functions again, or could not be. */
  readonly onRestored: (restored: Cut, failure: AgentError | undefined) => void;
}

export class VirtualFunctionService {
  readonly #options: VirtualFunctionServiceOptions;
  /** GPUs that are being cut anew. */
  readonly #restoring = new Set<PciAddress>();

  constructor(options: VirtualFunctionServiceOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what the driver made otherwise, in words. Throws GPU_NOT_FOUND, FIELD_INVALID for more than there can be, MODE_UNSUPPORTED, VGPU_IN_USE, KERNEL_REFUSED,
   * KERNEL_TIMEOUT, HOSTD_UNAVAILABLE, LIBVIRT_UNAVAILABLE or LEDGER_UNAVAILABLE.
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

  async #restore(one: Cut): Promise<void> {
    const { modes, turns, lookout, functions, stop, onRestored } = this.#options;
    if (this.#restoring.has(one.gpu)) return;
    this.#restoring.add(one.gpu);
    try {
      await turns.run(one.gpu, async () => {
        // Somebody may have asked for something else while it was waited for.
        const wanted = modes.current.get(one.gpu);
        if (wanted?.functions === one.count)
          await cutGpu({ ...one, profile: wanted.profile }, functions, stop);
      });
      onRestored(one, undefined);
      await lookout.fresh();
    } catch (error) {
      onRestored(one, AgentError.from(error));
    } finally {
      this.#restoring.delete(one.gpu);
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
    if (has > 0 && has !== count) {
      // Whose domains name one is not known: it may be held.
      if (!inventory.domains.known) throw libvirtAway(inventory.domains.why);
      refuseHeld(gpu, count, functionUsersOf(gpu, ledger, inventory));
    }
    // Of those that a boot took away some are promised still.
    if (has === 0) refuseHeld(gpu, count, claimsBeyond(count, address, ledger));
    if (validateOnly) return [];
    const setting = { mode: "sriov", functions: count, ...(profile && { profile }) } as const;
    let warnings: readonly string[] = [];
    await modes.set(address, setting, async () => {
      warnings = await cutGpu({ gpu: address, count, profile }, functions, stop);
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

function refuseUncuttable({ address, sriov }: Gpu, count: number, mode: string | undefined): void {
  const details = { gpu: address };
  if (!sriov) throw new AgentError("MODE_UNSUPPORTED", `GPU ${address} has no SR-IOV`, { details });
  if (mode !== "sriov") {
    const now = mode === undefined ? "shared in no mode" : `in mode ${mode}`;
    const message = `GPU ${address} is ${now}; SetGpuMode (vgpuctl set-mode ${address} sriov) changes that first`;
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
