// What domains use, as the hypervisor counts it: readings of all of them, and the last minutes of these. Pure.
import type { DomainId } from "../core/ids.ts";

/** Everywhere below undefined means that the hypervisor did not say, which is not 0. */
export interface DomainFigures {
  readonly id: DomainId;
  /** Processor time since the domain was started, seconds, over all its processors. */
  readonly cpuSeconds: number | undefined;
  readonly memory: MemoryFigures;
  readonly disks: readonly DiskFigures[];
  readonly interfaces: readonly InterfaceFigures[];
}

/** Bytes. */
interface MemoryFigures {
  /** What the domain may have at most. */
  readonly maximum: number | undefined;
  /** What the balloon leaves the guest now. */
  readonly current: number | undefined;
  /** What the domain's process occupies on the host. */
  readonly resident: number | undefined;
}

export interface DiskFigures {
  /** Its name in the domain: `vda`. */
  readonly device: string;
  readonly readBytes: number | undefined;
  readonly readRequests: number | undefined;
  readonly writeBytes: number | undefined;
  readonly writeRequests: number | undefined;
}

/** Received and sent as the guest sees it. */
export interface InterfaceFigures {
  /** Its name on the host: `vnet0`. */
  readonly device: string;
  readonly received: TrafficFigures;
  readonly sent: TrafficFigures;
}

export interface TrafficFigures {
  readonly bytes: number | undefined;
  readonly packets: number | undefined;
  readonly errors: number | undefined;
  readonly drops: number | undefined;
}

/** Every domain that ran at one moment. */
export interface DomainReading {
  /** Milliseconds since the epoch; may step. */
  readonly at: number;
  /** Milliseconds of the clock that never steps back, for rates and ages. */
  readonly takenMs: number;
  readonly domains: readonly DomainFigures[];
}

/** Who can count; a hypervisor without a bulk call asks domain by domain behind the same port. */
export interface DomainStatsSource {
  /** Domains that run. One that cannot be asked without waiting comes with what is known. Rejects with an AgentError. */
  readonly domainFigures: (signal: AbortSignal) => Promise<readonly DomainFigures[]>;
}

/** Of one domain over all its disks and interfaces. */
interface DomainTotals {
  /** Seconds since the domain was started. */
  readonly cpuSeconds: number | undefined;
  /** What the balloon leaves the guest, bytes. */
  readonly memoryBytes: number | undefined;
  /** What its process occupies on the host, bytes. */
  readonly residentBytes: number | undefined;
  readonly diskReadBytes: number | undefined;
  readonly diskWriteBytes: number | undefined;
  readonly receivedBytes: number | undefined;
  readonly sentBytes: number | undefined;
}

/** A reading as the history keeps it: 60 bytes or so for a domain. */
export interface TotalsReading {
  readonly at: number;
  readonly takenMs: number;
  /** Domains that ran. */
  readonly ids: readonly DomainId[];
  /** Undefined for a domain that did not run. */
  readonly totals: (id: DomainId) => DomainTotals | undefined;
}

export interface DomainStatsHistoryOptions {
  /** How far back it reaches, milliseconds. */
  readonly spanMs: number;
  /** Readings that follow the one kept before sooner than this are not kept, milliseconds. */
  readonly spacingMs: number;
}

export class DomainStatsHistory {
  readonly spanMs: number;
  readonly #spacingMs: number;
  #latest: DomainReading | undefined;
  #kept: readonly PackedReading[] = [];

  constructor({ spanMs, spacingMs }: DomainStatsHistoryOptions) {
    this.spanMs = spanMs;
    this.#spacingMs = spacingMs;
  }

  /** The newest reading in full; undefined before the first. It may be old: see `takenMs`. */
  get latest(): DomainReading | undefined {
    return this.#latest;
  }

  add(reading: DomainReading): void {
    this.#latest = reading;
    const last = this.#kept.at(-1);
    if (last && reading.takenMs - last.takenMs < this.#spacingMs) return;
    const kept = this.#kept.filter(({ takenMs }) => reading.takenMs - takenMs <= this.spanMs);
    this.#kept = [...kept, new PackedReading(reading, last)];
  }

  /** What was kept since that moment (milliseconds since the epoch), oldest first. */
  since(at: number): readonly TotalsReading[] {
    return this.#kept.filter((reading) => reading.at >= at);
  }
}

const WIDTH = 7;

/** One row of numbers for each domain; NaN stands for what is not known. Readings of the same domains share their index. */
class PackedReading implements TotalsReading {
  readonly at: number;
  readonly takenMs: number;
  readonly ids: readonly DomainId[];
  readonly #rowOf: ReadonlyMap<DomainId, number>;
  readonly #rows: Float64Array;

  constructor({ at, takenMs, domains }: DomainReading, before: PackedReading | undefined) {
    this.at = at;
    this.takenMs = takenMs;
    const same =
      before?.ids.length === domains.length && domains.every(({ id }, row) => before.ids[row] === id);
    this.ids = same ? before.ids : domains.map(({ id }) => id);
    this.#rowOf = same ? before.#rowOf : new Map(this.ids.map((id, row) => [id, row]));
    this.#rows = new Float64Array(domains.length * WIDTH);
    for (const [row, figures] of domains.entries()) this.#rows.set(totalsOf(figures), row * WIDTH);
  }

  totals(id: DomainId): DomainTotals | undefined {
    const row = this.#rowOf.get(id);
    if (row === undefined) return undefined;
    const column = (index: number): number | undefined => {
      const value = this.#rows[row * WIDTH + index];
      return value === undefined || Number.isNaN(value) ? undefined : value;
    };
    return {
      cpuSeconds: column(0),
      memoryBytes: column(1),
      residentBytes: column(2),
      diskReadBytes: column(3),
      diskWriteBytes: column(4),
      receivedBytes: column(5),
      sentBytes: column(6),
    };
  }
}

function totalsOf({ cpuSeconds, memory, disks, interfaces }: DomainFigures): number[] {
  return [
    cpuSeconds ?? NaN,
    memory.current ?? NaN,
    memory.resident ?? NaN,
    sum(disks.map(({ readBytes }) => readBytes)),
    sum(disks.map(({ writeBytes }) => writeBytes)),
    sum(interfaces.map(({ received }) => received.bytes)),
    sum(interfaces.map(({ sent }) => sent.bytes)),
  ];
}

/** Of those that are known; NaN when none is, so that a domain without disks has not read 0 bytes. */
function sum(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? NaN : known.reduce((total, value) => total + value, 0);
}
