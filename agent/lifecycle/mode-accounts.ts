// The accounts of a GPU in the modes beside gvt-g, and which mode it is in. No claim of this release stands in them, so that own
// is what domains of claims have by their definitions. Pure.
import type { Mode } from "../core/modes.ts";
import { isForGuest, type DomainUses, type Used } from "../capacity/accounts/domain-use.ts";
import { seatsUsed } from "../capacity/accounts/render-seats.ts";
import { functionsAccount, type FunctionsAccount } from "../capacity/accounts/virtual-functions.ts";
import { wholeGpuAccount, type WholeGpuAccount } from "../capacity/accounts/whole-gpu.ts";
import { isAlive, type Gpu, type Inventory } from "../inventory/model.ts";
import type { Ledger } from "./ledger.ts";

export interface ModeAccounts {
  /** Undefined for a GPU without SR-IOV. */
  readonly functions: FunctionsAccount | undefined;
  readonly whole: WholeGpuAccount;
  /** Undefined for a GPU without a render node. */
  readonly seats: { readonly used: Used | undefined } | undefined;
  /** Undefined for a GPU that is not shared, or not that one could see. */
  readonly mode: Mode | undefined;
}

/** `vgpus`: slices that exist on the GPU or are promised there. */
export function modeAccounts(gpu: Gpu, vgpus: number, uses: DomainUses): ModeAccounts {
  const used = seatsUsed(gpu, uses);
  const seats = (used?.own ?? 0) + (used?.foreign ?? 0);
  return {
    functions: gpu.sriov && functionsAccount(gpu.sriov, uses),
    whole: wholeGpuAccount(gpu, { vgpus, seats }, uses),
    seats: gpu.drmRender === undefined ? undefined : { used },
    mode: modeOf(gpu, seats),
  };
}

function modeOf({ types, sriov, driver }: Gpu, seats: number): Mode | undefined {
  if (types.length > 0) return "gvt-g";
  if (sriov !== undefined && sriov.functions.length > 0) return "sriov";
  if (isForGuest(driver)) return "gvt-d";
  return seats > 0 ? "gvt-s" : undefined;
}

/** Of the domains that have anything of a GPU beside slices. */
export function domainUses({ domains }: Inventory, ledger: Ledger): DomainUses {
  if (!domains.known) return undefined;
  const using = [...domains.value.values()].filter(
    ({ pciDevices, renderNodes }) => pciDevices.length > 0 || renderNodes.length > 0,
  );
  if (using.length === 0) return [];
  const claims = new Map(
    ledger
      .living()
      .filter((claim) => claim.kind === "domain")
      .map(({ domain, vgpuId }) => [domain.id, vgpuId]),
  );
  return using.map(({ id, mark, state, pciDevices, renderNodes }) => ({
    domain: id,
    // Under one UUID but without the claim's mark it is somebody else's (views.ts).
    own: mark !== undefined && claims.get(id) === mark.vgpuId,
    alive: isAlive(state),
    ...{ pciDevices, renderNodes },
  }));
}
