// What a domain takes from the simulated host when it starts, and gives back when it ends: consoles, PCI functions, mdevs, and on Xen
// what its device model makes.
import type { DeviceModelLogs } from "../device-model-logs.ts";
import { outlives } from "../one-boot.ts";
import type { VgtCalls } from "../xengt/calls.ts";
import { Consoles } from "./consoles.ts";
import type { Definition } from "./definition.ts";
import { startDeviceModel } from "./device-model.ts";
import type { Domain, Running } from "./domain.ts";
import { HostFunctions, type HostFunctionsOptions } from "./host-functions.ts";
import {
  functionInUse,
  internalError,
  mdevInUse,
  mdevMissing,
  mdevWithoutGroup,
  xenInternalError,
} from "./refusals.ts";

export interface DomainDevicesOptions extends HostFunctionsOptions {
  readonly vgtCalls: VgtCalls;
  readonly deviceModelLogs: DeviceModelLogs;
  readonly isOnXen: () => boolean;
  /** All domains. */
  readonly list: () => readonly Domain[];
}

export class DomainDevices {
  readonly #options: DomainDevicesOptions;
  readonly #functions: HostFunctions;
  readonly #consoles = new Consoles();

  constructor(options: DomainDevicesOptions) {
    this.#options = options;
    this.#functions = new HostFunctions(options);
  }

  /** What QEMU opens when it starts, which holds it until it ends: how it runs. @throws LibvirtError; nothing is held then */
  async open(process: Running): Promise<Running> {
    const { kernel, isOnXen } = this.#options;
    this.#refuseUsedFunctions(process.definition);
    const running = { ...process, definition: this.#consoles.open(process) };
    try {
      if (!(await outlives(kernel, this.#functions.prepare(running))))
        throw internalError("the host has booted");
      // To Xen's driver mdevs are nothing that it knows, and nothing that it refuses.
      if (!isOnXen()) this.#openMdevs(running);
      this.#functions.open(running);
      return isOnXen() ? await this.#withDeviceModel(running) : running;
    } catch (error) {
      void this.close(running);
      throw error;
    }
  }

  /** It has ended; resolves when the host has back what it took. A slice of XenGT stays: libxl does not know of it. */
  async close({ pid }: Pick<Running, "pid">): Promise<void> {
    this.#options.kernel.close(pid);
    this.#consoles.close(pid);
    await this.#functions.giveBack(pid);
  }

  reboot(): void {
    this.#functions.reboot();
    this.#consoles.reboot();
  }

  /** libxl says nothing of why a device model did not start. */
  async #withDeviceModel(running: Running): Promise<Running> {
    const { kernel, vgtCalls, deviceModelLogs: logs } = this.#options;
    const { definition, id } = running;
    if (definition.xenType !== "hvm") return running;
    const { bootId, host } = kernel;
    const model = await startDeviceModel(definition, id, { host, vgtCalls, logs });
    if (kernel.bootId !== bootId) throw internalError("the host has booted");
    if (model === undefined)
      throw xenInternalError(`libxenlight failed to create new domain '${definition.name}'`);
    return model.vgt === undefined ? running : { ...running, vgt: model.vgt };
  }

  #refuseUsedFunctions({ functions }: Definition): void {
    for (const { address } of functions) {
      const uses = ({ running }: Domain): boolean =>
        running?.definition.functions.some((used) => used.address === address) === true;
      const user = this.#options.list().find(uses);
      if (user !== undefined) throw functionInUse(address, user.name);
    }
  }

  #openMdevs({ pid, definition }: Running): void {
    const { kernel, list } = this.#options;
    const holder = { pid, command: "qemu-system-x86", domain: definition.name };
    const missing = definition.mdevs.find((uuid) => !kernel.mdevs.has(uuid));
    if (missing !== undefined) throw mdevMissing(missing);
    const partial = definition.mdevs.find((uuid) => kernel.mdevs.get(uuid)?.partial);
    if (partial !== undefined) throw mdevWithoutGroup(partial);
    for (const uuid of definition.mdevs) {
      const user = list().find(({ running }) => running?.definition.mdevs.includes(uuid));
      if (user !== undefined) throw mdevInUse(uuid, user.name);
      const errno = kernel.open(uuid, holder);
      if (errno === undefined) continue;
      const why = errno === "EEXIST" ? "File exists" : "Device or resource busy";
      throw internalError(
        `qemu unexpectedly closed the monitor: vfio ${uuid}: failed to open the device: ${why}`,
      );
    }
  }
}
