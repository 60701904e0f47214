// Whether there is a GPU, which one it is, and who drives it.
import { isForGuest } from "../../inventory/guest-drivers.ts";
import { platformOf } from "../../inventory/platforms.ts";
import { fail, gpuCheck, hostCheck, pass } from "../condition.ts";
import type { Look } from "../look.ts";

const VENDORS: ReadonlyMap<string, string> = new Map([
  ["0x10de", "NVIDIA"],
  ["0x1002", "AMD"],
  ["0x102b", "Matrox"],
  ["0x1a03", "ASPEED"],
  ["0x1234", "QEMU"],
  ["0x1af4", "virtio"],
  ["0x15ad", "VMware"],
]);

export const noIntelGpu = hostCheck({
  code: "NO_INTEL_GPU",
  costs: { "gvt-g": "error", "gvt-d": "error", "gvt-s": "error", sriov: "error" },
  dependsOn: [],
  how: "PCI functions of class 0300 or 0380 and their vendors in /sys/bus/pci/devices; 8086 is Intel",
  check: async (look, { gpus }) => {
    if (gpus.length > 0) return pass("found", { gpus: gpus.map(({ address }) => address).join(", ") });
    const others: string[] = [];
    for (const address of await look.names("sys/bus/pci/devices")) {
      const pciClass = (await look.quietly(`sys/bus/pci/devices/${address}/class`)) ?? "";
      if (!/^0x03/.test(pciClass)) continue;
      const vendor = (await look.text(`sys/bus/pci/devices/${address}/vendor`)) ?? "?";
      others.push(`${VENDORS.get(vendor) ?? vendor} ${address}`);
    }
    return others.length > 0 ? fail("others", { others: others.join(", ") }) : fail("none");
  },
});

export const gpuModelUnknown = gpuCheck({
  code: "GPU_MODEL_UNKNOWN",
  costs: { "gvt-g": "info", "gvt-d": "info", "gvt-s": "info", sriov: "info" },
  dependsOn: [],
  how: "the PCI device id, in the table of the kernel's include/drm/intel/pciids.h",
  check: (look, { gpu: { deviceId, address } }) => {
    look.saw(`/sys/bus/pci/devices/${address}/device`, `0x${deviceId}`);
    const platform = platformOf(deviceId);
    return Promise.resolve(
      platform
        ? pass("known", { platform: platform.name, generation: platform.generation, id: deviceId })
        : fail("unknown", { id: deviceId }),
    );
  },
});

export const gpuWithoutDriver = gpuCheck({
  code: "GPU_WITHOUT_DRIVER",
  costs: { "gvt-g": "error", "gvt-s": "error", sriov: "error" },
  dependsOn: [],
  how: "the link driver of the PCI function, beside what SetGpuMode wrote down, which only a running agent knows",
  check: async (look, { host: { settings }, gpu: { address } }) => {
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver === undefined) return fail("none");
    if (!isForGuest(driver)) return pass("bound", { driver });
    const setting = settings?.get(address);
    if (setting?.standing.kind === "parked") return fail("parked", { driver });
    return setting?.mode === "gvt-d"
      ? fail("as-set", { driver, gpu: address })
      : fail("given-away", { driver });
  },
});

export const hostDisplayOnGpu = gpuCheck({
  code: "HOST_DISPLAY_ON_GPU",
  costs: { "gvt-g": "info", "gvt-d": "warning" },
  spares: { boot: ["gvt-g"] },
  dependsOn: [],
  how:
    "boot_vga of the PCI function, the connectors of its card in /sys/class/drm with something plugged in, and the framebuffers of " +
    "/sys/class/graphics, on the first of which the kernel's text consoles are",
  check: async (look, { gpu: { address, drmCard } }) => {
    const connected: string[] = [];
    const connectors =
      drmCard === undefined ? [] : await look.names(`sys/bus/pci/devices/${address}/drm/${drmCard}`);
    for (const name of connectors.filter((each) => each.startsWith(`${drmCard ?? ""}-`))) {
      const status = await look.text(`sys/bus/pci/devices/${address}/drm/${drmCard ?? ""}/${name}/status`);
      if (status === "connected") connected.push(name.slice(name.indexOf("-") + 1));
    }
    if (connected.length > 0) return fail("screen", { connectors: connected.join(", ") });
    const bootVga = await look.text(`sys/bus/pci/devices/${address}/boot_vga`);
    if (bootVga === "1") return fail("boot");
    const framebuffer = await framebufferOf(look, address);
    return framebuffer === undefined ? pass("none") : fail("console", { framebuffer });
  },
});

/** The framebuffer device that the GPU's own driver has made; that of the firmware is told by boot_vga. */
async function framebufferOf(look: Look, address: string): Promise<string | undefined> {
  for (const name of await look.names("sys/class/graphics"))
    if (/^fb\d+$/.test(name) && (await look.link(`sys/class/graphics/${name}/device`)) === address)
      return name;
  return undefined;
}

export const renderNodeMissing = gpuCheck({
  code: "RENDER_NODE_MISSING",
  costs: { "gvt-s": "error" },
  dependsOn: ["GPU_WITHOUT_DRIVER"],
  how: "the render node that the PCI function has below drm, and the device file in /dev/dri",
  check: async (look, { gpu: { address } }) => {
    const nodes = await look.names(`sys/bus/pci/devices/${address}/drm`);
    const node = nodes.find((name) => /^renderD\d+$/.test(name));
    if (node === undefined) return fail("none");
    // A unit with devices of its own, as vgpud's, has no /dev/dri; the node is QEMU's to open.
    if (!(await look.has("dev/dri"))) return pass("made", { node });
    return (await look.has(`dev/dri/${node}`)) ? pass("there", { node }) : fail("no-file", { node });
  },
});
