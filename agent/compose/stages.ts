// The way of the data, put together: what is looked at, counted and changed, and with which adapters.
import { randomBytes, randomUUID } from "node:crypto";
import type { ListedType } from "../backends/xengt/whitelist.ts";
import type { Configuration } from "../config/configuration.ts";
import { hypervisorOf, limitsOf, seatLimitOf, seatsByGpuOf } from "../config/schema.ts";
import { rememberGvtg } from "../backends/kvmgt/memory.ts";
import { systemClock as clock } from "../core/clock.ts";
import { Pulse } from "../core/pulse.ts";
import type { PciAddress } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import { issueVgpuId } from "../core/vgpu-mark.ts";
import { fileThreads } from "../host/file-threads.ts";
import { RootedFiles } from "../host/files.ts";
import { PatientFiles } from "../host/patient-files.ts";
import { Diagnostician } from "../diagnosis/diagnostician.ts";
import { vgtCountsOf } from "../diagnosis/vgt-counts.ts";
import { displayLost, hindranceOf } from "../diagnosis/hindrance.ts";
import { HostdClient } from "../host/hostd-client.ts";
import { logLifecycle, logMended, logPlacement } from "../host/lifecycle-log.ts";
import { LibvirtHost } from "../host/libvirt.ts";
import { XenstoreGuests } from "../host/xenstore-guests.ts";
import { inTurns, StorageRoots } from "../host/storage-roots.ts";
import type { KernelVgpu } from "../inventory/model.ts";
import { Lookout } from "../inventory/lookout.ts";
import { Snapshot } from "../inventory/snapshot.ts";
import { Admission } from "../lifecycle/admission.ts";
import { Adoption } from "../lifecycle/adoption.ts";
import { DomainService } from "../lifecycle/domain-service.ts";
import { Drains, type DrainOptions } from "../lifecycle/drains.ts";
import { Driver } from "../lifecycle/driver.ts";
import { GpuModeService } from "../lifecycle/gpu-mode-service.ts";
import { GpuModes, type GpuModesOptions } from "../lifecycle/gpu-modes.ts";
import { Expiry } from "../lifecycle/expiry.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { Intents } from "../lifecycle/intents.ts";
import { Ledger, type LedgerStore } from "../lifecycle/ledger.ts";
import { promisedSlice } from "../lifecycle/holdings.ts";
import { nobodyListens } from "../lifecycle/crash-points.ts";
import { learnRefusal } from "../lifecycle/refusals.ts";
import { ReservationService } from "../lifecycle/reservation-service.ts";
import { SpecGate } from "../lifecycle/spec-gate.ts";
import { SettingKeeper } from "../lifecycle/setting-keeper.ts";
import { toldFunctions } from "../lifecycle/told-functions.ts";
import { toldMarks } from "../lifecycle/told-marks.ts";
import { VirtualFunctionService } from "../lifecycle/virtual-function-service.ts";
import { VgpuService } from "../lifecycle/vgpu-service.ts";
import { Operations } from "../lifecycle/operations.ts";
import { Reconciliation } from "../lifecycle/reconciliation.ts";
import type { Reconciler } from "../lifecycle/reconciler.ts";
import type { DomainSampler } from "../observation/domain-sampler.ts";
import { DomainStatsHistory } from "../observation/domain-stats.ts";
import { GpuSensors } from "../observation/gpu-sensors.ts";
import type { GpuUseSampler } from "../observation/gpu-use-sampler.ts";
import type { Metrics } from "../observation/metrics.ts";
import type { MetricsView } from "../observation/view.ts";
import type { AgentOptions } from "./agent-options.ts";
import { countedStore } from "./counted-store.ts";
import { unknownGpusLog } from "./unknown-gpus-log.ts";
import { composeMetrics, metricsView } from "./metrics.ts";
import { composeFunctions, composeSlices, sliceCapacity } from "./slices.ts";
import { composeDiagnostician, readHostd, roomsOf } from "./diagnosis.ts";
import { composeMachine, type MachineWatch } from "./machine.ts";
import { composeSampler, HISTORY } from "./domain-sampler.ts";
import { composeGpuUse } from "./gpu-use.ts";
import { composeSliceUse } from "./slice-use.ts";
import { tellOfTrouble } from "./ledger-health.ts";
import { composeLook } from "./look.ts";
import { composeReconciler } from "./reconciler.ts";
import { unreadLog } from "./unread-log.ts";
import { composeSweep, composeXengt, readDeviceModel } from "./xengt.ts";

