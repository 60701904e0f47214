// The simulated libvirt's node devices: the GPUs with what they offer, their virtual functions, and the mdevs, as nodedev-dumpxml
// shows them.
import { parseVgpuId, type PciAddress, type VgpuId } from "../../core/ids.ts";
import { childOf, parseXml, textOf, type Element } from "../../core/xml.ts";
import { ListNodeDevices } from "../../node-libvirt/constants.ts";
import type { EventBroadcast } from "../../node-libvirt/server-events.ts";
import { gpuDirectory } from "../gpu-tree.ts";
import type { GpuDescription } from "../host-description.ts";
import type { KernelCalls } from "../kernel-calls.ts";
import type { Gpu, Mdev, SimulatedKernel } from "../kernel.ts";
import { partsOf } from "../pci-address.ts";
import type { PciFunction } from "../pci-functions.ts";
import { brokenXml, deviceError, noSuchDevice, unexpectedXml } from "./refusals.ts";
import { element, writeXml } from "./written-xml.ts";

const ROOT = "computer";
/** virConnectListAllNodeDeviceFlags: bit 0 the computer itself; 30 only inactive and 31 only active ones. */
const SYSTEM = 1 << 0;
const INACTIVE = 1 << 30;
const ACTIVE = 1 << 31;

export class NodeDevices {
  readonly #kernel: SimulatedKernel;
  readonly #calls: KernelCalls;
  #known: ReadonlySet<string>;

