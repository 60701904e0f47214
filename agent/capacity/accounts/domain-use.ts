// What domains have of GPUs beside slices: PCI functions that their definitions name, and render nodes. Pure.
import type { DomainId, PciAddress } from "../../core/ids.ts";

/** A domain that names a PCI function or a render node. */
export interface DomainUse {
  readonly domain: DomainId;
  readonly name: string;
  /** Whether it is of a claim of this host. */
  readonly own: boolean;
  /** Whether it has a process. */
  readonly alive: boolean;
  readonly pciDevices: readonly PciAddress[];
  readonly renderNodes: readonly string[];
}

/** Undefined while libvirt is away. */
export type DomainUses = readonly DomainUse[] | undefined;

/** How many are taken, by whom; undefined while libvirt is away. */
export interface Used {
  readonly own: number;
  readonly foreign: number;
}

/** The domain that names the function: of several only one can run, and that one has it. */
export function userOf(address: PciAddress, uses: DomainUses): DomainUse | undefined {
  const named = (uses ?? []).filter(({ pciDevices }) => pciDevices.includes(address));
  return named.find(({ alive }) => alive) ?? named[0];
}
