// SR-IOV: a virtual function is the slice. It has no driver while nobody has it, and VFIO's, a variant of it or Xen's while a claim does.
import { AgentError } from "../../core/errors.ts";
import type { PciAddress } from "../../core/ids.ts";
import { isGivenByDriver } from "../../inventory/guest-drivers.ts";
import type { FunctionShare } from "../../inventory/share.ts";
import { boundOrThrow } from "../../lifecycle/bound.ts";
import type { BindOutcome, RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import type { DriverName, PciBinding } from "../pci-binding.ts";

export interface VirtualFunctionsOptions {
  readonly binding: PciBinding;
  /** Whether libvirt takes a function that a variant has (since 10.0.0). */
  readonly knowsVariants: () => boolean;
}

export class VirtualFunctions implements Slices<FunctionShare> {
  readonly #options: VirtualFunctionsOptions;

  constructor(options: VirtualFunctionsOptions) {
    this.#options = options;
  }

  async create(slice: Slice<FunctionShare>, signal: AbortSignal): Promise<void> {
    const { share, gpu } = slice;
    const what = `virtual function ${share.number} (${share.address}) of GPU ${gpu}`;
    if (!(await this.#isThere(slice)))
      throw new AgentError("PCI_FUNCTION_MISSING", `${what} is not there now`, {
        details: { gpu, device: share.address },
      });
    boundOrThrow(`${what} cannot be given to a guest`, await this.#bound(slice, signal));
  }

  async remove(slice: Slice<FunctionShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    if (!(await this.#isThere(slice))) return { kind: "removed" };
    const outcome = await this.#options.binding.bind(slice.share.address, "none", signal);
    return outcome.kind === "bound" ? { kind: "removed" } : outcome;
  }

  /** Its address may be another device's since the buses were numbered anew: its GPU tells which one it is. */
  async #isThere({ gpu, share: { number, address } }: Slice<FunctionShare>): Promise<boolean> {
    return (await this.#options.binding.virtualFunction(gpu, number)) === address;
  }

  /** One that is bound already may have a holder that libvirt does not tell of. */
  async #bound({ gpu, share: { address } }: Slice<FunctionShare>, signal: AbortSignal): Promise<BindOutcome> {
    const { binding } = this.#options;
    if (!isGivenByDriver(await binding.driverOf(address)))
      return binding.bind(address, await this.#driverFor(gpu), signal);
    const holders = await binding.holders(address, signal);
    return holders.length > 0 ? { kind: "held", holders } : { kind: "bound" };
  }

  async #driverFor(gpu: PciAddress): Promise<DriverName> {
    const { binding, knowsVariants } = this.#options;
    const { usual, ofXe } = await binding.guestDrivers();
    const fits = knowsVariants() && (await binding.driverOf(gpu)) === "xe" && (await binding.isLoaded(ofXe));
    return fits ? ofXe : usual;
  }
}
