// The way of the data, put together: what is looked at, counted and changed, and with which adapters. What belongs together for one
// reason has a file of its own beside this one; here is who knows whom.
import type { ListedType } from "../backends/xengt/whitelist.ts";
import { hypervisorOf, seatLimitOf, seatsByGpuOf } from "../config/schema.ts";
import { rememberGvtg } from "../backends/kvmgt/memory.ts";
import { systemClock as clock } from "../core/clock.ts";
import { Pulse } from "../core/pulse.ts";
import { fileThreads } from "../host/file-threads.ts";
import { RootedFiles } from "../host/files.ts";
import { PatientFiles } from "../host/patient-files.ts";
import type { Diagnostician } from "../diagnosis/diagnostician.ts";
import { vgtCountsOf } from "../diagnosis/vgt-counts.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import { XenstoreGuests } from "../host/xenstore-guests.ts";
import type { KernelVgpu } from "../inventory/model.ts";
import { Lookout } from "../inventory/lookout.ts";
import { Snapshot } from "../inventory/snapshot.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { nobodyListens } from "../lifecycle/crash-points.ts";
import type { Driver } from "../lifecycle/driver.ts";
import { promisedSlice } from "../lifecycle/holdings.ts";
import { Ledger, type LedgerStore } from "../lifecycle/ledger.ts";
import { Operations } from "../lifecycle/operations.ts";
import { Reconciliation } from "../lifecycle/reconciliation.ts";
import type { Reconciler } from "../lifecycle/reconciler.ts";
import { toldFunctions } from "../lifecycle/told-functions.ts";
import type { Metrics } from "../observation/metrics.ts";
import type { MetricsView } from "../observation/view.ts";
import type { SchedulerKeeper } from "../schedulers/keeper.ts";
import { composeAdmission } from "./admission.ts";
import type { AgentOptions } from "./agent-options.ts";
import { countedStore } from "./counted-store.ts";
import { composeDaemons, type Daemons } from "./daemons.ts";
import { composeDiagnostician, readHostd, readOrphans, roomsOf } from "./diagnosis.ts";
import { composeDriver } from "./driver.ts";
import { composeGpuChanges, type GpuChanges } from "./gpu-changes.ts";
import { tellOfTrouble } from "./ledger-health.ts";
import { composeLook } from "./look.ts";
import { composeMachine, type MachineWatch } from "./machine.ts";
import { composeMetrics, metricsView } from "./metrics.ts";
import { composeReconciler } from "./reconciler.ts";
import { composeRecords, type KeptRecords, type Records } from "./records.ts";
import { readScheduler, viewScheduler } from "./scheduler-reading.ts";
import { composeScheduler, type SchedulerGiven, type Scheduling } from "./scheduler.ts";
import { composeServices, type Services } from "./services.ts";
import { composeFunctions, sliceCapacity } from "./slices.ts";
import { unknownGpusLog } from "./unknown-gpus-log.ts";
import { composeUse, type Use } from "./use.ts";
import type { TlsInUse } from "./tls-in-use.ts";
import { composeSweep, composeXengt, readDeviceModel } from "./xengt.ts";

export interface Stages
  extends
    Records,
    Services,
    Pick<Daemons, "libvirt">,
    Pick<Use, "sampler" | "gpuUse" | "domainHistory">,
    Omit<GpuChanges, "settings"> {
  readonly view: () => MetricsView;
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly hostd: Pick<HostdClient, "standing">;
  readonly driver: Driver;
  readonly reconciler: Reconciler;
  readonly reconciliation: Reconciliation;
  readonly operations: Operations;
  readonly diagnostician: Diagnostician;
  readonly metrics: Metrics;
  /** The reconciler's. */
  readonly pulse: Pulse;
  readonly machine: MachineWatch;
  /** Undefined where no scheduler is in front of this host. */
  readonly schedulerKeeper: SchedulerKeeper | undefined;
  readonly schedulerInFront: Scheduling["inFront"];
  readonly tls: TlsInUse;
}

/** What the state directory holds, and what writes there. */
interface Durable extends KeptRecords {
  readonly store: LedgerStore;
  readonly claims: readonly Claim[];
}

/** What is read before the agent begins. */
export interface Given extends Durable {
  /** The operator's types of XenGT; undefined: the usual ones. */
  readonly xengtTypes: readonly ListedType[] | undefined;
  readonly scheduler: SchedulerGiven;
  readonly tls: TlsInUse;
}