export interface Stages {
  readonly view: () => MetricsView;
  readonly ledger: Ledger;
  readonly drains: Drains;
  readonly modes: GpuModes;
  readonly lookout: Lookout;
  readonly libvirt: LibvirtHost;
  readonly hostd: Pick<HostdClient, "standing">;
  readonly driver: Driver;
  readonly reconciler: Reconciler;
  readonly reconciliation: Reconciliation;
  readonly adoption: Adoption;
  readonly gpuModes: GpuModeService;
  readonly virtualFunctions: VirtualFunctionService;
  readonly operations: Operations;
  readonly domains: DomainService;
  readonly vgpus: VgpuService;
  readonly reservations: ReservationService;
  readonly expiry: Expiry;
  readonly diagnostician: Diagnostician;
  readonly metrics: Metrics;
  readonly sampler: DomainSampler;
  readonly gpuUse: GpuUseSampler;
  /** What domains used in the last minutes. */
  readonly domainHistory: DomainStatsHistory;
  /** The reconciler's. */
  readonly pulse: Pulse;
  readonly machine: MachineWatch;
}

/** What the state directory holds, and what writes there. */
interface Durable {
  readonly store: LedgerStore;
  readonly claims: readonly Claim[];
  readonly drained: Pick<DrainOptions, "store" | "record">;
  readonly modes: GpuModesOptions;
}

/** What is read before the agent begins. */
export interface Given extends Durable {
  /** The operator's types of XenGT; undefined: the usual ones. */
  readonly xengtTypes: readonly ListedType[] | undefined;
}

