// The account of a GPU as one piece: it can be given away while nothing stands on it, since its driver has to go first. Pure.
// Kernel drivers/vfio/pci/vfio_pci_core.c: one user at a time; QEMU docs/igd-assign.txt: the host may not show anything on it.
import type { DomainId } from "../../core/ids.ts";
import type { Gpu } from "../../inventory/model.ts";
import { isForGuest, userOf, type DomainUses, type Used } from "./domain-use.ts";

/** What has a GPU or stands on it, so that it cannot be given away. */
export type WholeGpuHolder = "domain" | "driver" | "vgpus" | "virtual-functions" | "seats" | "screens";

export interface WholeGpuAccount {
  /** Undefined while libvirt is away. */
  readonly used: Used | undefined;
  /** Undefined while that is not known. */
  readonly free: 0 | 1 | undefined;
  readonly heldBy: readonly WholeGpuHolder[];
  /** Whose definition names it. */
  readonly domain: DomainId | undefined;
}

/** What else is known to stand on it. */
export interface OnGpu {
  /** Slices that exist or are promised. */
  readonly vgpus: number;
  /** Domains that render on it and run; 0 while that is not known. */
  readonly seats: number;
}

export function wholeGpuAccount(gpu: Gpu, { vgpus, seats }: OnGpu, uses: DomainUses): WholeGpuAccount {
  const { address, driver, sriov, screens } = gpu;
  const user = userOf(address, uses);
  const held = {
    domain: user !== undefined,
    driver: user === undefined && isForGuest(driver),
    vgpus: vgpus > 0,
    "virtual-functions": (sriov?.functions.length ?? 0) > 0,
    seats: seats > 0,
    screens: (screens?.length ?? 0) > 0,
  } as const satisfies Record<WholeGpuHolder, boolean>;
  const heldBy = (Object.keys(held) as WholeGpuHolder[]).filter((holder) => held[holder]);
  const known = uses !== undefined && screens !== undefined;
  return {
    used: uses && {
      own: user?.own === true ? 1 : 0,
      foreign: user?.own === false || held.driver ? 1 : 0,
    },
    free: heldBy.length > 0 ? 0 : known ? 1 : undefined,
    heldBy,
    domain: user?.domain,
  };
}
