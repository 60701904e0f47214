// Cuts one GPU into the virtual functions that it is to have, each set to what it is to have before a guest can.
import { AgentError } from "../core/errors.ts";
import { counted } from "../core/counted.ts";
import type { PciAddress } from "../core/ids.ts";
import { boundOrThrow, mayYetBe } from "./bound.ts";
import {
  madeInAll,
  madeOtherwise,
  profileWarnings,
  withCompanions,
  type FunctionProfile,
  type FunctionValues,
  type ProfileOutcome,
  type ToldProfiles,
} from "./function-profile.ts";
import type { GpuModes } from "./gpu-modes.ts";
import type { GpuFunctions } from "./ports.ts";

/** What a GPU is to be cut into. */
export interface Cut {
  readonly gpu: PciAddress;
  readonly count: number;
  readonly profile: FunctionProfile | undefined;
  /** Whether all go first though their number stays. */
  readonly anew?: boolean;
}

export type Cutter = Pick<GpuFunctions, "cut" | "cutInto" | "setProfile" | "driverShares">;

/** What came of it. */
interface CutOutcome {
  /** What the driver made otherwise, in words. */
  readonly warnings: readonly string[];
  /** What it made otherwise of the profile; undefined where there is no such thing. */
  readonly made: ProfileOutcome | undefined;
}

/**
 * None of its functions that would go is held. After a failure it has as many as
 * before, as far as the kernel does that; what functions were told they keep.
 */
export async function cutGpu(cut: Cut, functions: Cutter, signal: AbortSignal): Promise<CutOutcome> {
  const { gpu, count, profile } = cut;
  const before = await functions.cutInto(gpu);
  const goFirst = before !== count || cut.anew === true;
  try {
    // By none, also from none: what functions once were given is not to stay with those that come.
    const left = goFirst ? await uncut(cut, functions, signal) : [];
    // A driver gives a function memory before it is made, or when it likes: what is to have a share of its own is told before
    // (Documentation/ABI/testing/sysfs-driver-intel-xe-sriov).
    const values = profile && (goFirst ? await completed(cut, profile, functions) : profile);
    const outcomes = values ? await told(cut, values, functions, signal) : [];
    if (count > 0) await into(count, cut, functions, signal);
    if (!profile || !values) return { warnings: left, made: undefined };
    // Right after a boot the driver may not have had its files yet.
    const isShort = outcomes.some(({ notOffered }) => notOffered.length > 0);
    const made = madeOtherwise(profile, isShort ? await told(cut, values, functions, signal) : outcomes);
    return { warnings: [...left, ...(made ? profileWarnings(profile, made) : [])], made };
  } catch (error) {
    // By none: what some were told is not to stay with those that come back.
    if (!mayYetBe(AgentError.from(error)) && goFirst)
      for (const number of [0, before]) await functions.cut(gpu, number, signal).catch(() => undefined);
    throw error;
  }
}

interface Noting {
  readonly functions: Cutter;
  readonly told: ToldProfiles;
  readonly modes: Pick<GpuModes, "current" | "noteMade">;
}

/**
 * As `cutGpu`, by an agent that keeps in mind what it has told drivers, and writes down what they made otherwise for the next one.
 * Resolves with that, in words.
 */
export async function cutAndNote(
  cut: Cut,
  { functions, told, modes }: Noting,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { gpu, profile } = cut;
  // Told half of it, functions have one thing or the other.
  if (profile) told.delete(gpu);
  const { warnings, made } = await cutGpu(cut, functions, signal);
  if (profile) {
    told.set(gpu, profile);
    await modes.noteMade(gpu, madeInAll(modes.current.get(gpu) ?? {}, profile, made));
  }
  return warnings;
}

/** While none is made, so that nothing is given. */
async function completed(
  { gpu, count }: Cut,
  profile: FunctionProfile,
  functions: Cutter,
): Promise<FunctionValues> {
  return withCompanions(profile, count, (await functions.driverShares(gpu)).left);
}

/** With the driver sharing out by itself, which it leaves for ever once it was told of a part (i915's ports). */
async function uncut(cut: Cut, functions: Cutter, signal: AbortSignal): Promise<string[]> {
  await into(0, cut, functions, signal);
  if ((await functions.driverShares(cut.gpu)).automatic !== false) return [];
  return [
    "the driver has not gone back to giving functions their parts by itself (auto_provisioning is 0): they may lack some",
  ];
}

async function into(count: number, cut: Cut, functions: Cutter, signal: AbortSignal): Promise<void> {
  const what = `GPU ${cut.gpu} cannot be cut into ${counted(cut.count, "virtual function")}`;
  boundOrThrow(what, await functions.cut(cut.gpu, count, signal));
}

async function told(
  { gpu, count }: Cut,
  values: FunctionValues,
  functions: Cutter,
  signal: AbortSignal,
): Promise<ProfileOutcome[]> {
  const outcomes = [];
  for (let number = 1; number <= count; number += 1)
    outcomes.push(await functions.setProfile(gpu, number, values, signal));
  return outcomes;
}
