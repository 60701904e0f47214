// A node: the whole lifecycle wired over a fake host, a store in memory and a clock moved by hand. It can crash and start again.
import { gvtgCapacity } from "../../agent/backends/kvmgt/capacity-rule.ts";
import { rememberGvtg } from "../../agent/backends/kvmgt/memory.ts";
import { AgentError } from "../../agent/core/errors.ts";
import { Pulse } from "../../agent/core/pulse.ts";
import { KeyedLock } from "../../agent/core/keyed-lock.ts";
import type { VgpuId } from "../../agent/core/ids.ts";
import { Lookout } from "../../agent/inventory/lookout.ts";
import { Snapshot } from "../../agent/inventory/snapshot.ts";
import { Adoption } from "../../agent/lifecycle/adoption.ts";
import { nothingToBook } from "../../agent/lifecycle/booked.ts";
import { Admission, type PlacementEvent } from "../../agent/lifecycle/admission.ts";
import { DomainService } from "../../agent/lifecycle/domain-service.ts";
import { Drains, type DrainRecord, nothingDrained } from "../../agent/lifecycle/drains.ts";
import { Expiry } from "../../agent/lifecycle/expiry.ts";
import { Driver, type LifecycleEvent } from "../../agent/lifecycle/driver.ts";
import { Intents } from "../../agent/lifecycle/intents.ts";
import { Ledger } from "../../agent/lifecycle/ledger.ts";
import { Operations } from "../../agent/lifecycle/operations.ts";
import { Reconciliation } from "../../agent/lifecycle/reconciliation.ts";
import { Reconciler } from "../../agent/lifecycle/reconciler.ts";
import { learnRefusal } from "../../agent/lifecycle/refusals.ts";
import { ReservationService } from "../../agent/lifecycle/reservation-service.ts";
import { ReturnedDomains } from "../../agent/lifecycle/returned-domains.ts";
import { SpecGate } from "../../agent/lifecycle/spec-gate.ts";
import { SettingKeeper, type Mended } from "../../agent/lifecycle/setting-keeper.ts";
import { VirtualFunctionService } from "../../agent/lifecycle/virtual-function-service.ts";
import { VgpuService } from "../../agent/lifecycle/vgpu-service.ts";
import type { DeviceModel } from "../../agent/lifecycle/ports.ts";
import type { StoragePaths } from "../../agent/lifecycle/storage-paths.ts";
import { FakeClock } from "./clock.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeGpu } from "./fake-kernel.ts";
import { ownVgpuId, pciAddress } from "./ids.ts";
import { MemoryStore } from "./memory-store.ts";
import { GpuModes, type ModeRecord } from "../../agent/lifecycle/gpu-modes.ts";
import type { Hindrance } from "../../agent/diagnosis/hindrance.ts";
import { GpuModeService } from "../../agent/lifecycle/gpu-mode-service.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
export const TOMBSTONES_KEPT = 20;
export const RENDER_SEATS = 3;

/** Storage below `/srv`; links do not exist. */
const storage: StoragePaths = {
  disk: async (path, _format, field) => ({ path: await below(path, field), source: "file", backing: [] }),
  file: below,
  log: below,
};

async function below(path: string, field: string): Promise<string> {
  if (path.startsWith("/srv/")) return Promise.resolve(path);
  throw new AgentError("PATH_NOT_ALLOWED", `${path} is outside /srv`, { field });
}

const policy = { networks: ["default"], bridges: ["br0"], allowRawXml: true };

/** What lives from one start of the agent to its end. */
interface Agent {
  readonly ledger: Ledger;
  readonly drains: Drains;
  readonly lookout: Lookout;
  readonly operations: Operations;
  readonly driver: Driver;
  readonly service: DomainService;
  readonly vgpus: VgpuService;
  readonly reservations: ReservationService;
  readonly expiry: Expiry;
  readonly reconciler: Reconciler;
  readonly reconciliation: Reconciliation;
  readonly adoption: Adoption;
  readonly modes: GpuModes;
  readonly gpuModes: GpuModeService;
  readonly virtualFunctions: VirtualFunctionService;
  readonly settings: SettingKeeper;
  readonly stop: AbortController;
}

