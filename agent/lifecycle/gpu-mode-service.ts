// Gives a GPU another mode, when nothing of it is in use: never a side effect of anything else. In mode gvt-d it is taken from the
// host's driver, and given back to it where that is safe.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import type { Mode } from "../core/modes.ts";
import { reasons } from "../core/reasons.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Hindrance } from "../diagnosis/hindrance.ts";
import { isForGuest, isGivenByDriver } from "../inventory/guest-drivers.ts";
import { isIntegrated } from "../inventory/integrated.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Gpu, HostFacts, Inventory } from "../inventory/model.ts";
import { domainsAway } from "./domains-away.ts";
import { boundOrThrow, endedByStop } from "./bound.ts";
import type { Caller } from "./caller.ts";
import {
  claimedMode,
  isParked,
  modeOf,
  type GpuModes,
  type GpuSetting,
  type ModeRecord,
} from "./gpu-modes.ts";
import { usersOf } from "./gpu-users.ts";
import type { Ledger } from "./ledger.ts";
import type { GpuFunctions } from "./ports.ts";

export interface ModeRequest {
  readonly gpu: PciAddress;
  /** Undefined: the one that is seen at work, as if none had been set. */
  readonly mode: Mode | undefined;
  /** Checks as the change does, and does nothing. */
  readonly validateOnly: boolean;
}

export interface GpuModeServiceOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly modes: GpuModes;
  readonly functions: Pick<GpuFunctions, "giveAway" | "takeBack">;
  /** One change of a GPU after the other: each looks at what the one before it left. */
  readonly turns: KeyedLock<PciAddress>;
  /** What keeps the GPU from the mode, by an examination that begins now. */
  readonly hindrance: (gpu: PciAddress, mode: Mode) => Promise<Hindrance | undefined>;
  /** What the host would lose with the GPU, by the examination that was made last, in words. */
  readonly displayLost: (gpu: PciAddress) => string | undefined;
  /** Ends what is waited for with the agent: what was begun is not the caller's to end. */
  readonly stop: AbortSignal;
}

export class GpuModeService {
  readonly #options: GpuModeServiceOptions;

  constructor(options: GpuModeServiceOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what the caller should know of, in words. Throws GPU_NOT_FOUND, MODE_UNSUPPORTED, VGPU_IN_USE,
   * LIBVIRT_UNAVAILABLE, LEDGER_UNAVAILABLE, and what a driver's change fails with.
   */
  set(request: ModeRequest, caller: Caller): Promise<readonly string[]> {
    return untilAborted(
      this.#options.turns.run(request.gpu, () => this.#set(request, caller)),
      caller.signal,
    );
  }

  async #set(request: ModeRequest, { signal }: Caller): Promise<readonly string[]> {
    const { ledger, lookout, hindrance } = this.#options;
    const { gpu: address, mode, validateOnly } = request;
    let inventory = await untilAborted(lookout.fresh(), signal);
    // An examination takes a while, and is not made for what needs none.
    if (mode !== undefined && this.#changes(request, inventory)) {
      refuseFromGuest(foundIn(inventory, address), mode, this.#options.modes.current);
      const inTheWay = await untilAborted(hindrance(address, mode), signal);
      if (inTheWay) refuseUnfit(address, mode, inTheWay);
      inventory = await untilAborted(lookout.fresh(), signal);
    }
    signal.throwIfAborted();
    // From here to the change nothing is awaited: nobody is promised anything of the GPU in between.
    const gpu = foundIn(inventory, address);
    if (this.#changes(request, inventory)) {
      // Whose domains render on it, or name it, is not known: it may be in use.
      if (!inventory.domains.known) throw domainsAway(inventory.domains);
      refuseInUse(gpu, usersOf(address, ledger, inventory));
    }
    if (mode === "gvt-d") refuseBeforeScreens(gpu);
    if (validateOnly) {
      const isTaken = mode === "gvt-d" && !isGivenByDriver(gpu.driver);
      const lost = isTaken ? this.#options.displayLost(address) : undefined;
      return lost === undefined ? [] : [lost];
    }
    return this.#change(gpu, mode, inventory.host);
  }

  async #change(gpu: Gpu, mode: Mode | undefined, host: HostFacts): Promise<readonly string[]> {
    const { modes, lookout } = this.#options;
    const before = modes.current.get(gpu.address);
    if (mode === undefined) return this.#unset(gpu, before, host);
    const setting = settingFor(gpu, mode, before);
    // A guest of ours may have it.
    const isToTake = mode === "gvt-d" && !(this.#isGiven(gpu) && isGivenByDriver(gpu.driver));
    // Another examination would find it gone already.
    const lost = isToTake ? this.#options.displayLost(gpu.address) : undefined;
    await modes.set(gpu.address, setting, () =>
      isToTake ? this.#take(gpu.address, setting.hostDriver) : Promise.resolve(),
    );
    if (isToTake) await lookout.fresh();
    return lost === undefined ? [] : [lost];
  }

  /** Whether it was given away by us, as the record or its claims tell. */
  #isGiven({ address }: Gpu): boolean {
    const { ledger, modes } = this.#options;
    return modes.current.get(address)?.mode === "gvt-d" || claimedMode(ledger, address) === "gvt-d";
  }

