// Holds each GPU against what it was set to, and makes it so where nobody loses anything by it: after a boot, which forgets virtual
// functions, and after a crash between the record and the change. What it cannot make so it tells the diagnosis.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import type { Settings, SettingStanding } from "../diagnosis/setting.ts";
import { isForGuest } from "../inventory/guest-drivers.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Gpu, Inventory, Known } from "../inventory/model.ts";
import { boundOrThrow, endedByStop } from "./bound.ts";
import { cutAndNote, type Cutter } from "./cut.ts";
import { profileWarnings, type ToldProfiles } from "./function-profile.ts";
import { isParked, isParkedNoMore, type GpuModes, type GpuSetting } from "./gpu-modes.ts";
import { usersCutOff, usersOf } from "./gpu-users.ts";
import type { Ledger } from "./ledger.ts";
import type { GpuFunctions } from "./ports.ts";
import { differenceOf, type Difference, type Mending } from "./setting-difference.ts";

export interface SettingKeeperOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly modes: GpuModes;
  readonly functions: Cutter & Pick<GpuFunctions, "giveAway">;
  /** Shared with whoever else tells drivers. */
  readonly told: ToldProfiles;
  readonly clock: Clock;
  /** One change of a GPU after the other, whoever makes it. */
  readonly turns: KeyedLock<PciAddress>;
  readonly stop: AbortSignal;
  /** Told of each GPU that was made as it was set, or could not be. */
  readonly onMended: (mended: Mended) => void;
}

export interface Mended {
  readonly mending: Mending;
  /** What the driver made otherwise, in words. */
  readonly warnings: readonly string[];
  readonly failure: AgentError | undefined;
}

/** What could not be made so, and until when it is not tried again, by the clock that never steps back. */
interface Failed {
  readonly failure: AgentError;
  readonly until: number;
}

/** A driver that could not, as a rule cannot: whoever looks is not to be told in every look. */
const AGAIN_MS = 60_000;

export class SettingKeeper {
  readonly #options: SettingKeeperOptions;
  readonly #mending = new Set<PciAddress>();
  readonly #failed = new Map<PciAddress, Failed>();

  constructor(options: SettingKeeperOptions) {
    this.#options = options;
  }

  /** Begins to make so, by this view, what is not as it was set and can be. */
  mend(inventory: Inventory): void {
    for (const [address, setting] of this.#options.modes.current) {
      const gpu = inventory.gpus.get(address);
      if (gpu && isParkedNoMore(gpu, setting, inventory.host)) void this.#forget(address);
      else void this.#mend(address, inventory);
    }
  }

  /** How each GPU that is set to anything and is there stands, by this view. */
  standings(inventory: Inventory): Settings {
    return new Map(
      [...this.#options.modes.current].flatMap(([address, setting]) => {
        const gpu = inventory.gpus.get(address);
        return gpu === undefined ? [] : [[address, this.#standing(gpu, setting, inventory)] as const];
      }),
    );
  }

  #standing(gpu: Gpu, setting: GpuSetting, inventory: Inventory): SettingStanding {
    const difference = this.#difference(gpu, setting);
    const told = {
      mode: setting.mode,
      recorded: settingText(setting),
      has: [kernelText(gpu), ...(difference?.shares ?? [])].join(", "),
    };
    if (isParked(gpu, this.#options.modes.current)) return { ...told, standing: { kind: "parked" } };
    if (difference === undefined) return { ...told, standing: asSet(setting) };
    const isChanging = this.#options.modes.closed(gpu.address) !== undefined;
    const kept = isChanging ? undefined : this.#obstacle(gpu, difference, inventory);
    return { ...told, standing: kept ? { kind: "kept", ...kept } : { kind: "on-its-way" } };
  }

  #difference(gpu: Gpu, setting: GpuSetting): Difference | undefined {
    return differenceOf(gpu, setting, this.#options.told.get(gpu.address));
  }

  #obstacle(
    gpu: Gpu,
    { mending }: Difference,
    inventory: Inventory,
  ): Pick<Extract<SettingStanding["standing"], { kind: "kept" }>, "by" | "what"> | undefined {
    const driver = gpu.driver ?? "-";
    if (mending === undefined)
      return { by: isForGuest(gpu.driver) ? "guest-driver" : "driver", what: driver };
    const users = this.#losing(gpu, mending, inventory);
    if (!users.known) return { by: users.away, what: users.why };
    if (users.value.length > 0) return { by: "users", what: users.value.join(", ") };
    const failure = this.#failed.get(gpu.address)?.failure;
    return failure && { by: "failed", what: failure.message };
  }

  /** Who would lose anything. */
  #losing(gpu: Gpu, mending: Mending, inventory: Inventory): Known<readonly string[]> {
    const { ledger } = this.#options;
    if (mending.kind === "cut") return usersCutOff(gpu, mending.cut, ledger, inventory);
    const { domains } = inventory;
    return domains.known ? { known: true, value: usersOf(gpu.address, ledger, inventory) } : domains;
  }

