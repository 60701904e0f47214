// What a GPU was set to beside what the kernel has of it, and what would make the two one: a crash may have come between. Pure.
import { isDeepStrictEqual } from "node:util";
import type { PciAddress } from "../core/ids.ts";
import { isForGuest } from "../inventory/guest-drivers.ts";
import type { Gpu } from "../inventory/model.ts";
import type { VirtualFunction } from "../inventory/virtual-functions.ts";
import type { Cut } from "./cut.ts";
import type { FunctionProfile, ProfileOutcome, ProfileShare } from "./function-profile.ts";
import type { GpuSetting } from "./gpu-modes.ts";

/** What would make it so. */
export type Mending =
  | { readonly kind: "cut"; readonly cut: Cut }
  /** A change of the driver that was cut off half way left it without one. */
  | { readonly kind: "give-away"; readonly gpu: PciAddress };

export interface Difference {
  /** Undefined where nothing that vgpud does would. */
  readonly mending: Mending | undefined;
  /** What the kernel has otherwise than it was set, in words of no language. */
  readonly shares: readonly string[];
}

/**
 * Undefined where there is none. In mode gvt-d a GPU may be with the host's driver: the first create takes it from there, after a
 * boot as after a crash. `told`: what this agent has told its driver to give functions; what that made of it is no difference, and
 * neither is what it made of it when an earlier agent told it.
 */
export function differenceOf(
  gpu: Gpu,
  setting: GpuSetting,
  told: FunctionProfile | undefined,
): Difference | undefined {
  switch (setting.mode) {
    case "gvt-d": {
      const { address, driver } = gpu;
      return driver === undefined ? { mending: { kind: "give-away", gpu: address }, shares: [] } : undefined;
    }
    case "sriov":
      return functionsDiffer(gpu, setting, told);
    case "gvt-g":
    case "gvt-s":
      return keptForGuests(gpu);
    case undefined:
      return undefined;
  }
}

function keptForGuests({ driver }: Gpu): Difference | undefined {
  return isForGuest(driver) ? { mending: undefined, shares: [] } : undefined;
}

function functionsDiffer(
  gpu: Gpu,
  { functions: count, profile, made }: GpuSetting,
  told: FunctionProfile | undefined,
): Difference | undefined {
  const { address, sriov } = gpu;
  if (isForGuest(gpu.driver)) return { mending: undefined, shares: [] };
  if (count === undefined) return undefined;
  const functions = sriov?.functions ?? [];
  const shares = isDeepStrictEqual(profile, told)
    ? []
    : functions.flatMap((one) => sharesOff(one, profile, made));
  if (functions.length === count && shares.length === 0) return undefined;
  const isCuttable = sriov?.driverEnables === true || (count === 0 && sriov !== undefined);
  return { mending: isCuttable ? { kind: "cut", cut: { gpu: address, count, profile } } : undefined, shares };
}

/** What cannot be read differs from nothing. */
function sharesOff(
  of: VirtualFunction,
  profile: FunctionProfile = {},
  made: ProfileOutcome | undefined,
): string[] {
  const has: Readonly<Record<ProfileShare, unknown>> = { ...of.turns, ...of.quota };
  const asMade = (one: ProfileShare): boolean =>
    made?.notOffered.includes(one) === true ||
    made?.written.some(({ share, value }) => share === one && value === has[one]) === true;
  return (Object.keys(profile) as ProfileShare[])
    .filter((share) => has[share] !== undefined && has[share] !== profile[share] && !asMade(share))
    .map((share) => `vf${of.number} ${share} ${String(has[share])} ≠ ${profile[share] ?? ""}`);
}
