// Which mode each GPU is shared in: what somebody set (SetGpuMode), else what is seen at work. As durable as the claims.
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Closed } from "../capacity/closed.ts";
import { isForGuest } from "../capacity/accounts/domain-use.ts";
import type { Gpu } from "../inventory/model.ts";
import { DurableRecord, type RecordStore } from "./durable-record.ts";

/** GPUs whose mode was set, also those that are not there now. */
export type ModeRecord = ReadonlyMap<PciAddress, Mode>;

export interface GpuModesOptions {
  /** Implemented in host/mode-file.ts. */
  readonly store: RecordStore<ModeRecord>;
  readonly record: ModeRecord;
}

export class GpuModes {
  readonly #record: DurableRecord<ModeRecord>;
  readonly #changing = new Set<PciAddress>();
  readonly #onChange = new Set<(gpu: PciAddress, mode: Mode) => void>();

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
  onChange(listener: (gpu: PciAddress, mode: Mode) => void): void {
    this.#onChange.add(listener);
  }

  /** Why nothing new is promised on the GPU: between the look that it is free and the new mode somebody could come. */
  closed(gpu: PciAddress): Closed | undefined {
    if (!this.#changing.has(gpu)) return undefined;
    return { reason: "GPU_MODE_CHANGING", why: "is just being given another mode" };
  }

  /** What was free at the call stays so until the mode is set. Throws LEDGER_UNAVAILABLE when it cannot be written. */
  async set(gpu: PciAddress, mode: Mode): Promise<void> {
    this.#changing.add(gpu);
    try {
      const hasChanged = await this.#record.change((before) =>
        before.get(gpu) === mode ? before : new Map([...before, [gpu, mode]]),
      );
      if (hasChanged) for (const listener of this.#onChange) listener(gpu, mode);
    } finally {
      this.#changing.delete(gpu);
    }
  }
}

/** Undefined for a GPU that is not shared, or not that one could see. */
export function modeOf({ address, types, sriov, driver }: Gpu, record: ModeRecord): Mode | undefined {
  const set = record.get(address);
  if (set !== undefined) return set;
  if (types.length > 0) return "gvt-g";
  if (sriov !== undefined && sriov.functions.length > 0) return "sriov";
  return isForGuest(driver) ? "gvt-d" : undefined;
}
