// The machine that the agent runs on, as GetHost shows it: what it is, and how much of it is in use.
import { systemClock as clock } from "../core/clock.ts";
import { nobodysMachine, readLoad, readMachine, type Machine } from "../host/machine.ts";
import type { Task } from "../tasks.ts";

/** Between two looks at the load. */
const LOAD_MS = 15_000;

export interface MachineWatch {
  /** Another object whenever something of it has changed. Facts take seconds, and nothing waits for them. */
  readonly current: Machine;
  /** None on a simulated host, which has none of this machine's facts. */
  readonly tasks: readonly Task[];
}

export function composeMachine({ simulated }: { readonly simulated: boolean }): MachineWatch {
  let current = nobodysMachine;
  const run = async (stop: AbortSignal): Promise<void> => {
    const facts = await readMachine({ stop });
    while (!stop.aborted) {
      current = { ...facts, ...(await readLoad({ stop })) };
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
