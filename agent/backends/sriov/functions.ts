// SR-IOV: a virtual function is the slice. It has no driver while nobody has it, and VFIO's while a claim does.
import type { FunctionShare } from "../../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import { boundOrThrow } from "../../lifecycle/bound.ts";
import type { PciBinding } from "../pci-binding.ts";

export class VirtualFunctions implements Slices<FunctionShare> {
  readonly #binding: PciBinding;

  constructor(binding: PciBinding) {
    this.#binding = binding;
  }

  async create(
    { share: { address, number }, gpu }: Slice<FunctionShare>,
    signal: AbortSignal,
  ): Promise<void> {
    const outcome = await this.#binding.bind(address, "vfio-pci", signal);
    boundOrThrow(`virtual function ${number} (${address}) of GPU ${gpu} cannot be given to a guest`, outcome);
  }

  async remove({ share: { address } }: Slice<FunctionShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const outcome = await this.#binding.bind(address, "none", signal);
    return outcome.kind === "bound" ? { kind: "removed" } : outcome;
  }
}
