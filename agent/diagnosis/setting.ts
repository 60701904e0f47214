// What the agent knows of how GPUs were set, beside what the kernel has of them: what no file of the host tells alone.
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";

/** Of one GPU, in words of no language. */
export interface SettingStanding {
  /** The mode alone; undefined for one that was given back and waits for the boot. */
  readonly mode: Mode | undefined;
  /** What it was set to, as `sriov, VF 4`. */
  readonly recorded: string;
  /** What the kernel has, as `xe, VF 2`. */
  readonly has: string;
  readonly standing:
    /** As it was set, or just being made so. */
    | { readonly kind: "as-set" | "on-its-way" }
    /** As it was set, but for what its driver makes of it. */
    | { readonly kind: "as-made"; readonly what: string }
    /** It was given back, and its driver takes it at the next boot only. */
    | { readonly kind: "parked" }
    /** What keeps vgpud from making it so. */
    | { readonly kind: "kept"; readonly by: Obstacle; readonly what: string };
}

/**
 * `guest-driver`: a driver that keeps it for guests. `driver`: one that makes no functions. `users`: whoever would lose something.
 * `libvirt`, `hostd`: not known who does while that is away. `failed`: it was tried.
 */
type Obstacle = "guest-driver" | "driver" | "users" | "libvirt" | "hostd" | "failed";

/** By the GPU's address; one that nobody set has none. */
export type Settings = ReadonlyMap<PciAddress, SettingStanding>;
