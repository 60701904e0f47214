// The agent's life: open the ledger, put the parts of compose/ together, serve until told to stop, stop in order.
import { setMaxListeners } from "node:events";
import { composeApi } from "./compose/api.ts";
import type { AgentOptions } from "./compose/agent-options.ts";
import { openSocket, warnOfUnknownSockets } from "./compose/listen.ts";
import { serveSite } from "./compose/http.ts";
import { statusOf, tasksOf } from "./compose/long-lived.ts";
import { reloadWhenAsked } from "./compose/reload.ts";
import { readCertificates } from "./compose/scheduler.ts";
import { composeStages } from "./compose/stages.ts";
import { openTls, readTlsFiles } from "./compose/tls.ts";
import { TlsInUse } from "./compose/tls-in-use.ts";
import { readTypes } from "./compose/xengt.ts";
import { systemClock as clock } from "./core/clock.ts";
import { Turns } from "./core/turns.ts";
import { DrainFile } from "./host/drain-file.ts";
import { fileThreads } from "./host/file-threads.ts";
import { LedgerFiles } from "./host/ledger-files.ts";
import { readMachineId } from "./host/machine-id.ts";
import { ModeFile } from "./host/mode-file.ts";
import { SchedulerRecord } from "./host/scheduler-record.ts";
import { FINISH_MS } from "./schedulers/scheduler.ts";
import { runTasks } from "./tasks.ts";

/** How long an orderly stop waits for calls, and then for claims on their way; the next start goes on with what is left. */
const STOP_GRACE_MS = 10_000;
/** Each step under way listens for the end in a few places, and as many calls as are served may have one: more is a leak. */
const MOST_LISTENERS = 1_000;
/** For the answers of calls that the end of the grace cut off, and for connections to close. */
const CUT_MS = 1_000;

/** Runs until `stop` aborts, then stops in order. Rejects when something it cannot be without fails. */
export async function runAgent(options: AgentOptions, stop: AbortSignal): Promise<void> {
  const { config, log, manager } = options;
  const material = await readTlsFiles(config);
  const turns = new Turns(fileThreads.ledger);
  await using store = await LedgerFiles.open(config.state_dir, options.onPoint, turns);
  const { claims, setAside: unreadClaims } = await store.load();
  const kept = { stateDir: config.state_dir, turns, onPoint: options.onPoint };
  const drainFile = new DrainFile({ ...kept, wall: clock.wall });
  const { record, setAside: unreadDrains } = await drainFile.load();
  const modeFile = new ModeFile(kept);
  const { record: modes, setAside: unreadModes } = await modeFile.load();
  const setAside = [...unreadClaims, ...unreadDrains, ...unreadModes];
  for (const { file, why } of setAside) log.error({ file, why }, "ledger record set aside");
  // Looks, steps and libvirt's connection outlive `stop`: claims on their way get a chance to arrive.
  const cut = new AbortController();
  setMaxListeners(MOST_LISTENERS, cut.signal);
  const given = {
    ...{ store, claims, drained: { store: drainFile, record } },
    modes: { store: modeFile, record: modes },
    xengtTypes: await readTypes(config),
    scheduler: {
      record: await SchedulerRecord.openRoot(kept),
      counts: await SchedulerRecord.openCounts(kept),
      ca: await readCertificates(config.scheduler),
      machineId: await readMachineId(config.host_root),
    },
    tls: new TlsInUse(material),
  };
  const stages = composeStages(options, given, cut.signal);
  stages.metrics.recorder.recordsSetAside(setAside.length);
  const api = composeApi(options, stages, { unreadableRecords: setAside.length, stop });

  await using admin = await openSocket("admin", options, api);
  await using read = await openSocket("read", options, api);
  await using tls = await openTls(options, api, {
    ...{ material, inUse: given.tls, recorder: stages.metrics.recorder },
  });
  warnOfUnknownSockets(options);
  const http = await serveSite(options, stages, { unreadableRecords: setAside.length, cut: cut.signal });
  let ready = false;
  reloadWhenAsked({
    options,
    andThen: () => tls.reload(),
    // systemd would take the end of a reload for being ready.
    messenger: () => (ready ? manager.messenger : undefined),
    statusOf: () => statusOf(options, stages),
    onEnd: (outcome) => {
      stages.metrics.recorder.configReload(outcome);
    },
  });
  const onSeen = (): void => {
    api.setServing(true);
    manager.messenger.send({ READY: "1", STATUS: statusOf(options, stages) });
    ready = true;
    options.onReady({ socket: admin.at, readSocket: read.at, metrics: `${http.url}/metrics`, tls: tls.at });
  };
  const running = runTasks([...tasksOf(options, stages, onSeen), ...tls.tasks], cut.signal);
  try {
    await Promise.race([running, aborted(stop)]);
    log.info("stopping");
    manager.messenger.send({
      STOPPING: "1",
      STATUS: "finishing calls under way",
      ...patience(STOP_GRACE_MS + CUT_MS),
    });
    // A connection that does not follow its GOAWAY is cut with the listener.
    await Promise.race([api.stop(STOP_GRACE_MS), clock.sleep(STOP_GRACE_MS + CUT_MS, cut.signal)]);
    // Whoever connects from now on reaches the next agent.
    for (const listener of [admin, read, tls]) listener.stopListening();
    manager.messenger.send({ STATUS: "finishing steps under way", ...patience(STOP_GRACE_MS) });
    await Promise.race([stages.driver.drain(), clock.sleep(STOP_GRACE_MS, cut.signal)]);
    if (stages.schedulerKeeper)
      manager.messenger.send({ STATUS: "finishing what the scheduler is told", ...patience(FINISH_MS) });
  } finally {
    cut.abort(new Error("vgpud stops"));
    await running.catch(() => undefined);
    await http.closed;
  }
}

/** systemd waits so much longer, and a little more for what follows. */
function patience(ms: number): { readonly EXTEND_TIMEOUT_USEC: string } {
  return { EXTEND_TIMEOUT_USEC: String((ms + CUT_MS) * 1000) };
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
