// What brings out a kind of fault of the simulator, and what it is known by.
import type { FaultFields, SimulatedAgent } from "./simulated-agent.ts";

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
