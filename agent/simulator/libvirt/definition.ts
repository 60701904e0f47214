// Pure: what libvirt makes of a domain's XML when it is defined, and how it shows it again.
import { parseDomainId, parseVgpuId, type DomainId, type PciAddress, type VgpuId } from "../../core/ids.ts";
import { childOf, childrenOf, elementsOf, parseXml, textOf, type Element } from "../../core/xml.ts";
import { addressOf } from "../pci-address.ts";
import { brokenXml, missingName, otherRoot, unexpectedXml, unsupportedConfiguration } from "./refusals.ts";
import { dumpXml, element, writeXml } from "./written-xml.ts";

export interface Definition {
  readonly name: string;
  readonly uuid: DomainId;
  readonly memoryKib: bigint;
  /** What it has of that when it is started: `currentMemory`. */
  readonly currentKib: bigint;
  readonly vcpus: number;
  /** Undefined for a domain of another hypervisor. */
  readonly xenType: "hvm" | "pvh" | "pv" | undefined;
  /** The mediated devices of its hostdevs. */
  readonly mdevs: readonly VgpuId[];
  readonly functions: readonly HostFunction[];
  /** Whether undefining needs to be told what to do with the firmware's variables. */
  readonly hasNvram: boolean;
  readonly root: Element;
}

/** A PCI function of its hostdevs. */
export interface HostFunction {
  readonly address: PciAddress;
  /** libvirt binds it to VFIO, or under Xen to pciback, when the domain starts, and gives it back when that ends. */
  readonly isManaged: boolean;
  /** Which of VFIO's drivers is to have it, when that is said. */
  readonly driver: "vfio-pci" | "xe-vfio-pci" | undefined;
}

const KIB_PER_UNIT: Readonly<Record<string, bigint>> = {
  k: 1n,
  KiB: 1n,
  M: 1024n,
  MiB: 1024n,
  G: 1024n ** 2n,
  GiB: 1024n ** 2n,
  T: 1024n ** 3n,
  TiB: 1024n ** 3n,
};
/** Written by the daemon itself, in this order, before everything else. */
const HEAD = ["name", "uuid"];
const DEFAULTS = [
  element("on_poweroff", {}, "destroy"),
  element("on_reboot", {}, "restart"),
  element("on_crash", {}, "destroy"),
];

/** @throws LibvirtError as virDomainDefineXML gives it; `newUuid` serves XML without one */
export function readDefinition(xml: string, newUuid: () => DomainId): Definition {
  const root = parseDomain(xml);
  const name = textOf(childOf(root, "name")).trim();
  if (name === "") throw missingName();
  if (/[\n/]/.test(name)) throw unexpectedXml(`name ${name} cannot contain '/' or a newline`);
  const uuid = readUuid(textOf(childOf(root, "uuid")).trim(), newUuid);
  const memoryKib = readMemory(childOf(root, "memory") ?? childOf(root, "currentMemory"));
  const currentKib = readCurrent(childOf(root, "currentMemory"), memoryKib);
  const vcpus = Number(textOf(childOf(root, "vcpu")).trim() || "1");
  if (!Number.isInteger(vcpus) || vcpus < 1) throw unexpectedXml("invalid domain vcpu element");
  const hasNvram = childOf(childOf(root, "os"), "nvram") !== undefined;
  const known = { name, uuid, memoryKib, currentKib, vcpus };
  const functions = readFunctions(root);
  const xenType = root.attributes["type"] === "xen" ? readXenType(root) : undefined;
  return { ...known, xenType, mdevs: readMdevs(root), functions, hasNvram, root: canonical(root, known) };
}

/** The XML of the definition, or with `id` that of the running domain: its number and its devices' aliases. */
export function writeDefinition({ root }: Definition, id?: number): string {
  if (id === undefined) return writeXml(root);
  const children = root.children.map((child) =>
    typeof child !== "string" && child.name === "devices" ? withAliases(child) : child,
  );
  return writeXml({ ...root, attributes: { ...root.attributes, id: String(id) }, children });
}

/** The element of the namespace in `<metadata>`, with its own declaration taken away, as virDomainGetMetadata shows it. */
export function readMetadata({ root }: Definition, uri: string): string | undefined {
  const found = elementsOf(childOf(root, "metadata")).find((child) => namespaceOf(child) === uri);
  if (found === undefined) return undefined;
  const local = (name: string): string => name.slice(name.indexOf(":") + 1);
  const attributes = Object.entries(found.attributes).filter(([name]) => !name.startsWith("xmlns"));
  return dumpXml({ ...found, name: local(found.name), attributes: Object.fromEntries(attributes) });
}

/** Puts the element under that namespace in place of the one there; without `xml` it is removed. */
export function withMetadata(
  definition: Definition,
  { uri, key, xml }: { readonly uri: string; readonly key: string; readonly xml: string | null },
): Definition {
  const metadata = childOf(definition.root, "metadata");
  const kept = elementsOf(metadata).filter((child) => namespaceOf(child) !== uri);
  const parsed = xml === null ? undefined : parseMetadata(xml);
  const added = parsed && {
    ...parsed,
    name: `${key}:${parsed.name}`,
    attributes: { [`xmlns:${key}`]: uri, ...parsed.attributes },
  };
  const next = element(
    "metadata",
    metadata?.attributes ?? {},
    ...kept,
    ...(added === undefined ? [] : [added]),
  );
  const others = elementsOf(definition.root).filter((child) => child.name !== "metadata");
  const children =
    next.children.length === 0
      ? others
      : [...others.slice(0, HEAD.length), next, ...others.slice(HEAD.length)];
  return { ...definition, root: { ...definition.root, children } };
}

