// What libvirt's driver for Xen (src/libxl, 9.0.0) does otherwise than that for QEMU. Pure.
import { childOf, childrenOf, elementsOf, textOf, type Element } from "../../core/xml.ts";
import { ShutdownDomain, UndefineDomain } from "../../node-libvirt/constants.ts";
import type { HostDescription } from "../host-description.ts";
import type { LibvirtGuest } from "../xen-guests.ts";
import { readDefinition, type Definition, type HostFunction } from "./definition.ts";
import { deviceModelsOf, emulatorOf } from "./device-model.ts";
import type { Domain } from "./domain.ts";
import {
  noCapabilities,
  noDriver,
  notOfThisDriver,
  uncountedDisk,
  unknownFlags,
  xenInternalError,
  xenUnsupportedConfiguration,
} from "./refusals.ts";
import { element } from "./written-xml.ts";

const DOM0 = "00000000-0000-0000-0000-000000000000";
const VIDEOS: readonly (string | undefined)[] = ["vga", "xen", "cirrus", "qxl"];
const DRIVERS: readonly (string | undefined)[] = ["qemu", "phy", "file", "tap", "tap2", undefined];

/** The host itself, which the driver lists as a domain. */
export function dom0(host: HostDescription): Domain {
  const xml = `<domain type='xen'><name>Domain-0</name><uuid>${DOM0}</uuid><memory unit='MiB'>${host.memory_mib}</memory><vcpu>${host.cpus}</vcpu><os><type>linux</type></os></domain>`;
  const definition = readDefinition(xml, () => {
    throw new Error("Domain-0 has a UUID");
  });
  const { uuid, name } = definition;
  return {
    ...{ uuid, name, definition, autostart: false },
    running: { id: 0, pid: 0, startedAt: 0, definition },
    state: { state: "running", reason: "booted" },
  };
}

export function isDom0({ uuid }: Pick<Domain, "uuid">): boolean {
  return uuid === DOM0;
}

/** The guest of Xen that a domain is while it runs. */
export function guestsOf({ uuid, name, running }: Domain): readonly LibvirtGuest[] {
  if (running === undefined) return [];
  const { id, definition, vgt } = running;
  const pciDevices = definition.functions.map(({ address }) => address);
  const guest = { domid: id, uuid, name, type: definition.xenType ?? "hvm", pciDevices } as const;
  return [vgt === undefined ? guest : { ...guest, vgt }];
}

/** As libxlDomainDefValidate. @throws LibvirtError */
export function refuseDefinition({ root, xenType }: Definition): void {
  const os = childOf(root, "os");
  const type = textOf(childOf(os, "type")).trim();
  if (xenType === undefined)
    throw noCapabilities(`ostype=${type || "hvm"} arch=x86_64 domaintype=${root.attributes["type"] ?? ""}`);
  const features = childrenOf(childOf(os, "firmware"), "feature");
  const isSecure = childOf(os, "loader")?.attributes["secure"] === "yes";
  if (isSecure || features.some(({ attributes }) => attributes["name"] === "secure-boot"))
    throw xenUnsupportedConfiguration("Secure boot is not supported on Xen");
}

/** As libxlBuildDomainConfig, of what is checked when a domain starts; mediated devices it passes over. @throws LibvirtError */
export function refuseStart(definition: Definition, host: HostDescription): void {
  const { root, xenType } = definition;
  const emulator = emulatorOf(definition);
  if (xenType === "hvm" && emulator !== undefined && !deviceModelsOf(host).includes(emulator))
    throw xenUnsupportedConfiguration(`emulator '${emulator}' not found`);
  const devices = childOf(root, "devices");
  if (childOf(devices, "memballoon")?.attributes["model"] === "none")
    throw xenUnsupportedConfiguration("balloon device cannot be disabled");
  for (const disk of childrenOf(devices, "disk")) {
    const driver = childOf(disk, "driver")?.attributes["name"];
    if (!DRIVERS.includes(driver))
      throw xenInternalError(`libxenlight does not support disk driver ${driver ?? ""}`);
  }
  for (const nic of childrenOf(devices, "interface")) {
    const model = childOf(nic, "model")?.attributes["type"];
    if (xenType !== "hvm" && model !== undefined && model !== "netfront")
      throw xenUnsupportedConfiguration("only model 'netfront' is supported for Xen PV(H) domains");
  }
  const video = childOf(childOf(devices, "video"), "model")?.attributes["type"];
  if (xenType === "hvm" && video !== undefined && !VIDEOS.includes(video))
    throw xenUnsupportedConfiguration(`video type ${video} is not supported by libxl`);
}

