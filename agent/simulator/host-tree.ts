// Pure: the simulated kernel's state as files and links, each where a real kernel has it, for an agent to read.
import type { PciAddress } from "../core/ids.ts";
import type { Entries } from "./entries.ts";
import { deviceEntries, mdevEntries } from "./gpu-tree.ts";
import type { SimulatedKernel } from "./kernel.ts";
import { STOCK_DEVICE_MODELS } from "./xen-emulators.ts";
import { vgtEntries } from "./xengt/tree.ts";
import { isVfio, type PciDriver } from "./pci-functions.ts";

const PCI_MODULES: Readonly<Record<PciDriver, string | undefined>> = {
  i915: "i915",
  xe: "xe",
  "vfio-pci": "vfio_pci",
  "xe-vfio-pci": "xe_vfio_pci",
  pciback: "xen_pciback",
  none: undefined,
};
const EMPTY_DIRECTORIES = [
  "sys/bus/pci/devices",
  "sys/bus/mdev/devices",
  "sys/class/drm",
  "sys/kernel/iommu_groups",
  "dev/dri",
  "dev/vfio",
  "proc",
];

/** With all rights, as distributions start it. */
const LIBVIRT_DAEMON: Readonly<Record<string, string>> = {
  "run/libvirtd.pid": "811\n",
  "proc/811/status": "Name:\tlibvirtd\nCapEff:\t000001ffffffffff\n",
  "proc/811/limits": "Max locked memory         8388608              8388608              bytes     \n",
};

/** Everything below the root. `lie` tells how many instances more than there are a GPU shows. */
export function hostEntries(kernel: SimulatedKernel, lie: (gpu: PciAddress) => number): Entries {
  const gpus = [...kernel.gpus.values()];
  const mdevs = [...kernel.mdevs.values()];
  return new Map([
    ...EMPTY_DIRECTORIES.map((directory) => [directory, { kind: "directory" }] as const),
    ...systemEntries(kernel),
    ...moduleEntries(kernel),
    ...gpus.flatMap((gpu) => {
      const { address } = gpu.description;
      // A GPU keeps its number while others come and go.
      const index = kernel.host.gpus.findIndex((described) => described.address === address);
      const self = kernel.functions.get(address);
      if (self === undefined) return [];
      const virtual = kernel.functions.virtualOf(address);
      const shares = kernel.functions.sharesOf(address);
      const autoprobes = kernel.functions.autoprobes(address);
      const { traits } = kernel;
      const place = { gpu, self, virtual, shares, autoprobes, index, traits, lie: lie(address) };
      return [...deviceEntries(place)];
    }),
    ...mdevs.flatMap((mdev) => [...mdevEntries(mdev, kernel.traits)]),
    ...vgtEntries(kernel.vgt),
  ]);
}

function systemEntries({ host, bootId }: SimulatedKernel): Entries {
  const gvt = host.enable_gvt === true ? " i915.enable_gvt=1" : "";
  const processor = (index: number): string =>
    `processor\t: ${index}\nvendor_id\t: GenuineIntel\nmodel name\t: Simulated CPU\nflags\t\t: fpu vmx lm\n\n`;
  const files = new Map(
    Object.entries({
      "proc/sys/kernel/random/boot_id": `${bootId}\n`,
      "proc/sys/kernel/osrelease": `${host.kernel}\n`,
      "proc/sys/kernel/hostname": `${host.hostname}\n`,
      "proc/cmdline": `BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet intel_iommu=on${gvt}\n`,
      "proc/cpuinfo": Array.from({ length: host.cpus }, (_, index) => processor(index)).join(""),
      "proc/meminfo": `MemTotal:       ${host.memory_mib * 1024} kB\n`,
      "etc/os-release":
        'PRETTY_NAME="Simulated GNU/Linux"\nNAME="Simulated GNU/Linux"\nID=simulated\nVERSION_ID="1"\n',
      "etc/machine-id": `${host.machine_id}\n`,
    }),
  );
  if (host.perf !== "no") files.set("usr/bin/perf", "");
  files.set("proc/sys/kernel/perf_event_paranoid", host.perf === "not-permitted" ? "3\n" : "2\n");
  files.set("var/log/dmesg", `[    0.000000] Linux version ${host.kernel}\n`);
  if (host.hypervisor === "kvm") {
    for (const [file, text] of Object.entries(LIBVIRT_DAEMON)) files.set(file, text);
    files.set("sys/module/kvm/parameters/ignore_msrs", "Y\n");
    files.set("dev/kvm", "");
    files.set("sys/class/misc/kvm/dev", "10:232\n");
    files.set("usr/bin/qemu-system-x86_64", "");
  }
  if (host.hypervisor === "xen") {
    files.set("sys/hypervisor/type", "xen\n");
    files.set("proc/xen/capabilities", "control_d\n");
    for (const file of [...STOCK_DEVICE_MODELS, ...host.device_models]) files.set(file.slice(1), "");
    // Xen drives the IOMMU, of which dom0 sees no more than that the name of its table was changed.
    for (const table of ["APIC", "DSDT", "FACP", "RMAD"]) files.set(`sys/firmware/acpi/tables/${table}`, "");
  }
  return fileEntries(files);
}

function moduleEntries({ host, functions, kvmgt, traits, vgt }: SimulatedKernel): Entries {
  const registered = [...functions.loaded].filter((driver) => PCI_MODULES[driver] !== undefined);
  const drivers = registered.flatMap((driver) => PCI_MODULES[driver] ?? []);
  const vfio = [...functions.loaded].some(isVfio) ? ["vfio", "vfio_iommu_type1"] : [];
  // A kernel built without GVT-g has neither the module nor the parameter (i915_params.h since 6.1).
  const gvt = kvmgt && host.enable_gvt !== "absent" ? ["kvmgt", "mdev", "vfio", "vfio_iommu_type1"] : [];
  const old = gvt.length > 0 && traits.major < 6 ? ["vfio_mdev"] : [];
  const kvm = host.hypervisor === "kvm" ? ["kvm", "kvm_intel"] : [];
  // Before 2017 it was a part of i915.
  const xengt = vgt?.generation === "2017" ? ["xengt"] : [];
  const loaded = new Set([...drivers, ...vfio, ...gvt, ...old, ...kvm, ...xengt]);
  const files = new Map([...loaded].map((name) => [`sys/module/${name}/initstate`, "live\n"]));
  if (drivers.includes("i915") && host.enable_gvt !== "absent") {
    files.set("sys/module/i915/parameters/enable_gvt", host.enable_gvt ? "Y\n" : "N\n");
  }
  const most = Math.max(0, ...host.gpus.map(({ iov, total_vfs: total }) => (iov === "none" ? 0 : total)));
  if (drivers.includes("i915") && most > 0) files.set("sys/module/i915/parameters/max_vfs", `${most}\n`);
  const entries = new Map(fileEntries(files));
  // A driver has its folder also while it has no device (drivers/base/bus.c, bus_add_driver).
  for (const driver of registered) entries.set(`sys/bus/pci/drivers/${driver}`, { kind: "directory" });
  // The class exists as long as mdev.ko is loaded (mdev_core.c).
  if (gvt.length > 0) entries.set("sys/class/mdev_bus", { kind: "directory" });
  return entries;
}

function fileEntries(files: ReadonlyMap<string, string>): Entries {
  return new Map([...files].map(([file, text]) => [file, { kind: "file", text }]));
}
