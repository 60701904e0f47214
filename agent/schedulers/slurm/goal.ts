// What Slurm is to have of the node: which counts, and whether jobs may come. Pure.
import type { Quantity } from "../../capacity/quantities.ts";
import type { HostSupply } from "../supply.ts";
import { whyNoJobs } from "./drains.ts";
import type { Limits } from "./node.ts";
import type { NodeTold } from "./told.ts";
import { overbooked, roomOf, standingCounts, wantedCounts, type Bookings } from "./wanted.ts";

/** What Slurm and the host have of each other at one moment. */
export interface Seen {
  readonly told: NodeTold;
  readonly limits: Limits;
  /** Without what is about to go. */
  readonly supply: HostSupply;
  readonly bookings: Bookings;
}

export interface Goal {
  readonly wanted: ReadonlyMap<Quantity, number>;
  /** The reason to drain the node with; undefined where jobs may come. */
  readonly why: string | undefined;
}

export function goalOf({ told, limits, supply, bookings }: Seen): Goal {
  const room = roomOf(supply, bookings, limits);
  const why = whyNoJobs(supply, overbooked(room));
  // Of a node that counts less than a job asks for Slurm refuses the job; on one that is drained it lets the job wait.
  const wanted = why === undefined ? wantedCounts(room, limits) : standingCounts(told.gres, limits);
  return { wanted, why };
}
