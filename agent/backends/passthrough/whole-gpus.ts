// GVT-d: the whole GPU for one guest. It is taken from the host's driver when it is given that mode, or at its first create after a
// boot, and stays with the driver that gives it to guests.
import type { PciAddress } from "../../core/ids.ts";
import { isGivenByDriver } from "../../inventory/guest-drivers.ts";
import type { WholeShare } from "../../inventory/share.ts";
import type { BindOutcome, RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import { boundOrThrow } from "../../lifecycle/bound.ts";
import type { PciBinding } from "../pci-binding.ts";

export class WholeGpus implements Slices<WholeShare> {
  readonly #binding: PciBinding;

  constructor(binding: PciBinding) {
    this.#binding = binding;
  }

  async create({ gpu }: Slice<WholeShare>, signal: AbortSignal): Promise<void> {
    boundOrThrow(`GPU ${gpu} cannot be taken from the host`, await this.giveAway(gpu, signal));
  }

  /** One that is bound already may have a holder that libvirt does not tell of. */
  async giveAway(gpu: PciAddress, signal: AbortSignal): Promise<BindOutcome> {
    if (!isGivenByDriver(await this.#binding.driverOf(gpu))) {
      const { usual } = await this.#binding.guestDrivers();
      return this.#binding.bind(gpu, usual, signal);
    }
    const holders = await this.#binding.holders(gpu, signal);
    return holders.length > 0 ? { kind: "held", holders } : { kind: "bound" };
  }

  /** The next guest takes it from where it is; a driver of the host cannot always take it back. */
  async remove({ gpu }: Slice<WholeShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const holders = await this.#binding.holders(gpu, signal);
    return holders.length > 0 ? { kind: "held", holders } : { kind: "removed" };
  }
}
