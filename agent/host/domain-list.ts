// libvirt's domains with the state of each. One question about each would cost the daemon, and us, as much again as all their
// documents do: it can be asked for those in a state, and most are in one of three.
import { ListDomains } from "../node-libvirt/constants.ts";
import type { CallOptions } from "../node-libvirt/connection.ts";
import type { DomainRef } from "../node-libvirt/domain-ref.ts";
import type { DomainStateName } from "../node-libvirt/domain-state.ts";
import type { Libvirt } from "../node-libvirt/libvirt.ts";

export interface ListedDomain {
  readonly ref: DomainRef;
  readonly persistent: boolean;
  /** Undefined of one that is in none of the states that can be asked for, or left one while they were. */
  readonly state: DomainStateName | undefined;
}

const askable: readonly (readonly [DomainStateName, number])[] = [
  ["running", ListDomains.running],
  ["paused", ListDomains.paused],
  ["shut-off", ListDomains.shutoff],
];

/** Xen's driver lists the host itself, as the domain of number 0 (libxl_driver.c, libxlAddDom0); QEMU's counts from 1. */
export function isGuest({ id }: DomainRef): boolean {
  return id !== 0;
}

/** Without the host itself. */
export async function listDomains(libvirt: Libvirt, options: CallOptions): Promise<readonly ListedDomain[]> {
  const uuids = async (flags: number): Promise<ReadonlySet<string>> =>
    new Set((await libvirt.listDomains({ ...options, flags })).map(({ uuid }) => uuid));
  const [all, persistent, ...inStates] = await Promise.all([
    libvirt.listDomains(options),
    uuids(ListDomains.persistent),
    ...askable.map(([, flags]) => uuids(flags)),
  ]);
  return all.filter(isGuest).map((ref) => {
    const [found, another] = askable.filter((_, index) => inStates[index]?.has(ref.uuid));
    const state = another === undefined ? found?.[0] : undefined;
    return { ref, persistent: persistent.has(ref.uuid), state };
  });
}
