// What a specification leaves to the place it gets: known once a GPU and a type are chosen. Pure.
import { AgentError } from "../core/errors.ts";
import type { Mode } from "../core/modes.ts";
import type { Offer, Refusal } from "../capacity/place.ts";
import { INTEGRATED, isIntegrated } from "../inventory/integrated.ts";
import type { Gpu, Inventory } from "../inventory/model.ts";
import type { PciShare, Share, SliceShare } from "../inventory/share.ts";
import type { DomainSpec, XenGuestType } from "./domain-spec.ts";

export interface Surroundings {
  readonly inventory: Inventory;
  /** Whether Xen's guests have their slices from a device model, and not from vgpud. */
  readonly byDeviceModel: boolean;
}

/**
 * @throws AgentError FIELD_INVALID when the screen is larger than the type's, FIELD_NOT_SUPPORTED_HERE for what does not go
 * with the mode
 */
export function onGpu(
  spec: DomainSpec,
  { gpu: address, share }: Offer,
  { inventory: { gpus }, byDeviceModel }: Surroundings,
): DomainSpec {
  const gpu = gpus.get(address);
  if (spec.xenGuestType) refuseOnXen(spec.xenGuestType, share, gpu);
  if (spec.xenGuestType && share.mode === "gvt-g") refuseBesideXengt(spec, spec.xenGuestType, byDeviceModel);
  const fitted = fittedTo(spec, share, gpu);
  const { numa } = fitted;
  if (numa?.nodes.length !== 0) return fitted;
  // A host of one node names none, and all its memory is on it.
  return { ...fitted, numa: { ...numa, nodes: gpu?.numaNode === undefined ? [] : [gpu.numaNode] } };
}

/** Whether a guest of the specification can have what a GPU would give. */
export function refusalOf(spec: DomainSpec, surroundings: Surroundings): Refusal {
  return (offer) => {
    try {
      onGpu(spec, offer, surroundings);
      return undefined;
    } catch (error) {
      if (error instanceof AgentError) return error;
      throw error;
    }
  };
}

/** Why not every guest can have what a GPU gives, whose guest nobody knows yet. */
export function doubtOnXen({ address }: Gpu, mode: Mode): string | undefined {
  if (mode !== "gvt-d" || !isIntegrated(address)) return undefined;
  return "is a processor's graphics, which no HVM guest that libvirt makes can have (QEMU wants gfx_passthru for them); a PV guest can, and one that xl makes";
}

function fittedTo(spec: DomainSpec, share: Share, gpu: Gpu | undefined): DomainSpec {
  if (spec.igd && share.mode !== "gvt-d")
    throw notWith(
      share.mode,
      "igd",
      "it is about a processor's graphics that are given away whole (mode gvt-d)",
    );
  if (spec.igd && gpu && !isIntegrated(gpu.address)) {
    const message = `domain.igd does not go with GPU ${gpu.address}, which is no processor's; leave it out, or ask for GPU ${INTEGRATED}`;
    throw new AgentError("FIELD_NOT_SUPPORTED_HERE", message, { field: "domain.igd" });
  }
  switch (share.mode) {
    case "gvt-g":
      return onSlice(spec, share, gpu);
    case "gvt-s":
      return onSeat(spec);
    case "gvt-d":
    case "sriov":
      return onFunction(spec, share);
  }
}

/** What a function drives no console shows: QEMU has a picture of mediated slices alone (libvirt: of functions since 10.3). */
function onFunction(spec: DomainSpec, { mode }: PciShare): DomainSpec {
  if (spec.display)
    throw notWith(
      mode,
      "vgpu_display",
      "a whole GPU shows its picture on its own connectors, and a virtual function has none",
    );
  return spec;
}

