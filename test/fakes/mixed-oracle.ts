// How many vGPUs fit on a host of several modes, found by trying everything. It has nothing of agent/capacity.
import type { PlanRequest } from "../../agent/capacity/plan/units.ts";
import type { Need, Wish } from "../../agent/capacity/wish.ts";
import type { Mode } from "../../agent/core/modes.ts";
import { typeName } from "./fake-kernel.ts";
import { pciAddress } from "./ids.ts";
import type { MixedFunction, MixedGpu, MixedHost } from "./mixed-host.ts";
import { stands, SUFFIXES, type TypeAt } from "./plan-oracle.ts";

const LOW = [64, 128, 256, 512];
const pooled = { vf: "sriov", gpu: "gvt-d", seat: "gvt-s" } as const;

/** What is planned on one GPU. */
interface Load {
  readonly slices: TypeAt[];
  /** Seats, functions by their place, or the GPU itself. */
  readonly pieces: Set<number>;
}

/** The most of the vGPUs that fit together. */
export function mostOnMixed(host: MixedHost, requests: readonly PlanRequest[]): number {
  const wishes = requests.flatMap(({ wish, count }) => Array<Wish>(count).fill(wish));
  const loads = host.gpus.map((): Load => ({ slices: [], pieces: new Set() }));
  let best = 0;
  const place = (at: number, placed: number): void => {
    best = Math.max(best, placed);
    const wish = wishes[at];
    if (!wish || placed + wishes.length - at <= best) return;
    for (const [n, gpu] of host.gpus.entries()) {
      const load = loads[n];
      if (!load || (wish.gpu !== undefined && wish.gpu !== pciAddress(n))) continue;
      const need = needOn(wish, gpu.mode);
      if (!need) continue;
      if (gpu.mode === "gvt-g") {
        const type = typeFor(wish, need, gpu.apertureMib);
        const made = host
          .slicesOn(n)
          .map((name) => SUFFIXES.findIndex((one) => typeName(one) === name) as TypeAt);
        if (type === undefined) continue;
        load.slices.push(type);
        if (stands({ apertureMib: gpu.apertureMib, made, counts: undefined }, load.slices))
          place(at + 1, placed + 1);
        load.slices.pop();
      } else {
        for (const piece of freePieces(gpu, need))
          if (!load.pieces.has(piece)) {
            load.pieces.add(piece);
            place(at + 1, placed + 1);
            load.pieces.delete(piece);
          }
      }
    }
    place(at + 1, placed);
  };
  place(0, 0);
  return best;
}

/** What the wish asks for on a GPU in this mode. */
function needOn({ size }: Wish, mode: Mode): Need | undefined {
  if (size.by === "needs") return size.anyOf.find((need) => need.mode === mode);
  const wanted =
    size.by === "mode"
      ? size.mode
      : size.by === "type" && Object.hasOwn(pooled, size.type)
        ? pooled[size.type as keyof typeof pooled]
        : "gvt-g";
  return wanted === mode ? anyOf[mode] : undefined;
}

const anyOf: Readonly<Record<Mode, Need>> = {
  "gvt-g": { mode: "gvt-g", least: { lowGmMib: 0, highGmMib: 0, fences: 0 } },
  "gvt-d": { mode: "gvt-d" },
  "gvt-s": { mode: "gvt-s" },
  sriov: { mode: "sriov", least: { vramMib: 0, ggttMib: 0 } },
};

/** The smallest that will do of those that the kernel lists with the aperture. */
function typeFor({ size }: Wish, need: Need, apertureMib: number): TypeAt | undefined {
  const listed = LOW.filter((low) => apertureMib - 128 >= low).length;
  const least = need.mode === "gvt-g" ? need.least.lowGmMib : 0;
  const meant =
    size.by === "type"
      ? SUFFIXES.findIndex((suffix) => typeName(suffix) === size.type)
      : LOW.findIndex((low) => low >= least);
  return meant >= 0 && meant < listed ? (meant as TypeAt) : undefined;
}

function freePieces(gpu: MixedGpu, need: Need): number[] {
  switch (gpu.mode) {
    case "gvt-s":
      return Array.from({ length: Math.max(0, gpu.seats - gpu.foreign) }, (_, n) => n);
    case "gvt-d":
      return gpu.foreign ? [] : [0];
    case "sriov":
      return gpu.functions.flatMap((each, n) => (!each.foreign && suffices(each, need) ? [n] : []));
    case "gvt-g":
      return [];
  }
}

function suffices({ vramMib, ggttMib }: MixedFunction, need: Need): boolean {
  if (need.mode !== "sriov") return false;
  const has = (given: number | undefined, least: number): boolean => least === 0 || (given ?? 0) >= least;
  return has(vramMib, need.least.vramMib) && has(ggttMib, need.least.ggttMib);
}
