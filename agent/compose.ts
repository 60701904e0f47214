// The wiring of the agent: the only file that knows which implementation stands behind which interface.
import { randomBytes, randomUUID } from "node:crypto";
import type { ApiContext } from "./api/context.ts";
import { observeCalls } from "./api/interceptors.ts";
import { ApiServer } from "./api/server.ts";
import { contractServices, servedMethods } from "./api/services.ts";
import { gvtgCapacity } from "./backends/kvmgt/capacity-rule.ts";
import { MdevBus } from "./backends/kvmgt/mdev-bus.ts";
import { KvmgtSlices } from "./backends/kvmgt/slices.ts";
import { splitAddress, type Config } from "./config.ts";
import { systemClock as clock } from "./core/clock.ts";
import type { DomainId } from "./core/ids.ts";
import { KeyedLock } from "./core/keyed-lock.ts";
import { issueVgpuId } from "./core/vgpu-mark.ts";
import { readHostFacts } from "./discovery/host-facts.ts";
import { observe } from "./discovery/observe.ts";
import { RootedFiles } from "./host/files.ts";
import { HostdClient } from "./host/hostd-client.ts";
import type { Log } from "./host/journal.ts";
import { LedgerFiles } from "./host/ledger-files.ts";
import { logLifecycle } from "./host/lifecycle-log.ts";
import { LibvirtHost } from "./host/libvirt.ts";
import { nobodysMachine, readMachine } from "./host/machine.ts";
import { serveHttp, type HttpServer } from "./host/http-server.ts";
import { StorageRoots } from "./host/storage-roots.ts";
import { watchUdev } from "./host/udev.ts";
import { listenUnix } from "./host/unix-listener.ts";
import { Lookout } from "./inventory/lookout.ts";
import { Snapshot } from "./inventory/snapshot.ts";
import { Admission } from "./lifecycle/admission.ts";
import { DomainService } from "./lifecycle/domain-service.ts";
import { Driver } from "./lifecycle/driver.ts";
import { Ledger } from "./lifecycle/ledger.ts";
import { Operations } from "./lifecycle/operations.ts";
import { Reconciler } from "./lifecycle/reconciler.ts";
import { domainViews, gpuViews, vgpuViews } from "./lifecycle/views.ts";
import { Metrics } from "./observation/metrics.ts";
import { rpcCodeName } from "./observation/rpc-codes.ts";
import { siteOf } from "./observation/site.ts";
import { statusPage } from "./observation/status-page/page.ts";
import type { StatusSource } from "./observation/status-page/model.ts";
import type { MetricsView } from "./observation/view.ts";
import { runTasks, type Task } from "./tasks.ts";

export interface AgentOptions {
  readonly config: Config;
  readonly version: string;
  /** Whether the host is a simulated one; shown by GetHost. */
  readonly simulated: boolean;
  /** The contract's descriptor set, for reflection. */
  readonly descriptorSet: Buffer;
  readonly log: Log;
  /** Told once, when the agent serves. */
  readonly onReady: (addresses: { readonly socket: string; readonly metrics: string }) => void;
}

const RESYNC_MS = 60_000;
const BUSY_RESYNC_MS = 5_000;
/** The contract promises a day; three also cover a caller that was down over a weekend. */
const TOMBSTONE_MS = 3 * 24 * 60 * 60 * 1000;
/** How long an orderly stop waits for calls, and then for claims on their way; the next start goes on with what is left. */
const STOP_GRACE_MS = 10_000;
/** For the answers of calls that the end of the grace cut off. */
const CUT_MS = 1_000;
/** Between two tries of the first look, while the kernel's facts cannot be read. */
const FIRST_LOOK_RETRY_MS = 1_000;

