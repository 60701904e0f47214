// Who is let in: where a vGPU goes, and what its domain may name of this host, by the configuration as it is at each request.
import { randomBytes } from "node:crypto";
import type { Configuration } from "../config/configuration.ts";
import { limitsOf } from "../config/schema.ts";
import { systemClock as clock } from "../core/clock.ts";
import { reasons } from "../core/reasons.ts";
import { issueVgpuId } from "../core/vgpu-mark.ts";
import { fileThreads } from "../host/file-threads.ts";
import type { Log } from "../host/journal.ts";
import { logPlacement } from "../host/lifecycle-log.ts";
import { inTurns, StorageRoots } from "../host/storage-roots.ts";
import { Admission, type AdmissionOptions, type PlacementEvent } from "../lifecycle/admission.ts";
import { SpecGate } from "../lifecycle/spec-gate.ts";
import { sliceCapacity } from "./slices.ts";

export function composeAdmission(
  configuration: Configuration,
  parts: Pick<AdmissionOptions, "ledger" | "drains" | "modes" | "renderSeats" | "bookings"> & {
    readonly log: Log;
    /** Told of each create that there is no room for. */
    readonly onNoRoom: () => void;
  },
): Admission {
  const { log, onNoRoom, ...accounts } = parts;
  const { vgpus: maxVgpus } = limitsOf(configuration.started);
  return new Admission({
    ...{ ...accounts, clock, rule: sliceCapacity, maxVgpus },
    gate: composeGate(configuration),
    newVgpuId: () => issueVgpuId(randomBytes(12)),
    onPlacement: (event) => {
      logPlacement(log, event);
      if (lacksRoom(event)) onNoRoom();
    },
  });
}

/** Whether a create was refused for want of room, and for nothing that its caller alone can mend. Pure. */
export function lacksRoom({
  decision,
  validateOnly,
}: Pick<PlacementEvent, "decision" | "validateOnly">): boolean {
  return !validateOnly && !decision.ok && reasons[decision.reason] === "no-room";
}

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
