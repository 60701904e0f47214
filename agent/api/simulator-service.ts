// SimulatorService: the simulated host, played with at run time. Only there when the host is one.
import {
  ClearFaultsResponse,
  GetSimulationResponse,
  LoadHostResponse,
  SetFaultResponse,
  type SimulatorServiceService,
} from "../../proto/gen/vgpud/v1/simulator_service.ts";
import { AgentError } from "../core/errors.ts";
import { toWireFault } from "./convert/fault.ts";
import type { Simulation, SimulationChange, SimulationProblem } from "./simulation.ts";
import type { Handlers } from "./unary.ts";
import { invalid, join } from "./validate/fields.ts";
import { parseFault } from "./validate/fault.ts";

const MAX_YAML_BYTES = 1024 * 1024;

export function simulatorHandlers(simulation: Simulation): Handlers<typeof SimulatorServiceService> {
  return {
    getSimulation: async (_request, { signal }) => {
      const { yaml, faults } = await simulation.show(signal);
      return GetSimulationResponse.fromPartial({ hostYaml: yaml, faults: faults.map(toWireFault) });
    },
    loadHost: async ({ hostYaml, keepFaults }, { signal }) => {
      if (Buffer.byteLength(hostYaml) > MAX_YAML_BYTES) throw invalid("host_yaml", "must be at most 1 MiB");
      if (hostYaml !== "")
        done(await simulation.loadHost(hostYaml, keepFaults, signal), (problem) => ({
          field: "host_yaml",
          message: describe(problem),
        }));
      else {
        if (!keepFaults) await simulation.clearFaults(undefined, signal);
        await simulation.reboot(signal);
      }
      await simulation.lookAgain();
      return LoadHostResponse.fromPartial({});
    },
    setFault: async (request, { signal }) => {
      const wanted = parseFault(request.fault, "fault");
      const fault = done(await simulation.setFault(wanted, signal), ({ field, message }) => ({
        field: join("fault", field),
        message: `${join("fault", field)} ${message}`,
      }));
      await simulation.lookAgain();
      return SetFaultResponse.fromPartial({ fault: toWireFault(fault) });
    },
    clearFaults: async ({ names }, { signal }) => {
      const faults = await simulation.clearFaults(names.length === 0 ? undefined : names, signal);
      await simulation.lookAgain();
      return ClearFaultsResponse.fromPartial({ faults: faults.map(toWireFault) });
    },
  };
}

/** What is done; what was refused is thrown with every field at fault. */
function done<Done>(
  change: SimulationChange<Done>,
  violationOf: (problem: SimulationProblem) => { readonly field: string; readonly message: string },
): Done {
  if (change.done) return change.value;
  const errors = change.problems.map((problem) => {
    const { field, message } = violationOf(problem);
    return new AgentError(problem.reason, message, { field, details: { field } });
  });
  throw AgentError.merged(errors) ?? new AgentError("INTERNAL", "the simulator refused without a reason");
}

/** `3:14 gpus[0].aperture_mib: not a power of two`. */
function describe({ field, message, place }: SimulationProblem): string {
  const where = place === undefined ? "" : `${place.line}:${place.column} `;
  return `${where}${field === "" ? "" : `${field}: `}${message}`;
}
