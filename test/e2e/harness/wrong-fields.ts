// Every way in which the fields of a create can be wrong, as changes of a request that is right.
import { OnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import * as spec from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import * as placement from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Draft } from "./requests.ts";

/** Fields that are set otherwise, by the part of the request they are in. */
export type Change = { readonly [Part in keyof Draft]?: Partial<Draft[Part]> };
/** The reason that is given without its `FIELD_`, the field that is named, and the change. */
export type WrongField = readonly [
  reason: "REQUIRED" | "INVALID" | "NOT_SERVED",
  field: string,
  change: Change,
];

export function apply(change: Change, draft: Draft): void {
  Object.assign(draft.request, change.request);
  Object.assign(draft.spec, change.spec);
  Object.assign(draft.disk, change.disk);
  Object.assign(draft.kernel, change.kernel);
  Object.assign(draft.vnc, change.vnc);
  Object.assign(draft.vgpu, change.vgpu);
}

const MAX = 2_147_483_647;
const MIN = -2_147_483_648;
const UUID = "4c9c1f1e-aaaa-4000-8000-000000000001";
const CLAIM_IDS = [" a", "a ", "\u00e4", "a\nb", "a\0", "a".repeat(129)];
const NAMES = [
  "<b>",
  'a"b',
  "a'b",
  "a&b",
  "a\nb",
  "a\0b",
  "../etc",
  "a/b",
  "-a",
  ".a",
  " a",
  "a ",
  "\u00e4",
  "a".repeat(65),
];
const NO_UUIDS = ["7", "not-a-uuid", `${UUID}0`, `{${UUID}}`, UUID.replaceAll("-", "")];
const PATHS = ["disk.img", "./disk.img", "/", "/a\nb", "/a\0b", `/${"a".repeat(4096)}`, "file:///etc/passwd"];
const CMDLINES = ["a\nb", "a\0b", "\u00e4", "a".repeat(2049)];
const ADDRESSES = ["localhost", "1.2.3", "1.2.3.4:5", "::1%eth0", '"', "<"];
const TYPES = ["a/b", "../x", "a b", "<", "a\n", "a".repeat(65)];
const GPUS = ["card0", "00:02.0", "0000:00:02.8", "0000:00:02.0 ", "../0000:00:02.0", "0".repeat(5000)];

function each<T>(field: string, wrong: readonly T[], change: (value: T) => Change): WrongField[] {
  return wrong.map((value) => ["INVALID", field, change(value)]);
}

const sized = (sizes: Partial<placement.VgtSizes>): Change => {
  const value = { vgtLowGmSz: 64, vgtHighGmSz: 384, vgtFenceSz: 4, ...sizes };
  return { vgpu: { want: { $case: "sizes", value } } };
};
const typed = (value: string): Change => ({ vgpu: { want: { $case: "type", value } } });
const inMode = (value: Mode): Change => ({ vgpu: { want: { $case: "mode", value } } });
const port = (value: number): Change => ({ vnc: { port: value } });
const unserved = (field: string, change: Change): WrongField => ["NOT_SERVED", field, change];

