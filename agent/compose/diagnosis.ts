// The diagnosis of the host that the agent runs on, kept up to date.
import { systemClock as clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { DeviceModelReading } from "../diagnosis/device-model-reading.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import { Diagnostician } from "../diagnosis/diagnostician.ts";
import type { EngineCounting } from "../diagnosis/engine-counting.ts";
import { GivingWay, type Looks } from "../diagnosis/giving-way.ts";
import { hostSubject } from "../diagnosis/host-subject.ts";
import { needsHostd, type HostdReading } from "../diagnosis/hostd-reading.ts";
import type { LibvirtReading } from "../diagnosis/libvirt-reading.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";
import type { OrphanDomainsReading } from "../diagnosis/orphan-domains.ts";
import type { SchedulerReading } from "../diagnosis/scheduler-reading.ts";
import type { Rooms } from "../diagnosis/room.ts";
import type { Settings } from "../diagnosis/setting.ts";
import type { TlsReading } from "../diagnosis/tls-reading.ts";
import type { VgtCounts } from "../diagnosis/vgt-counts.ts";
import type { Log } from "../host/journal.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import { askHostd, findHostd } from "../host/hostd-reading.ts";
import { readKernelLog } from "../host/kernel-log.ts";
import type { LibvirtStatus } from "../host/libvirt-standing.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { isAlive, type Inventory } from "../inventory/model.ts";
import type { Ledger } from "../lifecycle/ledger.ts";
import { orphanDomains } from "../lifecycle/orphan-domains.ts";
import { endOfReturned } from "../lifecycle/returned-domains.ts";
import type { GpuView } from "../lifecycle/views.ts";
import type { Task } from "../tasks.ts";

/** How soon a change of the host is in the diagnosis that is shown without being asked for. */
const GLANCE_MS = 1_000;
/** What no event tells, as a setting in a file, is seen after this at the latest. */
const RENEW_MS = 60_000;

/** What libvirt is being asked about itself is waited for so long: it is known in milliseconds after its start, or hangs. */
const ASKED_MS = 500;

/** Between the end of one examination and the begin of the next. */
const REST_MS = 200;

/** What the agent itself knows, beside the host's files. */
interface Known {
  readonly looks: Looks;
  readonly libvirt: { readonly status: LibvirtStatus; readonly asked: Promise<void> };
  readonly hostd: () => Promise<HostdReading>;
  readonly rooms: () => Rooms;
  readonly settings: () => Settings;
  readonly vgtCounts: () => VgtCounts;
  readonly engineCounting: () => EngineCounting;
  readonly deviceModel: () => Promise<DeviceModelReading | undefined>;
  readonly scheduler: () => SchedulerReading;
  readonly tls: () => TlsReading;
  readonly orphans: () => Promise<OrphanDomainsReading>;
}

export function composeDiagnostician(root: string, hostFiles: ExaminedFiles, known: Known): Diagnostician {
  const examine = async () => {
    const files = new GivingWay(hostFiles, known.looks, clock);
    // The log of the kernel is none of the files.
    await files.turn();
    const kernelLog = await readKernelLog(root, files);
    const libvirt = async (): Promise<LibvirtReading> => {
      await within(ASKED_MS, known.libvirt.asked);
      return readingOf(known.libvirt.status);
    };
    const hostd = await known.hostd();
    const accounts = {
      ...{ rooms: known.rooms(), settings: known.settings() },
      ...{ vgtCounts: known.vgtCounts(), engineCounting: known.engineCounting() },
      ...{ deviceModel: await known.deviceModel(), scheduler: known.scheduler() },
      ...{ tls: known.tls(), orphans: await known.orphans() },
    };
    const host = await hostSubject(files, { kernelLog, libvirt, hostd, ...accounts });
    return { host, diagnosis: await diagnose(files, host) };
  };
  const never = new AbortController().signal;
  return new Diagnostician({ examine, wall: clock.wall, rest: () => clock.sleep(REST_MS, never) });
}

interface Parts {
  readonly diagnostician: Diagnostician;
  readonly lookout: Lookout;
  readonly ledger: { readonly version: number };
  /** Another object whenever what a GPU was set to has changed. */
  readonly modes: { readonly current: unknown };
  /** Its status is another object whenever something of it has changed. */
  readonly libvirt: { readonly status: LibvirtStatus };
  readonly hostd: Pick<HostdClient, "standing">;
  /** Its standing is another object after each round. */
  readonly schedulerKeeper: { readonly standing: unknown } | undefined;
  readonly tls: { readonly current: unknown };
  readonly log: Log;
}

export function readHostd(
  inventory: Inventory | undefined,
  { socket, standing }: { readonly socket: string; readonly standing: HostdClient["standing"] },
): Promise<HostdReading> {
  if (!inventory || !needsHostd(inventory)) return Promise.resolve({ kind: "not-needed" });
  return standing === "unasked" ? findHostd(socket) : askHostd(socket);
}

/** The accounts of every GPU that offers slices. */
export function roomsOf(gpus: readonly GpuView[]): Rooms {
  const sharing = gpus.filter(({ budget }) => budget !== undefined);
  return new Map(sharing.map((view) => [view.gpu.address, view]));
}

export async function readOrphans(
  ledger: Ledger,
  lookout: Pick<Lookout, "current" | "fresh">,
): Promise<OrphanDomainsReading> {
  const { current: inventory } = lookout;
  if (!inventory) return { known: false, why: "the host has not been looked at yet" };
  if (!inventory.domains.known) return { known: false, why: inventory.domains.why };
  try {
    const orphans = await orphanDomains(ledger, inventory, () => lookout.fresh());
    const domains = orphans.map(({ id, name, state, mark }) => ({
      ...{ id, name, claimId: mark.claimId },
      isOn: isAlive(state),
      hasEnded: endOfReturned(id, ledger, inventory) !== undefined,
    }));
    return { known: true, domains };
  } catch (error) {
    return { known: false, why: messageOf(error) };
  }
}

/** Examines again when the host, a claim, a GPU's setting, what libvirt says of itself, whether hostd answers, what came of a round with the scheduler or what TLS is served by has changed, and now and then. */
export function diagnosisTask(parts: Parts): Task {
  const { diagnostician, lookout, ledger, modes, libvirt, hostd, schedulerKeeper: keeper, tls, log } = parts;
  return {
    name: "diagnosis",
    run: async (signal) => {
      let examined: readonly unknown[] = [];
      let at = -Infinity;
      while (!signal.aborted) {
        const revision = lookout.current?.revision ?? 0;
        const ours = [revision, ledger.version, modes.current];
        const now = [...ours, libvirt.status, hostd.standing, keeper?.standing, tls.current];
        const changed = now.some((value, index) => value !== examined[index]);
        if (revision > 0 && (changed || clock.now() - at >= RENEW_MS)) {
          examined = now;
          at = clock.now();
          await untilAborted(diagnostician.refresh(), signal).catch((error: unknown) => {
            if (!signal.aborted) log.error({ why: messageOf(error) }, "the diagnosis failed");
          });
        }
        await clock.sleep(GLANCE_MS, signal).catch(() => undefined);
      }
    },
  };
}

async function within(ms: number, something: Promise<void>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([something, clock.sleep(ms, settled.signal).catch(() => undefined)]);
  settled.abort();
}

function readingOf({ uri, connected, version, driver, offered, error }: LibvirtStatus): LibvirtReading {
  if (!connected) return { asked: true, answers: false, uri, why: error ?? "not connected" };
  if (version === undefined || driver === undefined)
    return { asked: false, why: "it has just been connected to" };
  return { asked: true, answers: true, uri, version, driver, offered };
}