function parseDomain(xml: string): Element {
  try {
    const root = parseXml(xml);
    if (root.name !== "domain") throw otherRoot("domain", root.name);
    return root;
  } catch (error) {
    if (error instanceof SyntaxError) throw brokenXml("domain_definition", error.message);
    throw error;
  }
}

function parseMetadata(xml: string): Element {
  try {
    return parseXml(xml);
  } catch (error) {
    if (error instanceof SyntaxError) throw brokenXml("metadata_xml", error.message);
    throw error;
  }
}

function canonical(
  root: Element,
  known: Pick<Definition, "name" | "uuid" | "memoryKib" | "currentKib" | "vcpus">,
): Element {
  const own = new Map([
    ["memory", element("memory", { unit: "KiB" }, known.memoryKib.toString())],
    ["currentMemory", element("currentMemory", { unit: "KiB" }, known.currentKib.toString())],
    [
      "vcpu",
      element("vcpu", { placement: "static", ...childOf(root, "vcpu")?.attributes }, String(known.vcpus)),
    ],
  ]);
  const given = elementsOf(root).filter(({ name }) => !HEAD.includes(name) && !own.has(name));
  const isBefore = ({ name }: Element): boolean => ["title", "description", "metadata"].includes(name);
  const defaults = DEFAULTS.filter(({ name }) => childOf(root, name) === undefined);
  const children = [
    element("name", {}, known.name),
    element("uuid", {}, known.uuid),
    ...given.filter(isBefore),
    ...own.values(),
    ...given.filter((child) => !isBefore(child)),
    ...defaults,
  ];
  const attributes = Object.entries(root.attributes).filter(([name]) => name !== "id");
  return element("domain", Object.fromEntries(attributes), ...children);
}

function readXenType(root: Element): Definition["xenType"] {
  const type = textOf(childOf(childOf(root, "os"), "type")).trim();
  if (type === "hvm") return "hvm";
  return type === "xenpvh" ? "pvh" : "pv";
}

function readUuid(text: string, newUuid: () => DomainId): DomainId {
  if (text === "") return newUuid();
  // libvirt takes UUIDs without dashes, too.
  const hex = text.replaceAll("-", "");
  const uuid = parseDomainId(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
  if (uuid === undefined) throw unexpectedXml("malformed uuid element");
  return uuid;
}

function readMemory(memory: Element | undefined): bigint {
  const text = textOf(memory).trim();
  const kib = KIB_PER_UNIT[memory?.attributes["unit"] ?? "KiB"];
  if (!/^[0-9]{1,15}$/.test(text) || kib === undefined)
    throw unexpectedXml("missing or malformed memory element");
  return BigInt(text) * kib;
}

/** All of it where it is not said, and where that is more (virDomainDefPostParseMemory). */
function readCurrent(current: Element | undefined, memoryKib: bigint): bigint {
  const kib = current ? readMemory(current) : memoryKib;
  return kib === 0n || kib > memoryKib ? memoryKib : kib;
}

function readMdevs(root: Element): readonly VgpuId[] {
  const hostdevs = childrenOf(childOf(root, "devices"), "hostdev").filter(
    ({ attributes }) => attributes["type"] === "mdev",
  );
  return hostdevs.map((hostdev) => {
    const uuid = parseVgpuId(childOf(childOf(hostdev, "source"), "address")?.attributes["uuid"] ?? "");
    if (uuid === undefined) throw unexpectedXml("missing or malformed uuid of a mediated device");
    const { display } = hostdev.attributes;
    if (display === "on" && childOf(childOf(root, "devices"), "graphics") === undefined) {
      throw unsupportedConfiguration(
        "graphics device is needed for attribute value 'display=on' in <hostdev>",
      );
    }
    return uuid;
  });
}

function readFunctions(root: Element): readonly HostFunction[] {
  const hostdevs = childrenOf(childOf(root, "devices"), "hostdev").filter(
    ({ attributes }) => attributes["type"] === "pci",
  );
  return hostdevs.map((hostdev) => {
    const given = childOf(childOf(hostdev, "source"), "address")?.attributes ?? {};
    // Each part is optional, decimal or hexadecimal (virPCIDeviceAddressParseXML).
    const [domain, bus, slot, fn] = ["domain", "bus", "slot", "function"].map((part) =>
      Number(given[part] ?? "0"),
    );
    const address = addressOf([domain ?? 0, bus ?? 0, slot ?? 0, fn ?? 0]);
    if (address === undefined) throw unexpectedXml("missing or malformed address of a PCI device");
    const model = childOf(hostdev, "driver")?.attributes["model"];
    const driver = (["vfio-pci", "xe-vfio-pci"] as const).find((known) => known === model);
    return { address, isManaged: hostdev.attributes["managed"] === "yes", driver };
  });
}

function withAliases(devices: Element): Element {
  const counts = new Map<string, number>();
  const children = elementsOf(devices).map((device) => {
    const count = counts.get(device.name) ?? 0;
    counts.set(device.name, count + 1);
    const hasAlias = device.name === "emulator" || childOf(device, "alias") !== undefined;
    const alias = element("alias", { name: `${device.name}${count}` });
    return hasAlias ? device : { ...device, children: [...elementsOf(device), alias] };
  });
  return { ...devices, children };
}

function namespaceOf({ name, attributes }: Element): string | undefined {
  const prefix = name.includes(":") ? `:${name.slice(0, name.indexOf(":"))}` : "";
  return attributes[`xmlns${prefix}`];
}
