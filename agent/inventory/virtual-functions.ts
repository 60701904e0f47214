// The virtual functions of a GPU as the kernel shows them. Plain readonly data.
import type { PciAddress } from "../core/ids.ts";

/** What a virtual function is given a share of; bytes where the name says so. */
export const functionResources = ["vramBytes", "ggttBytes", "contexts", "doorbells"] as const;
export type FunctionResource = (typeof functionResources)[number];

/** Undefined where the driver does not tell, and where it could not be read: never taken for 0. */
export type FunctionAmounts = Readonly<Record<FunctionResource, number | undefined>>;

/** From the lowest; of virtual functions of xe only the first two are given (xe_sriov_pf_sysfs.c). */
export const functionPriorities = ["low", "normal", "high"] as const;
export type FunctionPriority = (typeof functionPriorities)[number];

/** How a virtual function takes turns with the others. Undefined where the driver does not tell, and where it could not be read. */
export interface FunctionTurns {
  /** How long it may use an engine while others wait; 0: without a limit. */
  readonly execQuantumMs: number | undefined;
  /** How long it is given to let go of an engine; 0: without a limit. */
  readonly preemptTimeoutUs: number | undefined;
  readonly priority: FunctionPriority | undefined;
}

export interface VirtualFunction {
  /** As drivers count, from 1: their `vf1` is the PCI core's `virtfn0`. */
  readonly number: number;
  readonly address: PciAddress;
  /** The bound kernel driver; undefined when none is. */
  readonly driver: string | undefined;
  readonly quota: FunctionAmounts;
  readonly turns: FunctionTurns;
}

/** SR-IOV of a GPU that has it. */
export interface Sriov {
  /** `sriov_totalvfs`, which drivers lower to what they let it have; undefined when it could not be read. */
  readonly total: number | undefined;
  /** `sriov_drivers_autoprobe`; undefined when it could not be read. */
  readonly autoprobe: boolean | undefined;
  /** Whether the bound driver enables functions. */
  readonly driverEnables: boolean;
  /** By number. */
  readonly functions: readonly VirtualFunction[];
  /** What the driver has left for functions. */
  readonly available: FunctionAmounts;
  /** The most of it that one function could be given. */
  readonly largestQuota: FunctionAmounts;
}
