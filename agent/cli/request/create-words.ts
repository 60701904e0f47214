// Words of the flags of `vgpuctl create` for values of the contract: only for what this release serves, vgpud would refuse the others.
import { OnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DiskBus, DiskFormat } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { PlacementPolicy } from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Mode as KnownMode } from "../../core/modes.ts";
import type { Offer } from "../command.ts";

export const modes = {
  "gvt-g": Mode.GVT_G,
  "gvt-d": Mode.GVT_D,
  "gvt-s": Mode.GVT_S,
  sriov: Mode.SRIOV,
} satisfies Record<KnownMode, Mode>;
export const policies = {
  pack: PlacementPolicy.PACK,
  spread: PlacementPolicy.SPREAD,
  numa: PlacementPolicy.NUMA,
};
export const diskFormats = { raw: DiskFormat.RAW, qcow2: DiskFormat.QCOW2 };
export const diskBuses = {
  virtio: DiskBus.VIRTIO,
  sata: DiskBus.SATA,
  scsi: DiskBus.SCSI,
  xen: DiskBus.XEN,
};
export const onStops = { hold: OnStop.HOLD, release: OnStop.RELEASE };

/** The word for a mode, as `gvt-g`. */
export function modeWord(mode: Mode): string {
  return Object.entries(modes).find(([, value]) => value === mode)?.[0] ?? "-";
}

/** The words for a shell to offer. */
export function offerWords(words: Readonly<Record<string, unknown>>): Offer {
  return { kind: "words", words: Object.keys(words) };
}
