// What of the host's GPUs can be given out now, by its facts and what is promised: the same for a create, a reservation and a plan.
import type { CapacityRule } from "../capacity/budget.ts";
import type { SeatLimit } from "../capacity/seats.ts";
import type { Stock } from "../capacity/stock.ts";
import type { Inventory } from "../inventory/model.ts";
import { isXengt } from "../inventory/xengt.ts";
import { drainedOn, type Drains } from "./drains.ts";
import { claimedMode, modeOf, type GpuModes } from "./gpu-modes.ts";
import { holdingsOf } from "./holdings.ts";
import type { Ledger } from "./ledger.ts";
import { domainUses, functionsOf, seatsOf, wholeOf } from "./mode-accounts.ts";
import { doubtOnXen } from "./spec-on-gpu.ts";

export interface GivenOutBy {
  readonly ledger: Ledger;
  readonly drains: Drains;
  readonly modes: GpuModes;
  readonly rule: CapacityRule;
  /** How many seats a GPU in mode gvt-s has. */
  readonly renderSeats: SeatLimit;
}

export function stockOf(inventory: Inventory, by: GivenOutBy): Stock {
  const { ledger, drains, modes, rule, renderSeats } = by;
  const uses = domainUses(inventory, ledger);
  return {
    gpus: inventory.gpus.values(),
    xengt: isXengt(inventory),
    rule,
    holdings: holdingsOf(ledger, inventory),
    made: new Set(inventory.vgpus.keys()),
    modeOf: (gpu) => modeOf(gpu, { record: modes.current, claimed: claimedMode(ledger, gpu.address) }),
    seats: (gpu) => seatsOf(gpu, { ledger, renderSeats, uses }),
    whole: (gpu) => wholeOf(gpu, { ledger, modes: modes.current, uses }),
    functions: (gpu) => functionsOf(gpu, { ledger, uses }),
    doubt: (gpu, mode) => (inventory.host.hypervisor === "xen" ? doubtOnXen(gpu, mode) : undefined),
    closed: (gpu) => drainedOn(drains.current, gpu) ?? modes.closed(gpu),
  };
}
