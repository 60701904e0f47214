// Cuts one GPU into the virtual functions that it is to have, each set to what it is to have before a guest can.
import { counted } from "../core/counted.ts";
import type { PciAddress } from "../core/ids.ts";
import { boundOrThrow } from "./bound.ts";
import { profileWarnings, type FunctionProfile } from "./function-profile.ts";
import type { GpuFunctions } from "./ports.ts";

/** What a GPU is to be cut into. */
export interface Cut {
  readonly gpu: PciAddress;
  readonly count: number;
  readonly profile: FunctionProfile | undefined;
}

/**
 * Nothing is held of it. A driver gives a function memory before it is made, or when it likes: what is to have a share of its own is
 * told before (Documentation/ABI/testing/sysfs-driver-intel-xe-sriov). Resolves with what it made otherwise, in words.
 */
export async function cutGpu(
  { gpu, count, profile }: Cut,
  functions: Pick<GpuFunctions, "cut" | "cutInto" | "setProfile">,
  signal: AbortSignal,
): Promise<string[]> {
  const what = `GPU ${gpu} cannot be cut into ${counted(count, "virtual function")}`;
  const has = await functions.cutInto(gpu);
  const isOtherwise = has > 0 && has !== count;
  if (profile && isOtherwise) boundOrThrow(what, await functions.cut(gpu, 0, signal));
  const outcomes = [];
  for (let number = 1; profile && number <= count; number += 1)
    outcomes.push(await functions.setProfile(gpu, number, profile, signal));
  boundOrThrow(what, await functions.cut(gpu, count, signal));
  return profile ? profileWarnings(profile, outcomes) : [];
}
