// Reads what we need of a libvirt domain's XML (libvirt: docs/formatdomain.rst). Others wrote most of these documents:
// what is not understood is left out, never an error that hides the other domains.
import {
  CLAIM_MARK_NAMESPACE,
  claimMarkAttributes as names,
  claimMarkElements as elements,
  claimMarkShare as shareNames,
} from "../core/claim-mark.ts";
import { parseDomainId, parsePciAddress, parseVgpuId, type PciAddress, type VgpuId } from "../core/ids.ts";
import { attributeOf, childOf, childrenOf, elementsOf, parseXml, textOf, type Element } from "../core/xml.ts";
import type { ClaimMark, Domain, DomainFile, Labels } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import { readConsoles } from "./domain-consoles.ts";

/** The part of a domain that stands in its XML. */
export type DomainDefinition = Pick<
  Domain,
  | "vcpus"
  | "memoryMib"
  | "growsOnDemand"
  | "paravirtual"
  | "vgpuIds"
  | "pciDevices"
  | "renderNodes"
  | "consoles"
  | "mark"
  | "files"
>;

/** Of a document that does not parse nothing is known; whether a slice is held is tested before it is removed anyway. */
export function readDomainXml(xml: string): DomainDefinition {
  const domain = parsed(xml);
  const devices = childOf(domain, "devices");
  const paravirtual = paravirtualOf(domain);
  return {
    vcpus: positive(textOf(childOf(domain, "vcpu"))),
    memoryMib: memoryMib(childOf(domain, "memory")),
    ...(growsOnDemand(domain) ? { growsOnDemand: true } : {}),
    ...(paravirtual && { paravirtual }),
    vgpuIds: mediatedDevices(devices),
    pciDevices: pciDevices(devices),
    renderNodes: renderNodes(devices),
    consoles: readConsoles(devices),
    mark: readMark(childOf(domain, "metadata")),
    files: filesOf(devices),
  };
}

/** Whether a guest that ends is kept when it asks to be started again, and only then (libvirt: "Events configuration"). */
export function keepsRebooted(xml: string): boolean {
  const domain = parsed(xml);
  const action = (end: string): string => textOf(childOf(domain, `on_${end}`)).trim();
  return (
    action("reboot") === "preserve" && action("poweroff") !== "preserve" && action("crash") !== "preserve"
  );
}

/** A device whose figures libvirt can be asked for. */
export interface CountedDevice {
  /** The name that libvirt takes: of a disk the guest's, of an interface the host's. */
  readonly target: string;
  /** All that is said of it: another device that takes its place, and its name, reads otherwise. */
  readonly text: string;
}

export function countedDevices(xml: string): {
  readonly disks: readonly CountedDevice[];
  readonly interfaces: readonly CountedDevice[];
} {
  const devices = childOf(parsed(xml), "devices");
  return { disks: withTarget(devices, "disk"), interfaces: withTarget(devices, "interface") };
}

function withTarget(devices: Element | undefined, name: string): readonly CountedDevice[] {
  return childrenOf(devices, name)
    .map((device) => ({
      target: attributeOf(childOf(device, "target"), "dev"),
      text: JSON.stringify(device),
    }))
    .filter(({ target }) => target !== "");
}

function parsed(xml: string): Element | undefined {
  try {
    const root = parseXml(xml);
    return root.name === "domain" ? root : undefined;
  } catch {
    return undefined;
  }
}

function mediatedDevices(devices: Element | undefined): VgpuId[] {
  return hostDevices(devices, "mdev")
    .map((address) => parseVgpuId(attributeOf(address, "uuid")))
    .filter((id) => id !== undefined);
}

function pciDevices(devices: Element | undefined): PciAddress[] {
  return hostDevices(devices, "pci")
    .map(pciAddress)
    .filter((address) => address !== undefined);
}

/** The addresses of those of a type. */
function hostDevices(devices: Element | undefined, type: string): (Element | undefined)[] {
  return childrenOf(devices, "hostdev")
    .filter((hostdev) => attributeOf(hostdev, "type") === type)
    .map((hostdev) => childOf(childOf(hostdev, "source"), "address"));
}

/** libvirt prints each part in hexadecimal and takes and keeps decimal ones. */
function pciAddress(address: Element | undefined): PciAddress | undefined {
  const part = (name: string, digits: number): string => {
    const value = Number(attributeOf(address, name) || NaN);
    return Number.isInteger(value) ? value.toString(16).padStart(digits, "0") : "";
  };
  return parsePciAddress(`${part("domain", 4)}:${part("bus", 2)}:${part("slot", 2)}.${part("function", 1)}`);
}

/** Of displays with `<gl>` (libvirt formatdomain.rst): egl-headless always renders, others unless it is off. */
function renderNodes(devices: Element | undefined): string[] {
  const displays = childrenOf(devices, "graphics").map((graphics) => childOf(graphics, "gl"));
  const nodes = displays
    .filter((gl) => attributeOf(gl, "enable") !== "no")
    .map((gl) => attributeOf(gl, "rendernode"));
  return [...new Set(nodes)].filter((node) => node !== "");
}

