// What the simulated libvirt does with the PCI functions of a domain: binds the managed ones, lets QEMU open all or Xen have them,
// gives back.
import type { PciAddress } from "../../core/ids.ts";
import type { DriverName } from "../../hostd/protocol/messages.ts";
import type { FunctionCalls } from "../function-calls.ts";
import type { SimulatedKernel } from "../kernel.ts";
import { isVfio, type PciDriver } from "../pci-functions.ts";
import type { Definition, HostFunction } from "./definition.ts";
import { functionBusy, functionMissing, functionNotBound, functionNotDetached } from "./refusals.ts";
import { refuseFunctions } from "./xen-driver.ts";

export interface HostFunctionsOptions {
  readonly kernel: SimulatedKernel;
  readonly functionCalls: FunctionCalls;
  /** Since 10.0.0 libvirt knows VFIO's variants for kinds of devices, and takes the one that fits best. */
  readonly knowsVariants: () => boolean;
}

/** What a QEMU that exists in name only is, to the kernel. */
interface Opener {
  readonly pid: number;
  readonly definition: Definition;
}

export class HostFunctions {
  readonly #options: HostFunctionsOptions;
  /** What a domain's start has taken from the host, by its QEMU. */
  readonly #taken = new Map<number, readonly PciAddress[]>();
  /** Functions that are being given back. */
  readonly #returning = new Map<PciAddress, Promise<unknown>>();

  constructor(options: HostFunctionsOptions) {
    this.#options = options;
  }

  /** Binds what is managed; what is not must be bound. @throws LibvirtError; nothing is taken then */
  async prepare({ pid, definition }: Opener): Promise<void> {
    const taken: PciAddress[] = [];
    this.#taken.set(pid, taken);
    try {
      for (const wanted of definition.functions) if (await this.#detach(wanted)) taken.push(wanted.address);
    } catch (error) {
      void this.giveBack(pid);
      throw error;
    }
  }

  /** As QEMU opens them, or libxl gives them to the guest. @throws LibvirtError */
  open({ pid, definition }: Opener): void {
    const { functions, host, xen } = this.#options.kernel;
    if (host.hypervisor === "xen") {
      const isTaken = ({ address }: HostFunction): boolean => xen.has(address);
      const errno = ({ address }: HostFunction): string | undefined =>
        functions.open(address, { pid, command: "guest of Xen", domain: definition.name });
      refuseFunctions(definition, (each) => isTaken(each) || errno(each) !== undefined);
      return;
    }
    for (const { address } of definition.functions) {
      const errno = functions.open(address, {
        pid,
        command: "qemu-system-x86",
        domain: definition.name,
      });
      if (errno !== undefined) throw functionBusy(address, functions.get(address)?.group ?? 0, errno);
    }
  }

  /** The QEMU has ended: what its start took goes back to the drivers of the host. Resolves when they have it. */
  async giveBack(pid: number): Promise<void> {
    const taken = this.#taken.get(pid) ?? [];
    this.#taken.delete(pid);
    for (const address of taken) {
      // virPCIDeviceUnbindFromStub clears the override: the kernel chooses the driver then, and pciback takes again what it had.
      const calls = this.#options.functionCalls;
      const returned = calls.bind(address, "i915", { tellsPciback: false }).finally(() => {
        if (this.#returning.get(address) === returned) this.#returning.delete(address);
      });
      this.#returning.set(address, returned);
    }
    await Promise.all(taken.flatMap((address) => this.#returning.get(address) ?? []));
  }

  /** The host has booted. */
  reboot(): void {
    this.#taken.clear();
    this.#returning.clear();
  }

  /** Whether it was taken from the host: one that is bound already stays so when the domain ends. */
  async #detach(wanted: HostFunction): Promise<boolean> {
    const { address, isManaged } = wanted;
    await this.#returning.get(address);
    const { functions } = this.#options.kernel;
    const found = functions.get(address);
    if (found === undefined) throw functionMissing(address);
    if (this.#isStub(found.driver)) return false;
    if (!isManaged) throw functionNotDetached(address);
    const driver = wanted.driver ?? this.#bestFor(found.virtual?.of);
    const refused = await this.#options.functionCalls.bind(address, driver, { tellsPciback: false });
    if (refused !== undefined) throw functionNotBound(address, driver, refused.errno);
    return true;
  }

  #isStub(driver: PciDriver): boolean {
    if (this.#options.kernel.host.hypervisor === "xen") return driver === "pciback";
    return this.#options.knowsVariants() ? isVfio(driver) : driver === "vfio-pci";
  }

  /** By modules.alias, where a variant stands for the devices that it knows. */
  #bestFor(physical: PciAddress | undefined): DriverName {
    const { kernel, knowsVariants } = this.#options;
    if (kernel.host.hypervisor === "xen") return "pciback";
    const isOfXe = physical !== undefined && kernel.functions.get(physical)?.driver === "xe";
    return isOfXe && knowsVariants() && kernel.traits.hasXeVfioPci ? "xe-vfio-pci" : "vfio-pci";
  }
}
