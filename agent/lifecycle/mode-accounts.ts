// The accounts of a GPU in the modes beside gvt-g, and which mode it is in. Of functions and whole GPUs no claim of this release
// stands in them, so that own is what domains of claims have by their definitions. Pure.
import type { Mode } from "../core/modes.ts";
import type { DomainUses, Used } from "../capacity/accounts/domain-use.ts";
import { seatsUsed } from "../capacity/accounts/render-seats.ts";
import { functionsAccount, type FunctionsAccount } from "../capacity/accounts/virtual-functions.ts";
import { wholeGpuAccount, type WholeGpuAccount } from "../capacity/accounts/whole-gpu.ts";
import { isAlive, type Gpu, type Inventory } from "../inventory/model.ts";
import type { Seats } from "../capacity/stock.ts";
import { modeOf, type ModeRecord } from "./gpu-modes.ts";
import type { Ledger } from "./ledger.ts";

export interface ModeAccounts {
  /** Undefined for a GPU without SR-IOV. */
  readonly functions: FunctionsAccount | undefined;
  readonly whole: WholeGpuAccount;
  /** Undefined for a GPU without a render node. */
  readonly seats: SeatsAccount | undefined;
  /** Undefined for a GPU that is not shared, or not that one could see. */
  readonly mode: Mode | undefined;
}

export interface SeatsAccount {
  /** Undefined while libvirt is away. */
  readonly used: Used | undefined;
  /** How many there may be; undefined for a GPU that is in another mode. */
  readonly total: number | undefined;
}

/** What the accounts are kept by, beside the host's facts. */
export interface AccountedBy {
  readonly ledger: Ledger;
  readonly modes: ModeRecord;
  /** How many seats a GPU has. */
  readonly renderSeats: number;
  readonly uses: DomainUses;
}

/** `vgpus`: slices that exist on the GPU or are promised there. */
export function modeAccounts(gpu: Gpu, vgpus: number, by: AccountedBy): ModeAccounts {
  const { uses, modes, renderSeats } = by;
  const used = seatsUsed(gpu, seatsPromised(gpu, by.ledger), uses);
  const seats = (used?.own ?? 0) + (used?.foreign ?? 0);
  const mode = modeOf(gpu, modes) ?? (seats > 0 ? "gvt-s" : undefined);
  const total = modes.get(gpu.address) === "gvt-s" ? renderSeats : undefined;
  return {
    functions: gpu.sriov && functionsAccount(gpu.sriov, uses),
    whole: wholeGpuAccount(gpu, { vgpus, seats }, uses),
    seats: gpu.drmRender === undefined ? undefined : { used, total },
    mode,
  };
}

/** For a placement: what is not known of others' domains is not counted. */
export function seatsOf(gpu: Gpu, { ledger, renderSeats, uses }: Omit<AccountedBy, "modes">): Seats {
  const promised = seatsPromised(gpu, ledger);
  return { total: renderSeats, used: promised + (seatsUsed(gpu, promised, uses)?.foreign ?? 0) };
}

function seatsPromised({ address }: Gpu, ledger: Ledger): number {
  return ledger.holdings().filter(({ gpu, share }) => gpu === address && share.mode === "gvt-s").length;
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
