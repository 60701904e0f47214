// What brings out a kind of fault of the simulator, and what it is known by.
import type { FaultFields, SimulatedAgent } from "./simulated-agent.ts";
import { until } from "./until.ts";

export interface Provocation {
  /** Beside name and kind. */
  readonly fault?: FaultFields;
  /** Takes as long as a deadline of the agent. */
  readonly isSlow?: true;
  /** Resolves with the reasons told; what it made is gone then, or goes when the fault is cleared. */
  readonly answers: (
    agent: SimulatedAgent,
    set: () => Promise<void>,
    heal: () => Promise<void>,
  ) => Promise<readonly (string | undefined)[]>;
}

/** Resolves when a fault that may strike twice has struck. */
export async function struck(agent: SimulatedAgent): Promise<void> {
  await until("the fault strikes", async () => (await agent.simulation()).faults[0]?.times === 1);
}