/** What libvirt's driver for Xen cannot give a domain (src/libxl: PCI and USB devices, and the displays of libxl). */
function refuseOnXen(guestType: XenGuestType, { mode }: Share, gpu: Gpu | undefined): void {
  switch (mode) {
    case "gvt-s":
      throw notOnXen(
        "vgpu",
        "a vGPU of mode gvt-s is a virtio-gpu, which libvirt's driver for Xen does not know",
      );
    case "gvt-g":
      if (gpu?.mdevParent !== true) break;
      throw notOnXen(
        "vgpu",
        "slices of this GPU are mediated devices of KVM, which no guest of Xen can have",
      );
    case "gvt-d":
      if (gpu && guestType === "hvm") refuseGraphicsToHvm(gpu);
      break;
    case "sriov":
      break;
  }
  if (guestType === "pvh")
    throw notOnXen("domain.xen_guest_type", "a PVH guest of Xen can have no device of the host's; use HVM");
}

/** A slice of XenGT is the guest's VGA card (Intel's QEMU: hw/display/vga-vgt.c): it needs a device model, and is the only one there. */
function refuseBesideXengt(
  { vnc, spice, display }: DomainSpec,
  guestType: XenGuestType,
  byDeviceModel: boolean,
): void {
  if (guestType !== "hvm")
    throw notOnXen(
      "domain.xen_guest_type",
      "a slice of XenGT is given by a device model, which HVM guests alone have",
    );
  if (display)
    throw notOnXen(
      "domain.vgpu_display",
      "the screen of a slice of XenGT is shown by its device model, which takes no such settings",
    );
  const field = vnc ? "domain.graphics.vnc" : spice ? "domain.graphics.spice" : undefined;
  if (byDeviceModel && field !== undefined)
    throw notOnXen(
      field,
      "libvirt puts an emulated card beside each console, and the slice is the guest's card already; leave the console out",
    );
}

/** QEMU (hw/xen/xen_pt.c, xen_pt_realize) asks for it of what is at that place on the host. */
function refuseGraphicsToHvm({ address }: Gpu): void {
  if (!isIntegrated(address)) return;
  throw notOnXen(
    "domain.xen_guest_type",
    `QEMU gives an HVM guest a processor's graphics (GPU ${address}) only with gfx_passthru, which libvirt's driver for Xen cannot say; use PV with a kernel that has pcifront and drives them, ask for another GPU, or make the guest by xl`,
  );
}

function notOnXen(field: string, why: string): AgentError {
  return new AgentError("FIELD_NOT_SUPPORTED_HERE", `${field} cannot be served here: ${why}`, { field });
}

/** The screen of a seat is that of its virtio-gpu, which consoles show by themselves; only its size is anybody's to say. */
function onSeat(spec: DomainSpec): DomainSpec {
  const { display, raw } = spec;
  if (raw)
    throw notWith(
      "gvt-s",
      "raw_xml",
      "vgpud writes the virtio-gpu and its display, beside typed devices only",
    );
  if (display?.ramfb === true)
    throw notWith("gvt-s", "vgpu_display.ramfb", "a virtio-gpu has a picture from the start");
  return { ...spec, display: display?.size && display };
}

function notWith(mode: Mode, name: string, why: string): AgentError {
  const field = `domain.${name}`;
  return new AgentError(
    "FIELD_NOT_SUPPORTED_HERE",
    `${field} does not go with a vGPU of mode ${mode}: ${why}`,
    { field },
  );
}

function onSlice(spec: DomainSpec, { type }: SliceShare, gpu: Gpu | undefined): DomainSpec {
  refuseLargerScreen(spec, { type, resolution: gpu?.types.find(({ name }) => name === type)?.resolution });
  return spec;
}

function refuseLargerScreen(
  { display }: DomainSpec,
  { type, resolution }: { readonly type: string; readonly resolution: string | undefined },
): void {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(resolution ?? "") ?? [];
  const size = display?.size;
  if (!size || width === undefined || height === undefined) return;
  const field = size.width > Number(width) ? "width" : size.height > Number(height) ? "height" : undefined;
  if (field === undefined) return;
  const message = `domain.vgpu_display.${field} is ${size[field]}; a vGPU of type ${type} shows at most ${width}x${height}`;
  throw new AgentError("FIELD_INVALID", message, {
    field: `domain.vgpu_display.${field}`,
    details: { type, resolution: `${width}x${height}` },
  });
}
