// The simulated host as SimulatorService needs it, over the simulator's control socket.
import { z } from "zod";
import { systemClock as clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { AgentError } from "../core/errors.ts";
import type { SimulatedFault, Simulation, SimulationChange, SimulationProblem } from "../api/simulation.ts";
import { ControlError, sendControl, type ControlMessage } from "../simulator/control-client.ts";

/** The simulator answers at once, unless its process hangs. */
const PATIENCE_MS = 10_000;

const faultSchema = z
  .object({
    name: z.string(),
    kind: z.string(),
    gpu: z.string().optional(),
    object: z.string().optional(),
    errno: z.string().optional(),
    target: z.string().optional(),
    delay_ms: z.number().optional(),
    times: z.number().optional(),
    instances: z.number().optional(),
    message: z.string().optional(),
  })
  .transform(({ delay_ms: delayMs, ...fault }): SimulatedFault => ({ ...fault, delayMs }));
const faultsSchema = z.object({ faults: z.array(faultSchema) });
const simulationSchema = faultsSchema.extend({ yaml: z.string() });

export function composeSimulation(socket: string, lookAgain: () => Promise<void>): Simulation {
  const send = async (message: ControlMessage, signal: AbortSignal): Promise<unknown> => {
    try {
      using patience = new Deadline(PATIENCE_MS, { stop: signal, clock });
      return await sendControl(socket, message, patience.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ControlError) throw error;
      throw AgentError.from(error, "SIMULATOR_UNAVAILABLE");
    }
  };
  return {
    show: async (signal) => simulationSchema.parse(await send({ command: "simulation" }, signal)),
    setFault: (fault, signal) =>
      changed(async () => {
        const { delayMs, ...fields } = fault;
        const message = { command: "set-faults", faults: [{ ...fields, delay_ms: delayMs }] };
        const [set = fault] = faultsSchema.parse(await send(message, signal)).faults;
        return set;
      }, fieldOfFault),
    clearFaults: async (names, signal) =>
      faultsSchema.parse(await send({ command: "clear-faults", names }, signal)).faults,
    loadHost: (yaml, keepFaults, signal) =>
      changed(
        async () => {
          await send({ command: "load-host", yaml, keep_faults: keepFaults }, signal);
          return undefined;
        },
        (field) => field,
      ),
    reboot: async (signal) => {
      await send({ command: "reboot" }, signal);
    },
    lookAgain,
  };
}

/** The simulator calls it by the command's own names, the contract by its. */
function fieldOfFault(field: string): string {
  return field.replace(/^faults\[0\]\.?/, "").replace(/^delay_ms$/, "delay");
}

async function changed<Done>(
  change: () => Promise<Done>,
  nameOf: (field: string) => string,
): Promise<SimulationChange<Done>> {
  try {
    return { done: true, value: await change() };
  } catch (error) {
    if (!(error instanceof ControlError) || error.problems.length === 0) throw error;
    const problems = error.problems.map((problem): SimulationProblem => ({
      ...problem,
      field: nameOf(problem.field),
    }));
    return { done: false, problems };
  }
}