export function composeStages(
  { config, configuration, simulator, version, revision, log, onPoint = nobodyListens }: AgentOptions,
  { store, claims, drained, modes: kept, xengtTypes }: Given,
  cut: AbortSignal,
): Stages {
  const patient = new PatientFiles({
    ...{ files: new RootedFiles(config.host_root), clock, stop: cut },
    threads: fileThreads.devices,
    onAnswer: () => {
      reconciler.trigger();
    },
  });
  const snapshot = new Snapshot(rememberGvtg);
  const { vgpus: maxVgpus } = limitsOf(config);
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
        domainStats: sampler.view,
        diagnosis: diagnostician.latest,
        sensors: sensors.view,
        gpuUse: gpuUse.view,
        sliceUse: sliceUse.view,
        stalledBy: ({ operation }) => operation && operations.stalledBy(operation.id),
      }),
      sampler: () => sampler,
      sensors: () => sensors,
      gpuUse: () => gpuUse,
      sliceUse: () => sliceUse,
    },
  );
  const { recorder } = metrics;
  const ledger = new Ledger(countedStore(store, recorder, clock), claims, tellOfTrouble(recorder, log));
  const modes = new GpuModes(kept);
  modes.onChange((gpu, setting) => {
    log.info({ gpu, ...setting }, setting ? "GPU is set to a mode" : "GPU has no mode set any more");
  });
  const drains = new Drains({ ...drained, wall: clock.wall });
  drains.onChange((drain, gpu) => {
    const what = gpu === undefined ? "host" : "GPU";
    log.info({ gpu, note: drain?.note }, drain ? `${what} is drained` : `${what} is no longer drained`);
  });
  const libvirt = new LibvirtHost({
    uri: config.libvirt.uri,
    socket: config.libvirt.socket,
    random: Math.random,
    wall: clock.wall,
    onChange: () => {
      recorder.trigger("libvirt");
      reconciler.trigger();
    },
    onStatus: ({ uri, connected, error }) => {
      if (connected) log.info({ uri }, "libvirt answers");
      else log.warn({ uri, why: error }, "libvirt does not answer; reads go on, changes are refused");
    },
  });
  const domainHistory = new DomainStatsHistory(HISTORY);
  const sampler = composeSampler({ libvirt, domainHistory, recorder, log, cut });
  const sensors = new GpuSensors({
    ...{ files: patient, clock },
    gpus: () => [...(snapshot.current?.gpus.values() ?? [])],
    onReading: unreadLog(log),
  });
  const hostd = new HostdClient({
    socketPath: config.hostd.socket,
    onCall: (call) => {
      recorder.hostdCall(call);
    },
  });
  const xenGuests = new XenstoreGuests(hostd);
  const seen = (): Iterable<KernelVgpu> => snapshot.current?.vgpus.values() ?? [];
  const xengt = composeXengt(config, xengtTypes, { hostd, files: patient, guests: xenGuests, seen, cut });
  const gpuUse = composeGpuUse({ hostd, snapshot, log, cut });
  const sliceUse = composeSliceUse({ hostd, snapshot, log, cut });
  const lookout = new Lookout({
    look: composeLook(
      {
        ...{ files: patient, domains: libvirt, xenGuests, xengt },
        promised: (domain) => promisedSlice(ledger, domain),
        before: seen,
      },
      log,
    ),
    snapshot,
    stop: cut,
  });
  const diagnostician = composeDiagnostician(config.host_root, patient, {
    looks: lookout,
    libvirt,
    hostd: () => readHostd(lookout.current, { socket: config.hostd.socket, standing: hostd.standing }),
    rooms: () => roomsOf(view().gpus),
    vgtCounts: () => vgtCountsOf(lookout.current),
    deviceModel: () => readDeviceModel(xengt),
    settings: () => (lookout.current ? settings.standings(lookout.current) : new Map()),
  });
  const operations = new Operations((operation) => {
    recorder.operation(operation);
  });
  const admission = new Admission({
    ...{ ledger, drains, modes, clock, rule: sliceCapacity, maxVgpus, renderSeats },
    gate: composeGate(configuration),
    newVgpuId: () => issueVgpuId(randomBytes(12)),
    onPlacement: (event) => {
      logPlacement(log, event);
    },
  });
  const driver = new Driver({
    ...{ ledger, lookout, admission, operations, clock, random: Math.random, stop: cut, onPoint },
    newOperationId: randomUUID,
    hands: {
      slices: composeSlices(hostd, patient, { libvirt, xengt: xengt?.slices }),
      domains: libvirt,
      deviceModel: xengt?.deviceModel,
      hypervisor: (signal) => libvirt.hypervisor(signal),
      gpuLock: new KeyedLock(),
    },
    onEvent: (event) => {
      recorder.lifecycle(event);
      logLifecycle(log, event);
      learnRefusal(snapshot, event, clock.wall());
    },
  });
  const pulse = new Pulse(clock.now);
  const changes = {
    ...{ ledger, lookout, modes, stop: cut },
    functions: toldFunctions(composeFunctions(hostd, patient), onPoint),
    told: new Map(),
    turns: new KeyedLock<PciAddress>(),
  };
  const virtualFunctions = new VirtualFunctionService({ ...changes, examine: () => diagnostician.refresh() });
  const settings = new SettingKeeper({
    ...changes,
    clock,
    onMended: (mended) => {
      logMended(log, mended);
    },
  });
  const sweep =
    xengt &&
    composeSweep(xengt, {
      ...{ log, cut },
      onSwept: () => {
        reconciler.trigger();
      },
    });
  const tellUnknownGpus = unknownGpusLog(log, seatsByGpuOf(config));
  const reconciler = composeReconciler({
    ...{ ledger, lookout, driver, pulse, metrics, configuration, log, cut },
    onLook: (inventory) => {
      settings.mend(inventory);
      sweep?.look(inventory);
      tellUnknownGpus(inventory);
    },
  });
  const intents = new Intents({
    ...{ ledger, lookout, driver, operations, clock },
    newOperationId: randomUUID,
  });
  const domains = new DomainService({
    ...{ ledger, admission, lookout, intents, clock },
    byDeviceModel: xengt?.deviceModel !== undefined,
  });
  const vgpus = new VgpuService({ ledger, modes, admission, lookout, intents, clock });
  const expiry = new Expiry({ ledger, driver, clock, stop: cut });
  const reservations = new ReservationService({ ledger, admission, lookout, clock });
  const reconciliation = new Reconciliation({ ledger, lookout, driver, reconciler, clock });
  const adoption = new Adoption({
    ...{ ledger, modes, lookout, clock, marks: toldMarks(libvirt, onPoint), stop: cut },
    newOperationId: randomUUID,
  });
  const gpuModes = new GpuModeService({
    ...changes,
    hindrance: async (gpu, mode) => hindranceOf(await diagnostician.refresh(), gpu, mode),
    displayLost: (gpu) => diagnostician.latest && displayLost(diagnostician.latest, gpu),
  });
  const parts = {
    gpuModes,
    virtualFunctions,
    ledger,
    drains,
    modes,
    lookout,
    libvirt,
    hostd,
    driver,
    reconciler,
    reconciliation,
    adoption,
    operations,
    domains,
    vgpus,
    reservations,
    expiry,
    diagnostician,
    metrics,
    pulse,
  };
  const machine = composeMachine({ simulated: simulator !== undefined });
  return { view, ...parts, sampler, gpuUse, domainHistory, machine };
}

/** What domains may name of this host, by the configuration as it is at each request. */
function composeGate(configuration: Configuration): SpecGate {
  const roots = new StorageRoots(() => ({
    roots: configuration.live.storage_roots,
    blockDevices: configuration.live.block_devices,
  }));
  const storage = inTurns(roots, fileThreads.storage);
  return new SpecGate(storage, () => ({
    networks: configuration.live.networks,
    bridges: configuration.live.bridges,
    allowRawXml: configuration.live.allow_raw_xml,
  }));
}
