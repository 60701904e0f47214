// What Slurm is to have of the node: which counts, and whether jobs may come. Pure.
import type { Quantity } from "../../capacity/quantities.ts";
import type { HostSupply } from "../supply.ts";
import { whyCrowded, whyShut } from "./drains.ts";
import { isMisled } from "./further.ts";
import type { Limits } from "./node.ts";
import type { NodeTold } from "./told.ts";
import { lastingCounts, overbooked, roomOf, standingCounts, wantedCounts, type Bookings } from "./wanted.ts";

/** What Slurm and the host have of each other at one moment. */
export interface Seen {
  readonly told: NodeTold;
  readonly limits: Limits;
  /** Without what is about to go. */
  readonly supply: HostSupply;
  readonly bookings: Bookings;
}

export interface Goal {
  /** Slurm is told no more than that. */
  readonly limits: Limits;
  readonly wanted: ReadonlyMap<Quantity, number>;
  /** The reason to drain the node with; undefined where jobs may come. */
  readonly why: string | undefined;
  /**
   * Whether there is more to tell once a job ends of which the ledger knows nothing, as one that was refused, or whose machine went before it:
   * Slurm has to be asked.
   */
  readonly isPassing: boolean;
}

export function goalOf({ told, limits, supply, bookings }: Seen): Goal {
  const room = roomOf(supply, bookings, limits);
  const wanted = wantedCounts(room, limits);
  const shut = whyShut(supply, limits);
  const lasting = lastingCounts(told, wanted);
  const misled = isMisled(room, lasting, { ...supply, bookings });
  const crowded = shut === undefined ? whyCrowded(overbooked(room), { misled }) : undefined;
  const why = shut ?? crowded;
  const isHeldBack = why === undefined && [...wanted].some(([each, count]) => lasting.get(each) !== count);
  return {
    limits,
    // Of a node that counts less than a job asks for Slurm refuses the job; on one that is drained it lets the job wait.
    wanted: why === undefined ? wanted : standingCounts(told.gres, limits),
    why,
    isPassing: (crowded !== undefined || isHeldBack) && hasUnclaimed(bookings, supply),
  };
}

function hasUnclaimed(bookings: Bookings, { living }: Pick<HostSupply, "living">): boolean {
  return [...bookings].some(([claim, amounts]) => Object.keys(amounts).length > 0 && !living.has(claim));
}
