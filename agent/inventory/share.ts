// What a vGPU has of its GPU, by the mode that the GPU is shared in. Plain readonly data.
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";

/** What a slice takes from its GPU. GVT-g draws all three from one budget that all types share (kernel gvt/vgpu.c). */
export interface SliceSizes {
  /** Low graphics memory, in the aperture and visible to the CPU, MiB. */
  readonly lowGmMib: number;
  /** High graphics memory, hidden from the CPU, MiB. */
  readonly highGmMib: number;
  /** Fence registers, of 32 in all. */
  readonly fences: number;
}

export function areSameSizes(one: SliceSizes, other: SliceSizes): boolean {
  const { lowGmMib, highGmMib, fences } = one;
  return lowGmMib === other.lowGmMib && highGmMib === other.highGmMib && fences === other.fences;
}

/** A slice of GVT-g: one of a type, which takes its sizes from what all types share. */
export interface SliceShare {
  readonly mode: "gvt-g";
  /** The kernel's directory name: `i915-GVTg_V5_4`. */
  readonly type: string;
  readonly sizes: SliceSizes;
}

/** A guest that renders on the GPU's own node, through the host: nothing is in the kernel for it. */
export interface SeatShare {
  readonly mode: "gvt-s";
}

/** All of the GPU. */
export interface WholeShare {
  readonly mode: "gvt-d";
}

/** One of the virtual functions that the GPU has been cut into. */
export interface FunctionShare {
  readonly mode: "sriov";
  /** As drivers count, from 1. */
  readonly number: number;
  readonly address: PciAddress;
}

export type Share = SliceShare | SeatShare | WholeShare | FunctionShare;

/** What is a PCI function to the host and to the guest. */
export type PciShare = WholeShare | FunctionShare;

/** Names of types where the kernel has none. */
const ownTypes = { seat: "gvt-s", gpu: "gvt-d", vf: "sriov" } as const satisfies Record<string, Mode>;
const typeNames = { "gvt-s": "seat", "gvt-d": "gpu", sriov: "vf" } as const;

/** The name that a type is asked for and shown by. */
export function typeOf(share: Share): string {
  return share.mode === "gvt-g" ? share.type : typeNames[share.mode];
}

/** The one type of a mode in which the kernel names none; undefined for gvt-g. */
export function ownTypeOf(mode: Exclude<Mode, "gvt-g">): string;
export function ownTypeOf(mode: Mode): string | undefined;
export function ownTypeOf(mode: Mode): string | undefined {
  return mode === "gvt-g" ? undefined : typeNames[mode];
}

/** The mode that a type belongs to, by its name. */
export function modeOfType(name: string): Mode {
  return Object.hasOwn(ownTypes, name) ? ownTypes[name as keyof typeof ownTypes] : "gvt-g";
}

/** The PCI function that a guest gets; undefined for what is none. */
export function functionOf(vgpu: { readonly gpu: PciAddress; readonly share: PciShare }): PciAddress;
export function functionOf(vgpu: { readonly gpu: PciAddress; readonly share: Share }): PciAddress | undefined;
export function functionOf({
  gpu,
  share,
}: {
  readonly gpu: PciAddress;
  readonly share: Share;
}): PciAddress | undefined {
  switch (share.mode) {
    case "gvt-d":
      return gpu;
    case "sriov":
      return share.address;
    case "gvt-g":
    case "gvt-s":
      return undefined;
  }
}

/** What a slice takes; undefined for what takes nothing that is counted so. */
export function sizesOf(share: Share): SliceSizes | undefined {
  return share.mode === "gvt-g" ? share.sizes : undefined;
}
