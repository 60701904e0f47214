// Pure: one GPU of a described host, as the PCI core, DRM, mdev, vfio and the ports with SR-IOV lay it out.
import type { GpuDescription, HostDescription } from "./description.ts";
import type { Files } from "./files.ts";

const MIB = 1_048_576;
const FIRST_RENDER_MINOR = 128;
/** Drivers that make DRM nodes. */
const DRM: ReadonlySet<string> = new Set(["i915", "xe", "amdgpu", "nouveau", "nvidia"]);

/** Sizes of the types in MiB and their resolutions (gvt/vgpu.c). */
const TYPES: Readonly<Record<string, readonly [number, number, string, number]>> = {
  8: [64, 384, "1024x768", 2],
  4: [128, 512, "1920x1200", 4],
  2: [256, 1024, "1920x1200", 8],
  1: [512, 2048, "1920x1200", 16],
};

interface Place {
  readonly host: HostDescription;
  readonly gpu: GpuDescription;
  readonly index: number;
}

export function addGpu(files: Files, place: Place): void {
  const { host, gpu, index } = place;
  const directory = directoryOf(gpu.address);
  const isVga = gpu.class === "030000";
  const first = host.gpus.findIndex((each) => each.class === "030000");
  const attributes: Readonly<Record<string, string>> = {
    vendor: `0x${gpu.vendor}`,
    device: `0x${gpu.device}`,
    class: `0x${gpu.class}`,
    numa_node: String(gpu.numa_node),
    resource: resource(gpu.aperture_mib),
    ...(isVga ? { boot_vga: (gpu.boot_vga ?? first === index) ? "1" : "0" } : {}),
  };
  for (const [name, value] of Object.entries(attributes)) files.add(`${directory}/${name}`, value);
  files.link(`sys/bus/pci/devices/${gpu.address}`, directory);
  if (gpu.driver !== "none") files.link(`${directory}/driver`, `sys/bus/pci/drivers/${gpu.driver}`);
  if (host.iommu === true && host.hypervisor !== "xen") addGroup(files, place);
  if (DRM.has(gpu.driver)) addDrm(files, place);
  if (gpu.types) addTypes(files, place);
  if (gpu.sriov) addSriov(files, place);
}

/** Behind a bridge unless it is on the first bus. */
function directoryOf(address: string): string {
  return /^0000:00:/.test(address)
    ? `sys/devices/pci0000:00/${address}`
    : `sys/devices/pci0000:00/0000:00:01.0/${address}`;
}

/** Thirteen lines of start, end and flags: BAR 0 and 2 are 64 bit wide and so take two each (pci-sysfs.c). */
function resource(apertureMib: number): string {
  const hex = (value: number): string => `0x${value.toString(16).padStart(16, "0")}`;
  const region = (start: number, size: number, flags: number): string =>
    `${hex(start)} ${hex(start + size - 1)} ${hex(flags)}`;
  const none = [0, 0, 0].map(hex).join(" ");
  const aperture = apertureMib > 0 ? region(0x40_0000_0000, apertureMib * MIB, 0x14_220c) : none;
  const bars = [
    region(0x60_0000_0000, 16 * MIB, 0x14_0204),
    none,
    aperture,
    none,
    region(0x3000, 64, 0x4_0101),
  ];
  return [...bars, ...Array.from({ length: 8 }, () => none)].join("\n");
}

function addGroup(files: Files, { gpu, index }: Place): void {
  const group = gpu.iommu_group ?? index;
  if (group === "none") {
    // The kernel has groups, of other devices.
    files.add("sys/kernel/iommu_groups/30/devices", {});
    return;
  }
  const members = `sys/kernel/iommu_groups/${group}/devices`;
  files.link(`${directoryOf(gpu.address)}/iommu_group`, `sys/kernel/iommu_groups/${group}`);
  files.link(`${members}/${gpu.address}`, directoryOf(gpu.address));
  for (const { address, class: pciClass, driver } of gpu.mates) {
    const directory = directoryOf(address);
    files.add(`${directory}/class`, `0x${pciClass}`);
    files.add(`${directory}/vendor`, "0x8086");
    files.link(`sys/bus/pci/devices/${address}`, directory);
    files.link(`${members}/${address}`, directory);
    if (driver !== undefined) files.link(`${directory}/driver`, `sys/bus/pci/drivers/${driver}`);
  }
}

function addDrm(files: Files, { gpu, index }: Place): void {
  const directory = directoryOf(gpu.address);
  const minors = new Map([[`card${index}`, index]]);
  if (gpu.render_node !== "none")
    minors.set(`renderD${FIRST_RENDER_MINOR + index}`, FIRST_RENDER_MINOR + index);
  for (const [node, minor] of minors) {
    files.add(`${directory}/drm/${node}/dev`, `226:${minor}`);
    files.link(`sys/class/drm/${node}`, `${directory}/drm/${node}`);
    const isSeen = gpu.render_node === "there" || (gpu.render_node !== "hidden" && node.startsWith("card"));
    if (isSeen) files.add(`dev/dri/${node}`, "");
  }
  for (const [connector, status] of Object.entries(gpu.connectors))
    files.add(`${directory}/drm/card${index}/card${index}-${connector}/status`, status);
}