export class FakeNode {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly host: FakeHost;
  readonly events: LifecycleEvent[] = [];
  /** What went wrong in rounds of the reconciler. */
  readonly troubles: unknown[] = [];
  /** GPUs that were made as they were set, or could not be. */
  readonly mended: Mended[] = [];
  /** Every decision where a vGPU goes. */
  readonly placements: PlacementEvent[] = [];
  #drained: DrainRecord = nothingDrained;
  #modes: ModeRecord = new Map();
  #issued = 0;
  #agent: Agent;

  /** One GPU per aperture, MiB. */
  constructor(...apertures: readonly number[]) {
    const sizes = apertures.length > 0 ? apertures : [512];
    const gpus = sizes.map((aperture, n) => new FakeGpu(pciAddress(n), aperture));
    this.host = new FakeHost({ gpus, wall: () => this.clock.wall() });
    this.#agent = this.#start();
  }

  get adoption(): Adoption {
    return this.#agent.adoption;
  }
  get reconciliation(): Reconciliation {
    return this.#agent.reconciliation;
  }

  /** Holds from the next start on. */
  deviceModel: DeviceModel | undefined;
  /** What keeps GPUs from modes. */
  hindrance: Hindrance | undefined;
  /** What the host would lose with a GPU that is given away. */
  displayLost: string | undefined;
  /** How many vGPUs callers may have; holds from the next start on. */
  maxVgpus = 1_000;
  /** What the reconciler promises. */
  readonly pulse = new Pulse(() => this.clock.now());

  get ledger(): Ledger {
    return this.#agent.ledger;
  }
  get drains(): Drains {
    return this.#agent.drains;
  }
  get modes(): GpuModes {
    return this.#agent.modes;
  }
  get gpuModes(): GpuModeService {
    return this.#agent.gpuModes;
  }
  get virtualFunctions(): VirtualFunctionService {
    return this.#agent.virtualFunctions;
  }
  get settings(): SettingKeeper {
    return this.#agent.settings;
  }
  get lookout(): Lookout {
    return this.#agent.lookout;
  }
  get operations(): Operations {
    return this.#agent.operations;
  }
  get driver(): Driver {
    return this.#agent.driver;
  }
  get service(): DomainService {
    return this.#agent.service;
  }
  get vgpus(): VgpuService {
    return this.#agent.vgpus;
  }
  get reservations(): ReservationService {
    return this.#agent.reservations;
  }
  get expiry(): Expiry {
    return this.#agent.expiry;
  }
  get reconciler(): Reconciler {
    return this.#agent.reconciler;
  }

  /** The agent does nothing any more. */
  stop(): void {
    this.#agent.stop.abort();
  }

  /** The old agent does nothing any more, whatever it was in the middle of; a new one finds its ledger and the host. */
  restart(): void {
    this.#agent.stop.abort();
    this.host.before = () => Promise.resolve();
    this.host.after = () => Promise.resolve();
    this.store.heal();
    this.#agent = this.#start();
  }

  /** The record of what GPUs were set to is gone from the next start on. */
  loseModes(): void {
    this.#modes = new Map();
  }

  /** Rounds of the reconciler until no drive is under way. */
  async converge(): Promise<void> {
    await this.clock.until(this.reconciler.round());
    while (this.driver.busy) await this.clock.until(this.driver.idle());
  }

