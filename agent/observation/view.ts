// What one scrape describes: the joined views of the host, all of the same moment.
import type { AgentError } from "../core/errors.ts";
import type { Report } from "../diagnosis/diagnostician.ts";
import type { SchedulerBooks, SchedulerPolicyWord } from "../diagnosis/scheduler-reading.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Claim } from "../lifecycle/claim.ts";
import type { DrainRecord } from "../lifecycle/drains.ts";
import type { DomainView, GpuView, VgpuView } from "../lifecycle/views.ts";
import type { DomainFigures } from "./domain-stats.ts";
import type { EngineUseView } from "./engine-use-sampler.ts";
import type { SensorsView } from "./gpu-sensors.ts";
import type { GpuUseView } from "./gpu-use-sampler.ts";
import type { SliceUseView } from "./slice-use-sampler.ts";

export interface MetricsView {
  /** Undefined before the first complete look; the lists of GPUs, vGPUs and domains are then empty. */
  readonly inventory: Inventory | undefined;
  readonly gpus: readonly GpuView[];
  readonly vgpus: readonly VgpuView[];
  readonly domains: readonly DomainView[];
  /** Every record of the ledger, tombstones included. */
  readonly claims: readonly Claim[];
  readonly drains: DrainRecord;
}

/** What the metrics show beyond the host: how old what they say is, and what does not get on. */
export interface ScrapeView extends MetricsView {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What libvirt drives here. */
  readonly hypervisor: "kvm" | "xen";
  readonly domainStats: DomainStatsView;
  /** The last examination; undefined before the first. */
  readonly diagnosis: Report | undefined;
  readonly sensors: SensorsView;
  /** Of domains that render on GPUs of the host. */
  readonly gpuUse: GpuUseView;
  /** Of slices of XenGT. */
  readonly sliceUse: SliceUseView;
  /** Of virtual functions. */
  readonly engineUse: EngineUseView;
  /** What keeps the latest operation of a claim from getting on; undefined when nothing does. */
  readonly stalledBy: (claim: Claim) => AgentError | undefined;
  /** Undefined where the configuration names none. */
  readonly scheduler: SchedulerView | undefined;
}

export interface SchedulerView {
  readonly name: string;
  readonly policy: SchedulerPolicyWord;
  /** The last round was done, be it but for a part; undefined before the first. */
  readonly up: boolean | undefined;
  /** How many parts could not be told in the last round that was done; undefined before the first. */
  readonly untold: number | undefined;
  /** When one was last done in which it answered, milliseconds since the epoch; undefined before the first. */
  readonly toldAt: number | undefined;
  /** As last compared, whatever came since; undefined before the first time. */
  readonly books: SchedulerBooks | undefined;
}

export interface DomainStatsView {
  /** Of the latest reading, whatever its age; undefined before the first. */
  readonly domains: readonly DomainFigures[] | undefined;
  /** Seconds since that reading; undefined before the first. */
  readonly ageSeconds: number | undefined;
  /** Whether the last attempt to read failed, or one has been under way for too long. */
  readonly failing: boolean;
}