export const wrongFields: readonly WrongField[] = [
  ["REQUIRED", "claim_id", { request: { claimId: "" } }],
  ...each("claim_id", CLAIM_IDS, (claimId) => ({ request: { claimId } })),
  ...each("request_id", NO_UUIDS, (requestId) => ({ request: { requestId } })),
  ["REQUIRED", "domain", { request: { domain: undefined } }],
  ["REQUIRED", "vgpu", { request: { vgpu: undefined } }],
  ["REQUIRED", "domain.name", { spec: { name: "" } }],
  ...each("domain.name", NAMES, (name) => ({ spec: { name } })),
  ...each("domain.uuid", [...NO_UUIDS, "0".repeat(8) + UUID.slice(8).replace(/[0-9a-f]/g, "0")], (uuid) => ({
    spec: { uuid },
  })),
  ...each("domain.vcpus", [0, -1, 257, MAX, MIN], (vcpus) => ({ spec: { vcpus } })),
  ...each("domain.memory_mib", [0, 15, -1, 4_194_305, MAX, MIN], (memoryMib) => ({ spec: { memoryMib } })),
  ["INVALID", "domain.on_stop", { spec: { onStop: OnStop.UNRECOGNIZED } }],
  ["REQUIRED", "domain.boot", { spec: { disks: [], boot: undefined } }],
  ["REQUIRED", "domain.boot", { spec: { boot: spec.Boot.create() } }],
  ["NOT_SERVED", "domain.disks[1]", { spec: { disks: [spec.Disk.create(), spec.Disk.create()] } }],
  ["REQUIRED", "domain.disks[0].path", { disk: { path: "" } }],
  ...each("domain.disks[0].path", PATHS, (path) => ({ disk: { path } })),
  ["REQUIRED", "domain.disks[0].format", { disk: { format: spec.DiskFormat.UNSPECIFIED } }],
  ["INVALID", "domain.disks[0].format", { disk: { format: spec.DiskFormat.UNRECOGNIZED } }],
  ["INVALID", "domain.disks[0].bus", { disk: { bus: spec.DiskBus.UNRECOGNIZED } }],
  ["REQUIRED", "domain.boot.kernel.kernel_path", { kernel: { kernelPath: "" } }],
  ...each("domain.boot.kernel.kernel_path", PATHS, (kernelPath) => ({ kernel: { kernelPath } })),
  ...each("domain.boot.kernel.initrd_path", PATHS, (initrdPath) => ({ kernel: { initrdPath } })),
  ...each("domain.boot.kernel.cmdline", CMDLINES, (cmdline) => ({ kernel: { cmdline } })),
  ...each("domain.graphics.vnc.listen", ADDRESSES, (listen) => ({ vnc: { listen } })),
  ...each("domain.graphics.vnc.port", [0, -1, 5899, 65_536, MAX], port),
  ["REQUIRED", "vgpu.want", { vgpu: { want: undefined } }],
  ["REQUIRED", "vgpu.type", typed("")],
  ...each("vgpu.type", TYPES, typed),
  ...each("vgpu.sizes.vgt_low_gm_sz", [0, -1, 4097, MAX], (vgtLowGmSz) => sized({ vgtLowGmSz })),
  ...each("vgpu.sizes.vgt_high_gm_sz", [-1, 4097, MAX], (vgtHighGmSz) => sized({ vgtHighGmSz })),
  ...each("vgpu.sizes.vgt_fence_sz", [-1, 33, MAX], (vgtFenceSz) => sized({ vgtFenceSz })),
  ...each("vgpu.mode", [Mode.UNSPECIFIED, Mode.UNRECOGNIZED], inMode),
  ["INVALID", "vgpu.policy", { vgpu: { policy: placement.PlacementPolicy.UNRECOGNIZED } }],
  ...each("vgpu.gpu", GPUS, (gpu) => ({ vgpu: { gpu } })),

  unserved("reservation", { request: { reservation: "r" } }),
  unserved("domain.cpu", { spec: { cpu: spec.Cpu.create() } }),
  unserved("domain.numa_tuning", { spec: { numaTuning: spec.NumaTuning.create() } }),
  unserved("domain.huge_pages", { spec: { hugePages: spec.HugePages.create() } }),
  unserved("domain.machine", { spec: { machine: spec.Machine.create() } }),
  unserved("domain.firmware", { spec: { firmware: spec.Firmware.create() } }),
  unserved("domain.nics", { spec: { nics: [spec.NetworkInterface.create()] } }),
  unserved("domain.vgpu_display", { spec: { vgpuDisplay: spec.VgpuDisplay.create() } }),
  unserved("domain.serial", { spec: { serial: spec.Serial.create() } }),
  unserved("domain.guest_agent", { spec: { guestAgent: spec.GuestAgent.create() } }),
  unserved("domain.seed_iso", { spec: { seedIso: spec.SeedIso.create() } }),
  unserved("domain.labels", { spec: { labels: { team: "a" } } }),
  unserved("domain.autostart", { spec: { autostart: true } }),
  unserved("domain.xen_guest_type", { spec: { xenGuestType: spec.XenGuestType.HVM } }),
  unserved("domain.xen_guest_type", { spec: { xenGuestType: spec.XenGuestType.UNRECOGNIZED } }),
  unserved("domain.igd", { spec: { igd: spec.IgdOptions.create() } }),
  unserved("domain.raw_xml", { spec: { rawXml: "<domain/>" } }),
  unserved("domain.disks[0].cache", { disk: { cache: spec.DiskCache.NONE } }),
  unserved("domain.disks[0].device", { disk: { device: spec.DiskDevice.DISK } }),
  unserved("domain.disks[0].discard", { disk: { discard: true } }),
  unserved("domain.disks[0].serial", { disk: { serial: "s" } }),
  unserved("domain.disks[0].bus", { disk: { bus: spec.DiskBus.XEN } }),
  unserved("domain.boot.order", {
    spec: { boot: { source: { $case: "order", value: spec.BootOrder.create() } } },
  }),
  unserved("domain.graphics.spice", { spec: { graphics: { vnc: undefined, spice: spec.Spice.create() } } }),
  unserved("vgpu.needs", { vgpu: { want: { $case: "needs", value: placement.VgpuNeeds.create() } } }),
  unserved("vgpu.policy", { vgpu: { policy: placement.PlacementPolicy.NUMA } }),
  unserved("vgpu.numa", { vgpu: { numa: { node: 0 } } }),
  unserved("vgpu.vf_profile", { vgpu: { vfProfile: placement.VfProfile.create() } }),
];