/** Each part is made of those before it; what it tells one that comes later, as the reconciler, it tells once all are there. */
export function composeStages(
  { config, configuration, simulator, version, revision, log, onPoint = nobodyListens }: AgentOptions,
  given: Given,
  cut: AbortSignal,
): Stages {
  const lookAgain = (): void => {
    reconciler.trigger();
  };
  const files = new PatientFiles({
    ...{ files: new RootedFiles(config.host_root), clock, stop: cut },
    threads: fileThreads.devices,
    onAnswer: lookAgain,
  });
  const snapshot = new Snapshot(rememberGvtg);
  const renderSeats = seatLimitOf(config);
  const view = (): MetricsView =>
    metricsView(snapshot, ledger, {
      ...{ rule: sliceCapacity, renderSeats },
      ...{ drains: drains.current, modes: modes.current },
    });
  const metrics = composeMetrics(
    { version, revision, log },
    {
      view: () => ({
        ...view(),
        now: clock.wall(),
        hypervisor: hypervisorOf(config),
        diagnosis: diagnostician.latest,
        stalledBy: ({ operation }) => operation && operations.stalledBy(operation.id),
        scheduler: viewScheduler(schedulerKeeper?.standing, config.scheduler, clock),
      }),
      use: () => use,
    },
  );
  const { recorder } = metrics;
  const ledger = new Ledger(
    countedStore(given.store, recorder, clock),
    given.claims,
    tellOfTrouble(recorder, log),
  );
  const records = composeRecords(given, log);
  const { modes, drains } = records;
  const daemons = composeDaemons(config, { recorder, log, onChange: lookAgain });
  const { libvirt, hostd } = daemons;
  const use = composeUse(daemons, { files, snapshot, view, recorder, log, cut });
  const guests = new XenstoreGuests(hostd);
  const seen = (): Iterable<KernelVgpu> => snapshot.current?.vgpus.values() ?? [];
  const xengt = composeXengt(config, given.xengtTypes, { hostd, files, guests, seen, cut });
  const lookout = new Lookout({
    look: composeLook(
      {
        ...{ files, domains: libvirt, xenGuests: guests, xengt },
        promised: (domain) => promisedSlice(ledger, domain),
        before: seen,
      },
      log,
    ),
    snapshot,
    stop: cut,
  });
  const diagnostician = composeDiagnostician(config.host_root, files, {
    looks: lookout,
    libvirt,
    hostd: () => readHostd(lookout.current, { socket: config.hostd.socket, standing: hostd.standing }),
    rooms: () => roomsOf(view().gpus),
    vgtCounts: () => vgtCountsOf(lookout.current),
    engineCounting: () => use.engineUse.counting,
    deviceModel: () => readDeviceModel(xengt),
    tls: () => given.tls.read(clock.wall()),
    orphans: () => readOrphans(ledger, lookout),
    scheduler: () => readScheduler(schedulerKeeper?.standing, config.scheduler, clock),
    settings: () => (lookout.current ? settings.standings(lookout.current) : new Map()),
  });
  const operations = new Operations((operation) => {
    recorder.operation(operation);
  });
  const scheduling = composeScheduler(config.scheduler, given.scheduler, {
    ...{ view, lookout, drains, diagnostician, log, recorder: recorder.scheduler, stop: cut },
    version: () => [lookout.current?.revision, ledger.version, drains.current, modes.current],
  });
  const { keeper: schedulerKeeper, bookings, onNoRoom } = scheduling;
  const admission = composeAdmission(configuration, {
    ...{ ledger, drains, modes, renderSeats, bookings },
    ...{ log, onNoRoom },
  });
  const driver = composeDriver(daemons, {
    ...{ ledger, lookout, admission, operations, onPoint },
    ...{ files, snapshot, xengt, recorder, log, cut },
  });
  const functions = toldFunctions(composeFunctions(hostd, files), onPoint);
  const { settings, ...gpuChanges } = composeGpuChanges({
    ...{ ledger, lookout, modes, functions, diagnostician, log, cut },
  });
  const sweep = xengt && composeSweep(xengt, { log, cut, onSwept: lookAgain });
  const tellUnknownGpus = unknownGpusLog(log, seatsByGpuOf(config));
  const pulse = new Pulse(clock.now);
  const reconciler = composeReconciler({
    ...{ ledger, lookout, driver, pulse, metrics, configuration, log, cut },
    onLook: (inventory) => {
      settings.mend(inventory);
      sweep?.look(inventory);
      tellUnknownGpus(inventory);
    },
  });
  const services = composeServices({
    ...{ ledger, lookout, driver, operations, modes, admission, libvirt, onPoint, cut },
    byDeviceModel: xengt?.deviceModel !== undefined,
  });
  return {
    ...{ view, ledger, lookout, driver, operations, diagnostician, metrics, reconciler, pulse },
    schedulerKeeper,
    schedulerInFront: scheduling.inFront,
    tls: given.tls,
    ...{ ...records, ...daemons, ...use, ...gpuChanges, ...services },
    reconciliation: new Reconciliation({ ledger, lookout, driver, reconciler, clock }),
    machine: composeMachine({ simulated: simulator !== undefined }),
  };
}