/** Runs until `stop` aborts, then stops in order. Rejects when something it cannot be without fails. */
export async function runAgent(options: AgentOptions, stop: AbortSignal): Promise<void> {
  const { config, log } = options;
  await using store = await LedgerFiles.open(config.state_dir);
  const { claims, setAside } = await store.load();
  for (const { file, why } of setAside) log.error({ file, why }, "ledger record set aside");
  // Looks, steps and libvirt's connection outlive `stop`: claims on their way get a chance to arrive.
  const cut = new AbortController();
  const stages = await composeStages(options, new Ledger(store, claims), cut.signal);
  const api = composeApi(options, stages, { unreadableRecords: setAside.length, stop });

  await using listener = await listenUnix(config.socket, (socket) => {
    api.accept(socket);
  });
  const http = await serveSite(options, stages, { unreadableRecords: setAside.length, cut: cut.signal });
  const onSeen = (): void => {
    api.setServing(true);
    options.onReady({ socket: listener.path, metrics: `${http.url}/metrics` });
  };
  const running = runTasks(tasksOf(options, stages, onSeen), cut.signal);
  try {
    await Promise.race([running, aborted(stop)]);
    log.info("stopping");
    // A connection that does not follow its GOAWAY is cut with the listener.
    await Promise.race([api.stop(STOP_GRACE_MS), clock.sleep(STOP_GRACE_MS + CUT_MS, cut.signal)]);
    await Promise.race([stages.driver.drain(), clock.sleep(STOP_GRACE_MS, cut.signal)]);
  } finally {
    cut.abort(new Error("vgpud stops"));
    await running.catch(() => undefined);
    await http.closed;
  }
}

interface Stages {
  readonly view: () => MetricsView;
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly libvirt: LibvirtHost;
  readonly driver: Driver;
  readonly reconciler: Reconciler;
  readonly operations: Operations;
  readonly domains: DomainService;
  readonly metrics: Metrics;
}

async function composeStages(
  { config, version, log }: AgentOptions,
  ledger: Ledger,
  cut: AbortSignal,
): Promise<Stages> {
  const files = new RootedFiles(config.host_root);
  const snapshot = new Snapshot();
  const view = (): MetricsView => metricsView(snapshot, ledger);
  const metrics = composeMetrics({ version, log }, view);
  const { recorder } = metrics;
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
  const host = await readHostFacts(files);
  const observer = { files, slices: new MdevBus(files), domains: libvirt, host, wall: clock.wall };
  const lookout = new Lookout({ look: (signal) => observe(observer, signal), snapshot, stop: cut });
  const operations = new Operations((operation) => {
    recorder.operation(operation);
  });
  const driver = new Driver({
    ...{ ledger, lookout, operations, clock, random: Math.random, stop: cut },
    hands: {
      slices: new KvmgtSlices(new HostdClient({ socketPath: config.hostd.socket }), files),
      domains: libvirt,
      hypervisor: (signal) => libvirt.hypervisor(signal),
      gpuLock: new KeyedLock(),
    },
    onEvent: (event) => {
      recorder.lifecycle(event);
      logLifecycle(log, event);
    },
  });
  const reconciler = composeReconciler({ ledger, lookout, driver, metrics, log, cut });
  const admission = new Admission({
    ...{ ledger, clock, rule: gvtgCapacity },
    storage: new StorageRoots(config.storage_roots),
    newVgpuId: () => issueVgpuId(randomBytes(12)),
  });
  const domains = new DomainService({
    ...{ ledger, admission, lookout, driver, operations, clock },
    newOperationId: randomUUID,
  });
  return { view, ledger, lookout, libvirt, driver, reconciler, operations, domains, metrics };
}

function composeReconciler(
  parts: Pick<Stages, "ledger" | "lookout" | "driver" | "metrics"> & {
    readonly log: Log;
    readonly cut: AbortSignal;
  },
): Reconciler {
  const { log, cut, metrics, ...stages } = parts;
  return new Reconciler({
    ...stages,
    clock,
    stop: cut,
    newOperationId: randomUUID,
    resyncMs: RESYNC_MS,
    busyResyncMs: BUSY_RESYNC_MS,
    tombstoneMs: TOMBSTONE_MS,
    onRound: () => {
      metrics.recorder.reconcileRound("ok");
    },
    onRebuilt: ({ claimId, domain }) => {
      metrics.recorder.claimRebuilt();
      log.warn({ claim: claimId, domain: domain.name }, "claim rebuilt from the mark of its domain");
    },
    onError: (err) => {
      if (cut.aborted) return;
      metrics.recorder.reconcileRound("failed");
      log.error({ err }, "the host could not be looked at");
    },
  });
}

function composeMetrics(
  { version, log }: Pick<AgentOptions, "version" | "log">,
  view: () => MetricsView,
): Metrics {
  return new Metrics({
    view,
    build: { version, revision: undefined, nodeVersion: process.versions.node },
    clock,
    onError: (err, collector) => {
      log.error({ err, collector }, "metrics collector failed");
    },
  });
}