/** Disks with what lies below them in the chain, which only a running domain's XML tells, and logs. */
function filesOf(devices: Element | undefined): DomainFile[] {
  const disks = childrenOf(devices, "disk").flatMap((disk) => {
    const reads = childOf(disk, "readonly") !== undefined || attributeOf(disk, "device") === "cdrom";
    const below = backingOf(childOf(disk, "backingStore"));
    return [...namedBy(childOf(disk, "source"), !reads), ...below];
  });
  const logs = [...childrenOf(devices, "serial"), ...childrenOf(devices, "console")].flatMap((terminal) =>
    namedBy(childOf(terminal, "log"), true),
  );
  // libvirt shows the first serial port a second time, as a console.
  const byPath = new Map<string, DomainFile>();
  for (const { path, writable } of [...disks, ...logs])
    byPath.set(path, { path, writable: writable || byPath.get(path)?.writable === true });
  return [...byPath.values()];
}

function backingOf(store: Element | undefined): DomainFile[] {
  const own = namedBy(childOf(store, "source"), false);
  return own.length === 0 ? own : [...own, ...backingOf(childOf(store, "backingStore"))];
}

function namedBy(source: Element | undefined, writable: boolean): DomainFile[] {
  const path = attributeOf(source, "file") || attributeOf(source, "dev");
  return path === "" ? [] : [{ path, writable }];
}

/**
 * libvirt keeps the prefix a writer chose, so the element is known by its namespace, not by its name. Of several none
 * counts: they were put there by hand, and which one is meant nobody knows.
 */
function readMark(metadata: Element | undefined): ClaimMark | undefined {
  const [mark, another] = elementsOf(metadata).filter((element) => {
    const [prefix, local] = prefixAndName(element);
    const xmlns = prefix === "" ? "xmlns" : `xmlns:${prefix}`;
    return local === "claim" && attributeOf(element, xmlns) === CLAIM_MARK_NAMESPACE;
  });
  return mark === undefined || another !== undefined ? undefined : parseMark(mark, prefixAndName(mark)[0]);
}

function prefixAndName({ name }: Element): readonly [string, string] {
  const colon = name.indexOf(":");
  return colon === -1 ? ["", name] : [name.slice(0, colon), name.slice(colon + 1)];
}

function parseMark(element: Element, prefix: string): ClaimMark | undefined {
  const of = (key: keyof typeof names): string => attributeOf(element, names[key]);
  const vgpuId = parseVgpuId(of("vgpuId"));
  const domainId = parseDomainId(of("domainId"));
  const gpu = parsePciAddress(of("gpu"));
  const share = parseShare(element);
  const onStop = of("onStop");
  if (!vgpuId || !domainId || !gpu || !share) return undefined;
  if (of("claimId") === "" || (onStop !== "hold" && onStop !== "release")) return undefined;
  return {
    ...{ claimId: of("claimId"), vgpuId, domainId, gpu, share, onStop },
    requestDigest: of("requestDigest"),
    labels: labelsOf(childrenOf(element, prefixed(prefix, elements.label))),
    autostart: childOf(element, prefixed(prefix, elements.autostart)) !== undefined,
  };
}

/** Undefined for one that this version does not know. */
function parseShare(element: Element): Share | undefined {
  const of = (key: keyof typeof shareNames): string => attributeOf(element, shareNames[key]);
  const mode = of("mode");
  if (mode === "gvt-s" || mode === "gvt-d") return { mode };
  if (mode === "sriov") {
    const [number, address] = [positive(of("functionNumber")), parsePciAddress(of("functionAddress"))];
    return number && address ? { mode, number, address } : undefined;
  }
  const [lowGmMib, highGmMib, fences] = [of("lowGmMib"), of("highGmMib"), of("fences")].map(positive);
  if (mode !== "" || !lowGmMib || !highGmMib || !fences) return undefined;
  return { mode: "gvt-g", type: of("type"), sizes: { lowGmMib, highGmMib, fences } };
}

function labelsOf(labels: readonly Element[]): Labels {
  return Object.fromEntries(labels.map((label) => [attributeOf(label, "key"), attributeOf(label, "value")]));
}

function prefixed(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}:${name}`;
}

function growsOnDemand(domain: Element | undefined): boolean {
  const [now, most] = [memoryMib(childOf(domain, "currentMemory")), memoryMib(childOf(domain, "memory"))];
  return now !== undefined && most !== undefined && now < most;
}

/** libvirt names PV guests `xen`, and in definitions of old `linux` (conf/domain_conf.c). */
function paravirtualOf(domain: Element | undefined): Domain["paravirtual"] {
  const type = textOf(childOf(childOf(domain, "os"), "type")).trim();
  if (attributeOf(domain, "type") !== "xen" || type === "" || type === "hvm") return undefined;
  return type === "xenpvh" ? "pvh" : "pv";
}

/** libvirt prints memory in KiB, but takes and keeps other units in an inactive definition of older versions. */
function memoryMib(memory: Element | undefined): number | undefined {
  const amount = positive(textOf(memory));
  const unit = attributeOf(memory, "unit") || "KiB";
  const kib: Readonly<Record<string, number>> = {
    KiB: 1,
    k: 1,
    MiB: 1024,
    M: 1024,
    GiB: 1048576,
    G: 1048576,
  };
  const factor = kib[unit];
  return amount === undefined || factor === undefined ? undefined : Math.round((amount * factor) / 1024);
}

function positive(text: string): number | undefined {
  return /^[1-9]\d{0,15}$/.test(text.trim()) ? Number(text) : undefined;
}
