// The devices of a domain, its vGPU among them.
import type { PciAddress } from "../core/ids.ts";
import { addCard, addFunction, addHeadlessGl, addSeat, addSlice } from "../core/vgpu-elements.ts";
import type { Builder } from "../core/xml-builder.ts";
import { functionOf } from "../inventory/share.ts";
import type { DomainClaim } from "./claim.ts";
import type { Console, DomainSpec, Nic, Serial } from "./domain-spec.ts";
import { addDisks } from "./domain-xml-disks.ts";

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
      addSeat(devices, gpu);
      return;
    case "gvt-g":
      addSliceWithScreen(devices, claim, spec);
      break;
    case "gvt-d":
    case "sriov":
      addFunctionBesideScreen(devices, functionOf({ gpu, share }), spec);
      break;
  }
  // The balloon cannot give back pages that VFIO has pinned.
  devices.ele("memballoon", { model: "none" });
}

/** What the function drives goes to screens of its own; consoles show an emulated card. */
function addFunctionBesideScreen(
  devices: Builder,
  address: PciAddress,
  { vnc, spice }: Pick<DomainSpec, "vnc" | "spice">,
): void {
  addCard(devices, (vnc ?? spice) ? "vga" : "none");
  addFunction(devices, address);
}

function addSliceWithScreen(devices: Builder, claim: DomainClaim, { vnc, spice, display }: DomainSpec): void {
  if (display) addHeadlessGl(devices, claim.gpu);
  addCard(devices, (vnc ?? spice) && !display ? "vga" : "none");
  addSlice(devices, claim.vgpuId, display);
}

function addConsole(devices: Builder, type: "vnc" | "spice", { listen, port }: Console): void {
  const tcp = port === undefined ? { port: "-1", autoport: "yes" } : { port: String(port), autoport: "no" };
  devices.ele("graphics", { type, ...tcp, listen }).ele("listen", { type: "address", address: listen });
}

function addNic(devices: Builder, { to, mac, model, mtu }: Nic): void {
  const element = devices.ele("interface", { type: "network" in to ? "network" : "bridge" });
  if (mac !== undefined) element.ele("mac", { address: mac });
  element.ele("source", { ...to });
  element.ele("model", { type: model });
  if (mtu !== undefined) element.ele("mtu", { size: String(mtu) });
}

function addSerial(devices: Builder, { logPath }: Serial): void {
  const element = devices.ele("serial", { type: "pty" });
  // A restart of the guest must not take away what it said before.
  if (logPath !== undefined) element.ele("log", { file: logPath, append: "on" });
  element.ele("target", { port: "0" });
}
