// What differs where Xen is the hypervisor.
import { fail, hostCheck, notApplicable, pass, unknown, type Finding, type Says } from "../condition.ts";
import { UnreadableError, type Look } from "../look.ts";
import { mayHaveXengt } from "../prospects.ts";
import { unloadable } from "./module-parameters.ts";

export const xengtMissing = hostCheck({
  code: "XENGT_MISSING",
  costs: { "gvt-g": "error" },
  dependsOn: [],
  how:
    "/sys/kernel/vgt/control/create_vgt_instance of dom0's kernel; available_resource beside it is there in the kernels of " +
    "2015 and 2016 only; where a GPU is of a platform that XenGT drove",
  check: async (look, { hypervisor, gpus }) => {
    if (hypervisor !== "xen") return notApplicable("not-xen");
    if (!mayHaveXengt(gpus)) return notApplicable("no-such-gpu");
    const files = await look.names("sys/kernel/vgt/control");
    if (files.includes("create_vgt_instance"))
      return files.includes("available_resource") ? pass("of-2016") : pass("of-2017");
    return (await look.has("sys/module/xengt")) ? fail("not-registered") : fail("missing");
  },
});

const PCIBACK = { module: "xen_pciback", option: "CONFIG_XEN_PCIDEV_BACKEND" } as const;

export const xenPcibackMissing = hostCheck({
  code: "XEN_PCIBACK_MISSING",
  // Unlike vfio-pci it is loaded by none of vgpud's units: where it is not loaded, nothing is given away.
  costs: { "gvt-d": "error", sriov: "error" },
  dependsOn: [],
  how:
    "/sys/bus/pci/drivers/pciback, which is there also when it is built in; what the kernel's configuration, its command line and " +
    "modprobe's files say of xen-pciback, and whether /lib/modules has its file, where it may be looked for: vgpud itself may not",
  check: async (look, { hypervisor, gpus, kernelRelease }) => {
    if (gpus.length === 0) return notApplicable("no-gpu");
    if (hypervisor !== "xen") return notApplicable("not-xen");
    if (await look.has("sys/bus/pci/drivers/pciback")) return pass("there");
    const kept = await unloadable(look, PCIBACK, kernelRelease);
    if (kept) return kept;
    return (await lacksPciback(look, kernelRelease))
      ? fail("absent", { kernel: kernelRelease })
      : fail("not-loaded");
  },
});

/** Whether modules of the running kernel are installed and this is none of them. False, too, where nobody may look. */
async function lacksPciback(look: Look, kernelRelease: string): Promise<boolean> {
  const drivers = `lib/modules/${kernelRelease}/kernel/drivers`;
  try {
    if (!(await look.has(drivers))) return false;
    const files = await look.names(`${drivers}/xen/xen-pciback`);
    return !files.some((file) => file.startsWith("xen-pciback.ko"));
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}

export const deviceModelMissing = hostCheck({
  code: "DEVICE_MODEL_MISSING",
  costs: { "gvt-g": "error" },
  dependsOn: ["XENGT_MISSING"],
  how:
    "xengt.device_model of the configuration, where the device model makes slices, and what it said at the last start of a new domain: " +
    "that a QEMU has no -vga xengt shows when it is started, and holds until another file is in its place; only a running agent knows",
  check: async (look, { hypervisor, gpus, deviceModel }) => {
    if (hypervisor !== "xen") return notApplicable("not-xen");
    if (!mayHaveXengt(gpus)) return notApplicable("no-such-gpu");
    if (!deviceModel) return notApplicable("no-agent");
    if (deviceModel.kind === "not-needed") return notApplicable("not-needed");
    const { path, cannot } = deviceModel;
    if (!(await look.has(path.slice(1)))) return fail("missing", { path });
    if (cannot === undefined) return pass("there", { path });
    look.saw(path, cannot);
    return fail("unpatched", { path, said: cannot });
  },
});

export const virglNotOnXen = hostCheck({
  code: "VIRGL_NOT_ON_XEN",
  costs: { "gvt-s": "error" },
  dependsOn: [],
  how: "the hypervisor: libvirt's driver for Xen has no virtio video",
  check: (_look, { hypervisor }) =>
    Promise.resolve(hypervisor === "xen" ? fail("xen") : notApplicable("not-xen")),
});

/** The firmware's tables about IOMMUs: VT-d's, what Xen makes of its name (older ones the latter), and AMD's. */
const IOMMU_TABLES: readonly string[] = ["DMAR", "RMAD", "XMAR", "IVRS"];

/**
 * Whether Xen drives an IOMMU, as far as dom0 sees: its kernel shows neither groups nor units. Xen changes the name of VT-d's
 * table so that dom0 does not find it (xen/drivers/passthrough/vtd/dmar.c, acpi_dmar_zap), and does not look at it when it is told
 * to leave IOMMUs alone (x86/iommu.c, acpi_iommu_init); AMD's table keeps its name. @throws UnreadableError
 */
export async function iommuOfXen(look: Look): Promise<Finding<Says<"IOMMU_OFF">>> {
  // Xen makes no such dom0 without one (arch_iommu_check_autotranslated_hwdom), and gives it tables of its own making.
  if ((await look.text("sys/hypervisor/guest_type")) === "PVH") return pass("xen-pvh");
  const folder = "sys/firmware/acpi/tables";
  const names = await look.names(folder);
  const tables = names.filter((name) => IOMMU_TABLES.includes(name));
  if (names.length > 0) look.sawOf(`${folder}/`, names.join(" "), tables.join(" "));
  const taken = tables.find((name) => name === "RMAD" || name === "XMAR");
  if (taken !== undefined) return pass("xen-took", { table: taken });
  if (tables.includes("DMAR")) return fail("xen-left");
  return names.length === 0 || tables.includes("IVRS") ? unknown("xen-not-seen") : fail("xen-none");
}
