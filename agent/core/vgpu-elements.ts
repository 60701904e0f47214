// A vGPU as elements of a libvirt domain, and how its own screen is shown: in domains of vgpud's and in those of others.
import type { PciAddress, VgpuId } from "./ids.ts";
import { renderNodeAt } from "./render-node.ts";
import type { Builder } from "./xml-builder.ts";

const QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0";
/** Names of a user's own begin with `ua-`; by it the override below finds the device. */
const ALIAS = "ua-vgpu";

/** How the screen of a slice is shown, and how large that of a seat is. */
export interface Display {
  /** A frame buffer for the time before the guest's driver runs; never of a seat, which has a picture from the start. */
  readonly ramfb: boolean;
  /** Undefined: the type's, or of a seat QEMU's own. */
  readonly size: ScreenSize | undefined;
}

/** Pixels, of a slice at most the type's. */
export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/** A mediated device. */
export function addSlice(devices: Builder, vgpuId: VgpuId, display?: Display): void {
  const slice = devices.ele("hostdev", {
    ...{ mode: "subsystem", type: "mdev", managed: "no", model: "vfio-pci" },
    ...(display ? { display: "on" } : {}),
    ...(display?.ramfb === true ? { ramfb: "on" } : {}),
  });
  slice.ele("source").ele("address", { uuid: vgpuId });
  if (display?.size) slice.ele("alias", { name: ALIAS });
}

/** How a guest sees a function. */
export interface FunctionOptions {
  /** Whether it is given some by `addProperties`. */
  readonly hasProperties?: boolean;
  /** Absolute. Absent: the device's own. */
  readonly romFile?: string | undefined;
  /** At 00:02.0, where a processor's graphics are on hardware, and firmware looks for them. */
  readonly isFirstVga?: boolean;
}

/**
 * A PCI function whole: a GPU, or a virtual function. It is bound by vgpud, and stays so when the domain ends: libvirt, which would
 * do it for a managed one, gives it back to whichever driver the kernel chooses.
 */
export function addFunction(devices: Builder, address: PciAddress, options: FunctionOptions = {}): void {
  const [domain = "", bus = "", slot = "", number = ""] = address.split(/[:.]/).map((part) => `0x${part}`);
  const function_ = devices.ele("hostdev", { mode: "subsystem", type: "pci", managed: "no" });
  function_.ele("source").ele("address", { domain, bus, slot, function: number });
  if (options.hasProperties === true) function_.ele("alias", { name: ALIAS });
  if (options.romFile !== undefined) function_.ele("rom", { file: options.romFile });
  if (options.isFirstVga === true)
    function_.ele("address", {
      ...{ type: "pci", domain: "0x0000", bus: "0x00", slot: "0x02", function: "0x0" },
    });
}

/**
 * i915 gives QEMU the screen as a dma-buf, which QEMU shows only by OpenGL (hw/vfio/display.c: "opengl not available").
 * VNC and a SPICE that listens on TCP have none; a headless one beside them renders for both. The node is named by the
 * GPU's address, since the slice's buffers live on that GPU and `renderD128` may be another one.
 */
export function addHeadlessGl(devices: Builder, gpu: PciAddress): void {
  devices.ele("graphics", { type: "egl-headless" }).ele("gl", { rendernode: renderNodeAt(gpu) });
}

/**
 * The card beside a slice or a function. Named even when there is none: libvirt adds one of its own beside <graphics> otherwise.
 * Beside an emulated card a slice's screen would be the second, which VNC does not show.
 */
export function addCard(devices: Builder, model: "vga" | "none"): void {
  devices.ele("video").ele("model", { type: model });
}

/**
 * A virtio-gpu whose drawing virglrenderer does on the GPU's node. It needs OpenGL in QEMU, which a headless display gives
 * beside any other, and alone where there is none. The size is the one that its EDID prefers (QEMU: hw/display/virtio-gpu-base.c) until
 * a viewer asks for another; libvirt has it since 5.9.
 */
export function addSeat(devices: Builder, gpu: PciAddress, size?: ScreenSize): void {
  addHeadlessGl(devices, gpu);
  const model = devices.ele("video").ele("model", { type: "virtio", heads: "1", primary: "yes" });
  model.ele("acceleration", { accel3d: "yes" });
  if (size) model.ele("resolution", { x: String(size.width), y: String(size.height) });
}

/** QEMU takes the size of a slice's screen as properties. */
export function addScreenSize(domain: Builder, { width, height }: ScreenSize): void {
  addProperties(domain, { xres: width, yres: height });
}

/** What libvirt has no element for: properties of the vGPU's device in QEMU (override: libvirt 8.2.0). */
export function addProperties(domain: Builder, properties: Readonly<Record<string, number | boolean>>): void {
  const frontend = domain
    .eleOf(QEMU_NAMESPACE, "qemu:override")
    .eleOf(QEMU_NAMESPACE, "qemu:device", { alias: ALIAS })
    .eleOf(QEMU_NAMESPACE, "qemu:frontend");
  for (const [name, value] of Object.entries(properties)) {
    const type = typeof value === "boolean" ? "bool" : "unsigned";
    frontend.eleOf(QEMU_NAMESPACE, "qemu:property", { name, type, value: String(value) });
  }
}
