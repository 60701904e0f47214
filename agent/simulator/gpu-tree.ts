// Pure: the files of one GPU and of one mdev, as the PCI core, DRM, mdev and vfio lay them out.
import type { PciAddress } from "../core/ids.ts";
import { pmuEntries } from "./engine-ticks.ts";
import { TreeBuilder, type Entries } from "./entries.ts";
import { addBinding, addHolder, addVirtualFunctions } from "./function-tree.ts";
import { describeType, type GvtType } from "./gvt-types.ts";
import type { FunctionShares } from "./function-shares.ts";
import type { GpuDescription } from "./host-description.ts";
import type { KernelTraits } from "./kernel-version.ts";
import type { Gpu, Mdev } from "./kernel.ts";
import type { PciFunction } from "./pci-functions.ts";
import { sensorFiles } from "./sensor-files.ts";
import { sriovFiles } from "./sriov-files.ts";

const MIB = 1_048_576;
/** Firmware puts the aperture at any address; the agent reads its size. */
const REGISTERS_AT = 0x60_0000_0000;
export const APERTURE_AT = 0x40_0000_0000;
const REGISTERS_SIZE = 16 * MIB;
export const FIRST_RENDER_MINOR = 128;

/** Where the directory of a GPU, or of a virtual function of one, is. */
export function gpuDirectory(address: PciAddress): string {
  return `sys/devices/pci${address.slice(0, 4)}:00/${address}`;
}

interface GpuPlace {
  readonly gpu: Gpu;
  readonly self: PciFunction;
  readonly virtual: readonly PciFunction[];
  /** What its driver gives them. */
  readonly shares: FunctionShares | undefined;
  /** Whether drivers take virtual functions by themselves. */
  readonly autoprobes: boolean;
  /** Position on the host: number of its card. */
  readonly index: number;
  readonly traits: KernelTraits;
  readonly lie: number;
}

export function deviceEntries(place: GpuPlace): Entries {
  const { gpu, index } = place;
  const { description } = gpu;
  const directory = gpuDirectory(description.address);
  const tree = new TreeBuilder();
  for (const [name, text] of Object.entries(attributes(description))) tree.file(`${directory}/${name}`, text);
  addBinding(tree, place.self, directory);
  const { driver } = description;
  if (driver === "i915" || driver === "xe") {
    addDrmNodes(tree, directory, index);
    const { hasGtDirectories } = place.traits;
    for (const [name, text] of sensorFiles({ driver, index, hasGtDirectories }))
      tree.file(`${directory}/${name}`, text);
  }
  if (description.total_vfs > 0) addSriov(tree, place, directory);
  if (gpu.gvt !== undefined && gpu.gvt.types.length > 0) {
    tree.link(`sys/class/mdev_bus/${description.address}`, directory);
    for (const type of gpu.gvt.types) addType(tree, place, type);
  }
  const counts = place.self.driver === "xe" && place.traits.countsFunctionTicks;
  return counts ? new Map([...tree.entries, ...pmuEntries(description.address, directory)]) : tree.entries;
}

export function mdevEntries(mdev: Mdev, traits: KernelTraits): Entries {
  const parent = gpuDirectory(mdev.gpu);
  const directory = `${parent}/${mdev.id}`;
  const type = `${parent}/mdev_supported_types/${mdev.allocation.type.directory}`;
  const tree = new TreeBuilder();
  // The attribute removes itself before the removal waits (mdev_sysfs.c, device_remove_file_self).
  if (!mdev.removing) tree.file(`${directory}/remove`, "");
  tree.file(`${directory}/intel_vgpu/vgpu_id`, `${mdev.allocation.id}\n`);
  tree.file(`${directory}/uevent`, `${mdev.partial ? "" : `DRIVER=${traits.mdevDriver}\n`}MODALIAS=mdev:\n`);
  tree.link(`${directory}/mdev_type`, type);
  tree.link(`${directory}/subsystem`, "sys/bus/mdev");
  tree.link(`sys/bus/mdev/devices/${mdev.id}`, directory);
  tree.link(`${type}/devices/${mdev.id}`, directory);
  if (!mdev.partial) addDriver(tree, mdev, { directory, driver: traits.mdevDriver });
  addHolder(tree, mdev.holder, mdev.group);
  return tree.entries;
}

