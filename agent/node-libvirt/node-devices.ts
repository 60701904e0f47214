// The host's devices as libvirt's node device driver sees them: PCI functions, mdev types, mediated devices.
import type { Caller } from "./caller.ts";
import type { CallOptions } from "./connection.ts";
import { ErrorNumber } from "./constants.ts";
import { LibvirtError } from "./errors.ts";
import { procedures } from "./remote.gen.ts";

/** A device is named as libvirt names it: `pci_0000_00_02_0`, `mdev_<uuid with underscores>_<parent>`. */
export class NodeDevices {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Names of all active devices, or of those that `ListNodeDevices` flags select. */
  async list(options: CallOptions & { readonly flags?: number } = {}): Promise<readonly string[]> {
    const args = { needResults: 1, flags: options.flags ?? 0 };
    const call = this.#caller.call(procedures.connectListAllNodeDevices, args, { ...options, lane: "read" });
    return (await call).devices.map(({ name }) => name);
  }

  /** Undefined when there is no such device. */
  async xml(name: string, options: CallOptions = {}): Promise<string | undefined> {
    try {
      const args = { name, flags: 0 };
      const call = this.#caller.call(procedures.nodeDeviceGetXmlDesc, args, { ...options, lane: "read" });
      return (await call).xml;
    } catch (caught) {
      if (caught instanceof LibvirtError && caught.code === ErrorNumber.noNodeDevice) return undefined;
      throw caught;
    }
  }

  /** Creates a transient device, for example an mdev; answers with its name. */
  async create(xml: string, options: CallOptions = {}): Promise<string> {
    const args = { xmlDesc: xml, flags: 0 };
    const call = this.#caller.call(procedures.nodeDeviceCreateXml, args, { ...options, lane: "work" });
    return (await call).dev.name;
  }

  /** Removes a device that `create` made. */
  async destroy(name: string, options: CallOptions = {}): Promise<void> {
    await this.#caller.call(procedures.nodeDeviceDestroy, { name }, { ...options, lane: "work" });
  }

  /** Takes a PCI function from its host driver; `driver` is for example `vfio` or `xen`, absent for the default. */
  async detach(name: string, driver?: string, options: CallOptions = {}): Promise<void> {
    const args = { name, driverName: driver ?? null, flags: 0 };
    await this.#caller.call(procedures.nodeDeviceDetachFlags, args, { ...options, lane: "work" });
  }

  /** Gives a detached PCI function back to its host driver. */
  async reattach(name: string, options: CallOptions = {}): Promise<void> {
    await this.#caller.call(procedures.nodeDeviceReAttach, { name }, { ...options, lane: "work" });
  }

  /** Resets a detached PCI function. */
  async reset(name: string, options: CallOptions = {}): Promise<void> {
    await this.#caller.call(procedures.nodeDeviceReset, { name }, { ...options, lane: "work" });
  }
}
