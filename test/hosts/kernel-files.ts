// Pure: what the kernel and the system show of a described host, as files by their paths.
import { linkTo } from "../fakes/host-tree.ts";
import type { HostDescription } from "./description.ts";
import { Files } from "./files.ts";

const DAEMON_PID = "812";
const GUESTS_UNIT = "etc/systemd/system/multi-user.target.wants/libvirt-guests.service";

/** Which module a PCI driver is in. */
const DRIVER_MODULES: Readonly<Record<string, readonly string[]>> = {
  i915: ["i915"],
  xe: ["xe"],
  amdgpu: ["amdgpu"],
  nouveau: ["nouveau"],
  nvidia: ["nvidia"],
  pciback: ["xen_pciback"],
  "vfio-pci": ["vfio_pci", "vfio", "vfio_iommu_type1"],
};

/** What the drivers show when nobody told them anything (i915_params.h, xe_module.c). */
const DEFAULT_PARAMETERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  i915: { modeset: "-1", enable_guc: "-1", force_probe: "*" },
  xe: { force_probe: "", guc_log_level: "3" },
  kvm: { ignore_msrs: "Y" },
};

/** Of which modules the parameters are for root alone. */
const FOR_ROOT: ReadonlySet<string> = new Set(["i915", "xe"]);

export function addSystem(files: Files, host: HostDescription): void {
  const { kernel, hypervisor, cpu, guest, command_line, config, log } = host;
  const flags = ["fpu", "lm", ...(cpu === "neither" ? [] : [cpu]), ...(guest ? ["hypervisor"] : [])];
  files.add("proc/sys/kernel/osrelease", kernel);
  files.add("proc/sys/kernel/hostname", "recorded");
  files.add("proc/sys/kernel/random/boot_id", "5111a7ed-0000-4000-8000-000000000002");
  files.add("proc/cmdline", `BOOT_IMAGE=/boot/vmlinuz-${kernel} root=/dev/sda2 ${command_line}`);
  const vendor = cpu === "svm" ? "AuthenticAMD" : "GenuineIntel";
  files.add("proc/cpuinfo", `processor\t: 0\nvendor_id\t: ${vendor}\nflags\t\t: ${flags.join(" ")}`);
  files.add("sys/class/dmi/id/sys_vendor", host.system_vendor);
  if (hypervisor === "xen" || hypervisor === "xen-guest") files.add("sys/hypervisor/type", "xen");
  if (hypervisor === "xen") files.add("proc/xen/capabilities", "control_d");
  if (hypervisor === "kvm") {
    files.add("dev/kvm", "");
    files.add("sys/class/misc/kvm/dev", "10:232");
  }
  if (config) files.add(`boot/config-${kernel}`, ["CONFIG_X86_64=y", ...config].join("\n"));
  if (log !== "none")
    files.add("var/log/dmesg", [`[    0.000000] Linux version ${kernel}`, ...log].join("\n"));
  if (host.lockdown !== undefined) {
    const modes = ["none", "integrity", "confidentiality"];
    const shown = modes.map((mode) => (mode === host.lockdown ? `[${mode}]` : mode));
    files.add("sys/kernel/security/lockdown", shown.join(" "));
  }
  if (hypervisor === "xen") addFirmwareTables(files, host);
  else if (host.iommu === true) files.add("sys/class/iommu", { dmar0: {}, dmar1: {} });
  files.add("sys/kernel/iommu_groups", {});
  files.add("sys/bus/pci/devices", {});
  files.add("sys/class/drm", {});
}

/** Xen hides VT-d's table from dom0 by another name, and none of AMD's (xen/drivers/passthrough/vtd/dmar.c). */
function addFirmwareTables(files: Files, { iommu, cpu }: HostDescription): void {
  if (iommu === "not-shown") return;
  const taken = cpu === "svm" ? "IVRS" : "RMAD";
  const table = iommu === "left-to-dom0" ? ["DMAR"] : iommu ? [taken] : [];
  // Only root may read them.
  for (const name of ["APIC", "DSDT", "FACP", ...table]) files.add(`sys/firmware/acpi/tables/${name}`, {});
}

