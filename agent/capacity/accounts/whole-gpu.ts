// The account of a GPU as one piece: it can be given away while nothing stands on it, since its driver has to go first. Pure.
// Kernel drivers/vfio/pci/vfio_pci_core.c: one user at a time; QEMU docs/igd-assign.txt: the host may not show anything on it.
import type { DomainId } from "../../core/ids.ts";
import { isForGuest } from "../../inventory/guest-drivers.ts";
import type { Gpu } from "../../inventory/model.ts";
import { userOf, type DomainUses, type Used } from "./domain-use.ts";

/** What has a GPU or stands on it, so that it cannot be given away. */
export type WholeGpuHolder =
  "claim" | "domain" | "driver" | "boot" | "vgpus" | "virtual-functions" | "seats" | "screens";

export interface WholeGpuAccount {
  /** Undefined while libvirt is away. */
  readonly used: Used | undefined;
  /** Undefined while that is not known. */
  readonly free: 0 | 1 | undefined;
  readonly heldBy: readonly WholeGpuHolder[];
  /** Whether a claim or its domain has it, or somebody else; undefined when nobody is known to. */
  readonly holder: keyof Used | undefined;
  /** Whose definition names it. */
  readonly domain: DomainId | undefined;
  /** That domain's. */
  readonly domainName: string | undefined;
}

/** What else is known to stand on it. */
export interface OnGpu {
  /** Whether a claim has it. */
  readonly isClaimed: boolean;
  /** Whether somebody told vgpud to give it away whole: then it is vgpud that keeps it from the host, for whoever comes. */
  readonly isToGiveAway: boolean;
  /** Whether it was given back and waits for the next boot: its driver then keeps it for nobody. */
  readonly isParked: boolean;
  /** Slices that exist or are promised. */
  readonly vgpus: number;
  /** Domains that render on it and run; 0 while that is not known. */
  readonly seats: number;
}

export function wholeGpuAccount(gpu: Gpu, on: OnGpu, uses: DomainUses): WholeGpuAccount {
  const { isClaimed, isToGiveAway, isParked, vgpus, seats } = on;
  const { address, driver, sriov, screens } = gpu;
  const user = userOf(address, uses);
  const held = {
    claim: isClaimed,
    domain: user !== undefined,
    driver: user === undefined && !isClaimed && !isToGiveAway && !isParked && isForGuest(driver),
    boot: user === undefined && !isClaimed && isParked,
    vgpus: vgpus > 0,
    "virtual-functions": (sriov?.functions.length ?? 0) > 0,
    seats: seats > 0,
    screens: (screens?.length ?? 0) > 0,
  } as const satisfies Record<WholeGpuHolder, boolean>;
  const heldBy = (Object.keys(held) as WholeGpuHolder[]).filter((holder) => held[holder]);
  const known = uses !== undefined && screens !== undefined;
  const isOwn = isClaimed || user?.own === true;
  const isForeign = user !== undefined || held.driver;
  const holder = isOwn ? "own" : isForeign ? "foreign" : undefined;
  return {
    used: uses && { own: holder === "own" ? 1 : 0, foreign: holder === "foreign" ? 1 : 0 },
    free: heldBy.length > 0 ? 0 : known ? 1 : undefined,
    heldBy,
    holder,
    domain: user?.domain,
    domainName: user?.name,
  };
}
