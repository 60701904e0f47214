// The driver of claims with what its steps are done by, and who hears of each.
import { randomUUID } from "node:crypto";
import { systemClock as clock } from "../core/clock.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import type { Log } from "../host/journal.ts";
import { logLifecycle } from "../host/lifecycle-log.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import { Driver, type DriverOptions } from "../lifecycle/driver.ts";
import { learnRefusal } from "../lifecycle/refusals.ts";
import type { Recorder } from "../observation/recorder.ts";
import type { Daemons } from "./daemons.ts";
import { composeSlices } from "./slices.ts";
import type { Xengt } from "./xengt.ts";

export function composeDriver(
  { libvirt, hostd }: Daemons,
  parts: Pick<DriverOptions, "ledger" | "lookout" | "admission" | "operations" | "onPoint"> & {
    readonly files: HostFiles;
    readonly snapshot: Snapshot;
    /** Undefined on a host without Xen. */
    readonly xengt: Xengt | undefined;
    readonly recorder: Recorder;
    readonly log: Log;
    readonly cut: AbortSignal;
  },
): Driver {
  const { files, snapshot, xengt, recorder, log, cut, ...stages } = parts;
  return new Driver({
    ...{ ...stages, clock, random: Math.random, stop: cut },
    newOperationId: randomUUID,
    hands: {
      slices: composeSlices(hostd, files, { libvirt, xengt: xengt?.slices }),
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
}
