// HostService: the machine, the agent and its ledger at a glance.
import { Host, Hypervisor, type SchedulerInFront } from "../../proto/gen/vgpud/v1/host.ts";
import {
  DrainHostResponse,
  GetHostResponse,
  UndrainHostResponse,
  type HostServiceService,
} from "../../proto/gen/vgpud/v1/host_service.ts";
import type { HostFacts } from "../inventory/model.ts";
import { currentInventory, type ApiContext, type ViewContext } from "./context.ts";
import { diagnosed, hostConditionsOf } from "./diagnosis.ts";
import { hostDrainConditions } from "./convert/drain-conditions.ts";
import type { Handlers } from "./unary.ts";
import { parseClaimId } from "../core/ids.ts";
import { toWireReconciliation } from "./convert/reconciliation.ts";
import { CLAIM_ID, invalid, printable } from "./validate/fields.ts";
import { parseNote } from "./validate/note.ts";

const hypervisors = {
  kvm: Hypervisor.KVM,
  xen: Hypervisor.XEN,
  "xen-guest": Hypervisor.XEN_GUEST,
  none: Hypervisor.NONE,
} as const satisfies Record<HostFacts["hypervisor"], Hypervisor>;

const BYTES_PER_MIB = 1024 * 1024;

export function hostHandlers(context: ApiContext): Handlers<typeof HostServiceService> {
  return {
    diagnose: (request) => diagnosed(context, request),
    getHost: () => {
      const resumeToken = context.changes.token();
      return Promise.resolve(
        GetHostResponse.fromPartial({
          host: hostOf(context),
          observeTime: new Date(currentInventory(context).observedAt),
          resumeToken,
        }),
      );
    },
    drainHost: async (request) => {
      const note = parseNote(request.note, "note");
      currentInventory(context);
      await context.drains.drainHost(note);
      return DrainHostResponse.fromPartial({ host: hostOf(context) });
    },
    undrainHost: async () => {
      currentInventory(context);
      await context.drains.undrainHost();
      return UndrainHostResponse.fromPartial({ host: hostOf(context) });
    },
    reconcile: async ({ dryRun, claimId }, { signal }) => {
      currentInventory(context);
      const only = claimId === "" ? undefined : parseClaimId(claimId);
      if (claimId !== "" && only === undefined)
        throw invalid("claim_id", `${CLAIM_ID}, is ${printable(claimId)}`);
      const { reconciliation } = context;
      const report = dryRun ? reconciliation.preview(only, signal) : reconciliation.run(only, signal);
      return toWireReconciliation(await report);
    },
  };
}

/** As it is answered: with the load, and of the view's revision. */
function hostOf(context: ApiContext): Host {
  return { ...shownHost(context), ...loadOf(context), revision: BigInt(context.changes.revision) };
}

/** Changes all the time: a watch does not tell of it. */
function loadOf({ agent }: ApiContext): Pick<Host, "memoryAvailableMib" | "cpuBusy"> {
  const { memoryAvailableBytes, cpuBusy } = agent.machine();
  return { memoryAvailableMib: mib(memoryAvailableBytes), cpuBusy };
}

function mib(bytes: number | undefined): bigint | undefined {
  return bytes === undefined ? undefined : BigInt(Math.round(bytes / BYTES_PER_MIB));
}

/** Without the revision, which is that of the answer it is in, and without the load. */
export function shownHost(context: ViewContext): Host {
  const { host } = currentInventory(context);
  const { agent, drains } = context;
  const drain = drains.current.host;
  const machine = agent.machine();
  return Host.fromPartial({
    hostname: host.hostname,
    bootId: host.bootId,
    kernelRelease: host.kernelRelease,
    os: machine.osRelease ?? "",
    hypervisor: hypervisors[host.hypervisor],
    libvirt: libvirtOf(context),
    agentVersion: agent.version,
    startTime: new Date(agent.startedAt),
    simulated: agent.simulated,
    cpuModel: machine.cpuModel ?? "",
    cpus: machine.cpus,
    memoryMib: mib(machine.memoryBytes),
    instanceEpoch: agent.instanceEpoch,
    ledger: ledgerOf(context),
    conditions: [...hostDrainConditions(drain), ...hostConditionsOf(context)],
    drained: drain !== undefined,
    drainNote: drain?.note ?? "",
    drainedGpus: [...drains.current.gpus.keys()].sort(),
    scheduler: schedulerOf(context),
  });
}

function schedulerOf({ scheduler }: ViewContext): SchedulerInFront | undefined {
  const inFront = scheduler();
  return inFront && { ...inFront, host: inFront.host ?? "" };
}

function libvirtOf({ libvirt }: ViewContext): Host["libvirt"] {
  const { uri, connected, since, version, hypervisorVersion, error } = libvirt();
  return {
    uri,
    connected,
    version: version ?? "",
    hypervisorVersion: hypervisorVersion ?? "",
    failure:
      error === undefined ? undefined : { reason: "LIBVIRT_UNAVAILABLE", message: error, metadata: {} },
    changeTime: new Date(since),
  };
}

function ledgerOf({ ledger, agent }: ViewContext): Host["ledger"] {
  const counts = { reserved: 0, creating: 0, active: 0, stopped: 0, deleting: 0, failed: 0, gone: 0 };
  for (const { state } of ledger.all()) counts[state] += 1;
  const { trouble } = ledger;
  const failure =
    trouble === undefined ? undefined : { reason: "LEDGER_UNAVAILABLE", message: trouble, metadata: {} };
  return { ...counts, unreadable: agent.unreadableRecords, failure };
}
