// The words of the diagnosis: what a check is, what it finds, and what becomes of that.
import type { HypervisorName } from "../core/hypervisors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Reason } from "../core/reasons.ts";
import type { PciGpu } from "../discovery/pci-gpus.ts";
import type { DeviceModelReading } from "./device-model-reading.ts";
import type { EngineCounting } from "./engine-counting.ts";
import type { HostdReading } from "./hostd-reading.ts";
import type { LibvirtReading } from "./libvirt-reading.ts";
import type { KernelVersion } from "./kernel-version.ts";
import type { Evidence, Look } from "./look.ts";
import type { OrphanDomainsReading } from "./orphan-domains.ts";
import type { Rooms } from "./room.ts";
import type { SchedulerReading } from "./scheduler-reading.ts";
import type { Settings } from "./setting.ts";
import type { TlsReading } from "./tls-reading.ts";
import type { VgtCounts } from "./vgt-counts.ts";
import type { common, texts } from "./texts/en.ts";

/** The conditions that there are: those that have a text. */
export type Code = keyof typeof texts & Reason;

/** What of a condition can be found: the keys of its messages, and of those that any may have. */
export type Says<C extends Code> = (keyof (typeof texts)[C]["messages"] | keyof typeof common) & string;

/**
 * `pass`: as it should be. `fail`: in the way of what the condition concerns. `unknown`: could not be read.
 * `not-applicable`: means nothing for this host or GPU, or nothing new while what it depends on fails.
 */
export type Status = "pass" | "fail" | "unknown" | "not-applicable";

/**
 * What a failed check costs a mode. `info`: nothing, worth knowing. `warning`: it works, with less room, speed or safety.
 * `error`: it does not work.
 */
export type Severity = "info" | "warning" | "error";

/** What fills the places of a message. */
export type Values = Readonly<Record<string, string | number>>;

/** What a check came to. */
export interface Finding<Says extends string = string> {
  readonly status: Status;
  readonly says: Says;
  readonly values: Values;
}

/** Lines of the kernel's log; `not-readable` where it may not be read, `not-copied` where a copied tree is without it. */
export type KernelLogReading = readonly string[] | "not-readable" | "not-copied";

/** The host as all checks see it. */
export interface HostSubject {
  readonly hypervisor: HypervisorName;
  /** Undefined when the release cannot be read as a version. */
  readonly kernel: KernelVersion | undefined;
  /** As `uname -r` prints it; empty when it could not be read. */
  readonly kernelRelease: string;
  readonly gpus: readonly PciGpu[];
  readonly libvirt: LibvirtReading;
  readonly kernelLog: KernelLogReading;
  /** Undefined without an agent, which alone may ask it. */
  readonly hostd: HostdReading | undefined;
  /** Undefined without an agent, which keeps the accounts. */
  readonly rooms: Rooms | undefined;
  /** Undefined without an agent, which alone keeps the record. */
  readonly settings: Settings | undefined;
  /** By GPU that has XenGT of 2015 or 2016. Absent without an agent, which has hostd read it. */
  readonly vgtCounts?: VgtCounts;
  /** Absent without an agent, which has hostd count. */
  readonly engineCounting?: EngineCounting;
  /** Undefined without an agent on a host of Xen, whose configuration names it. */
  readonly deviceModel?: DeviceModelReading | undefined;
  /** Absent without an agent, which keeps it told. */
  readonly scheduler?: SchedulerReading;
  /** Absent without an agent, which serves by it. */
  readonly tls?: TlsReading;
  /** Absent without an agent, which keeps the claims. */
  readonly orphans?: OrphanDomainsReading;
}

/** A GPU with its host. */
export interface GpuSubject {
  readonly host: HostSubject;
  readonly gpu: PciGpu;
}

interface Described {
  readonly code: Code;
  /** The modes it concerns, and what its failure costs each. */
  readonly costs: Partial<Readonly<Record<Mode, Severity>>>;
  /** Modes that a finding, by its key, does not concern although others of the condition do. */
  readonly spares?: Readonly<Record<string, readonly Mode[] | undefined>>;
  /** Conditions that explain this one: while one of them fails, this one tells nothing new. */
  readonly dependsOn: readonly Code[];
  /** What is looked at, for the page about conditions. */
  readonly how: string;
}

export interface HostCheck extends Described {
  readonly of: "host";
  readonly check: (look: Look, host: HostSubject) => Promise<Finding>;
}

export interface GpuCheck extends Described {
  readonly of: "gpu";
  readonly check: (look: Look, subject: GpuSubject) => Promise<Finding>;
}

export type Check = HostCheck | GpuCheck;

/** One checked fact, whatever the language. */
export interface Condition {
  readonly code: Code;
  readonly finding: Finding;
  readonly costs: Check["costs"];
  readonly dependsOn: readonly Code[];
  readonly evidence: readonly Evidence[];
  /** Undefined for the host. */
  readonly gpu: PciAddress | undefined;
  /** It tells only that GPU or host is not made for one way of sharing, or the GPU not set to it, and it is for another. */
  readonly beside?: true;
}

/** A check whose findings are among what its condition can say. */
type Declared<C extends Code, Subject> = Omit<Described, "code" | "spares"> & {
  readonly code: C;
  readonly spares?: Readonly<Partial<Record<Says<C>, readonly Mode[]>>>;
  readonly check: (look: Look, subject: Subject) => Promise<Finding<Says<C>>>;
};

export function hostCheck<C extends Code>(check: Declared<C, HostSubject>): HostCheck {
  return { of: "host", ...check };
}

export function gpuCheck<C extends Code>(check: Declared<C, GpuSubject>): GpuCheck {
  return { of: "gpu", ...check };
}

const finding =
  (status: Status) =>
  <Says extends string>(says: Says, values: Values = {}): Finding<Says> => ({ status, says, values });

export const pass = finding("pass");
export const fail = finding("fail");
export const unknown = finding("unknown");
export const notApplicable = finding("not-applicable");
