// A vGPU for libvirt's XML: the elements that vgpud gives its own domains, each below a comment that says where it goes.
import {
  addCard,
  addFunction,
  addHeadlessGl,
  addScreenSize,
  addSeat,
  addSlice,
  type Display,
} from "../../core/vgpu-elements.ts";
import { Builder } from "../../core/xml-builder.ts";
import type { Device } from "./device.ts";
import { boundFirst } from "./keeper.ts";
import type { WriteSnippet } from "./snippet.ts";

const INSIDE = "inside <devices>";
const ONLY_CARD = `${INSIDE}, in the place of every <video> there`;

export const libvirtSnippet: WriteSnippet = (device, display) => ({
  lines: linesOf(device, display),
  notes: device.kind === "function" ? boundFirst(device, "libvirt") : [],
});

function linesOf(device: Device, display: Display | undefined): readonly string[] {
  switch (device.kind) {
    case "function":
      return part(INSIDE, (devices) => {
        addFunction(devices, device.address);
      });
    case "seat":
      return part(ONLY_CARD, (devices) => {
        addSeat(devices, device.gpu, display?.size);
      });
    case "slice":
      if (display !== undefined) return shown(device, display);
      return part(INSIDE, (devices) => {
        addSlice(devices, device.uuid);
      });
  }
}

function shown(
  { uuid, gpu }: Extract<Device, { readonly kind: "slice" }>,
  display: Display,
): readonly string[] {
  const { size } = display;
  const slice = part(`${INSIDE}, beside the <graphics> of VNC or SPICE that shows it`, (devices) => {
    addHeadlessGl(devices, gpu);
    addSlice(devices, uuid, display);
  });
  const card = part(ONLY_CARD, (devices) => {
    addCard(devices, "none");
  });
  if (size === undefined) return [...slice, ...card];
  const override = part("inside <domain>, after <devices>", (domain) => {
    addScreenSize(domain, size);
  });
  return [...slice, ...card, ...override];
}

function part(where: string, write: (parent: Builder) => void): readonly string[] {
  return [`<!-- ${where} -->`, ...Builder.fragment(write).trimEnd().split("\n")];
}
