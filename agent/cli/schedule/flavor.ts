// What a domain is to be like, by the name of its flavor, and what of a GPU that books in Placement. Pure.
import type { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { classesWith } from "../../core/placement-names.ts";
import type { Mode } from "../../core/modes.ts";
import type { Resources } from "../../placement/model.ts";
import { modes } from "../request/create-words.ts";
import { areSame, sizesText, type Sizes } from "./rounding.ts";

export interface Flavor {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly vgpu: FlavorVgpu;
  /** Of the GPU, as Placement has them. */
  readonly traits: { readonly required: readonly string[]; readonly forbidden: readonly string[] };
}

export type FlavorVgpu =
  /** `sizes` are of the type that `asked` rounds to. `namesHighGm`: it has the class of high GM by name, and so is for GPUs that count it. */
  | {
      readonly mode: "gvt-g";
      readonly asked: Sizes;
      readonly sizes: Sizes;
      readonly namesHighGm: boolean;
    }
  | { readonly mode: Exclude<Mode, "gvt-g"> };

export const HIGH_GM = classesWith("").highGmMib;

/** The quantity that a domain has one of, in each mode. */
export const pieces = { "gvt-g": "slices", sriov: "functions", "gvt-d": "gpus", "gvt-s": "seats" } as const;

/** What is booked, by class, on a GPU that counts all of it. `slicesClass`: the class of GVT-g slices. */
export function booked({ vgpu }: Pick<Flavor, "vgpu">, slicesClass: string): Resources {
  const classes = classesWith(slicesClass);
  const amounts: Record<string, number> = { [classes[pieces[vgpu.mode]]]: 1 };
  if (vgpu.mode !== "gvt-g") return amounts;
  for (const part of ["lowGmMib", "highGmMib", "fences"] as const) amounts[classes[part]] = vgpu.sizes[part];
  return amounts;
}

/** The same on a GPU that counts these classes: kernels that let slices share high GM have none of it to be booked. */
export function bookedOn(counted: ReadonlySet<string>, flavor: Flavor, slicesClass: string): Resources {
  const all = booked(flavor, slicesClass);
  return counted.has(HIGH_GM) ? all : withoutHighGm(all);
}

/** Of what `booked` comes to. */
export function withoutHighGm(resources: Resources): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([name]) => name !== HIGH_GM));
}

/** What is asked of the host: as much as was booked. */
export function wantOf({ vgpu }: Pick<Flavor, "vgpu">): NonNullable<VgpuRequest["want"]> {
  if (vgpu.mode !== "gvt-g") return { $case: "mode", value: modes[vgpu.mode] };
  const { lowGmMib, highGmMib, fences } = vgpu.sizes;
  const value = { vgtLowGmSz: lowGmMib, vgtHighGmSz: highGmMib, vgtFenceSz: fences };
  return { $case: "sizes", value };
}

/** That it is more than was asked for; undefined where it is not. */
export function roundedText({ name, vgpu }: Pick<Flavor, "name" | "vgpu">): string | undefined {
  if (vgpu.mode !== "gvt-g" || areSame(vgpu.asked, vgpu.sizes)) return undefined;
  return `${name}: ${sizesText(vgpu.asked)} rounds to ${sizesText(vgpu.sizes)}, the smallest type that holds it`;
}
