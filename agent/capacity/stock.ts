// What there is to be had of the GPUs, and what of it is taken: what a placement is made from.
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Gpu } from "../inventory/model.ts";
import type { FunctionsAccount } from "./accounts/virtual-functions.ts";
import type { WholeGpuAccount } from "./accounts/whole-gpu.ts";
import type { CapacityRule, Holding } from "./budget.ts";
import type { Closed } from "./closed.ts";

/** The seats of one GPU. */
export interface Seats {
  /** As many as the configuration allows. */
  readonly total: number;
  /** Promised to claims. */
  readonly own: number;
  /** Taken by running domains of others, as far as that is known. */
  readonly foreign: number;
}

/** Whose are counted as taken: a plan may suppose that some were not there. */
export interface Counting {
  readonly own: boolean;
  readonly foreign: boolean;
}

export const EVERYBODY: Counting = { own: true, foreign: true };

export interface Stock {
  readonly gpus: Iterable<Gpu>;
  /** Mode gvt-g: whether slices are XenGT's. */
  readonly xengt: boolean;
  /** What each GPU is shared in; undefined for one that is not shared, or not that one could see. */
  readonly modeOf: (gpu: Gpu) => Mode | undefined;
  /** Mode gvt-g: what a GPU has. */
  readonly rule: CapacityRule;
  /** Mode gvt-g: what is taken. */
  readonly holdings: readonly Holding[];
  /** Mode gvt-s. */
  readonly seats: (gpu: Gpu) => Seats;
  /** Mode gvt-d. */
  readonly whole: (gpu: Gpu) => WholeGpuAccount;
  /** Mode sriov; undefined for a GPU without. */
  readonly functions: (gpu: Gpu) => FunctionsAccount | undefined;
  /** vGPUs that exist in the kernel: its counts know of them, and of no promise. */
  readonly made: ReadonlySet<VgpuId>;
  /** Why not every guest can have what the GPU gives in the mode, going on from its name; undefined where any can, or the guest is known. */
  readonly doubt: (gpu: Gpu, mode: Mode) => string | undefined;
  /** Undefined for a GPU that takes new vGPUs. */
  readonly closed: (gpu: PciAddress) => Closed | undefined;
}
