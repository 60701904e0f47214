// A vGPU as it can be asked for, and the type that it means where types are offered. Pure.
import { counted } from "../core/counted.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { VgpuType } from "../inventory/model.ts";
import { modeOfType, type SliceSizes } from "../inventory/share.ts";
import type { Policy } from "./policies.ts";

/** One way to meet a need. Of slices the smallest type that will do is taken, of virtual functions the one that was given least. */
export type Need =
  | { readonly mode: "gvt-g"; readonly least: SliceSizes }
  | { readonly mode: "sriov"; readonly least: LeastOfFunction }
  | { readonly mode: "gvt-d" | "gvt-s" };

/** MiB; of 0 nothing is asked, also where the driver does not tell what a function was given. */
export interface LeastOfFunction {
  readonly vramMib: number;
  readonly ggttMib: number;
}

/** A vGPU as it can be asked for. */
export interface Wish {
  readonly size:
    | { readonly by: "type"; readonly type: string }
    /** The smallest type that holds all three. */
    | { readonly by: "sizes"; readonly sizes: SliceSizes }
    /** Anything of the mode: of slices the smallest type the GPU offers. */
    | { readonly by: "mode"; readonly mode: Mode }
    /** The first of these that a GPU has room for, each of another mode, so that a GPU can meet one of them at most. */
    | { readonly by: "needs"; readonly anyOf: readonly Need[] };
  /** Only this GPU. */
  readonly gpu: PciAddress | undefined;
  readonly policy: Policy;
  /** Only the virtual function of this number: a domain that is defined already has no other. */
  readonly functionNumber?: number | undefined;
  /** The host's nodes that policy `numa` prefers. */
  readonly near?: readonly number[] | undefined;
}

/** The modes of which a GPU has to be in one to serve it, the one that is preferred first. */
export function modesWanted({ size }: Pick<Wish, "size">): readonly Mode[] {
  switch (size.by) {
    case "type":
      return [modeOfType(size.type)];
    case "sizes":
      return ["gvt-g"];
    case "mode":
      return [size.mode];
    case "needs":
      return size.anyOf.map(({ mode }) => mode);
  }
}

/** Where a mode stands among those wanted: 0 for the one that is preferred. */
export function preferenceOf(wish: Pick<Wish, "size">, mode: Mode): number {
  return wish.size.by === "needs" ? modesWanted(wish).indexOf(mode) : 0;
}

/** What a virtual function has to have been given at least; nothing of what is given away in other modes. */
export function leastIn(mode: Mode, { size }: Pick<Wish, "size">): LeastOfFunction {
  const needs = size.by === "needs" ? size.anyOf : [];
  const need = needs.find((one) => one.mode === mode);
  return need?.mode === "sriov" ? need.least : NOTHING;
}

const NOTHING: LeastOfFunction = { vramMib: 0, ggttMib: 0 };

/** A type of which is known what it takes. */
export type SizedType = Pick<VgpuType, "name"> & { readonly sizes: SliceSizes };

/** The type that a wish means among those that are offered, the smallest that will do; undefined when none of them does. */
export function meantType<Type extends Pick<VgpuType, "name" | "sizes">>(
  { size }: Pick<Wish, "size">,
  offered: readonly Type[],
): (Type & SizedType) | undefined {
  let meant: (Type & SizedType) | undefined;
  for (const type of offered) {
    if (!isSized(type) || !serves(size, type)) continue;
    if (!meant || isSmaller(type.sizes, meant.sizes)) meant = type;
  }
  return meant;
}

function isSized<Type extends Pick<VgpuType, "name" | "sizes">>(type: Type): type is Type & SizedType {
  return type.sizes !== undefined;
}

function serves(size: Wish["size"], { name, sizes }: SizedType): boolean {
  switch (size.by) {
    case "type":
      return name === size.type;
    case "sizes":
      return holds(sizes, size.sizes);
    case "mode":
      return size.mode === "gvt-g";
    case "needs":
      return size.anyOf.some((need) => need.mode === "gvt-g" && holds(sizes, need.least));
  }
}

function isSmaller(a: SliceSizes, b: SliceSizes): boolean {
  return (a.lowGmMib - b.lowGmMib || a.highGmMib - b.highGmMib) < 0;
}

/** Whether a slice of some sizes gives at least what is wanted of each. */
export function holds(sizes: SliceSizes, wanted: SliceSizes): boolean {
  return (
    sizes.lowGmMib >= wanted.lowGmMib && sizes.highGmMib >= wanted.highGmMib && sizes.fences >= wanted.fences
  );
}

/** The kernel takes a type and nothing else: sizes between two types are rounded up, and the caller is told by how much. */
export function ignoredSizes({ size }: Pick<Wish, "size">, { name, sizes }: SizedType): string[] {
  if (size.by !== "sizes") return [];
  const given = sizesText(sizes);
  if (sizesText(size.sizes) === given) return [];
  const more = namedSizes({
    lowGmMib: sizes.lowGmMib - size.sizes.lowGmMib,
    highGmMib: sizes.highGmMib - size.sizes.highGmMib,
    fences: sizes.fences - size.sizes.fences,
  });
  return [
    `asked for ${namedSizes(size.sizes)}; the kernel makes types only and is told no sizes: ${name} gives ${given}, which is ${more} more`,
  ];
}

export function wishText({ size }: Pick<Wish, "size">): string {
  switch (size.by) {
    case "type":
      return `a vGPU of type ${size.type}`;
    case "sizes":
      return `a vGPU of mode gvt-g with ${sizesText(size.sizes)}`;
    case "mode":
      return `a vGPU of mode ${size.mode}`;
    case "needs":
      return size.anyOf.map(needText).join(", or ");
  }
}

function needText(need: Need): string {
  switch (need.mode) {
    case "gvt-g":
      return `a vGPU of mode gvt-g${holds(NO_SIZES, need.least) ? "" : ` with at least ${namedSizes(need.least)}`}`;
    case "sriov":
      return `a ${functionText(need.least)}`;
    case "gvt-d":
    case "gvt-s":
      return `a vGPU of mode ${need.mode}`;
  }
}

/** Without an article. */
export function functionText({ vramMib, ggttMib }: LeastOfFunction): string {
  const least = [
    ...(vramMib > 0 ? [`${vramMib} MiB of local memory`] : []),
    ...(ggttMib > 0 ? [`${ggttMib} MiB of address space`] : []),
  ];
  return least.length > 0 ? `virtual function with at least ${least.join(" and ")}` : "virtual function";
}

export function sizesText({ lowGmMib, highGmMib, fences }: SliceSizes): string {
  return `${lowGmMib} MiB low GM, ${highGmMib} MiB high GM, ${counted(fences, "fence")}`;
}

const NO_SIZES: SliceSizes = { lowGmMib: 0, highGmMib: 0, fences: 0 };

/** Without those of which nothing is asked. */
function namedSizes({ lowGmMib, highGmMib, fences }: SliceSizes): string {
  const named = [
    ...(lowGmMib > 0 ? [`${lowGmMib} MiB low GM`] : []),
    ...(highGmMib > 0 ? [`${highGmMib} MiB high GM`] : []),
    ...(fences > 0 ? [counted(fences, "fence")] : []),
  ];
  return named.length > 0 ? named.join(", ") : "no sizes";
}