function addTypes(files: Files, { host, gpu, index }: Place): void {
  const directory = directoryOf(gpu.address);
  const [major = 0, minor = 0] = host.kernel.split(".").map((part) => Number.parseInt(part, 10));
  const since61 = major > 6 || (major === 6 && minor >= 1);
  files.link(`sys/class/mdev_bus/${gpu.address}`, directory);
  files.add(`${directory}/mdev_supported_types`, {});
  for (const [name, available] of Object.entries(gpu.types ?? {})) {
    const type = `${directory}/mdev_supported_types/i915-GVTg_${name}`;
    const [low, high, resolution, weight] = TYPES[name.slice(-1)] ?? [0, 0, "", 0];
    files.add(`${type}/available_instances`, String(available));
    files.add(`${type}/device_api`, "vfio-pci");
    files.add(`${type}/create`, "");
    files.add(`${type}/devices`, {});
    files.add(
      `${type}/description`,
      `low_gm_size: ${low}MB\nhigh_gm_size: ${high}MB\nfence: 4\nresolution: ${resolution}\nweight: ${weight}`,
    );
    if (since61) files.add(`${type}/name`, `GVTg_${name}`);
  }
  let id = 1;
  for (const [uuid, { type, group }] of Object.entries(gpu.slices)) {
    const mdev = `${directory}/${uuid}`;
    files.add(`${mdev}/remove`, "");
    files.add(`${mdev}/intel_vgpu/vgpu_id`, String(id));
    files.link(`${mdev}/mdev_type`, `${directory}/mdev_supported_types/i915-GVTg_${type}`);
    files.link(`${mdev}/driver`, `sys/bus/mdev/drivers/${since61 ? "intel_vgpu_mdev" : "vfio_mdev"}`);
    files.link(`${mdev}/iommu_group`, `sys/kernel/iommu_groups/${group}`);
    files.link(`sys/kernel/iommu_groups/${group}/devices/${uuid}`, mdev);
    files.link(`sys/bus/mdev/devices/${uuid}`, mdev);
    // K5.10 and K6.1 gvt/debugfs.c have `active`, later ones a mask.
    const debug = `sys/kernel/debug/dri/${index}/gvt/vgpu${id}`;
    if (major > 6 || (major === 6 && minor >= 12)) files.add(`${debug}/status`, "0x0");
    else files.add(`${debug}/active`, "N");
    id += 1;
  }
}

const GIB = 1024 * MIB;
/** What the driver has for virtual functions, what it gives each, and the largest piece of what is left. */
const SHARES = {
  ggtt: { has: 4_171_235_328, quota: 512 * MIB, largest: 2 * GIB },
  contexts: { has: 65_536, quota: 9_216, largest: 65_535 },
  doorbells: { has: 256, quota: 32, largest: 240 },
} as const;

/** pci/iov.c; the folders of i915-sriov-dkms; Documentation/ABI/testing/sysfs-driver-intel-xe-sriov. */
function addSriov(files: Files, { gpu, index }: Place): void {
  if (!gpu.sriov) return;
  const directory = directoryOf(gpu.address);
  const { total, enabled, drivers, autoprobe, folder, admin, counts } = gpu.sriov;
  files.add(`${directory}/sriov_totalvfs`, String(total));
  files.add(`${directory}/sriov_numvfs`, String(enabled));
  files.add(`${directory}/sriov_drivers_autoprobe`, autoprobe);
  const [slot = ""] = gpu.address.split(".");
  for (let vf = 1; vf <= enabled; vf += 1) {
    const address = `${slot}.${vf}`;
    const virtual = directoryOf(address);
    files.add(`${virtual}/vendor`, "0x8086");
    files.add(`${virtual}/device`, `0x${gpu.device}`);
    files.add(`${virtual}/class`, `0x${gpu.class}`);
    files.link(`${virtual}/physfn`, directory);
    files.link(`${directory}/virtfn${vf - 1}`, virtual);
    files.link(`sys/bus/pci/devices/${address}`, virtual);
    const driver = drivers[vf - 1];
    if (driver !== undefined) files.link(`${virtual}/driver`, `sys/bus/pci/drivers/${driver}`);
  }
  if (folder !== undefined) {
    const of = `${directory}/drm/card${index}/${folder}`;
    const gt = folder === "prelim_iov" ? "gt0" : "gt";
    files.add(`${of}/mode`, "SR-IOV PF");
    files.add(`${of}/pf/auto_provisioning`, "1");
    for (const [name, { has, quota, largest }] of Object.entries(SHARES)) {
      const free = has - enabled * quota;
      files.add(`${of}/pf/${gt}/available/${name}_free`, String(free));
      files.add(`${of}/pf/${gt}/available/${name}_max_quota`, String(Math.min(free, largest)));
      for (let vf = 1; vf <= total; vf += 1)
        files.add(`${of}/vf${vf}/${gt}/${name}_quota`, String(vf <= enabled ? quota : 0));
    }
    for (let vf = 1; vf <= total; vf += 1)
      for (const name of ["exec_quantum_ms", "preempt_timeout_us"])
        files.add(`${of}/vf${vf}/${gt}/${name}`, "0");
  }
  if (counts && gpu.driver === "xe") {
    // xe_pmu.c
    const pmu = `sys/bus/event_source/devices/xe_${gpu.address.replaceAll(":", "_")}`;
    files.add(`${pmu}/format/function`, "config:44-59");
    for (const name of ["engine-active-ticks", "engine-total-ticks"])
      files.add(`${pmu}/events/${name}`, "event=0x02");
  }
  if (admin) {
    files.add(`${directory}/sriov_admin/pf/profile/exec_quantum_ms`, "0");
    for (let vf = 1; vf <= total; vf += 1)
      for (const [name, value] of Object.entries({
        ...{ exec_quantum_ms: 20, preempt_timeout_us: 40_000, sched_priority: "[low] normal" },
        vram_quota: vf <= enabled ? GIB : 0,
      }))
        files.add(`${directory}/sriov_admin/vf${vf}/profile/${name}`, String(value));
  }
}