  /** A bind that fails half way leaves a GPU without a driver, which is to have its own again. */
  async #take(address: PciAddress, hostDriver: string | undefined): Promise<void> {
    const { functions, stop } = this.#options;
    const what = `GPU ${address} cannot be taken from the host`;
    try {
      boundOrThrow(what, await endedByStop(functions.giveAway(address, stop), stop));
    } catch (error) {
      const { reason } = AgentError.from(error);
      const isHalf = reason === "KERNEL_REFUSED" || reason === "READBACK_MISMATCH";
      if (isHalf && hostDriver !== undefined)
        await functions.takeBack(address, hostDriver, stop).catch(() => undefined);
      throw error;
    }
  }

  async #unset(gpu: Gpu, before: GpuSetting | undefined, { bootId }: HostFacts): Promise<readonly string[]> {
    const { modes, functions, lookout, stop } = this.#options;
    const { address } = gpu;
    // Without a driver it was left by a change that was cut off half way.
    const isKept = before?.mode === "gvt-d" && (gpu.driver === undefined || isForGuest(gpu.driver));
    const host = isKept && !isIntegrated(address) ? before.hostDriver : undefined;
    if (isParked(gpu, modes.current)) return [parkedText(gpu, before?.hostDriver)];
    if (isKept && host === undefined) {
      const { hostDriver } = before;
      await modes.set(address, { hostDriver, parkedIn: bootId });
      return [parkedText(gpu, hostDriver)];
    }
    await modes.unset(address, async () => {
      if (host === undefined) return;
      const what = `GPU ${address} cannot be given back to ${host}`;
      boundOrThrow(what, await endedByStop(functions.takeBack(address, host, stop), stop));
    });
    if (host !== undefined) await lookout.fresh();
    return [];
  }

  /** Whether the GPU is in another mode than is asked for. Throws GPU_NOT_FOUND. */
  #changes({ gpu: address, mode }: ModeRequest, inventory: Inventory): boolean {
    const { ledger, modes } = this.#options;
    const gpu = foundIn(inventory, address);
    const before = modeOf(gpu, { record: modes.current, claimed: claimedMode(ledger, address) });
    const set = modes.current.get(address);
    // Taken back it is in another mode than it is seen in now; and what it was to be cut into is forgotten.
    const isUndone = mode === undefined && (set?.mode === "gvt-d" || (set?.functions ?? 0) > 0);
    return isUndone || before !== (mode ?? modeOf(gpu, { record: new Map(), claimed: undefined }));
  }
}

function foundIn({ gpus }: Inventory, address: PciAddress): Gpu {
  const gpu = gpus.get(address);
  if (gpu) return gpu;
  throw new AgentError("GPU_NOT_FOUND", `this host has no Intel GPU ${address}`, {
    details: { gpu: address },
  });
}

function settingFor({ driver }: Gpu, mode: Mode, before: GpuSetting | undefined): GpuSetting {
  switch (mode) {
    case "gvt-d":
      // One that was left without a driver half way had the one before.
      return { mode, hostDriver: isForGuest(driver) ? before?.hostDriver : (driver ?? before?.hostDriver) };
    case "sriov":
      return before?.mode === mode ? before : { mode };
    case "gvt-g":
    case "gvt-s":
      return { mode };
  }
}

/** A GPU that a guest may have had serves the host in no mode before its driver has it again. */
function refuseFromGuest(gpu: Gpu, mode: Mode, record: ModeRecord): void {
  const { address, driver } = gpu;
  if (mode === "gvt-d" || !isForGuest(driver)) return;
  const why = isParked(gpu, record)
    ? `it was given back, and ${driver ?? ""} keeps it until the next boot; boot the host`
    : `it is kept for guests by ${driver ?? ""}; take it back first with mode auto (vgpuctl set-mode ${address} auto)`;
  const message = `GPU ${address} cannot be given mode ${mode}: ${why}`;
  throw new AgentError("MODE_UNSUPPORTED", message, {
    details: { gpu: address, mode, driver: driver ?? "" },
  });
}

/** Why a GPU is not given back. i915 leaves a processor's graphics that a guest has had in a state that it does not start from again. */
function parkedText({ address, driver = "no driver" }: Gpu, host: string | undefined): string {
  if (host === undefined)
    return `GPU ${address} stays with ${driver}: which driver of the host's it had is not known; bind it by hand, or boot the host`;
  return `GPU ${address} stays with ${driver} until the next boot: ${host} does not safely take a processor's graphics back that a guest may have had`;
}

function refuseBeforeScreens({ address, driver, screens }: Gpu): void {
  if (isGivenByDriver(driver) || screens === undefined || screens.length === 0) return;
  const message = `GPU ${address} cannot be taken from the host while it shows something: unplug ${screens.join(", ")}, or keep the GPU`;
  throw new AgentError("VGPU_IN_USE", message, { details: { gpu: address, screens: screens.join(", ") } });
}

function refuseUnfit(gpu: PciAddress, mode: Mode, { condition, why }: Hindrance): never {
  const because = condition === undefined ? why : `${condition}: ${why}`;
  // What is away comes back: whether the GPU can is not known.
  const reason = condition && reasons[condition] === "unavailable" ? condition : "MODE_UNSUPPORTED";
  throw new AgentError(reason, `GPU ${gpu} cannot be given mode ${mode}: ${because}`, {
    details: { gpu, mode, ...(condition && { condition }) },
  });
}

function refuseInUse({ address, sriov }: Gpu, users: readonly string[]): void {
  if (users.length === 0) return;
  const functions = sriov?.functions.length ?? 0;
  const isMerelyCut = functions > 0 && users.length === 1;
  const help = isMerelyCut ? `; make it whole first (vgpuctl set-functions ${address} 0)` : "";
  throw new AgentError(
    "VGPU_IN_USE",
    `GPU ${address} cannot be given another mode while it is used: by ${users.join(", ")}${help}`,
    { details: { gpu: address, ...(functions > 0 && { virtual_functions: functions }) } },
  );
}
