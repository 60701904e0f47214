// The simulated libvirt's node devices: the GPUs with what they offer, and the mdevs, as nodedev-dumpxml shows them.
import { parseVgpuId, type PciAddress, type VgpuId } from "../../core/ids.ts";
import { childOf, parseXml, textOf, type Element } from "../../core/xml.ts";
import { ListNodeDevices } from "../../node-libvirt/constants.ts";
import type { EventBroadcast } from "../../node-libvirt/server-events.ts";
import { gpuDirectory } from "../gpu-tree.ts";
import type { KernelCalls } from "../kernel-calls.ts";
import type { Gpu, Mdev, SimulatedKernel } from "../kernel.ts";
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

  /** Tells `events` of every mdev that comes and goes, whoever made it. */
  constructor(kernel: SimulatedKernel, calls: KernelCalls, events: EventBroadcast) {
    this.#kernel = kernel;
    this.#calls = calls;
    this.#known = this.#mdevNames();
    kernel.onChange(() => {
      const before = this.#known;
      this.#known = this.#mdevNames();
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
      ...(wanted(ListNodeDevices.mdev) ? this.#mdevNames() : []),
    ];
  }

  /** @throws LibvirtError 53 */
  xml(name: string): string {
    const mdev = this.#mdev(name);
    if (mdev !== undefined) return writeXml(mdevElement(mdev, this.#kernel.traits.mdevDriver));
    const gpu = this.#gpu(name);
    if (gpu !== undefined) return writeXml(gpuElement(gpu));
    if (name !== ROOT) throw noSuchDevice(name);
    const system = element("capability", { type: "system" }, element("product", {}, "Simulated host"));
    return writeXml(element("device", {}, element("name", {}, ROOT), system));
  }

  /** Null for the computer. @throws LibvirtError 53 */
  parent(name: string): string | null {
    const mdev = this.#mdev(name);
    if (mdev !== undefined) return pciName(mdev.gpu);
    if (this.#gpu(name) !== undefined) return ROOT;
    if (name !== ROOT) throw noSuchDevice(name);
    return null;
  }

  /** What the device can do, by name. @throws LibvirtError 53 */
  capabilities(name: string): readonly string[] {
    if (this.#mdev(name) !== undefined) return ["mdev"];
    const gpu = this.#gpu(name);
    if (gpu !== undefined) return (gpu.gvt?.types.length ?? 0) > 0 ? ["pci", "mdev_types"] : ["pci"];
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

  #mdev(name: string): Mdev | undefined {
    return [...this.#kernel.mdevs.values()].find(({ id, gpu }) => mdevName(id, gpu) === name);
  }

  #gpu(name: string): Gpu | undefined {
    return [...this.#kernel.gpus.values()].find(({ description }) => pciName(description.address) === name);
  }
}

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

function gpuElement({ description, gvt }: Gpu): Element {
  const { address, device, driver } = description;
  const [domain = 0, bus = 0, slot = 0, fn = 0] = address
    .split(/[:.]/)
    .map((part) => Number.parseInt(part, 16));
  const types = (gvt?.types ?? []).map((type) =>
    element(
      "type",
      { id: type.directory },
      element("name", {}, type.name),
      element("deviceAPI", {}, "vfio-pci"),
      element("availableInstances", {}, String(gvt?.availableInstances(type) ?? 0)),
    ),
  );
  const numa = description.numa_node < 0 ? [] : [element("numa", { node: String(description.numa_node) })];
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
      element("class", {}, description.boot_vga ? "0x030000" : "0x038000"),
      element("domain", {}, String(domain)),
      element("bus", {}, String(bus)),
      element("slot", {}, String(slot)),
      element("function", {}, String(fn)),
      element("product", { id: `0x${device}` }),
      element("vendor", { id: "0x8086" }, "Intel Corporation"),
      ...(types.length === 0 ? [] : [element("capability", { type: "mdev_types" }, ...types)]),
      ...numa,
    ),
  );
}
