// A vGPU for QEMU's command line: the arguments that libvirt makes of the elements which vgpud gives its own domains.
import type { PciAddress } from "../../core/ids.ts";
import { renderNodeAt } from "../../core/render-node.ts";
import type { Display } from "../../core/vgpu-elements.ts";
import { shellLine } from "../line/shell-line.ts";
import type { Device } from "./device.ts";
import { boundFirst, requireVfio } from "./keeper.ts";
import type { WriteSnippet } from "./snippet.ts";

export const qemuSnippet: WriteSnippet = (device, display) => {
  const isShown = device.kind === "seat" || display !== undefined;
  const first = device.kind === "function" ? boundFirst(device, "qemu") : [];
  return {
    // On one line: a shell that expands it in another command knows nothing of lines that are continued.
    lines: [shellLine(wordsOf(device, display))],
    notes: isShown
      ? ["beside -vnc or -spice, which show it, and no other -display, -vga or display device"]
      : first,
  };
};

function wordsOf(device: Device, display: Display | undefined): readonly string[] {
  switch (device.kind) {
    case "function":
      requireVfio(device);
      return ["-device", `vfio-pci,host=${device.address}`];
    case "seat":
      return [...onlyDisplay(device.gpu), "-device", ["virtio-vga-gl", ...sizeOf(display)].join(",")];
    case "slice": {
      const source = `sysfsdev=/sys/bus/mdev/devices/${device.uuid}`;
      if (display === undefined) return ["-device", `vfio-pci,${source}`];
      return [...onlyDisplay(device.gpu), "-device", shown(source, display)];
    }
  }
}

/** QEMU shows the picture by OpenGL, which a headless display gives beside any other; see core/vgpu-elements.ts. */
function onlyDisplay(gpu: PciAddress): readonly string[] {
  return ["-display", `egl-headless,rendernode=${renderNodeAt(gpu)}`, "-vga", "none"];
}

/** A frame buffer cannot be unplugged, so that only another driver has one. */
function shown(source: string, { ramfb, size }: Display): string {
  return [
    ramfb ? "vfio-pci-nohotplug" : "vfio-pci",
    source,
    "display=on",
    ...(ramfb ? ["ramfb=on"] : []),
    ...sizeOf({ size }),
  ].join(",");
}

function sizeOf(display: Pick<Display, "size"> | undefined): readonly string[] {
  return display?.size ? [`xres=${display.size.width}`, `yres=${display.size.height}`] : [];
}
