// What SimulatorService needs of the simulated host; under `--simulate` alone there is one.

/** One fault, as the simulator takes and shows it. Absent fields are not set. */
export interface SimulatedFault {
  readonly name: string;
  readonly kind: string;
  readonly gpu?: string | undefined;
  readonly object?: string | undefined;
  readonly errno?: string | undefined;
  readonly target?: string | undefined;
  readonly delayMs?: number | undefined;
  readonly times?: number | undefined;
  readonly instances?: number | undefined;
  readonly message?: string | undefined;
}

/** One thing that is wrong with what was asked. */
export interface SimulationProblem {
  readonly reason: "FIELD_REQUIRED" | "FIELD_INVALID" | "GPU_NOT_FOUND";
  /** Of the fault, as `delayMs`; of a description its key. Empty for the whole. */
  readonly field: string;
  /** Without the field's name. */
  readonly message: string;
  readonly place?: { readonly line: number; readonly column: number } | undefined;
}

/** The answer to a change: done, or refused and nothing has changed. */
export type SimulationChange<Done> =
  | { readonly done: true; readonly value: Done }
  | { readonly done: false; readonly problems: readonly SimulationProblem[] };

/** Each rejects when the simulator does not answer before the signal aborts. */
export interface Simulation {
  show(signal: AbortSignal): Promise<{ readonly yaml: string; readonly faults: readonly SimulatedFault[] }>;
  /** Resolves with the fault as it is set. */
  setFault(fault: SimulatedFault, signal: AbortSignal): Promise<SimulationChange<SimulatedFault>>;
  /** Without names: all. Resolves with those that are still set. */
  clearFaults(names: readonly string[] | undefined, signal: AbortSignal): Promise<readonly SimulatedFault[]>;
  loadHost(yaml: string, keepFaults: boolean, signal: AbortSignal): Promise<SimulationChange<undefined>>;
  /** Boots the same host again. */
  reboot(signal: AbortSignal): Promise<void>;
  /** Resolves when the agent has looked at the host again, or after a little while: what is asked then shows the change. */
  lookAgain(): Promise<void>;
}
