// XenGT, where the agent serves a Xen host: which types there are, and who makes slices of them.
import { XengtDeviceModel, type LogReader } from "../backends/xengt/device-model.ts";
import { XengtSlices, type VgtWriter } from "../backends/xengt/slices.ts";
import { VgtFiles } from "../backends/xengt/vgt-files.ts";
import { VgtLeftMemory, VgtLeftNow } from "../backends/xengt/vgt-left.ts";
import { readWhitelist, type ListedType } from "../backends/xengt/whitelist.ts";
import { namedFile } from "../config/files.ts";
import { ConfigError } from "../config/problem.ts";
import { systemClock as clock } from "../core/clock.ts";
import { hypervisorOf, type FixedConfig } from "../config/schema.ts";
import { messageOf } from "../core/errors.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import type { SliceSource } from "../discovery/kernel-facts.ts";
import type { XenGuestSource } from "../discovery/xen-guests.ts";
import { VGT_BOUNDS } from "../hostd/protocol/vgt.ts";
import type { KernelVgpu } from "../inventory/model.ts";
import { VGT_RESOURCES } from "../inventory/xengt.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import { lookFailed } from "../host/hostd-looks.ts";
import type { DeviceModelReading } from "../diagnosis/device-model-reading.ts";
import type { Log } from "../host/journal.ts";
import { Sweep } from "../lifecycle/sweep.ts";

/** The operator's types; undefined where he names no list. @throws ConfigError */
export async function readTypes({ xengt }: FixedConfig): Promise<readonly ListedType[] | undefined> {
  if (xengt.types === undefined) return undefined;
  const { text } = await namedFile(xengt.types);
  try {
    return readWhitelist(text, VGT_BOUNDS);
  } catch (error) {
    throw new ConfigError([{ where: xengt.types, what: messageOf(error) }], { cause: error });
  }
}

/** What the privileged process does for it. */
export type XengtHostd = VgtWriter & LogReader & Pick<HostdClient, "vgtResources">;

export interface Xengt {
  readonly slices: XengtSlices;
  readonly sourceIn: (files: HostFiles) => SliceSource;
  /** Undefined where vgpud itself makes slices. */
  readonly deviceModel: XengtDeviceModel | undefined;
}

export function composeSweep(
  { slices }: Pick<Xengt, "slices">,
  { log, cut, onSwept }: { readonly log: Log; readonly cut: AbortSignal; readonly onSwept: () => void },
): Sweep {
  return new Sweep({
    remove: (domid, signal) => slices.sweep(domid, signal),
    stop: cut,
    onEnd: (domid, failure) => {
      if (failure === undefined) {
        log.info({ domid }, "slice of a domain that is gone was removed");
        // The kernel tells nobody of it.
        onSwept();
      } else
        log.error(
          { domid, reason: failure.reason, err: failure },
          "slice of a domain that is gone cannot be removed",
        );
    },
  });
}

/** Undefined for a host whose domains are not Xen's. */
export async function readDeviceModel(
  xengt: Pick<Xengt, "deviceModel"> | undefined,
): Promise<DeviceModelReading | undefined> {
  if (!xengt) return undefined;
  const { deviceModel } = xengt;
  if (!deviceModel) return { kind: "not-needed" };
  return { kind: "needed", path: deviceModel.path, cannot: await deviceModel.cannot() };
}

/** As patient as a look is with xenstore: on a busy dom0 hostd takes seconds. */
const LEFT_MS = 10_000;

/** Undefined for a host whose domains are not Xen's. */
export function composeXengt(
  config: FixedConfig,
  listed: readonly ListedType[] | undefined,
  on: {
    readonly hostd: XengtHostd;
    readonly files: HostFiles;
    readonly guests: XenGuestSource;
    /** Slices of the last look. */
    readonly seen: () => Iterable<KernelVgpu>;
    readonly cut: AbortSignal;
  },
): Xengt | undefined {
  if (hypervisorOf(config) !== "xen") return undefined;
  const { hostd, files, guests, seen, cut } = on;
  const memory = new VgtLeftMemory(async () => {
    const answer = await hostd.vgtResources({ signal: cut, deadlineMs: LEFT_MS });
    if (answer.kind === "vgt-resources") return answer;
    if (answer.kind === "absent") throw new Error("it is gone: the kernel's module was changed");
    throw lookFailed(`read /${VGT_RESOURCES}`, answer);
  });
  const { instance_creator: creator, device_model: path } = config.xengt;
  return {
    slices: new XengtSlices({ writer: hostd, files, guests, seen }),
    sourceIn: (of) => {
      const now = new VgtLeftNow(memory, of);
      return new VgtFiles({ files: of, listed, left: () => now.left() });
    },
    deviceModel: creator === "agent" ? undefined : new XengtDeviceModel({ path, files, log: hostd, clock }),
  };
}