export function addModules(files: Files, host: HostDescription): void {
  const drivers = host.gpus.flatMap(({ driver }) => DRIVER_MODULES[driver] ?? []);
  const kvm = host.hypervisor === "kvm" ? ["kvm", host.cpu === "svm" ? "kvm_amd" : "kvm_intel"] : [];
  const pciback = host.hypervisor === "xen" && host.pciback;
  const loaded = new Set([...kvm, ...drivers, ...(pciback ? ["xen_pciback"] : []), ...host.modules]);
  for (const module of loaded) files.add(`sys/module/${module}/initstate`, "live");
  // A driver has its folder also while it has no device.
  if (pciback) files.add("sys/bus/pci/drivers/pciback", {});
  // The class exists as long as the module is loaded (mdev_core.c).
  if (loaded.has("mdev")) files.add("sys/class/mdev_bus", {});
  for (const module of loaded) {
    for (const [name, value] of Object.entries({
      ...DEFAULT_PARAMETERS[module],
      ...parametersOf(host, module),
    })) {
      const path = `sys/module/${module}/parameters/${name}`;
      files.add(path, FOR_ROOT.has(module) && !host.parameters_readable ? {} : value);
    }
  }
}

function parametersOf({ parameters }: HostDescription, module: string): Readonly<Record<string, string>> {
  const named = Object.entries(parameters).map(([name, value]) => [name.split("."), value] as const);
  return Object.fromEntries(
    named.flatMap(([[of, name], value]) => (of === module && name !== undefined ? [[name, value]] : [])),
  );
}

/** IGK i915/vgt/sysfs.c for 2016, gvt-linux i915/gvt/xengt.c for 2017. */
export function addXengt(files: Files, { xengt }: HostDescription): void {
  if (xengt === undefined) return;
  const control = "sys/kernel/vgt/control";
  files.add(`${control}/create_vgt_instance`, "");
  if (xengt === "2017") return;
  const sizes = [512, 384, 1536, 1152, 32, 12].map((size) => `0x${size.toString(16).padStart(8, "0")}`);
  files.add(`${control}/available_resource`, `${sizes.join(", ")}\n00000003\n00000003`);
  files.add(`${control}/foreground_vm`, "0");
  files.add(`${control}/display_owner`, "0");
}

export function addLibvirt(files: Files, { libvirt, hypervisor, ...host }: HostDescription): void {
  const xen = hypervisor === "xen";
  const at = xen ? "xen:///system" : "qemu:///system";
  if (libvirt !== "none") {
    const answer =
      "why" in libvirt
        ? { answers: false, uri: libvirt.uri ?? at, why: libvirt.why }
        : {
            answers: true,
            uri: libvirt.uri ?? at,
            version: libvirt.version,
            driver: libvirt.driver ?? (xen ? "Xen" : "QEMU"),
            ...(libvirt.graphics !== "not-asked" && {
              offered: { graphics: libvirt.graphics, videos: ["vga", "virtio"] },
            }),
          };
    files.add("vgpud/libvirt.json", JSON.stringify(answer));
  }
  if (host.libvirt_daemon !== "none") {
    const { capabilities, memlock } = host.libvirt_daemon;
    files.add("run/libvirtd.pid", DAEMON_PID);
    files.add(`proc/${DAEMON_PID}/status`, `Name:\tlibvirtd\nCapEff:\t${capabilities}`);
    files.add(
      `proc/${DAEMON_PID}/limits`,
      `Max locked memory         ${memlock}              ${memlock}              bytes`,
    );
  }
  if (host.libvirt_guests !== undefined) {
    files.add(GUESTS_UNIT, linkTo("/lib/systemd/system/libvirt-guests.service"));
    const told =
      host.libvirt_guests === "unset" ? "#ON_SHUTDOWN=suspend" : `ON_SHUTDOWN=${host.libvirt_guests}`;
    files.add("etc/default/libvirt-guests", told);
  }
  const qemu = host.qemu ?? (xen ? "usr/lib/xen/bin/qemu-system-i386" : "usr/bin/qemu-system-x86_64");
  if (qemu !== "none") files.add(qemu, "");
  if (host.perf) files.add("usr/bin/perf", "");
  if (host.qemu_modules === undefined) return;
  const opengl = host.qemu_modules === "with-opengl" ? ["virtio-gpu-gl"] : [];
  for (const device of ["virtio-gpu", "virtio-vga-gl", ...opengl])
    files.add(`usr/lib/x86_64-linux-gnu/qemu/hw-display-${device}.so`, "");
}

export function addMandatoryAccess(files: Files, { apparmor, selinux }: HostDescription): void {
  if (selinux !== undefined) files.add("sys/fs/selinux/enforce", selinux === "enforcing" ? "1" : "0");
  if (apparmor === undefined) return;
  files.add("sys/module/apparmor/parameters/enabled", "Y");
  if (apparmor === "no-profile") return;
  const rules = ["  /dev/kvm rw,", ...(apparmor === "lets" ? ["  /dev/vfio/vfio rw,"] : [])];
  files.add("etc/apparmor.d/abstractions/libvirt-qemu", rules.join("\n"));
}
