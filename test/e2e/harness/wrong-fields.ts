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
  reason: "REQUIRED" | "INVALID" | "NOT_SERVED" | "NOT_SUPPORTED_HERE",
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
const flavoured = (metadata: Record<string, string>): Change => ({
  vgpu: { want: { $case: "flavor", value: { metadata } } },
});
const typed = (value: string): Change => ({ vgpu: { want: { $case: "type", value } } });
const inMode = (value: Mode): Change => ({ vgpu: { want: { $case: "mode", value } } });
const needing = (...anyOf: readonly Partial<placement.VgpuNeed>[]): Change => ({
  vgpu: { want: { $case: "needs", value: placement.VgpuNeeds.fromPartial({ anyOf: [...anyOf] }) } },
});
const port = (value: number): Change => ({ vnc: { port: value } });
const unserved = (field: string, change: Change): WrongField => ["NOT_SERVED", field, change];

const cpu = spec.Cpu.fromPartial.bind(spec.Cpu);
const size: spec.VgpuDisplay = { enabled: undefined, ramfb: false, width: 800, height: 600 };
const disk = (given: Partial<spec.Disk>): spec.Disk =>
  spec.Disk.fromPartial({ path: "/a", format: spec.DiskFormat.RAW, ...given });
const nic = (given: Partial<spec.NetworkInterface>): Change => ({
  spec: {
    nics: [
      { ...spec.NetworkInterface.create(), attachment: { $case: "network", value: "default" }, ...given },
    ],
  },
});
const ordered = (...devices: readonly spec.BootDevice[]): Change => ({
  spec: { boot: { source: { $case: "order", value: { devices: [...devices], menuTimeout: undefined } } } },
});

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
  ["REQUIRED", "domain.disks[1].path", { spec: { disks: [disk({}), disk({ path: "" })] } }],
  ["INVALID", "domain.disks", { spec: { disks: Array.from({ length: 33 }, () => disk({})) } }],
  ["REQUIRED", "domain.disks[0].path", { disk: { path: "" } }],
  ...each("domain.disks[0].path", PATHS, (path) => ({ disk: { path } })),
  ["REQUIRED", "domain.disks[0].format", { disk: { format: spec.DiskFormat.UNSPECIFIED } }],
  ["INVALID", "domain.disks[0].format", { disk: { format: spec.DiskFormat.UNRECOGNIZED } }],
  ["INVALID", "domain.disks[0].bus", { disk: { bus: spec.DiskBus.UNRECOGNIZED } }],
  ["INVALID", "domain.disks[0].cache", { disk: { cache: spec.DiskCache.UNRECOGNIZED } }],
  ["INVALID", "domain.disks[0].device", { disk: { device: spec.DiskDevice.UNRECOGNIZED } }],
  ["INVALID", "domain.disks[0].discard", { disk: { device: spec.DiskDevice.CDROM, discard: true } }],
  ["INVALID", "domain.disks[0].readonly", { disk: { bus: spec.DiskBus.SATA, readonly: true } }],
  ...each("domain.disks[0].serial", ["a b", "\u00e4", "a".repeat(37)], (serial) => ({ disk: { serial } })),
  ["INVALID", "domain.boot.order.devices[0]", ordered(spec.BootDevice.UNSPECIFIED)],
  ["INVALID", "domain.boot.order.devices[0]", ordered(spec.BootDevice.CDROM)],
  ["REQUIRED", "domain.boot.order.devices", ordered()],
  ["INVALID", "domain.cpu.mode", { spec: { cpu: cpu({ mode: spec.CpuMode.UNRECOGNIZED }) } }],
  ["REQUIRED", "domain.cpu.model", { spec: { cpu: cpu({ mode: spec.CpuMode.CUSTOM }) } }],
  [
    "INVALID",
    "domain.cpu.topology",
    { spec: { cpu: cpu({ topology: { sockets: 1, cores: 3, threads: 1 } }) } },
  ],
  ["INVALID", "domain.cpu.pins[0].vcpu", { spec: { cpu: cpu({ pins: [{ vcpu: 2, hostCpus: "0" }] }) } }],
  ...each("domain.cpu.pins[0].host_cpus", ["a", "^1", "1-", "2-1"], (hostCpus) => ({
    spec: { cpu: cpu({ pins: [{ vcpu: 0, hostCpus }] }) },
  })),
  ...each("domain.cpu.emulator_cpus", ["a", "0;1"], (emulatorCpus) => ({
    spec: { cpu: cpu({ emulatorCpus }) },
  })),
  ...each("domain.cpu.max_phys_bits", [0, 31, 53], (maxPhysBits) => ({
    spec: { cpu: cpu({ maxPhysBits }) },
  })),
  ...each("domain.numa_tuning.nodes[0]", [-1, 1024], (node) => ({
    spec: { numaTuning: { mode: spec.NumaMode.STRICT, nodes: [node] } },
  })),
  ...each("domain.huge_pages.page_size_kib", [1, -1, 4096, MAX], (pageSizeKib) => ({
    spec: { hugePages: { pageSizeKib } },
  })),
  ...each("domain.machine.type", ["microvm", "xenfv", "q35 ", "<"], (machine) => ({
    spec: { machine: { type: machine } },
  })),
  [
    "INVALID",
    "domain.firmware.secure_boot",
    { spec: { firmware: spec.Firmware.fromPartial({ secureBoot: true }) } },
  ],
  ["REQUIRED", "domain.nics[0].attachment", nic({ attachment: undefined })],
  ...each("domain.nics[0].network", ["<", "../x", "a b"], (value) =>
    nic({ attachment: { $case: "network", value } }),
  ),
  ...each("domain.nics[0].bridge", ["a".repeat(16), "a/b"], (value) =>
    nic({ attachment: { $case: "bridge", value } }),
  ),
  ...each("domain.nics[0].mac", ["1", "01:00:00:00:00:00", "00:00:00:00:00:00", "52-54-00-00-00-00"], (mac) =>
    nic({ mac }),
  ),
  ...each("domain.nics[0].mtu", [0, 67, 65_536], (mtu) => nic({ mtu })),
  ["INVALID", "domain.vgpu_display.width", { spec: { vgpuDisplay: { ...size, width: 63 } } }],
  ["INVALID", "domain.vgpu_display.width", { spec: { vgpuDisplay: { ...size, width: 1921 } } }],
  ["REQUIRED", "domain.vgpu_display.height", { spec: { vgpuDisplay: { ...size, height: undefined } } }],
  ...each("domain.serial.log_path", PATHS, (logPath) => ({ spec: { serial: { logPath } } })),
  ["REQUIRED", "domain.seed_iso.path", { spec: { seedIso: { path: "" } } }],
  ["INVALID", 'domain.labels["A"]', { spec: { labels: { A: "" } } }],
  ["INVALID", 'domain.labels["a"]', { spec: { labels: { a: "b\n" } } }],
  [
    "INVALID",
    "domain.labels",
    { spec: { labels: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, ""])) } },
  ],
  ["INVALID", "domain.name", { spec: { rawXml: "<domain/>" } }],
  [
    "INVALID",
    "domain.raw_xml",
    { request: { domain: spec.DomainSpec.fromPartial({ rawXml: "<domain/>" }) } },
  ],
  ["NOT_SUPPORTED_HERE", "domain.xen_guest_type", { spec: { xenGuestType: spec.XenGuestType.HVM } }],
  ["NOT_SUPPORTED_HERE", "domain.xen_guest_type", { spec: { xenGuestType: spec.XenGuestType.UNRECOGNIZED } }],
  ["NOT_SUPPORTED_HERE", "domain.igd", { spec: { igd: spec.IgdOptions.create() } }],
  ["NOT_SUPPORTED_HERE", "domain.disks[0].bus", { disk: { bus: spec.DiskBus.XEN } }],
  ["NOT_SUPPORTED_HERE", "domain.nics[0].model", nic({ model: spec.NetworkModel.XEN })],
  ["REQUIRED", "domain.boot.kernel.kernel_path", { kernel: { kernelPath: "" } }],
  ...each("domain.boot.kernel.kernel_path", PATHS, (kernelPath) => ({ kernel: { kernelPath } })),
  ...each("domain.boot.kernel.initrd_path", PATHS, (initrdPath) => ({ kernel: { initrdPath } })),
  ...each("domain.boot.kernel.cmdline", CMDLINES, (cmdline) => ({ kernel: { cmdline } })),
  ...each("domain.graphics.vnc.listen", ADDRESSES, (listen) => ({ vnc: { listen } })),
  ...each("domain.graphics.vnc.port", [0, -1, 5899, 65_536, MAX], port),
  ...each("domain.graphics.spice.listen", ADDRESSES, (listen) => ({
    spec: { graphics: { vnc: undefined, spice: { listen } } },
  })),
  ["REQUIRED", "vgpu.want", { vgpu: { want: undefined } }],
  ["REQUIRED", "vgpu.type", typed("")],
  ...each("vgpu.type", TYPES, typed),
  ...each("vgpu.sizes.vgt_low_gm_sz", [0, -1, 4097, MAX], (vgtLowGmSz) => sized({ vgtLowGmSz })),
  ...each("vgpu.sizes.vgt_high_gm_sz", [-1, 4097, MAX], (vgtHighGmSz) => sized({ vgtHighGmSz })),
  ...each("vgpu.sizes.vgt_fence_sz", [-1, 33, MAX], (vgtFenceSz) => sized({ vgtFenceSz })),
  ...each("vgpu.mode", [Mode.UNSPECIFIED, Mode.UNRECOGNIZED], inMode),
  ["INVALID", "vgpu.policy", { vgpu: { policy: placement.PlacementPolicy.UNRECOGNIZED } }],
  ["INVALID", "vgpu.numa", { vgpu: { numa: { node: 0 } } }],
  ...each("vgpu.numa.node", [-1, 1024, MAX], (node) => ({
    vgpu: { policy: placement.PlacementPolicy.NUMA, numa: { node } },
  })),
  ["REQUIRED", 'vgpu.flavor.metadata["vgt_low_gm_sz"]', flavoured({ "hw:numa_nodes": "2" })],
  ...each('vgpu.flavor.metadata["hw:vgt_low_gm_sz"]', ["", "0", "-1", "4097", "64.5", "0x40"], (size) =>
    flavoured({ "hw:vgt_low_gm_sz": size }),
  ),
  ["INVALID", 'vgpu.flavor.metadata["vgt_low_gm_size"]', flavoured({ vgt_low_gm_size: "64" })],
  ...each("vgpu.gpu", GPUS, (gpu) => ({ vgpu: { gpu } })),

  ["INVALID", "reservation", { request: { reservation: " r" } }],
  ["REQUIRED", "vgpu.needs.any_of", needing()],
  ["INVALID", "vgpu.needs.any_of", needing(...Array<object>(5).fill({ mode: Mode.SRIOV }))],
  ["INVALID", "vgpu.needs.any_of[1].mode", needing({ mode: Mode.SRIOV }, {})],
  ["INVALID", "vgpu.needs.any_of[1].mode", needing({ mode: Mode.GVT_S }, { mode: Mode.GVT_S })],
  ["INVALID", "vgpu.needs.any_of[0].min_vram_mib", needing({ mode: Mode.GVT_G, minVramMib: 1n })],
  ["INVALID", "vgpu.needs.any_of[0].min_fences", needing({ mode: Mode.GVT_D, minFences: 1 })],
  ...each("vgpu.needs.any_of[0].min_low_gm_mib", [-1, 4097, MAX], (minLowGmMib) =>
    needing({ mode: Mode.GVT_G, minLowGmMib }),
  ),
  ...each("vgpu.needs.any_of[0].min_ggtt_mib", [-1n, 4097n], (minGgttMib) =>
    needing({ mode: Mode.SRIOV, minGgttMib }),
  ),
  unserved("vgpu.vf_profile", { vgpu: { vfProfile: placement.VfProfile.create() } }),
];
