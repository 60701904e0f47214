// The accounts of a GPU in the modes beside gvt-g, and which mode it is in. Own is what claims are promised, and what their domains
// have by their definitions. Pure.
import type { Mode } from "../core/modes.ts";
import type { DomainUses } from "../capacity/accounts/domain-use.ts";
import { foreignSeats } from "../capacity/accounts/render-seats.ts";
import { functionsAccount, type FunctionsAccount } from "../capacity/accounts/virtual-functions.ts";
import { wholeGpuAccount, type OnGpu, type WholeGpuAccount } from "../capacity/accounts/whole-gpu.ts";
import { isAlive, type Gpu, type HostFacts, type Inventory } from "../inventory/model.ts";
import type { SeatLimit } from "../capacity/seats.ts";
import type { Seats } from "../capacity/stock.ts";
import { claimedMode, isParked, modeOf, type ModeRecord } from "./gpu-modes.ts";
import { holdsRoom, type Ledger } from "./ledger.ts";

export interface ModeAccounts {
  /** Undefined for a GPU without SR-IOV. */
  readonly functions: FunctionsAccount | undefined;
  readonly whole: WholeGpuAccount;
  /** Undefined for a GPU without a render node, and under Xen, where no guest can have one. */
  readonly seats: SeatsAccount | undefined;
  /** Undefined for a GPU that is not shared, or not that one could see. */
  readonly mode: Mode | undefined;
}

interface SeatsAccount {
  /** Promised to claims; counts also where one runs that was to have none. */
  readonly own: number;
  /** Running domains of others; undefined while libvirt is away. */
  readonly foreign: number | undefined;
  /** How many there may be; undefined for a GPU that is in another mode. */
  readonly total: number | undefined;
}

/** What the accounts are kept by, beside the host's facts. */
export interface AccountedBy {
  readonly ledger: Ledger;
  readonly modes: ModeRecord;
  /** How many seats a GPU has. */
  readonly renderSeats: SeatLimit;
  readonly uses: DomainUses;
}

interface AccountedOn extends AccountedBy {
  readonly host: Pick<HostFacts, "hypervisor">;
}

/** `vgpus`: slices that exist on the GPU or are promised there. */
export function modeAccounts(gpu: Gpu, vgpus: number, by: AccountedOn): ModeAccounts {
  const { ledger, uses, modes, renderSeats, host } = by;
  const own = seatsPromised(gpu, ledger, uses);
  const foreign = foreignSeats(gpu, uses)?.length;
  const seats = own + (foreign ?? 0);
  const known = modeOf(gpu, { record: modes, claimed: claimedMode(ledger, gpu.address) });
  const total = known === "gvt-s" ? renderSeats(gpu.address) : undefined;
  return {
    functions: functionsOf(gpu, by),
    whole: wholeGpuAccount(gpu, { ...wholeStanding(gpu, by), vgpus, seats }, uses),
    seats: gpu.drmRender === undefined || host.hypervisor === "xen" ? undefined : { own, foreign, total },
    mode: known ?? (seats > 0 ? "gvt-s" : undefined),
  };
}

/** For a placement: what is not known of others' domains is not counted. */
export function seatsOf(gpu: Gpu, { ledger, renderSeats, uses }: Omit<AccountedBy, "modes">): Seats {
  return {
    total: renderSeats(gpu.address),
    own: seatsPromised(gpu, ledger, uses),
    foreign: foreignSeats(gpu, uses)?.length ?? 0,
  };
}

/** One that gave its seat back and was started behind our back has it all the same. */
function seatsPromised({ address }: Gpu, ledger: Ledger, uses: DomainUses): number {
  const running = new Set(uses?.filter(({ own, alive }) => own && alive).map(({ domain }) => domain));
  return ledger
    .living()
    .filter(({ gpu, share }) => gpu === address && share.mode === "gvt-s")
    .filter((claim) => holdsRoom(claim) || (claim.domain !== undefined && running.has(claim.domain.id)))
    .length;
}

/** For a placement. */
export function functionsOf(
  gpu: Gpu,
  { ledger, uses }: Pick<AccountedBy, "ledger" | "uses">,
): FunctionsAccount | undefined {
  return gpu.sriov && functionsAccount(gpu.sriov, functionsClaimed(gpu, ledger), uses);
}

/** For a placement: on a GPU that is given away whole stands nothing else. */
export function wholeOf(gpu: Gpu, by: Pick<AccountedBy, "ledger" | "modes" | "uses">): WholeGpuAccount {
  return wholeGpuAccount(gpu, { ...wholeStanding(gpu, by), vgpus: 0, seats: 0 }, by.uses);
}

function functionsClaimed({ address }: Gpu, ledger: Ledger): ReadonlySet<number> {
  return new Set(
    ledger
      .holdings()
      .flatMap(({ gpu, share }) => (gpu === address && share.mode === "sriov" ? [share.number] : [])),
  );
}

function wholeStanding(
  gpu: Gpu,
  { ledger, modes }: Pick<AccountedBy, "ledger" | "modes">,
): Pick<OnGpu, "isClaimed" | "isToGiveAway" | "isParked"> {
  const { address } = gpu;
  return {
    isParked: isParked(gpu, modes),
    isClaimed: ledger.holdings().some(({ gpu, share }) => gpu === address && share.mode === "gvt-d"),
    isToGiveAway: modes.get(address)?.mode === "gvt-d",
  };
}

/** Of the domains that have anything of a GPU beside slices. */
export function domainUses({ domains }: Inventory, ledger: Ledger): DomainUses {
  if (!domains.known) return undefined;
  const using = [...domains.value.values()].filter(
    ({ pciDevices, renderNodes }) => pciDevices.length > 0 || renderNodes.length > 0,
  );
  if (using.length === 0) return [];
  const claims = new Map(
    ledger.living().flatMap((claim) => (claim.kind === "domain" ? [[claim.domain.id, claim] as const] : [])),
  );
  return using.map(({ id, name, mark, state, pciDevices, renderNodes }) => {
    const claim = claims.get(id);
    // Under one UUID but without the claim's mark it is somebody else's (views.ts).
    const own = mark !== undefined && claim?.vgpuId === mark.vgpuId;
    const alive = isAlive(state);
    // Off, a domain that gave its function back has it by name alone: whoever asks may be given it.
    const named = own && !alive && !holdsRoom(claim) ? [] : pciDevices;
    return { domain: id, name, own, alive, pciDevices: named, renderNodes };
  });
}
