// The host as fields.
import type { Host, LedgerStatus, LibvirtStatus } from "../../../proto/gen/vgpud/v1/host.ts";
import { Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { Cell } from "./paint.ts";
import type { Text } from "./text.ts";
import { failureText, time, word, yesNo } from "./words.ts";

export function hostText(host: Host): Text {
  return [
    {
      kind: "fields",
      fields: [
        ["host", host.hostname],
        ["hypervisor", word(host.hypervisor, "HYPERVISOR")],
        ["kernel", host.kernelRelease],
        ...machineFields(host),
        ["vgpud", host.agentVersion],
        ["started", time(host.startTime)],
        ["simulated", yesNo(host.simulated)],
        ["libvirt", libvirtCell(host.libvirt)],
        ["claims", ledgerCell(host.ledger)],
        ...schedulerFields(host),
        ["conditions", conditionsCell(host)],
        ["of GPUs", "vgpuctl doctor says what stands in the way of each mode"],
        ["drained", drainedCell(host)],
      ],
    },
  ];
}

/** A simulated host has no machine. */
function machineFields(host: Host): readonly (readonly [name: string, value: Cell])[] {
  const fields = [
    ["OS", host.os],
    ["CPU", host.cpuModel],
    ["CPUs", cpusCell(host)],
    ["memory MiB", memoryCell(host)],
  ] as const;
  return host.simulated ? fields.filter(([, value]) => value !== undefined && value !== "") : fields;
}

/** Most hosts have none. */
function schedulerFields({ scheduler }: Host): readonly (readonly [name: string, value: Cell])[] {
  if (scheduler === undefined) return [];
  const { adapter, host, told } = scheduler;
  const named = host === "" ? adapter : `${adapter}, in which this host is ${host}`;
  return [["scheduler", told ? named : `${named}; not told yet`]];
}

function cpusCell({ cpus, cpuBusy }: Host): Cell {
  if (cpus === undefined) return undefined;
  return cpuBusy === undefined ? String(cpus) : `${cpus}, ${Math.round(cpuBusy * 100)} % busy`;
}

function memoryCell({ memoryMib, memoryAvailableMib }: Host): Cell {
  if (memoryMib === undefined) return undefined;
  return memoryAvailableMib === undefined
    ? String(memoryMib)
    : `${memoryMib}, ${memoryAvailableMib} available`;
}

/** A GPU that is drained by itself takes nothing either, also when the host does again. */
function drainedCell({ drained, drainNote, drainedGpus }: Host): Cell {
  const gpus = drainedGpus.length === 0 ? "" : `; GPUs by themselves: ${drainedGpus.join(", ")}`;
  if (!drained && gpus === "") return "no";
  const host = !drained ? "no" : drainNote === "" ? "yes" : `yes: ${drainNote}`;
  return { text: `${host}${gpus}`, style: "warn" };
}

function conditionsCell({ conditions }: Host): Cell {
  const [first, ...others] = conditions.filter(({ severity }) => severity !== Severity.INFO);
  const known = conditions.map(({ reason }) => reason).join(", ");
  if (first === undefined)
    return {
      text: known === "" ? "as they should be" : `as they should be; worth knowing: ${known}`,
      style: "good",
    };
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return { text: `${first.reason}${more}: vgpuctl doctor says what to do`, style: "warn" };
}

function libvirtCell(libvirt: LibvirtStatus | undefined): Cell {
  if (libvirt === undefined) return undefined;
  const { uri, connected, version, hypervisorVersion, failure } = libvirt;
  const drives = hypervisorVersion === "" ? "" : `, hypervisor ${hypervisorVersion}`;
  // The connection comes first; what it leads to has then to be asked.
  const known = version === "" ? "version not known" : `version ${version}`;
  if (connected) return { text: `${uri} connected, ${known}${drives}`, style: "good" };
  const why = failureText(failure);
  return { text: `${uri} does not answer${why === undefined ? "" : `: ${why}`}`, style: "bad" };
}

function ledgerCell(ledger: LedgerStatus | undefined): Cell {
  if (ledger === undefined) return undefined;
  const { reserved, creating, active, stopped, deleting, failed, unreadable } = ledger;
  const counts = Object.entries({ reserved, creating, active, stopped, deleting, failed, unreadable })
    .filter(([state, count]) => count > 0 || state === "active")
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
  const why = failureText(ledger.failure);
  if (why !== undefined) return { text: `${counts}; the ledger cannot be written: ${why}`, style: "bad" };
  if (failed > 0)
    return { text: `${counts}: vgpuctl vgpus says which, vgpuctl vgpus VGPU why`, style: "bad" };
  return unreadable > 0 ? { text: counts, style: "bad" } : counts;
}
