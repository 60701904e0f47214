// The gRPC server: what its services answer from, and the interceptors that see every call.
import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { ApiContext } from "../api/context.ts";
import type { SocketName } from "../api/access.ts";
import { observeCalls, type EndedCall } from "../api/interceptors.ts";
import { ApiServer } from "../api/server.ts";
import { contractServices, servedMethods } from "../api/services.ts";
import { gvtgCapacity } from "../backends/kvmgt/capacity-rule.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { DomainId } from "../core/ids.ts";
import { nobodysMachine, readMachine } from "../host/machine.ts";
import { rpcCodeName } from "../observation/rpc-codes.ts";
import type { AgentOptions } from "./agent-options.ts";
import { FRESH_MS, WAIT_MS } from "./metrics.ts";
import type { Stages } from "./stages.ts";

export interface Api {
  /** Speaks gRPC on a connection that came in by the socket. */
  accept(socket: SocketName, connection: Duplex): void;
  setServing(serving: boolean): void;
  /** Lets calls finish for `graceMs`, then ends what is left. */
  stop(graceMs: number): Promise<void>;
}

export function composeApi(
  { config, version, simulated, descriptorSet, log }: AgentOptions,
  { ledger, lookout, libvirt, operations, domains, metrics, sampler, domainHistory }: Stages,
  { unreadableRecords, stop }: { readonly unreadableRecords: number; readonly stop: AbortSignal },
): Api {
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
    domainFigures: async () => {
      await sampler.refresh(FRESH_MS, WAIT_MS);
      return domainHistory.latest;
    },
    newDomainId: () => randomUUID() as string as DomainId,
    agent: {
      ...{ version, simulated, unreadableRecords },
      startedAt: clock.wall(),
      instanceEpoch: randomUUID(),
      machine: () => machine,
    },
  };
  const onEnd = (call: EndedCall): void => {
    metrics.recorder.rpc(call);
    const { socket, method, seconds, message } = call;
    const code = rpcCodeName(call.code);
    const told = { socket, method, code, ms: Math.round(seconds * 1000) };
    log.info(code === "OK" ? told : { ...told, message }, "call");
  };
  const services = contractServices(context);
  metrics.recorder.announceMethods(servedMethods(services));
  const serverFor = (socket: SocketName): ApiServer => {
    const interceptors = [observeCalls({ now: clock.now, socket }, onEnd)];
    return new ApiServer({
      way: { socket, adminSocket: config.socket },
      services,
      descriptorSet,
      interceptors,
    });
  };
  return bothSockets({ admin: serverFor("admin"), read: serverFor("read") });
}

/** One server for each socket: a call's way in is known by the server that answers it. */
function bothSockets(servers: Readonly<Record<SocketName, ApiServer>>): Api {
  const all = Object.values(servers);
  return {
    accept: (socket, connection) => {
      servers[socket].accept(connection);
    },
    setServing: (serving) => {
      for (const server of all) server.setServing(serving);
    },
    stop: async (graceMs) => {
      await Promise.all(all.map((server) => server.stop(graceMs)));
    },
  };
}
