// What things of this host are called in Slurm: its generic resources (GRES), and the jobs that claims are named after. Pure.
import { quantities, type Quantities, type Quantity } from "../../capacity/quantities.ts";

/**
 * The GRES of each quantity. The seed's three sizes are the three after the first. None has types: those are sizes that take of one
 * aperture, which the sizes themselves say, and slurmctld sets a count with a type back whenever the node registers (seen in 22.05).
 */
export const GRES: Readonly<Record<Quantity, string>> = {
  slices: "vgpu",
  lowGmMib: "vgt_low_gm_mb",
  highGmMib: "vgt_high_gm_mb",
  fences: "vgt_fence",
  functions: "vgpu_vf",
  gpus: "gpu_whole",
  seats: "vgpu_seat",
};

const NAMES: ReadonlySet<string> = new Set(Object.values(GRES));

export function isOwnGres(name: string): boolean {
  return NAMES.has(name);
}

/** `counts`: by the name of the GRES. */
export function quantitiesIn(counts: ReadonlyMap<string, number>): Quantities {
  return Object.fromEntries(
    quantities.flatMap((quantity) => {
      const count = counts.get(GRES[quantity]) ?? 0;
      return count > 0 ? [[quantity, count] as const] : [];
    }),
  );
}

/** `17`, as Slurm numbers it: each task of an array and each part of a heterogeneous job has a number of its own. */
export type JobId = string;

export function claimIdOf(cluster: string, job: JobId): string {
  return `slurm:${cluster}:${job}`;
}

/** Undefined for a claim that is named after no job of the cluster. Every job has one name only. */
export function jobOf(claimId: string, cluster: string): JobId | undefined {
  const [, of, job] = /^slurm:([^:]+):([1-9]\d{0,9})$/.exec(claimId) ?? [];
  return of === cluster ? job : undefined;
}
