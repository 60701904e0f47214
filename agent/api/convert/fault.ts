// Faults of the simulator, to and from the wire. Names of kinds are the contract's own without their prefix.
import * as pb from "../../../proto/gen/vgpud/v1/simulator_service.ts";
import type { SimulatedFault } from "../simulation.ts";

const PREFIX = "FAULT_KIND_";

export function toWireFault(fault: SimulatedFault): pb.Fault {
  const { delayMs } = fault;
  return {
    name: fault.name,
    kind: pb.faultKindFromJSON(PREFIX + fault.kind),
    gpu: fault.gpu ?? "",
    object: fault.object ?? "",
    errno: fault.errno ?? "",
    target: fault.target ?? "",
    delay:
      delayMs === undefined
        ? undefined
        : { seconds: BigInt(Math.floor(delayMs / 1000)), nanos: (delayMs % 1000) * 1_000_000 },
    times: fault.times ?? 0,
    instances: fault.instances ?? 0,
    message: fault.message ?? "",
  };
}

/** The kind as the simulator calls it. */
export function kindName(kind: pb.FaultKind): string {
  return kind.slice(PREFIX.length);
}
