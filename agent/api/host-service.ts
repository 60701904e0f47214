// HostService: the machine, the agent and its ledger at a glance.
import { Hypervisor, type Host } from "../../proto/gen/vgpud/v1/host.ts";
import { GetHostResponse, type HostServiceService } from "../../proto/gen/vgpud/v1/host_service.ts";
import type { HostFacts } from "../inventory/model.ts";
import { currentInventory, resumeToken, type ApiContext } from "./context.ts";
import { diagnosed, hostConditionsOf } from "./diagnosis.ts";
import type { Handlers } from "./unary.ts";

const hypervisors = {
  kvm: Hypervisor.KVM,
  xen: Hypervisor.XEN,
  "xen-guest": Hypervisor.XEN_GUEST,
  none: Hypervisor.NONE,
} as const satisfies Record<HostFacts["hypervisor"], Hypervisor>;

const BYTES_PER_MIB = 1024 * 1024;

export function hostHandlers(context: ApiContext): Partial<Handlers<typeof HostServiceService>> {
  return {
    diagnose: (request) => diagnosed(context, request),
    getHost: () => {
      const inventory = currentInventory(context);
      const { host, observedAt, revision } = inventory;
      const { agent } = context;
      const machine = agent.machine();
      return Promise.resolve(
        GetHostResponse.fromPartial({
          host: {
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
            memoryAvailableMib: mib(machine.memoryAvailableBytes),
            cpuBusy: machine.cpuBusy,
            instanceEpoch: agent.instanceEpoch,
            revision: BigInt(revision),
            ledger: ledgerOf(context),
            conditions: hostConditionsOf(context),
          },
          observeTime: new Date(observedAt),
          resumeToken: resumeToken(context, inventory),
        }),
      );
    },
  };
}

function mib(bytes: number | undefined): bigint | undefined {
  return bytes === undefined ? undefined : BigInt(Math.round(bytes / BYTES_PER_MIB));
}

function libvirtOf({ libvirt }: ApiContext): Host["libvirt"] {
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

function ledgerOf({ ledger, agent }: ApiContext): Host["ledger"] {
  const counts = { reserved: 0, creating: 0, active: 0, stopped: 0, deleting: 0, failed: 0, gone: 0 };
  for (const { state } of ledger.all()) counts[state] += 1;
  return { ...counts, unreadable: agent.unreadableRecords, failure: undefined };
}
