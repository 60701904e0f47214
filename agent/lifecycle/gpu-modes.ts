// Which mode each GPU is shared in: what somebody set (SetGpuMode), else what is seen at work. As durable as the claims.
import { isDeepStrictEqual } from "node:util";
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Closed } from "../capacity/closed.ts";
import { isForGuest } from "../inventory/guest-drivers.ts";
import type { Gpu, HostFacts } from "../inventory/model.ts";
import type { FunctionProfile, ProfileOutcome } from "./function-profile.ts";
import { mayYetBe } from "./bound.ts";
import { DurableRecord, type RecordStore } from "./durable-record.ts";
import type { Ledger } from "./ledger.ts";

/** What somebody set a GPU to. */
export interface GpuSetting {
  /** Undefined: the one that is seen at work; of a GPU that was given back and waits for the boot. */
  readonly mode?: Mode | undefined;
  /** Mode gvt-d: the host's driver that it was taken from; undefined when it had none. */
  readonly hostDriver?: string | undefined;
  /** The boot at the end of which a GPU that was given back goes to its driver: until then nobody has it, host nor guests. */
  readonly parkedIn?: string | undefined;
  /** Mode sriov: how many virtual functions it is to have; undefined as long as nobody said. */
  readonly functions?: number | undefined;
  /** What each of them is to have. */
  readonly profile?: FunctionProfile | undefined;
  /** What the driver made otherwise of that when it was told last; absent: nothing, or it was not told yet. */
  readonly made?: ProfileOutcome | undefined;
}

/** GPUs whose mode was set, also those that are not there now. */
export type ModeRecord = ReadonlyMap<PciAddress, GpuSetting>;

export interface GpuModesOptions {
  /** Implemented in host/mode-file.ts. */
  readonly store: RecordStore<ModeRecord>;
  readonly record: ModeRecord;
}

/** Hears of no setting when what was set is set no more. */
type ModeListener = (gpu: PciAddress, setting: GpuSetting | undefined) => void;

export class GpuModes {
  readonly #record: DurableRecord<ModeRecord>;
  readonly #changing = new Set<PciAddress>();
  readonly #onChange = new Set<ModeListener>();

  constructor({ store, record }: GpuModesOptions) {
    this.#record = new DurableRecord({ store, value: record, what: "the mode of a GPU" });
  }

  /** Another object whenever it has changed. */
  get current(): ModeRecord {
    return this.#record.current;
  }

  get inDoubt(): boolean {
    return this.#record.inDoubt;
  }

  settle(): Promise<void> {
    return this.#record.settle();
  }

  /** Tells of every change, once it is durable. */
  onChange(listener: ModeListener): void {
    this.#onChange.add(listener);
  }

  /** Why nothing new is promised on the GPU: between the look that it is free and its new state somebody could come. */
  closed(gpu: PciAddress): Closed | undefined {
    if (!this.#changing.has(gpu)) return undefined;
    return { reason: "GPU_MODE_CHANGING", why: "is just being changed, its mode or its virtual functions" };
  }

  /**
   * Writes down what the GPU is to be, and then has it made so. What was free at the call stays so until the end. What could not be
   * made so is not to be, and is thrown; a kernel or a hostd that has not answered may yet make it so, and so may the next start what
   * this agent's end cut off. Throws LEDGER_UNAVAILABLE when it cannot be written.
   */
  async set(
    gpu: PciAddress,
    setting: GpuSetting,
    makeSo: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    this.#changing.add(gpu);
    try {
      const before = this.current.get(gpu);
      await this.#write(gpu, setting);
      await makeSo().catch((error: unknown) => this.#takeBack(gpu, before, AgentError.from(error)));
    } finally {
      this.#changing.delete(gpu);
    }
  }

  /**
   * Writes down what the driver made otherwise of what its functions are to have. What they are to be stays: a disk that takes
   * nothing now costs no more than that the driver is told once more by the next agent.
   */
  async noteMade(gpu: PciAddress, made: ProfileOutcome | undefined): Promise<void> {
    const noted = (record: ModeRecord): ModeRecord => {
      const setting = record.get(gpu);
      if (!setting) return record;
      const { made: earlier, ...rest } = setting;
      if (isDeepStrictEqual(earlier, made)) return record;
      return withSetting(record, gpu, made ? { ...rest, made } : rest);
    };
    await this.#record.change(noted).catch(() => undefined);
  }

  /**
   * As if nothing had ever been set, once `undo` has undone what was made of it: until then the record tells how, to whoever asks
   * again after a failure or a crash. What was free at the call stays so until the end.
   */
  async unset(gpu: PciAddress, undo: () => Promise<void>): Promise<void> {
    this.#changing.add(gpu);
    try {
      await undo();
      await this.#write(gpu, undefined);
    } finally {
      this.#changing.delete(gpu);
    }
  }

  /** Throws why it could not be made so. */
  async #takeBack(gpu: PciAddress, before: GpuSetting | undefined, failure: AgentError): Promise<never> {
    if (mayYetBe(failure)) throw failure;
    try {
      await this.#write(gpu, before);
    } catch {
      const { reason, details, holders } = failure;
      const message = `${failure.message}; that it was to be so stays written down, since the state directory takes nothing now`;
      throw new AgentError(reason, message, { details, holders, cause: failure });
    }
    throw failure;
  }

  async #write(gpu: PciAddress, setting: GpuSetting | undefined): Promise<void> {
    const hasChanged = await this.#record.change((record) =>
      isDeepStrictEqual(record.get(gpu), setting) ? record : withSetting(record, gpu, setting),
    );
    if (hasChanged) for (const listener of this.#onChange) listener(gpu, setting);
  }
}

function withSetting(record: ModeRecord, gpu: PciAddress, setting: GpuSetting | undefined): ModeRecord {
  const others = [...record].filter(([address]) => address !== gpu);
  return new Map(setting === undefined ? others : [...others, [gpu, setting]]);
}

/** Whether the GPU was given back and waits for the boot: nobody has it meanwhile. */
export function isParked({ address, driver }: Gpu, record: ModeRecord): boolean {
  return record.get(address)?.parkedIn !== undefined && !isHosts(driver);
}

/** Whether there is nothing more to wait for: the host was booted, or somebody bound the GPU by hand. */
export function isParkedNoMore(
  { driver }: Gpu,
  { parkedIn }: GpuSetting,
  { bootId }: Pick<HostFacts, "bootId">,
): boolean {
  return parkedIn !== undefined && (parkedIn !== bootId || isHosts(driver));
}

function isHosts(driver: string | undefined): boolean {
  return driver !== undefined && !isForGuest(driver);
}

/** The mode of what is promised on a GPU: that of its claims, which are all of one; undefined when it has none. */
export function claimedMode(ledger: Ledger, gpu: PciAddress): Mode | undefined {
  return ledger.living().find((claim) => claim.gpu === gpu)?.share.mode;
}

/**
 * Undefined for a GPU that is not shared, or not that one could see. `claimed`: a record that was lost is made up for by the
 * claims, which come back from the marks of their domains.
 */
export function modeOf(
  { address, types, sriov, driver }: Gpu,
  { record, claimed }: { readonly record: ModeRecord; readonly claimed: Mode | undefined },
): Mode | undefined {
  const known = record.get(address)?.mode ?? claimed;
  if (known !== undefined) return known;
  if (types.length > 0) return "gvt-g";
  if (sriov !== undefined && sriov.functions.length > 0) return "sriov";
  return isForGuest(driver) ? "gvt-d" : undefined;
}
