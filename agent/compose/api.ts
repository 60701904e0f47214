// The gRPC server: what its services answer from, and the interceptors that see every call.
import { randomUUID } from "node:crypto";
import type { ApiContext } from "../api/context.ts";
import { observeCalls } from "../api/interceptors.ts";
import { ApiServer } from "../api/server.ts";
import { contractServices, servedMethods } from "../api/services.ts";
import { gvtgCapacity } from "../backends/kvmgt/capacity-rule.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { DomainId } from "../core/ids.ts";
import { nobodysMachine, readMachine } from "../host/machine.ts";
import { rpcCodeName } from "../observation/rpc-codes.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Stages } from "./stages.ts";

export function composeApi(
  { version, simulated, descriptorSet, log }: AgentOptions,
  { ledger, lookout, libvirt, operations, domains, metrics }: Stages,
  { unreadableRecords, stop }: { readonly unreadableRecords: number; readonly stop: AbortSignal },
): ApiServer {
  // A simulated host has none of this machine's facts; on a real one they take seconds, and nothing waits for them.
  let machine = nobodysMachine;
  if (!simulated)
    void readMachine({ stop }).then((facts) => {
      machine = facts;
    });
  const context: ApiContext = {
    inventory: () => lookout.current,
    ...{ ledger, operations, domains, rule: gvtgCapacity },
    libvirt: () => libvirt.status,
    newDomainId: () => randomUUID() as string as DomainId,
    agent: {
      ...{ version, simulated, unreadableRecords },
      startedAt: clock.wall(),
      instanceEpoch: randomUUID(),
      machine: () => machine,
    },
  };
  const observed = observeCalls(clock.now, (call) => {
    metrics.recorder.rpc(call);
    const { method, seconds, message } = call;
    const code = rpcCodeName(call.code);
    const told = { method, code, ms: Math.round(seconds * 1000) };
    log.info(code === "OK" ? told : { ...told, message }, "call");
  });
  const services = contractServices(context);
  metrics.recorder.announceMethods(servedMethods(services));
  return new ApiServer({ services, descriptorSet, interceptors: [observed] });
}
