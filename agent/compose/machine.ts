// The machine that the agent runs on, as GetHost shows it: what it is, and how much of it is in use.
import { systemClock as clock } from "../core/clock.ts";
import {
  busyBetween,
  nobodysMachine,
  readCpuTimes,
  readMachine,
  readMemoryAvailable,
  type Machine,
} from "../host/machine.ts";
import type { Task } from "../tasks.ts";

/** Between two looks at the load. */
const LOAD_MS = 15_000;

export interface MachineWatch {
  /** Another object after each look. Facts take seconds, and nothing waits for them. */
  readonly current: Machine;
  /** None on a simulated host, which has none of this machine's facts. */
  readonly tasks: readonly Task[];
}

export function composeMachine({ simulated }: { readonly simulated: boolean }): MachineWatch {
  let current = nobodysMachine;
  const run = async (stop: AbortSignal): Promise<void> => {
    let before = readCpuTimes();
    const facts = await readMachine({ stop, clock });
    while (!stop.aborted) {
      const now = readCpuTimes();
      const memoryAvailableBytes = await readMemoryAvailable({ stop, clock });
      current = { ...facts, memoryAvailableBytes, cpuBusy: busyBetween(before, now) };
      before = now;
      await clock.sleep(LOAD_MS, stop).catch(() => undefined);
    }
  };
  return {
    get current() {
      return current;
    },
    tasks: simulated ? [] : [{ name: "machine", run }],
  };
}
