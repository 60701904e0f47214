// The one adapter to systeminformation. Most of its functions start shells (versions() more than thirty), so only
// four are used: cpu() and osInfo() start a few short processes, once, when the agent starts; mem() and currentLoad() read
// /proc.
// It is large, and loaded only where it is asked.

/** Facts of the machine that are worth showing. Undefined: the machine did not say, or not in time. */
export interface Machine {
  readonly cpuModel: string | undefined;
  /** Logical processors. */
  readonly cpus: number | undefined;
  /** What the kernel has in all. On Xen that is the memory of dom0. */
  readonly memoryBytes: number | undefined;
  /** The distribution, as `Debian GNU/Linux 12`. */
  readonly osRelease: string | undefined;
  /** What new processes can have without swapping. */
  readonly memoryAvailableBytes: number | undefined;
  /** Share of the processors' time that was used between the last two looks, 0 to 1; at first since the boot. */
  readonly cpuBusy: number | undefined;
}

type Load = Pick<Machine, "memoryAvailableBytes" | "cpuBusy">;

/** A machine that says nothing. */
export const nobodysMachine: Machine = {
  cpuModel: undefined,
  cpus: undefined,
  memoryBytes: undefined,
  osRelease: undefined,
  memoryAvailableBytes: undefined,
  cpuBusy: undefined,
};

/** What is used of systeminformation. */
export interface MachineSource {
  readonly cpu: () => Promise<{
    readonly manufacturer: string;
    readonly brand: string;
    readonly cores: number;
  }>;
  readonly mem: () => Promise<{ readonly total: number; readonly available: number }>;
  /** In percent. */
  readonly currentLoad: () => Promise<{ readonly currentLoad: number }>;
  readonly osInfo: () => Promise<{ readonly distro: string; readonly release: string }>;
}

export interface MachineOptions {
  readonly stop: AbortSignal;
  /** Milliseconds until what has not been said counts as undefined; default 5,000. */
  readonly deadlineMs?: number;
  readonly source?: MachineSource;
}

const DEADLINE_MS = 5_000;

/** What does not change while the agent runs. Never rejects: nothing the agent does depends on these facts. */
export async function readMachine(options: MachineOptions): Promise<Omit<Machine, keyof Load>> {
  const { signal, source } = asking(options);
  const [cpu, mem, os] = await Promise.all([
    told(async () => (await source()).cpu(), signal),
    told(async () => (await source()).mem(), signal),
    told(async () => (await source()).osInfo(), signal),
  ]);
  return {
    cpuModel: words(cpu?.manufacturer, cpu?.brand),
    cpus: positive(cpu?.cores),
    memoryBytes: positive(mem?.total),
    osRelease: words(os?.distro, os?.release),
  };
}

/** What does. Never rejects, as above. */
export async function readLoad(options: MachineOptions): Promise<Load> {
  const { signal, source } = asking(options);
  const [mem, load] = await Promise.all([
    told(async () => (await source()).mem(), signal),
    told(async () => (await source()).currentLoad(), signal),
  ]);
  const percent = load?.currentLoad ?? Number.NaN;
  return {
    memoryAvailableBytes: positive(mem?.available),
    cpuBusy: percent >= 0 && percent <= 100 ? percent / 100 : undefined,
  };
}

function asking({ stop, deadlineMs = DEADLINE_MS, source }: MachineOptions): {
  readonly signal: AbortSignal;
  readonly source: () => Promise<MachineSource>;
} {
  return {
    signal: AbortSignal.any([stop, AbortSignal.timeout(deadlineMs)]),
    source: async () => source ?? (await import("systeminformation")),
  };
}

/** Undefined when the question fails or is not answered before the signal; what it started ends by itself. */
function told<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
    Promise.resolve()
      .then(ask)
      .then(resolve, giveUp)
      .finally(() => {
        signal.removeEventListener("abort", giveUp);
      });
  });
}

/** systeminformation says "" or "unknown" for what it could not find out. */
function words(...parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined && part !== "" && part !== "unknown");
  return said.length === 0 ? undefined : said.join(" ");
}

function positive(count: number | undefined): number | undefined {
  return count !== undefined && count > 0 ? count : undefined;
}
