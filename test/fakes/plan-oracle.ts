// How many vGPUs fit on a host, found by trying everything. The arithmetic is written from the kernel's sources (gvt/gvt.h,
// vgpu.c, aperture_gm.c) and has nothing of agent/capacity; what the kernel's count forbids is docs/vgpuctl.md's sentence.

/** In the order of the kernel's table: each is larger than the one before in all that differs. */
const LOW = [64, 128, 256, 512] as const;
const HIGH = [384, 512, 1024, 2048] as const;
export const SUFFIXES = ["8", "4", "2", "1"] as const;

/** A place in the table: 0 the smallest, 3 the largest. */
export type TypeAt = 0 | 1 | 2 | 3;

export interface OracleGpu {
  readonly apertureMib: number;
  /** What stands on it already. */
  readonly made: readonly TypeAt[];
  /** What the kernel counts, by type; undefined where it is not asked. */
  readonly counts: readonly number[] | undefined;
}

export interface OracleUnit {
  /** The least type that will do. Only one the GPU lists is taken. */
  readonly type: TypeAt;
  /** Index of the only GPU it may go to. */
  readonly only: number | undefined;
}

/** How many types a GPU of this aperture lists. */
function listed(apertureMib: number): number {
  const end = LOW.findIndex((low) => Math.floor((apertureMib - 128) / low) < 1);
  return end === -1 ? LOW.length : end;
}

/** Whether these slices can be made on one GPU beside what stands there. */
export function stands({ apertureMib, made, counts }: OracleGpu, planned: readonly TypeAt[]): boolean {
  if (planned.length === 0) return true;
  const all = [...made, ...planned];
  if (planned.some((type) => type >= listed(apertureMib))) return false;
  const sum = (of: readonly number[]): number =>
    all.reduce<number>((total, type) => total + (of[type] ?? 0), 0);
  if (sum(LOW) > apertureMib - 128 || sum(HIGH) > 4096 - apertureMib - 384) return false;
  if (all.length > 7 || all.length * 4 > 28) return false;
  return (counts ?? []).every((count, type) => planned.filter((one) => one >= type).length <= count);
}

/** The most of the units that fit together. */
export function mostThatFit(gpus: readonly OracleGpu[], units: readonly OracleUnit[]): number {
  const loads: TypeAt[][] = gpus.map(() => []);
  let best = 0;
  const place = (at: number, placed: number): void => {
    best = Math.max(best, placed);
    const unit = units[at];
    if (!unit || placed + units.length - at <= best) return;
    for (const [index, gpu] of gpus.entries()) {
      const load = loads[index];
      if (!load || (unit.only !== undefined && unit.only !== index)) continue;
      load.push(unit.type);
      if (stands(gpu, load)) place(at + 1, placed + 1);
      load.pop();
    }
    place(at + 1, placed);
  };
  place(0, 0);
  return best;
}
