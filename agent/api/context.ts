// What the services answer from: the current view, the ledger, and the lifecycle that changes both.
import { AgentError } from "../core/errors.ts";
import type { DomainId } from "../core/ids.ts";
import type { CapacityRule } from "../capacity/budget.ts";
import type { SeatLimit } from "../capacity/seats.ts";
import type { TypesRule } from "../capacity/plan/suppose.ts";
import type { Condition } from "../diagnosis/condition.ts";
import type { Report } from "../diagnosis/diagnostician.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Adoption } from "../lifecycle/adoption.ts";
import type { DomainService } from "../lifecycle/domain-service.ts";
import type { Drains } from "../lifecycle/drains.ts";
import type { GpuModeService } from "../lifecycle/gpu-mode-service.ts";
import type { GpuModes } from "../lifecycle/gpu-modes.ts";
import type { Ledger } from "../lifecycle/ledger.ts";
import type { Terms } from "../lifecycle/views.ts";
import type { DomainReading } from "../observation/domain-stats.ts";
import type { DomainGpuUse } from "../observation/gpu-use.ts";
import type { Operations } from "../lifecycle/operations.ts";
import type { Reconciliation } from "../lifecycle/reconciliation.ts";
import type { ReservationService } from "../lifecycle/reservation-service.ts";
import type { VirtualFunctionService } from "../lifecycle/virtual-function-service.ts";
import type { VgpuService } from "../lifecycle/vgpu-service.ts";
import type { Simulation } from "./simulation.ts";
import type { Changes } from "./watch/changes.ts";

/** Facts about the agent and its machine that GetHost shows and no stage needs. */
interface AgentFacts {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly simulated: boolean;
  /** Names this run: revisions of different epochs cannot be compared. */
  readonly instanceEpoch: string;
  /** Undefined facts are not known, or not yet: nothing waits for them. */
  readonly machine: () => {
    readonly cpuModel: string | undefined;
    readonly cpus: number | undefined;
    readonly memoryBytes: number | undefined;
    readonly osRelease: string | undefined;
    readonly memoryAvailableBytes: number | undefined;
    readonly cpuBusy: number | undefined;
  };
  /** Ledger records that could not be read. */
  readonly unreadableRecords: number;
}

/** The connection to libvirt as GetHost shows it. */
interface LibvirtFacts {
  readonly uri: string;
  readonly connected: boolean;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly version: string | undefined;
  readonly hypervisorVersion: string | undefined;
  readonly error: string | undefined;
}

/** The scheduler in front of this host as GetHost shows it. */
interface SchedulerFacts {
  readonly adapter: string;
  /** What it calls this host; undefined while that is not known. */
  readonly host: string | undefined;
  /** Since the agent began. */
  readonly told: boolean;
}

/** What stands in the way of which mode. */
interface DiagnosisFacts {
  /** The last examination; undefined before the first. */
  readonly latest: Report | undefined;
  /** Examines anew. */
  refresh(): Promise<Report>;
  /** When a condition came to be as it is, milliseconds since the epoch. */
  since(condition: Condition): number | undefined;
}

/** What the objects of the contract are made from. */
export interface ViewContext {
  /** Undefined before the first look. */
  readonly inventory: () => Inventory | undefined;
  readonly ledger: Ledger;
  readonly drains: Drains;
  readonly modes: GpuModes;
  readonly operations: Operations;
  readonly rule: CapacityRule;
  /** How many seats a GPU in mode gvt-s has. */
  readonly renderSeats: SeatLimit;
  readonly agent: AgentFacts;
  readonly libvirt: () => LibvirtFacts;
  /** Undefined where the configuration names none. */
  readonly scheduler: () => SchedulerFacts | undefined;
  readonly diagnosis: DiagnosisFacts;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** As they are now. */
export function termsOf({ rule, drains, modes, renderSeats }: ViewContext): Terms {
  return { rule, drains: drains.current, modes: modes.current, renderSeats };
}

export interface ApiContext extends ViewContext {
  /** What changed, by revision. */
  readonly changes: Changes;
  readonly domains: DomainService;
  readonly vgpus: VgpuService;
  readonly reservations: ReservationService;
  readonly reconciliation: Reconciliation;
  readonly adoption: Adoption;
  readonly gpuModes: GpuModeService;
  readonly virtualFunctions: VirtualFunctionService;
  readonly typesAt: TypesRule;
  readonly hypervisor: "kvm" | "xen";
  readonly newDomainId: () => DomainId;
  /** Undefined on a real host. */
  readonly simulation: Simulation | undefined;
  /** What running domains use, read again first when the last reading is old; undefined before there is one. */
  readonly domainFigures: () => Promise<DomainReading | undefined>;
  /** The same of GPUs that they render on; those of which it is not known are left out. */
  readonly gpuUse: () => Promise<readonly DomainGpuUse[]>;
}

/** All that a read's answer is made from beside the request: while these are identical, so is the answer (answers.ts). */
export function basisOf(context: ViewContext): readonly unknown[] {
  const { inventory, ledger, drains, modes, operations, libvirt, scheduler, agent, diagnosis } = context;
  const versions = [ledger.version, drains.current, modes.current, operations.version];
  return [inventory(), ...versions, libvirt(), scheduler()?.told, agent.machine(), diagnosis.latest];
}

/** The current view; throws STARTING before the first look is over. */
export function currentInventory({ inventory }: Pick<ViewContext, "inventory">): Inventory {
  const current = inventory();
  if (current) return current;
  throw new AgentError("STARTING", "vgpud has just started and has not seen the whole host yet");
}