/** What is there once a driver has bound: vfio makes the IOMMU group and its device node. */
function addDriver(
  tree: TreeBuilder,
  mdev: Mdev,
  { directory, driver }: { readonly directory: string; readonly driver: string },
): void {
  tree.link(`${directory}/driver`, `sys/bus/mdev/drivers/${driver}`);
  tree.link(`${directory}/iommu_group`, `sys/kernel/iommu_groups/${mdev.group}`);
  tree.link(`sys/kernel/iommu_groups/${mdev.group}/devices/${mdev.id}`, directory);
  tree.link(`sys/bus/mdev/drivers/${driver}/${mdev.id}`, directory);
  tree.file(`dev/vfio/${mdev.group}`, "");
}

function attributes(gpu: GpuDescription) {
  const { address, device } = gpu;
  return {
    vendor: "0x8086\n",
    device: `0x${device}\n`,
    subsystem_vendor: "0x1028\n",
    subsystem_device: "0x0869\n",
    revision: "0x00\n",
    class: gpu.boot_vga ? "0x030000\n" : "0x038000\n",
    numa_node: `${gpu.numa_node}\n`,
    boot_vga: gpu.boot_vga ? "1\n" : "0\n",
    resource: resourceLines(gpu.aperture_mib * MIB),
    uevent: `PCI_CLASS=${gpu.boot_vga ? "30000" : "38000"}\nPCI_ID=8086:${device.toUpperCase()}\nPCI_SLOT_NAME=${address}\n`,
  };
}

/** Thirteen lines of start, end and flags: BAR0 and BAR2 are 64 bit wide and so take two each (pci-sysfs.c). */
function resourceLines(apertureBytes: number): string {
  const regions = new Map([
    [0, { start: REGISTERS_AT, size: REGISTERS_SIZE, flags: 0x14_0204 }],
    [2, { start: APERTURE_AT, size: apertureBytes, flags: 0x14_220c }],
    [4, { start: 0x3000, size: 64, flags: 0x4_0101 }],
  ]);
  const hex = (value: number): string => `0x${value.toString(16).padStart(16, "0")}`;
  return Array.from({ length: 13 }, (_, index) => {
    const { start, size, flags } = regions.get(index) ?? { start: 0, size: 1, flags: 0 };
    return `${hex(start)} ${hex(start + size - 1)} ${hex(flags)}\n`;
  }).join("");
}

function addDrmNodes(tree: TreeBuilder, directory: string, index: number): void {
  const minors = {
    [`card${index}`]: index,
    [`renderD${FIRST_RENDER_MINOR + index}`]: FIRST_RENDER_MINOR + index,
  };
  for (const [node, minor] of Object.entries(minors)) {
    tree.file(`${directory}/drm/${node}/dev`, `226:${minor}\n`);
    tree.link(`${directory}/drm/${node}/device`, directory);
    tree.link(`sys/class/drm/${node}`, `${directory}/drm/${node}`);
    tree.file(`dev/dri/${node}`, "");
  }
}

/** As the PCI core lays it out (Documentation/ABI/testing/sysfs-bus-pci), and with what the driver tells of shares. */
function addSriov(tree: TreeBuilder, place: GpuPlace, directory: string): void {
  const { gpu, virtual, autoprobes, index, traits } = place;
  const { description } = gpu;
  const files = {
    sriov_totalvfs: description.total_vfs,
    sriov_numvfs: virtual.length,
    sriov_drivers_autoprobe: autoprobes ? 1 : 0,
    sriov_offset: 1,
    sriov_stride: 1,
    sriov_vf_device: description.device,
  };
  for (const [name, value] of Object.entries(files)) tree.file(`${directory}/${name}`, `${value}\n`);
  if (place.shares !== undefined)
    for (const [name, text] of sriovFiles({ description, index, traits }, place.shares))
      tree.file(`${directory}/${name}`, text);
  const { vendor, device, class: pciClass, numa_node: node } = attributes(description);
  const ids = { vendor, device, class: pciClass, numa_node: node };
  addVirtualFunctions(tree, virtual, { directory, directoryOf: gpuDirectory, ids });
}

function addType(tree: TreeBuilder, { gpu, traits, lie }: GpuPlace, type: GvtType): void {
  const directory = `${gpuDirectory(gpu.description.address)}/mdev_supported_types/${type.directory}`;
  const shown = Math.max((gpu.gvt?.availableInstances(type) ?? 0) + lie, 0);
  tree.file(`${directory}/available_instances`, `${shown}\n`);
  tree.file(`${directory}/description`, describeType(type));
  tree.file(`${directory}/device_api`, "vfio-pci\n");
  tree.file(`${directory}/create`, "");
  if (traits.hasTypeName) tree.file(`${directory}/name`, `${type.name}\n`);
  tree.directory(`${directory}/devices`);
}
