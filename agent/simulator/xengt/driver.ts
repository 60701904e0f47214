// XenGT, the driver that gives slices of a GPU to guests of Xen by their numbers. It drives the first GPU of i915's alone.
import type { GpuDescription, HostDescription } from "../host-description.ts";

export type VgtErrno = "EINVAL" | "ENODEV" | "ENOENT" | "ENOMEM" | "ENOSPC";

export interface VgtSlice {
  readonly domid: number;
  /** Its number on the GPU, from 1. */
  readonly number: number;
  readonly lowMib: number;
  readonly highMib: number;
  readonly fences: number;
  /** Where in the aperture it begins, MiB. */
  readonly lowStartMib: number;
}

/** How busy every guest keeps its slice, in percent. It never rests, so that it does not matter who read that before. */
export const BUSY_PERCENT = 40;

export interface VgtDriver {
  readonly gpu: GpuDescription;
  readonly generation: NonNullable<HostDescription["xengt"]>;
  /** In the order of their making. */
  readonly slices: readonly VgtSlice[];
  /** The text of available_resource; undefined where there is no such file. */
  readonly resources: string | undefined;
  /** A write to create_vgt_instance. That there is such a guest, and when it ends, the driver does not know. */
  write(text: string): VgtErrno | undefined;
}