  #start(): Agent {
    const { clock, host, events } = this;
    const stop = new AbortController();
    const ledger = new Ledger(this.store, this.store.records);
    const drains = new Drains({
      record: this.#drained,
      store: {
        write: (record) => {
          this.#drained = record;
          return Promise.resolve();
        },
      },
      wall: () => clock.wall(),
    });
    const modes = new GpuModes({
      record: this.#modes,
      store: {
        write: (record) => {
          this.#modes = record;
          return Promise.resolve();
        },
      },
    });
    const snapshot = new Snapshot(rememberGvtg);
    const lookout = new Lookout({ look: () => host.look(), snapshot, stop: stop.signal });
    const operations = new Operations();
    const hands = {
      slices: host,
      domains: host,
      hypervisor: () => Promise.resolve({ domainType: "kvm" } as const),
      deviceModel: this.deviceModel,
      gpuLock: new KeyedLock<ReturnType<typeof pciAddress>>(),
    };
    const newVgpuId = (): VgpuId => ownVgpuId(this.#next());
    const gate = new SpecGate(storage, () => policy);
    const admission = new Admission({
      ...{
        ledger,
        drains,
        modes,
        clock,
        gate,
        bookings: nothingToBook,
        newVgpuId,
        rule: gvtgCapacity,
        renderSeats: () => RENDER_SEATS,
      },
      maxVgpus: this.maxVgpus,
      onPlacement: (event) => this.placements.push(event),
    });
    const newOperationId = (): string => `operation-${this.#next()}`;
    const driver = new Driver({
      ...{ ledger, lookout, admission, hands, operations, clock, newOperationId, stop: stop.signal },
      random: () => 0.5,
      onEvent: (event) => {
        events.push(event);
        learnRefusal(snapshot, event, clock.wall());
      },
    });
    const intents = new Intents({ ledger, lookout, driver, operations, clock, newOperationId });
    const service = new DomainService({
      ...{ ledger, admission, lookout, intents, clock },
      returned: new ReturnedDomains({ ledger, lookout, driver }),
      byDeviceModel: false,
    });
    const vgpus = new VgpuService({ ledger, modes, admission, lookout, intents, clock });
    const expiry = new Expiry({ ledger, driver, clock, stop: stop.signal });
    const reservations = new ReservationService({ ledger, admission, lookout, clock });
    const changes = {
      ...{ ledger, lookout, modes, functions: host, stop: stop.signal },
      told: new Map(),
      turns: new KeyedLock<ReturnType<typeof pciAddress>>(),
    };
    const virtualFunctions = new VirtualFunctionService({ ...changes, examine: () => Promise.resolve() });
    const settings = new SettingKeeper({
      ...changes,
      clock,
      onMended: (mended) => this.mended.push(mended),
    });
    const reconciler = new Reconciler({
      ...{ ledger, lookout, driver, clock, newOperationId, stop: stop.signal },
      pulse: this.pulse,
      resyncMs: () => 60_000,
      busyResyncMs: 5_000,
      settleMs: 100,
      tombstoneMs: { domain: 3 * DAY_MS, vgpu: 3 * DAY_MS, reservation: DAY_MS },
      tombstonesKept: TOMBSTONES_KEPT,
      onRebuilt: () => undefined,
      onLook: (inventory) => {
        settings.mend(inventory);
      },
      onError: (error) => this.troubles.push(error),
    });
    host.onChange = () => {
      driver.wake();
    };
    const reconciliation = new Reconciliation({ ledger, lookout, driver, reconciler, clock });
    const adoption = new Adoption({
      ledger,
      modes,
      lookout,
      marks: host,
      clock,
      newOperationId,
      stop: stop.signal,
    });
    const hindrance = (): Promise<Hindrance | undefined> => Promise.resolve(this.hindrance);
    const displayLost = (): string | undefined => this.displayLost;
    const gpuModes = new GpuModeService({ ...changes, hindrance, displayLost });
    const services = {
      virtualFunctions,
      settings,
      service,
      vgpus,
      reservations,
      expiry,
      reconciliation,
      adoption,
      gpuModes,
    };
    return { ledger, drains, modes, lookout, operations, driver, reconciler, stop, ...services };
  }

  #next(): number {
    this.#issued += 1;
    return this.#issued;
  }
}