  /** What is to be done to the GPU and harms nobody, by this view. */
  #harmless(address: PciAddress, inventory: Inventory): Mending | undefined {
    const { modes } = this.#options;
    const gpu = inventory.gpus.get(address);
    const setting = modes.current.get(address);
    const mending = gpu && setting && this.#difference(gpu, setting)?.mending;
    if (!mending || modes.closed(address) !== undefined) return undefined;
    const users = this.#losing(gpu, mending, inventory);
    return users.known && users.value.length === 0 ? mending : undefined;
  }

  /** That it was given back; what cannot be written now is tried at the next look. */
  async #forget(address: PciAddress): Promise<void> {
    const { modes, turns, lookout } = this.#options;
    if (this.#mending.has(address)) return;
    this.#mending.add(address);
    try {
      await turns.run(address, async () => {
        const { gpus, host } = await lookout.fresh();
        const [gpu, setting] = [gpus.get(address), modes.current.get(address)];
        if (gpu && setting && isParkedNoMore(gpu, setting, host))
          await modes.unset(address, () => Promise.resolve());
      });
    } catch {
      // The record is as it was, and means nothing for such a GPU.
    } finally {
      this.#mending.delete(address);
    }
  }

  async #mend(address: PciAddress, seen: Inventory): Promise<void> {
    const { turns, lookout, clock, stop } = this.#options;
    if (this.#mending.has(address) || clock.now() < (this.#failed.get(address)?.until ?? 0)) return;
    const first = this.#harmless(address, seen);
    if (first === undefined) {
      this.#failed.delete(address);
      return;
    }
    this.#mending.add(address);
    try {
      await turns.run(address, async () => {
        // Somebody may have asked for something else, or done it, while it was waited for.
        const now = this.#harmless(address, await lookout.fresh());
        if (now !== undefined) await this.#make(address, now);
      });
      this.#failed.delete(address);
    } catch (error) {
      if (stop.aborted) return;
      const failure = AgentError.from(error);
      this.#failed.set(address, { failure, until: clock.now() + AGAIN_MS });
      this.#options.onMended({ mending: first, warnings: [], failure });
    } finally {
      this.#mending.delete(address);
    }
    // That it cannot be looked at says nothing of what was made.
    await lookout.fresh().catch(() => undefined);
  }

  /** Nobody is promised anything of the GPU meanwhile; the record says already what it is to be. */
  async #make(address: PciAddress, mending: Mending): Promise<void> {
    const { modes, functions, told, stop, onMended } = this.#options;
    const setting = modes.current.get(address);
    if (setting === undefined) return;
    let warnings: readonly string[] = [];
    await modes.set(address, setting, async () => {
      if (mending.kind === "give-away") {
        const outcome = await endedByStop(functions.giveAway(address, stop), stop);
        boundOrThrow(`GPU ${address} cannot be taken from the host`, outcome);
        return;
      }
      warnings = await endedByStop(cutAndNote(mending.cut, { functions, told, modes }, stop), stop);
    });
    onMended({ mending, warnings, failure: undefined });
  }
}

function asSet({ profile, made }: GpuSetting): SettingStanding["standing"] {
  if (!profile || !made) return { kind: "as-set" };
  return { kind: "as-made", what: profileWarnings(profile, made).join("; ") };
}

function settingText({ mode, functions, profile = {} }: GpuSetting): string {
  const shares = Object.entries(profile).map(([share, value]) => `${share} ${value}`);
  return [mode ?? "auto", ...(functions === undefined ? [] : [`VF ${functions}`]), ...shares].join(", ");
}

function kernelText({ driver, sriov }: Gpu): string {
  return [driver ?? "-", ...(sriov ? [`VF ${sriov.functions.length}`] : [])].join(", ");
}