/** A processor's graphics, which QEMU takes only with gfx_passthru (hw/xen/xen_pt.c), of which the driver knows nothing. */
const INTEGRATED = "0000:00:02.0";

/**
 * What libxl finds out when it makes the domain, and the driver says in one sentence; why stands in its log. `isRefused`: Xen cannot
 * give out the function. @throws LibvirtError
 */
export function refuseFunctions(
  { name, xenType, functions }: Definition,
  isRefused: (wanted: HostFunction) => boolean,
): void {
  const isPossible = (wanted: HostFunction): boolean => {
    if (xenType === "pvh" || (xenType === "hvm" && wanted.address === INTEGRATED)) return false;
    return !isRefused(wanted);
  };
  if (!functions.every(isPossible))
    throw xenInternalError(`libxenlight failed to create new domain '${name}'`);
}

/** With the names that its interfaces get on the host (libxlDomainCreateIfaceNames). */
export function asStarted(definition: Definition, domid: number): Definition {
  let index = -1;
  const named = (device: Element): Element => {
    if (device.name !== "interface") return device;
    index += 1;
    // A name that a start has given is none to the next (libxlNetworkUnwindDevices).
    const isNamed = childOf(device, "target")?.attributes["dev"]?.startsWith("vif") === false;
    if (isNamed) return device;
    const isEmulated =
      definition.xenType === "hvm" && childOf(device, "model")?.attributes["type"] !== "netfront";
    const dev = `vif${domid}.${index}${isEmulated ? "-emu" : ""}`;
    const others = elementsOf(device).filter(({ name }) => name !== "target");
    return { ...device, children: [...others, element("target", { dev })] };
  };
  const children = elementsOf(definition.root).map((child) =>
    child.name === "devices" ? { ...child, children: elementsOf(child).map(named) } : child,
  );
  return { ...definition, root: { ...definition.root, children } };
}

/** virCheckFlags of the functions that the agent calls. @throws LibvirtError */
export const xenFlags = {
  domainUndefineFlags: flagsOf("libxlDomainUndefineFlags", UndefineDomain.managedSave),
  domainShutdownFlags: flagsOf(
    "libxlDomainShutdownFlags",
    ShutdownDomain.acpiPowerButton | ShutdownDomain.paravirt,
  ),
} as const;

function flagsOf(where: string, known: number): (flags: number) => void {
  return (flags) => {
    if ((flags & ~known) !== 0) throw unknownFlags(flags & ~known, where);
  };
}

/** The driver counts what the host's kernel serves. @throws LibvirtError */
export function refuseUncounted({ root }: Definition, target: string): void {
  const disk = childrenOf(childOf(root, "devices"), "disk").find(
    (each) => childOf(each, "target")?.attributes["dev"] === target,
  );
  const driver = childOf(disk, "driver")?.attributes["name"] ?? "qemu";
  if (disk !== undefined && driver !== "phy") throw uncountedDisk(driver);
}

/** Of all at once it tells none. @throws LibvirtError */
export function refuseAllStats(): never {
  throw notOfThisDriver("virConnectGetAllDomainStats");
}

/** A daemon on Xen drives no QEMU of its own, and one elsewhere no Xen. @throws LibvirtError */
export function refuseOtherUri(uri: string | null, { hypervisor }: HostDescription): void {
  const asked = uri?.split(":")[0]?.split("+")[0] ?? "";
  const other = hypervisor === "xen" ? "qemu" : "xen";
  if (asked === other) throw noDriver(uri ?? "");
}
