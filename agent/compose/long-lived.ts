// What runs as long as the agent does: libvirt's connection, the reconciler, the end of reservations, the watch on udev.
import { systemClock as clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { superviseUntil } from "../host/systemd/supervision.ts";
import { monitorAt, udevadm, watchUdev, type Monitor } from "../host/udev.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { statusLine } from "../observation/status-line.ts";
import type { Task } from "../tasks.ts";
import type { AgentOptions } from "./agent-options.ts";
import { diagnosisTask } from "./diagnosis.ts";
import { ledgerTask } from "./ledger-health.ts";
import { amissWords } from "./scheduler-words.ts";
import type { Stages } from "./stages.ts";

/** Between two tries of the first look, while the kernel's facts cannot be read. */
const FIRST_LOOK_RETRY_MS = 2_000;
/** By which each failed first look puts off the end of systemd's patience: what fails may get well, what hangs not. */
const START_EXTENSION_MS = 30_000;

export function tasksOf(options: AgentOptions, stages: Stages, onSeen: () => void): Task[] {
  const { log, manager } = options;
  const { libvirt, lookout, reconciler, expiry, metrics, sampler, schedulerKeeper: keeper } = stages;
  const reconcile: Task = {
    name: "reconciler",
    run: async (signal) => {
      if (!(await firstLook(lookout, options, signal))) return;
      const gpus = [...(lookout.current?.gpus.values() ?? [])];
      const offers = gpus.map(({ address, types }) => `${address} offers ${types.length} vGPU types`);
      log.info({ gpus: offers, claims: stages.ledger.living().length }, "the host is seen");
      onSeen();
      await reconciler.run();
    },
  };
  const udev = (monitor: Monitor): Task => ({
    name: "udev",
    run: (signal) =>
      watchUdev(
        {
          ...{ monitor, clock },
          onEvent: ({ subsystem, action }) => {
            metrics.recorder.uevent(subsystem, action);
            metrics.recorder.trigger("udev");
            reconciler.trigger();
          },
          onLost: (why, retryInMs) => {
            log.warn({ why, retryInMs }, "udev is not watched; changes are seen at the next resync");
          },
        },
        signal,
      ),
  });
  const connect: Task = { name: "libvirt", run: (signal) => libvirt.run(signal) };
  const sample: Task = { name: "domain sampler", run: (signal) => sampler.run(signal) };
  const expire: Task = { name: "expiry", run: () => expiry.run() };
  const ledger = ledgerTask({ ...stages, log });
  const diagnose = diagnosisTask({ ...stages, log });
  const schedule = keeper ? [{ name: "scheduler", run: (signal: AbortSignal) => keeper.run(signal) }] : [];
  const everywhere = [
    ...[connect, reconcile, ledger, expire, sample, diagnose],
    ...[...schedule, ...stages.machine.tasks],
  ];
  const monitor = monitorOf(options);
  const always = [...everywhere, ...(manager.messenger.heard ? [supervise(options, stages)] : [])];
  return monitor ? [...always, udev(monitor)] : always;
}

/** A copied tree has no udev of its own, and this machine's does not concern it. */
function monitorOf({ config, simulator }: AgentOptions): Monitor | undefined {
  if (simulator) return monitorAt(simulator.uevents);
  return config.host_root === "/" ? udevadm : undefined;
}

/** The host in one line, as `systemctl status` shows it. */
export function statusOf(
  { configuration }: AgentOptions,
  { view, libvirt, ledger, schedulerKeeper: keeper }: Stages,
): string {
  const keys = configuration.needRestart;
  const notes = [
    ...(ledger.trouble === undefined ? [] : ["the ledger cannot be written"]),
    ...(keeper ? amissWords(keeper.standing) : []),
    ...(keys.length > 0 ? [`restart needed for ${keys.join(" and ")}`] : []),
  ];
  return statusLine({ ...view(), libvirt: libvirt.status, notes });
}

function supervise(options: AgentOptions, stages: Stages): Task {
  const { manager, log } = options;
  const { messenger, watchdogMs } = manager;
  const onStuck = (overdueMs: number): void => {
    log.fatal({ overdueMs }, "the reconciler is stuck; the watchdog is not fed any more");
  };
  const told = { messenger, watchdogMs, clock, onStuck, pulse: stages.pulse };
  return {
    name: "supervision",
    run: (signal) => superviseUntil(signal, { ...told, statusLine: () => statusOf(options, stages) }),
  };
}

/** Readiness needs the kernel's facts, and waits for them as long as it takes (law 5). False when stopped before. */
async function firstLook(
  lookout: Lookout,
  { log, manager }: Pick<AgentOptions, "log" | "manager">,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await lookout.fresh();
      return true;
    } catch (err) {
      log.error({ err }, "the kernel's facts cannot be read");
      manager.messenger.send({
        STATUS: `the kernel's facts cannot be read: ${messageOf(err)}`,
        EXTEND_TIMEOUT_USEC: String(START_EXTENSION_MS * 1000),
      });
      await clock.sleep(FIRST_LOOK_RETRY_MS, signal).catch(() => undefined);
    }
  }
  return false;
}
