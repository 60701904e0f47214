// What Slurm ought to count of this host: all GPUs together, since it knows none of them by its address. Pure.
import { beyond, sumOf, type Quantities, type Quantity } from "../../capacity/quantities.ts";
import type { GpuSupply, HostSupply } from "../supply.ts";
import { GRES, isOwnGres } from "./names.ts";
import type { Limits } from "./node.ts";
import type { NodeTold } from "./told.ts";

/** What jobs on this node have, by the name of the claim that is each one's. */
export type Bookings = ReadonlyMap<string, Quantities>;

/** How it stands with what jobs may have of this host, all GPUs together. */
export interface Room {
  /** What jobs may have in all, those included that have it. Of a GPU that is shut that is what jobs were given whose vGPUs it has, no more. */
  readonly there: Quantities;
  /** What jobs have. */
  readonly booked: Quantities;
}

/** Of what Slurm counts here alone. */
export function roomOf({ gpus }: Pick<HostSupply, "gpus">, bookings: Bookings, limits: Limits): Room {
  const counted = (all: Quantities): Quantities =>
    Object.fromEntries([...limits.keys()].map((quantity) => [quantity, all[quantity] ?? 0]));
  return {
    there: counted(sumOf(gpus.map((gpu) => (isShut(gpu) ? heldIn : openIn)(gpu, bookings)))),
    booked: counted(sumOf([...bookings.values()])),
  };
}

/** How many Slurm is to count of each. */
export function wantedCounts({ there }: Room, limits: Limits): ReadonlyMap<Quantity, number> {
  return new Map([...limits].map(([quantity, limit]) => [quantity, Math.min(limit, there[quantity] ?? 0)]));
}

/** How much more jobs have than there is for them. */
export function overbooked({ there, booked }: Room): Quantities {
  return beyond(booked, there);
}

/**
 * How much more slurm.conf gives the node than jobs may ever have, of what there is any now. slurmctld counts that when it reads the file anew,
 * be it that jobs run. Nothing of what no GPU says that it has.
 */
export function tooMuchConfigured({ gpus }: Pick<HostSupply, "gpus">, limits: Limits): Quantities {
  const there = sumOf(gpus.map(({ offers }) => openOf(offers)));
  const shared = [...limits].filter(([quantity]) => there[quantity] !== undefined);
  return beyond(Object.fromEntries(shared), there);
}

/** What Slurm counts as soon as it is told what is wanted: what jobs have some of keeps its count. */
export function lastingCounts(
  { gres, used }: Pick<NodeTold, "gres" | "used">,
  wanted: ReadonlyMap<Quantity, number>,
): ReadonlyMap<Quantity, number> {
  return new Map(
    [...wanted].map(([quantity, count]) => {
      const name = GRES[quantity];
      return [quantity, used.has(name) ? counted(gres, name) : count];
    }),
  );
}

/** What it has of each that it counts here. */
export function standingCounts(gres: NodeTold["gres"], limits: Limits): ReadonlyMap<Quantity, number> {
  return new Map([...limits.keys()].map((quantity) => [quantity, counted(gres, GRES[quantity])]));
}

/**
 * What Slurm is to count, by name; undefined when it counts that already. What jobs have some of keeps its count: slurmctld takes no jobs
 * any more on a node that registers with another one (gres.c, `_node_config_validate`). `former`: of that what it has to be again, as far as it has.
 */
export function nextCounts(
  { gres, used }: Pick<NodeTold, "gres" | "used">,
  wanted: ReadonlyMap<Quantity, number>,
  former: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | undefined {
  const next = [...wanted].map(([quantity, count]): readonly [string, number] => {
    const name = GRES[quantity];
    return [name, used.has(name) ? (former.get(name) ?? counted(gres, name)) : count];
  });
  return next.every(([name, count]) => counted(gres, name) === count) ? undefined : new Map(next);
}

/** Those of the counts that are another one than Slurm has, by name. */
export function changedCounts(
  gres: NodeTold["gres"],
  counts: ReadonlyMap<string, number>,
): Readonly<Record<string, { readonly from: number; readonly to: number }>> {
  const all = [...counts].map(([name, to]) => [name, { from: counted(gres, name), to }] as const);
  return Object.fromEntries(all.filter(([, { from, to }]) => from !== to));
}

/** The list for `scontrol update`, with what others have on the node, and what jobs have some of that the files give it no more. */
export function gresToSet(
  { gres, used }: Pick<NodeTold, "gres" | "used">,
  counts: ReadonlyMap<string, number>,
): readonly string[] {
  const others = gres
    .filter((each) => !counts.has(each.name) && isKept(each, used))
    .map(({ words }) => words);
  return [...others, ...[...counts].map(([name, count]) => `${name}:${count}`)];
}

function isKept({ name }: { readonly name: string }, used: NodeTold["used"]): boolean {
  return !isOwnGres(name) || used.has(name);
}

/** The most that may be told of each, by name; of what is not here nothing may. */
export function mostOf(limits: Limits): ReadonlyMap<string, number> {
  return new Map([...limits].map(([quantity, limit]) => [GRES[quantity], limit]));
}

/** Of what there is none Slurm shows nothing, or 0. */
export function counted(gres: NodeTold["gres"], name: string): number {
  return sum(gres.map((each) => (each.name === name ? each.count : undefined)));
}

/**
 * The supply without what claims hold whose jobs are ending: their machines are about to go, and to take off for a moment what Slurm
 * gives to the next job already would leave its counts low for as long as that one runs.
 */
export function withoutEnding(supply: HostSupply, ending: ReadonlySet<string>): HostSupply {
  const isThere = ({ claimId }: GpuSupply["held"][number]): boolean =>
    claimId === undefined || !ending.has(claimId);
  return { ...supply, gpus: supply.gpus.map((gpu) => ({ ...gpu, held: gpu.held.filter(isThere) })) };
}

/** Gives nothing out to others than those who have it. */
export function isShut({ drained, closed }: GpuSupply): boolean {
  return drained || closed;
}

/** What the jobs were given whose vGPUs it has. Where one takes less than its job was given, the rest is nobody's, and taken off no other GPU. */
export function heldIn({ held }: GpuSupply, bookings: Bookings): Quantities {
  return sumOf(held.map(({ claimId }) => bookedFor(claimId, bookings)));
}

/** What jobs may have of it, those included that have it: what somebody takes without a job of his own nobody else may book. */
function openIn({ offers, held }: GpuSupply, bookings: Bookings): Quantities {
  const unbooked = sumOf(held.map(({ claimId, takes }) => beyond(takes, bookedFor(claimId, bookings))));
  return beyond(openOf(offers), unbooked);
}

/** What the host does not keep for itself. */
export function openOf(offers: GpuSupply["offers"]): Quantities {
  return Object.fromEntries([...offers].map(([quantity, { total, kept }]) => [quantity, total - kept]));
}

function bookedFor(claimId: string | undefined, bookings: Bookings): Quantities {
  return (claimId === undefined ? undefined : bookings.get(claimId)) ?? {};
}

function sum(all: readonly (number | undefined)[]): number {
  return all.reduce<number>((total, each) => total + (each ?? 0), 0);
}
