// Whether the GPU, or a function of it, can be given away: the driver for that, its IOMMU group, and who else is in it.
import { isForGuest } from "../../inventory/guest-drivers.ts";
import { fail, gpuCheck, hostCheck, notApplicable, pass } from "../condition.ts";
import type { Look } from "../look.ts";
import { unloadable } from "./module-parameters.ts";

export const vfioPciMissing = hostCheck({
  code: "VFIO_PCI_MISSING",
  costs: { "gvt-d": "warning", sriov: "warning" },
  dependsOn: ["VFIO_NOT_LOADED"],
  how:
    "/sys/module/vfio_pci, which is there also when it is built in; what the kernel's configuration, its command line and " +
    "modprobe's files say of it; and, of a host with a running agent, that its units did not load it",
  check: async (look, { hypervisor, gpus, kernelRelease, hostd }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (gpus.length === 0) return notApplicable("no-gpu");
    if (await look.has("sys/module/vfio_pci")) return pass("there");
    const kept = await unloadable(look, { module: "vfio_pci", option: "CONFIG_VFIO_PCI" }, kernelRelease);
    if (kept) return kept;
    return hostd === undefined ? pass("loadable") : fail("not-loaded");
  },
});

export const iommuGroupMissing = gpuCheck({
  code: "IOMMU_GROUP_MISSING",
  costs: { "gvt-d": "error", sriov: "error" },
  dependsOn: ["IOMMU_OFF"],
  how: "the link iommu_group of the PCI function",
  check: async (look, { host, gpu: { address } }) => {
    if (host.hypervisor === "xen") return notApplicable("xen");
    const group = await look.link(`sys/bus/pci/devices/${address}/iommu_group`);
    return group === undefined ? fail("none") : pass("group", { group });
  },
});

/** With such a driver a device stands in no guest's way (vfio_main.c, vfio_dev_driver_allowed), and bridges have none. */
function isHarmless(driver: string | undefined): boolean {
  return driver === undefined || driver === "pcieport" || isForGuest(driver);
}

export const iommuGroupShared = gpuCheck({
  code: "IOMMU_GROUP_SHARED",
  costs: { "gvt-d": "error" },
  dependsOn: ["IOMMU_GROUP_MISSING"],
  how: "the other PCI functions of the GPU's IOMMU group and their drivers: vfio wants them all out of the host's hands",
  check: async (look, { host, gpu: { address } }) => {
    if (host.hypervisor === "xen") return notApplicable("xen");
    const group = await look.link(`sys/bus/pci/devices/${address}/iommu_group`);
    if (group === undefined) return notApplicable("no-group");
    const members = await look.names(`sys/kernel/iommu_groups/${group}/devices`);
    const mates: string[] = [];
    for (const member of members.filter((each) => each !== address)) {
      const driver = await driverOf(look, member);
      if (!isHarmless(driver)) mates.push(`${member} (${driver ?? "-"})`);
    }
    return mates.length === 0 ? pass("alone", { group }) : fail("shared", { group, mates: mates.join(", ") });
  },
});

function driverOf(look: Look, address: string): Promise<string | undefined> {
  return look.link(`sys/bus/pci/devices/${address}/driver`);
}