function metricsView(snapshot: Snapshot, ledger: Ledger): MetricsView {
  const inventory = snapshot.current;
  const claims = ledger.all();
  if (!inventory) return { inventory, claims, gpus: [], vgpus: [], domains: [] };
  return {
    inventory,
    claims,
    gpus: gpuViews(inventory, ledger, gvtgCapacity),
    vgpus: vgpuViews(inventory, ledger),
    domains: domainViews(inventory, ledger),
  };
}

function composeApi(
  { version, simulated, descriptorSet, log }: AgentOptions,
  { ledger, lookout, libvirt, operations, domains, metrics }: Stages,
  { unreadableRecords, stop }: { readonly unreadableRecords: number; readonly stop: AbortSignal },
): ApiServer {
  // A simulated host has none of this machine's facts; on a real one they take seconds, and nothing waits for them.
  let machine = nobodysMachine;
  if (!simulated)
    void readMachine({ stop }).then((facts) => {
      machine = facts;
    });
  const context: ApiContext = {
    inventory: () => lookout.current,
    ...{ ledger, operations, domains, rule: gvtgCapacity },
    libvirt: () => libvirt.status,
    newDomainId: () => randomUUID() as string as DomainId,
    agent: {
      ...{ version, simulated, unreadableRecords },
      startedAt: clock.wall(),
      instanceEpoch: randomUUID(),
      machine: () => machine,
    },
  };
  const observed = observeCalls(clock.now, (call) => {
    metrics.recorder.rpc(call);
    const { method, seconds, message } = call;
    const code = rpcCodeName(call.code);
    const told = { method, code, ms: Math.round(seconds * 1000) };
    log.info(code === "OK" ? told : { ...told, message }, "call");
  });
  const services = contractServices(context);
  metrics.recorder.announceMethods(servedMethods(services));
  return new ApiServer({ services, descriptorSet, interceptors: [observed] });
}

function serveSite(
  { config, version, simulated, log }: AgentOptions,
  { view, lookout, libvirt, operations, metrics }: Stages,
  { unreadableRecords, cut }: { readonly unreadableRecords: number; readonly cut: AbortSignal },
): Promise<HttpServer> {
  const agent = { version, simulated, unreadableRecords, startedAt: clock.wall() };
  const source = (): StatusSource => ({
    ...{ view: view(), agent, libvirt: libvirt.status, now: clock.wall() },
    stalledBy: ({ operation }) => operations.stalledBy(operation.id),
    history: { spanMs: 600_000, readings: [] },
  });
  return serveHttp({
    ...splitAddress(config.metrics.listen),
    site: siteOf({
      scrape: (accept) => metrics.render(accept),
      status: (query) => statusPage(source(), query),
      whyNotReady: () => (lookout.current ? undefined : "the first look at the host is not over"),
    }),
    stop: cut,
    onError: (err) => {
      log.error({ err }, "an HTTP page could not be made");
    },
  });
}

function tasksOf({ config, log }: AgentOptions, stages: Stages, onSeen: () => void): Task[] {
  const { libvirt, lookout, reconciler, metrics } = stages;
  const reconcile: Task = {
    name: "reconciler",
    run: async (signal) => {
      if (!(await firstLook(lookout, log, signal))) return;
      const gpus = [...(lookout.current?.gpus.values() ?? [])];
      const offers = gpus.map(({ address, types }) => `${address} offers ${types.length} vGPU types`);
      log.info({ gpus: offers, claims: stages.ledger.living().length }, "the host is seen");
      onSeen();
      await reconciler.run();
    },
  };
  const udev: Task = {
    name: "udev",
    run: (signal) =>
      watchUdev(
        {
          clock,
          onEvent: () => {
            metrics.recorder.trigger("udev");
            reconciler.trigger();
          },
          onLost: (why, retryInMs) => {
            log.warn({ why, retryInMs }, "udev is not watched; changes are seen at the next resync");
          },
        },
        signal,
      ),
  };
  const connect: Task = { name: "libvirt", run: (signal) => libvirt.run(signal) };
  // A copied or simulated tree has no udev of its own, and this machine's does not concern it.
  return config.host_root === "/" ? [connect, reconcile, udev] : [connect, reconcile];
}

/** Readiness needs the kernel's facts, and waits for them as long as it takes (law 5). False when stopped before. */
async function firstLook(lookout: Lookout, log: Log, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await lookout.fresh();
      return true;
    } catch (err) {
      log.error({ err }, "the kernel's facts cannot be read");
      await clock.sleep(FIRST_LOOK_RETRY_MS, signal).catch(() => undefined);
    }
  }
  return false;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
