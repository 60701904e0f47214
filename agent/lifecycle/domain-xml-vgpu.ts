// The vGPU as a device, and how its own screen is shown.
import type { PciAddress } from "../core/ids.ts";
import { renderNodeAt } from "../inventory/standing.ts";
import type { DomainClaim } from "./claim.ts";
import type { Display, DomainSpec } from "./domain-spec.ts";
import type { Builder } from "./xml-builder.ts";

const QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0";
/** Names of a user's own begin with `ua-`; by it the override below finds the device. */
const ALIAS = "ua-vgpu";

export function addSlice(devices: Builder, { vgpuId }: DomainClaim, display?: Display): void {
  const slice = devices.ele("hostdev", {
    ...{ mode: "subsystem", type: "mdev", managed: "no", model: "vfio-pci" },
    ...(display ? { display: "on" } : {}),
    ...(display?.ramfb === true ? { ramfb: "on" } : {}),
  });
  slice.ele("source").ele("address", { uuid: vgpuId });
  if (display?.size) slice.ele("alias", { name: ALIAS });
}

/**
 * A PCI function whole. It is bound by vgpud, and stays so when the domain ends: libvirt, which would do it for a managed one, gives
 * it back to whichever driver the kernel chooses.
 */
export function addFunction(devices: Builder, function_: PciAddress): void {
  const [, domain = "", bus = "", slot = "", number = ""] = /^(.+):(.+):(.+)\.(.+)$/.exec(function_) ?? [];
  devices
    .ele("hostdev", { mode: "subsystem", type: "pci", managed: "no" })
    .ele("source")
    .ele("address", { domain: `0x${domain}`, bus: `0x${bus}`, slot: `0x${slot}`, function: `0x${number}` });
}

/**
 * i915 gives QEMU the screen as a dma-buf, which QEMU shows only by OpenGL (hw/vfio/display.c: "opengl not available").
 * VNC and a SPICE that listens on TCP have none; a headless one beside them renders for both. The node is named by the
 * GPU's address, since the slice's buffers live on that GPU and `renderD128` may be another one.
 */
export function addHeadlessGl(devices: Builder, { gpu }: DomainClaim): void {
  devices.ele("graphics", { type: "egl-headless" }).ele("gl", { rendernode: renderNodeAt(gpu) });
}

/**
 * A virtio-gpu whose drawing virglrenderer does on the GPU's node. It needs OpenGL in QEMU, which a headless display gives
 * beside any other, and alone where there is none.
 */
export function addSeat(devices: Builder, claim: DomainClaim): void {
  addHeadlessGl(devices, claim);
  devices
    .ele("video")
    .ele("model", { type: "virtio", heads: "1", primary: "yes" })
    .ele("acceleration", { accel3d: "yes" });
}

/** libvirt has no element for the size: QEMU takes it as properties of the device (override: libvirt 8.2.0). */
export function addScreenSize(domain: Builder, { display }: DomainSpec): void {
  if (!display?.size) return;
  const frontend = domain
    .eleOf(QEMU_NAMESPACE, "qemu:override")
    .eleOf(QEMU_NAMESPACE, "qemu:device", { alias: ALIAS })
    .eleOf(QEMU_NAMESPACE, "qemu:frontend");
  const { width, height } = display.size;
  for (const [name, value] of Object.entries({ xres: width, yres: height }))
    frontend.eleOf(QEMU_NAMESPACE, "qemu:property", { name, type: "unsigned", value: String(value) });
}
