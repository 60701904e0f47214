// What the lifecycle has done to GPUs as PCI functions goes to the backends that do it.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { FunctionValues, ProfileOutcome } from "../lifecycle/function-profile.ts";
import type { BindOutcome, DriverShares, GpuFunctions } from "../lifecycle/ports.ts";
import type { WholeGpus } from "./passthrough/whole-gpus.ts";
import type { PciBinding } from "./pci-binding.ts";
import type { Cutting } from "./sriov/cutting.ts";
import type { Profiles } from "./sriov/profiles.ts";

export interface GpuFunctionsOptions {
  readonly binding: PciBinding;
  readonly whole: WholeGpus;
  readonly cutting: Cutting;
  readonly profiles: Profiles;
}

export class BackendsOfFunctions implements GpuFunctions {
  readonly #options: GpuFunctionsOptions;

  constructor(options: GpuFunctionsOptions) {
    this.#options = options;
  }

  giveAway(gpu: PciAddress, signal: AbortSignal): Promise<BindOutcome> {
    return this.#options.whole.giveAway(gpu, signal);
  }

  takeBack(gpu: PciAddress, driver: string, signal: AbortSignal): Promise<BindOutcome> {
    if (driver === "i915" || driver === "xe") return this.#options.binding.bind(gpu, driver, signal);
    const message = `GPU ${gpu} cannot be given back to ${driver}: vgpud binds i915 and xe only`;
    return Promise.reject(new AgentError("MODE_UNSUPPORTED", message, { details: { gpu, driver } }));
  }

  cut(gpu: PciAddress, count: number, signal: AbortSignal): Promise<BindOutcome> {
    return this.#options.cutting.cut(gpu, count, signal);
  }

  setProfile(
    gpu: PciAddress,
    number: number,
    values: FunctionValues,
    signal: AbortSignal,
  ): Promise<ProfileOutcome> {
    return this.#options.profiles.set(gpu, number, values, signal);
  }

  cutInto(gpu: PciAddress): Promise<number> {
    return this.#options.cutting.cutInto(gpu);
  }

  driverShares(gpu: PciAddress): Promise<DriverShares> {
    return this.#options.cutting.driverShares(gpu);
  }
}
