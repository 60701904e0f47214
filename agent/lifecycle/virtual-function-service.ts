// Cuts a GPU into virtual functions when somebody says so. Their number stands in the record of modes: the kernel forgets them.
import { counted } from "../core/counted.ts";
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Gpu } from "../inventory/model.ts";
import { endedByStop } from "./bound.ts";
import type { Caller } from "./caller.ts";
import { cutAndNote, type Cut, type Cutter } from "./cut.ts";
import { domainsAway } from "./domains-away.ts";
import {
  givesMemoryBack,
  madeInAll,
  newTo,
  withAsked,
  type FunctionProfile,
  type ToldProfiles,
} from "./function-profile.ts";
import { claimedMode, modeOf, type GpuModes, type GpuSetting } from "./gpu-modes.ts";
import { usersCutOff } from "./gpu-users.ts";
import type { Ledger } from "./ledger.ts";
import { foreseen, refuseBeyond } from "./profile-room.ts";

export interface FunctionsRequest {
  readonly gpu: PciAddress;
  readonly count: number;
  /** What each is to have; what it does not say stays as it was set. */
  readonly profile: FunctionProfile | undefined;
  /** Checks as the change does, and does nothing. */
  readonly validateOnly: boolean;
}

export interface VirtualFunctionServiceOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly modes: GpuModes;
  readonly functions: Cutter;
  /** Shared with whoever else tells drivers. */
  readonly told: ToldProfiles;
  /** Has the diagnosis look again: what the driver is kept from shows in its conditions. */
  readonly examine: () => Promise<unknown>;
  /** One change of a GPU after the other, also of its mode. */
  readonly turns: KeyedLock<PciAddress>;
  /** Ends what is waited for with the agent: what was begun is not the caller's to end. */
  readonly stop: AbortSignal;
}

export class VirtualFunctionService {
  readonly #options: VirtualFunctionServiceOptions;

  constructor(options: VirtualFunctionServiceOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what the driver made otherwise, in words, or, where it is only checked, with what may become so. Throws
   * GPU_NOT_FOUND, FIELD_INVALID for more than there can be,
   * MODE_UNSUPPORTED, VGPU_IN_USE, KERNEL_REFUSED, KERNEL_TIMEOUT, HOSTD_UNAVAILABLE, LIBVIRT_UNAVAILABLE or
   * LEDGER_UNAVAILABLE.
   */
  set(request: FunctionsRequest, caller: Caller): Promise<readonly string[]> {
    return untilAborted(
      this.#options.turns.run(request.gpu, () => this.#set(request, caller)),
      caller.signal,
    );
  }

  async #set(
    { gpu: address, count, profile, validateOnly }: FunctionsRequest,
    { signal }: Caller,
  ): Promise<readonly string[]> {
    const { ledger, lookout, modes, functions, told, examine, stop } = this.#options;
    const shares = validateOnly ? await untilAborted(functions.driverShares(address), signal) : undefined;
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
    // Who says nothing of it leaves it as it was, and who makes the GPU whole forgets it.
    const before = modes.current.get(address);
    const kept = count === 0 ? undefined : withAsked(before, profile);
    refuseBeyond(gpu, count, kept);
    const cut = cutFor(gpu, { count, kept, asked: profile, anew: givesMemoryBack(before?.profile, profile) });
    const users = usersCutOff(gpu, cut, ledger, inventory);
    if (!users.known) throw domainsAway(users);
    refuseHeld(gpu, count, users.value);
    if (shares) return foreseen(gpu, cut.profile ?? {}, shares);
    // Of what the driver is told now it makes what it makes.
    const made = kept && madeInAll({ ...before, profile: kept }, cut.profile, undefined);
    const setting: GpuSetting = {
      mode: "sriov",
      functions: count,
      ...(kept && { profile: kept }),
      ...(made && { made }),
    };
    let warnings: readonly string[] = [];
    await modes.set(address, setting, async () => {
      warnings = await endedByStop(cutAndNote(cut, { functions, told, modes }, stop), stop);
    });
    await lookout.fresh();
    // Whatever it finds, the functions are made.
    await untilAborted(examine(), signal).catch(() => undefined);
    return warnings;
  }
}

/** Functions that stay are told what was said only; those that are made, all that stands. */
function cutFor(
  { address, sriov }: Gpu,
  wanted: {
    readonly count: number;
    readonly kept: FunctionProfile | undefined;
    readonly asked: FunctionProfile | undefined;
    readonly anew: boolean;
  },
): Cut {
  const { count, kept, asked, anew } = wanted;
  const functions = sriov?.functions ?? [];
  return functions.length === count && !anew
    ? { gpu: address, count, profile: newTo(functions, asked) }
    : { gpu: address, count, profile: kept, ...(anew && { anew }) };
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
