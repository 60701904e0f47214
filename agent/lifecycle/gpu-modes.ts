// Which mode each GPU is shared in: what somebody set (SetGpuMode), else what is seen at work. As durable as the claims.
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Closed } from "../capacity/closed.ts";
import { isForGuest } from "../capacity/accounts/domain-use.ts";
import type { Gpu } from "../inventory/model.ts";
import { DurableRecord, type RecordStore } from "./durable-record.ts";
import type { Ledger } from "./ledger.ts";

/** GPUs whose mode was set, also those that are not there now. */
export type ModeRecord = ReadonlyMap<PciAddress, Mode>;

export interface GpuModesOptions {
  /** Implemented in host/mode-file.ts. */
  readonly store: RecordStore<ModeRecord>;
  readonly record: ModeRecord;
}

/** Hears of no mode when what was set is set no more. */
type ModeListener = (gpu: PciAddress, mode: Mode | undefined) => void;

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

  /** Why nothing new is promised on the GPU: between the look that it is free and the new mode somebody could come. */
  closed(gpu: PciAddress): Closed | undefined {
    if (!this.#changing.has(gpu)) return undefined;
    return { reason: "GPU_MODE_CHANGING", why: "is just being given another mode" };
  }

  /**
   * Undefined: as if none had ever been set. What was free at the call stays so until then. Throws LEDGER_UNAVAILABLE when it
   * cannot be written.
   */
  async set(gpu: PciAddress, mode: Mode | undefined): Promise<void> {
    this.#changing.add(gpu);
    try {
      const hasChanged = await this.#record.change((before) =>
        before.get(gpu) === mode ? before : withMode(before, gpu, mode),
      );
      if (hasChanged) for (const listener of this.#onChange) listener(gpu, mode);
    } finally {
      this.#changing.delete(gpu);
    }
  }
}

function withMode(record: ModeRecord, gpu: PciAddress, mode: Mode | undefined): ModeRecord {
  const others = [...record].filter(([address]) => address !== gpu);
  return new Map(mode === undefined ? others : [...others, [gpu, mode]]);
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
  const known = record.get(address) ?? claimed;
  if (known !== undefined) return known;
  if (types.length > 0) return "gvt-g";
  if (sriov !== undefined && sriov.functions.length > 0) return "sriov";
  return isForGuest(driver) ? "gvt-d" : undefined;
}
