// SR-IOV: a virtual function is the slice. It has no driver while nobody has it, and VFIO's, or a variant of it, while a claim does.
import type { PciAddress } from "../../core/ids.ts";
import type { FunctionShare } from "../../inventory/share.ts";
import { boundOrThrow } from "../../lifecycle/bound.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import type { DriverName, PciBinding } from "../pci-binding.ts";

/** Knows how to move the state of a function of xe to another host (kernel drivers/vfio/pci/xe, 7.1). */
const VARIANT = "xe-vfio-pci";

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

  async create(
    { share: { address, number }, gpu }: Slice<FunctionShare>,
    signal: AbortSignal,
  ): Promise<void> {
    const outcome = await this.#options.binding.bind(address, await this.#driverFor(gpu), signal);
    boundOrThrow(`virtual function ${number} (${address}) of GPU ${gpu} cannot be given to a guest`, outcome);
  }

  async remove({ share: { address } }: Slice<FunctionShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const outcome = await this.#options.binding.bind(address, "none", signal);
    return outcome.kind === "bound" ? { kind: "removed" } : outcome;
  }

  async #driverFor(gpu: PciAddress): Promise<DriverName> {
    const { binding, knowsVariants } = this.#options;
    const fits =
      knowsVariants() && (await binding.driverOf(gpu)) === "xe" && (await binding.isLoaded(VARIANT));
    return fits ? VARIANT : "vfio-pci";
  }
}
