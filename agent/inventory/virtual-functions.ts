// The virtual functions of a GPU as the kernel shows them. Plain readonly data.
import type { PciAddress } from "../core/ids.ts";

/** What a virtual function is given a share of; bytes where the name says so. */
export const functionResources = ["vramBytes", "ggttBytes", "contexts", "doorbells"] as const;
export type FunctionResource = (typeof functionResources)[number];

/** Undefined where the driver does not tell, and where it could not be read: never taken for 0. */
export type FunctionAmounts = Readonly<Record<FunctionResource, number | undefined>>;

export interface VirtualFunction {
  /** As drivers count, from 1: their `vf1` is the PCI core's `virtfn0`. */
  readonly number: number;
  readonly address: PciAddress;
  /** The bound kernel driver; undefined when none is. */
  readonly driver: string | undefined;
  readonly quota: FunctionAmounts;
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