  /** Tells `events` of every mdev and every virtual function that comes and goes, whoever made it. */
  constructor(kernel: SimulatedKernel, calls: KernelCalls, events: EventBroadcast) {
    this.#kernel = kernel;
    this.#calls = calls;
    this.#known = this.#madeNames();
    kernel.onChange(() => {
      const before = this.#known;
      this.#known = this.#madeNames();
      for (const name of before) if (!this.#known.has(name)) events.nodeDeviceLifecycle(name, "deleted");
      for (const name of this.#known) if (!before.has(name)) events.nodeDeviceLifecycle(name, "created");
    });
  }

  /** Names, filtered by `ListNodeDevices` flags. */
  list(flags: number): readonly string[] {
    if ((flags & INACTIVE) !== 0 && (flags & ACTIVE) === 0) return [];
    const kinds = flags & ~(INACTIVE | ACTIVE);
    const wanted = (kind: number): boolean => kinds === 0 || (kinds & kind) !== 0;
    const gpus = [...this.#kernel.gpus.values()].filter(
      ({ gvt }) =>
        wanted(ListNodeDevices.pci) ||
        (wanted(ListNodeDevices.mdevTypes) && gvt !== undefined && gvt.types.length > 0),
    );
    return [
      ...(wanted(SYSTEM) ? [ROOT] : []),
      ...gpus.map(({ description }) => pciName(description.address)),
      ...(wanted(ListNodeDevices.pci) ? this.#virtualNames() : []),
      ...(wanted(ListNodeDevices.mdev) ? this.#mdevNames() : []),
    ];
  }

  /** @throws LibvirtError 53 */
  xml(name: string): string {
    const mdev = this.#mdev(name);
    if (mdev !== undefined) return writeXml(mdevElement(mdev, this.#kernel.traits.mdevDriver));
    const gpu = this.#gpu(name);
    if (gpu !== undefined) {
      const { address } = gpu.description;
      return writeXml(gpuElement(gpu, this.#kernel.functions.virtualOf(address)));
    }
    const virtual = this.#virtual(name);
    if (virtual !== undefined)
      return writeXml(virtualElement(virtual, this.#kernel.gpus.get(virtual.physical)));
    if (name !== ROOT) throw noSuchDevice(name);
    const system = element("capability", { type: "system" }, element("product", {}, "Simulated host"));
    return writeXml(element("device", {}, element("name", {}, ROOT), system));
  }

  /** Null for the computer. @throws LibvirtError 53 */
  parent(name: string): string | null {
    const mdev = this.#mdev(name);
    if (mdev !== undefined) return pciName(mdev.gpu);
    if (this.#gpu(name) !== undefined || this.#virtual(name) !== undefined) return ROOT;
    if (name !== ROOT) throw noSuchDevice(name);
    return null;
  }

  /** What the device can do, by name. @throws LibvirtError 53 */
  capabilities(name: string): readonly string[] {
    if (this.#mdev(name) !== undefined) return ["mdev"];
    const gpu = this.#gpu(name);
    if (gpu !== undefined) return (gpu.gvt?.types.length ?? 0) > 0 ? ["pci", "mdev_types"] : ["pci"];
    if (this.#virtual(name) !== undefined) return ["pci"];
    if (name !== ROOT) throw noSuchDevice(name);
    return ["system"];
  }

  /** Starts a transient mdev; libvirt has mdevctl do it and passes its words on. */
  async create(xml: string, newUuid: () => VgpuId): Promise<string> {
    const device = parseDevice(xml);
    const capability = childOf(device, "capability");
    if (capability?.attributes["type"] !== "mdev")
      throw unexpectedXml("only a capability of type 'mdev' can be created here");
    const parent = textOf(childOf(device, "parent")).trim();
    const gpu = this.#gpu(parent);
    if (gpu === undefined) throw noSuchDevice(parent);
    const text = textOf(childOf(capability, "uuid")).trim();
    const uuid = text === "" ? newUuid() : parseVgpuId(text);
    if (uuid === undefined) throw unexpectedXml(`malformed uuid element '${text}'`);
    const type = childOf(capability, "type")?.attributes["id"] ?? "";
    const errno = await this.#calls.create(gpu.description.address, type, uuid);
    if (errno !== undefined)
      throw deviceError(`Unable to start mediated device: cannot create ${uuid} of ${type}: ${errno}`);
    return mdevName(uuid, gpu.description.address);
  }

  /** @throws LibvirtError 1 when it is held, as the daemon's own test of /dev/vfio finds */
  async destroy(name: string): Promise<void> {
    const mdev = this.#mdev(name);
    if (mdev === undefined) {
      this.capabilities(name);
      throw deviceError(`Unable to destroy '${name}': not a mediated device`);
    }
    if (mdev.holder !== undefined) throw deviceError(`Unable to destroy '${name}': device in use`);
    const removal = await this.#calls.remove(mdev.id);
    if (typeof removal === "object") throw deviceError(`Unable to destroy '${name}': ${removal.errno}`);
  }

  #mdevNames(): ReadonlySet<string> {
    return new Set([...this.#kernel.mdevs.values()].map(({ id, gpu }) => mdevName(id, gpu)));
  }

  /** Of what is made and removed while the host runs. */
  #madeNames(): ReadonlySet<string> {
    return new Set([...this.#mdevNames(), ...this.#virtualNames()]);
  }

  #virtualNames(): readonly string[] {
    return this.#kernel.functions.all
      .filter(({ virtual }) => virtual !== undefined)
      .map(({ address }) => pciName(address));
  }

  #virtual(name: string): VirtualFunction | undefined {
    const found = this.#kernel.functions.all.find(({ address }) => pciName(address) === name);
    return found?.virtual && { ...found, physical: found.virtual.of };
  }

  #mdev(name: string): Mdev | undefined {
    return [...this.#kernel.mdevs.values()].find(({ id, gpu }) => mdevName(id, gpu) === name);
  }

  #gpu(name: string): Gpu | undefined {
    return [...this.#kernel.gpus.values()].find(({ description }) => pciName(description.address) === name);
  }
}

type VirtualFunction = PciFunction & { readonly physical: PciAddress };

function parseDevice(xml: string): Element {
  try {
    return parseXml(xml);
  } catch (error) {
    if (error instanceof SyntaxError) throw brokenXml("node_device_definition", error.message);
    throw error;
  }
}

function pciName(address: PciAddress): string {
  return `pci_${address.replaceAll(/[:.]/g, "_")}`;
}

/** Since 7.3 the parent's address is part of the name (node_device_udev.c). */
function mdevName(uuid: VgpuId, gpu: PciAddress): string {
  return `mdev_${uuid.replaceAll("-", "_")}_${gpu.replaceAll(/[:.]/g, "_")}`;
}

function mdevElement(mdev: Mdev, driver: string): Element {
  return element(
    "device",
    {},
    element("name", {}, mdevName(mdev.id, mdev.gpu)),
    element("path", {}, `/${gpuDirectory(mdev.gpu)}/${mdev.id}`),
    element("parent", {}, pciName(mdev.gpu)),
    element("driver", {}, element("name", {}, driver)),
    element(
      "capability",
      { type: "mdev" },
      element("type", { id: mdev.allocation.type.directory }),
      element("uuid", {}, mdev.id),
      element("parent_addr", {}, mdev.gpu),
      element("iommuGroup", { number: String(mdev.group) }),
    ),
  );
}

function gpuElement({ description, gvt }: Gpu, virtual: readonly PciFunction[]): Element {
  const types = (gvt?.types ?? []).map((type) =>
    element(
      "type",
      { id: type.directory },
      element("name", {}, type.name),
      element("deviceAPI", {}, "vfio-pci"),
      element("availableInstances", {}, String(gvt?.availableInstances(type) ?? 0)),
    ),
  );
  const maxCount = String(description.total_vfs);
  const functions = virtual.filter(({ removing }) => !removing).map(({ address }) => addressElement(address));
  return functionElement({ ...description, of: description }, [
    ...(types.length === 0 ? [] : [element("capability", { type: "mdev_types" }, ...types)]),
    ...(description.total_vfs === 0
      ? []
      : [element("capability", { type: "virt_functions", maxCount }, ...functions)]),
  ]);
}

/** Without its GPU it is one that goes with it. */
function virtualElement({ address, driver, physical }: VirtualFunction, gpu: Gpu | undefined): Element {
  const of = gpu?.description;
  if (of === undefined) throw noSuchDevice(pciName(address));
  return functionElement({ address, driver, of }, [
    element("capability", { type: "phys_function" }, addressElement(physical)),
  ]);
}

/** Virtual functions have the ids of their GPU. */
function functionElement(
  { address, driver, of }: Pick<PciFunction, "address" | "driver"> & { readonly of: GpuDescription },
  capabilities: readonly Element[],
): Element {
  const [domain, bus, slot, fn] = partsOf(address);
  const numa = of.numa_node < 0 ? [] : [element("numa", { node: String(of.numa_node) })];
  return element(
    "device",
    {},
    element("name", {}, pciName(address)),
    element("path", {}, `/${gpuDirectory(address)}`),
    element("parent", {}, ROOT),
    ...(driver === "none" ? [] : [element("driver", {}, element("name", {}, driver))]),
    element(
      "capability",
      { type: "pci" },
      element("class", {}, of.boot_vga ? "0x030000" : "0x038000"),
      element("domain", {}, String(domain)),
      element("bus", {}, String(bus)),
      element("slot", {}, String(slot)),
      element("function", {}, String(fn)),
      element("product", { id: `0x${of.device}` }),
      element("vendor", { id: "0x8086" }, "Intel Corporation"),
      ...capabilities,
      ...numa,
    ),
  );
}

function addressElement(address: PciAddress): Element {
  const [domain, bus, slot, fn] = partsOf(address);
  const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;
  const parts = { domain: hex(domain, 4), bus: hex(bus, 2), slot: hex(slot, 2), function: hex(fn, 1) };
  return element("address", parts);
}
