// The devices of a domain, its vGPU among them.
import { addCard, addFunction, addHeadlessGl, addSeat, addSlice } from "../core/vgpu-elements.ts";
import type { Builder } from "../core/xml-builder.ts";
import { functionOf } from "../inventory/share.ts";
import type { DomainClaim } from "./claim.ts";
import type { Console, DomainSpec, Nic, Serial, XenGuestType, XenSpec } from "./domain-spec.ts";
import { igdFunction } from "./domain-xml-igd.ts";
import { addDisks, addXenDisks } from "./domain-xml-disks.ts";

export function addDevices(domain: Builder, claim: DomainClaim, spec: DomainSpec): void {
  const devices = domain.ele("devices");
  const { vnc, spice, serial } = spec;
  addDisks(devices, spec);
  for (const nic of spec.nics) addNic(devices, nic);
  if (serial) addSerial(devices, serial);
  // libvirt chooses the host's end of the channel; QEMU's agent knows it by this name.
  if (spec.guestAgent)
    devices
      .ele("channel", { type: "unix" })
      .ele("target", { type: "virtio", name: "org.qemu.guest_agent.0" });
  if (spec.firmware.tpm)
    devices.ele("tpm", { model: "tpm-crb" }).ele("backend", { type: "emulator", version: "2.0" });
  if (vnc) addConsole(devices, "vnc", vnc);
  if (spice) addConsole(devices, "spice", spice);
  addVgpu(devices, claim, spec);
}

function addVgpu(devices: Builder, claim: DomainClaim, spec: DomainSpec): void {
  const { share, gpu } = claim;
  switch (share.mode) {
    case "gvt-s":
      addSeat(devices, gpu, spec.display?.size);
      return;
    case "gvt-g":
      addSliceWithScreen(devices, claim, spec);
      break;
    case "gvt-d":
    case "sriov":
      addCard(devices, (spec.vnc ?? spec.spice) ? "vga" : "none");
      addFunction(devices, functionOf({ gpu, share }), igdFunction(spec.igd));
      break;
  }
  // The balloon cannot give back pages that VFIO has pinned.
  devices.ele("memballoon", { model: "none" });
}

function addSliceWithScreen(devices: Builder, claim: DomainClaim, { vnc, spice, display }: DomainSpec): void {
  if (display) addHeadlessGl(devices, claim.gpu);
  addCard(devices, (vnc ?? spice) && !display ? "vga" : "none");
  addSlice(devices, claim.vgpuId, display);
}

/**
 * Without a balloon device of ours, which libvirt's driver for Xen adds and lets nobody leave out, and as a rule without the device
 * model's path: libxl has its own, and the one in libvirt's capabilities is of Xen's own layout, where no distribution need have it.
 * `deviceModel`: the one that makes the domain's slice.
 */
export function addXenDevices(
  domain: Builder,
  claim: DomainClaim,
  spec: XenSpec,
  deviceModel: string | undefined,
): void {
  const devices = domain.ele("devices");
  if (deviceModel !== undefined) devices.ele("emulator").txt(deviceModel);
  addXenDisks(devices, spec);
  for (const nic of spec.nics) addNic(devices, nic);
  if (spec.serial) addXenSerial(devices, spec.xenGuestType);
  if (spec.vnc) addConsole(devices, "vnc", spec.vnc);
  if (spec.spice) addConsole(devices, "spice", spec.spice);
  // Left out there is none: libxl's driver knows no model `none`.
  if (spec.vnc ?? spec.spice) addCard(devices, "vga");
  // A slice of XenGT is no device of the XML: dom0's kernel makes it for the guest's number.
  const address = functionOf(claim);
  if (address !== undefined) addFunction(devices, address);
}

/** An HVM guest's is emulated; the console of the others is Xen's own. */
function addXenSerial(devices: Builder, guestType: XenGuestType): void {
  if (guestType === "hvm") devices.ele("serial", { type: "pty" }).ele("target", { port: "0" });
  else devices.ele("console", { type: "pty" }).ele("target", { type: "xen", port: "0" });
}

/** To libvirt the guest's half of Xen's network device is a model like others. */
const models = { virtio: "virtio", e1000e: "e1000e", xen: "netfront" } as const satisfies Record<
  Nic["model"],
  string
>;

function addConsole(devices: Builder, type: "vnc" | "spice", { listen, port }: Console): void {
  const tcp = port === undefined ? { port: "-1", autoport: "yes" } : { port: String(port), autoport: "no" };
  devices.ele("graphics", { type, ...tcp, listen }).ele("listen", { type: "address", address: listen });
}

function addNic(devices: Builder, { to, mac, model, mtu }: Nic): void {
  const element = devices.ele("interface", { type: "network" in to ? "network" : "bridge" });
  if (mac !== undefined) element.ele("mac", { address: mac });
  element.ele("source", { ...to });
  element.ele("model", { type: models[model] });
  if (mtu !== undefined) element.ele("mtu", { size: String(mtu) });
}

function addSerial(devices: Builder, { logPath }: Serial): void {
  const element = devices.ele("serial", { type: "pty" });
  // A restart of the guest must not take away what it said before.
  if (logPath !== undefined) element.ele("log", { file: logPath, append: "on" });
  element.ele("target", { port: "0" });
}
