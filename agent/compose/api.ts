// The gRPC server: what its services answer from, and the interceptors that see every call.
import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { Answers } from "../api/answers.ts";
import { basisOf, type ApiContext, type ViewContext } from "../api/context.ts";
import type { RemoteClient, SocketName } from "../api/access.ts";
import type { EndedCall } from "../api/call-record.ts";
import type { ReflectedFiles } from "../api/reflection-files.ts";
import { ApiServer } from "../api/server.ts";
import { contractServices, servedMethods, servedStreams } from "../api/services.ts";
import { hypervisorOf, limitsOf, seatLimitOf } from "../config/schema.ts";
import { tlsOf } from "../config/tls-keys.ts";
import { gvtgCapacity } from "../backends/kvmgt/capacity-rule.ts";
import { gvtgTypesAt } from "../backends/kvmgt/types-at-aperture.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { DomainId } from "../core/ids.ts";
import { lazily } from "../core/lazily.ts";
import type { AgentOptions } from "./agent-options.ts";
import { callLog } from "./call-log.ts";
import { composeChanges } from "./changes.ts";
import { composeSimulation } from "./simulation.ts";
import { FRESH_MS, WAIT_MS } from "./metrics.ts";
import type { Stages } from "./stages.ts";

/** How long a change of the simulated host waits until the agent has seen it. */
const LOOK_PATIENCE_MS = 1_000;

export interface Api {
  /** Speaks gRPC on a connection that came in by the socket, or by TLS from a client with the rights of the socket. */
  accept(socket: SocketName, connection: Duplex, client?: RemoteClient): void;
  setServing(serving: boolean): void;
  /** Refuses new calls, lets those under way finish for `graceMs`, then ends what is left. */
  stop(graceMs: number): Promise<void>;
}

export function composeApi(
  { config, version, simulator, descriptorSet, log, onPoint }: AgentOptions,
  stages: Stages,
  { unreadableRecords, stop }: { readonly unreadableRecords: number; readonly stop: AbortSignal },
): Api {
  const { ledger, drains, modes, lookout, libvirt, operations, domains, vgpus, reservations, adoption } =
    stages;
  const {
    reconciliation,
    gpuModes,
    virtualFunctions,
    metrics,
    reconciler,
    sampler,
    gpuUse,
    diagnostician,
    domainHistory,
  } = stages;
  const limits = limitsOf(config);
  const lookAgain = async (): Promise<void> => {
    reconciler.trigger();
    // A look that fails, or waits for a libvirt that hangs, is what the fault is about; the change itself is done.
    const seen = new AbortController();
    const patience = clock.sleep(LOOK_PATIENCE_MS, seen.signal).catch(() => undefined);
    await Promise.race([lookout.fresh().catch(() => undefined), patience]);
    seen.abort();
  };
  const shown: ViewContext = {
    inventory: () => lookout.current,
    ...{ ledger, drains, modes, operations, rule: gvtgCapacity, renderSeats: seatLimitOf(config) },
    libvirt: () => libvirt.status,
    scheduler: stages.schedulerInFront,
    ...{ diagnosis: diagnostician, wall: clock.wall },
    agent: {
      ...{ version, simulated: simulator !== undefined, unreadableRecords },
      startedAt: clock.wall(),
      instanceEpoch: randomUUID(),
      machine: () => stages.machine.current,
    },
  };
  const context: ApiContext = {
    ...shown,
    ...{ domains, vgpus, reservations, reconciliation, adoption, gpuModes, virtualFunctions },
    typesAt: gvtgTypesAt,
    changes: composeChanges(shown, stages, { limits, stop }),
    simulation: simulator === undefined ? undefined : composeSimulation(simulator.control, lookAgain),
    domainFigures: async () => {
      await sampler.refresh(FRESH_MS, WAIT_MS);
      return domainHistory.latest;
    },
    gpuUse: async () => {
      await gpuUse.refresh(FRESH_MS, WAIT_MS);
      return gpuUse.view.domains;
    },
    hypervisor: hypervisorOf(config),
    newDomainId: () => randomUUID() as string as DomainId,
  };
  const logCall = callLog(log);
  const onEnd = (call: EndedCall): void => {
    const { begun, code, seconds } = call;
    metrics.recorder.rpc({ method: begun.method, code, seconds });
    logCall(call);
  };
  const services = contractServices(context);
  const answers = new Answers(() => basisOf(context));
  metrics.recorder.announceMethods(servedMethods(services));
  metrics.recorder.announceStreams(servedStreams(services));
  // Few clients ask, and what reads descriptors is large: loaded for the first that does, once for all.
  const contract = lazily(() => loadContract(descriptorSet));
  const serversFor = (adminSocket: string | undefined): Servers => {
    const serverFor = (socket: SocketName): ApiServer =>
      new ApiServer({
        way: { socket, adminSocket },
        ...{ services, answers, contract, clock, limits, onEnd, onPoint },
      });
    return { admin: serverFor("admin"), read: serverFor("read") };
  };
  // Limits are a server's: other machines cannot use up what is for this one.
  const remote = tlsOf(config) && serversFor(undefined);
  return allWaysIn({ local: serversFor(config.socket), remote }, log);
}

type Servers = Readonly<Record<SocketName, ApiServer>>;

async function loadContract(descriptorSet: AgentOptions["descriptorSet"]): Promise<ReflectedFiles> {
  const { ReflectedFiles } = await import("../api/reflection-files.ts");
  return new ReflectedFiles(await descriptorSet());
}

/** One server for each socket and each role: a call's way in is known by the server that answers it. */
function allWaysIn(
  { local, remote }: { readonly local: Servers; readonly remote: Servers | undefined },
  log: AgentOptions["log"],
): Api {
  const all = [local, ...(remote ? [remote] : [])].flatMap((servers) => Object.values(servers));
  let connections = 0;
  return {
    accept: (socket, connection, client) => {
      connections += 1;
      const servers = client ? remote : local;
      if (!servers) throw new TypeError("a connection by TLS, and no server for it");
      servers[socket].accept(connection, connections, client);
    },
    setServing: (serving) => {
      for (const server of all) server.setServing(serving);
    },
    stop: async (graceMs) => {
      const stopped = await Promise.all(all.map((server) => server.stop(graceMs)));
      const calls = stopped.reduce((sum, { cut }) => sum + cut, 0);
      if (calls > 0)
        log.warn({ calls }, "calls under way were cut off; what they began goes on at the next start");
    },
  };
}
