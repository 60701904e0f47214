// What a failure mode is to the test of them: how it comes, what is known of it while it lasts, how it ends.
import type { FaultyDisk } from "../../../contract/faulty-disks.ts";
import type { ProcessOptions } from "../agent-process.ts";
import type { World } from "../world.ts";

export type CallName = "create" | "destroy" | "elsewhere";

/** A host with two GPUs, the agent on it, and its disk where that is what fails. */
export interface Scene {
  readonly world: World;
  readonly disk: FaultyDisk | undefined;
}

/** The name of the domain that stands before and stays. */
export const STANDING = "standing";
/** The name of the domain that is created on the first GPU. */
export const NEW = "new";

type Act = (scene: Scene) => Promise<unknown>;

export interface Mode {
  /** Sets the fault. What it resolves with, if it is a text, is what somebody was told. */
  readonly come: Act;
  /** When the calls are under way: waits until they are where the mode wants them, and does the rest of it. */
  readonly amid?: (scene: Scene, answered: (name: CallName) => Promise<unknown>) => Promise<unknown>;
  /** Conditions of the GPUs tell of it, at the latest at the next look. */
  readonly hasCondition?: true;
  /** The calls that the fault holds up until it is over. */
  readonly holds?: readonly CallName[];
  /** Ends the fault. Without it all faults of the simulated host are cleared. */
  readonly go?: Act;
  /** What that is on a real host. */
  readonly over: string;
  /** The domain that stands is looked at before the calls, since each of them may look at the host. */
  readonly isSeenByCalls?: true;
  /** The agent answers nobody while it lasts. */
  readonly isAway?: true;
  /** In which the callers lose patience; without it they have more than any call takes. */
  readonly deadlineMs?: number;
  /** Needs a host of its own: with something special, or because it does not leave it as it was. */
  readonly own?: Special;
}

interface Special {
  /** What the ledger is kept on. */
  readonly disk?: () => Promise<FaultyDisk>;
  readonly process?: ProcessOptions;
  /** YAML for the section `limits` of the configuration. */
  readonly limits?: string;
  /** The kernel loses room that only a boot gives back. */
  readonly leaks?: true;
}

/** By what happens. */
export type Modes = Readonly<Record<string, Mode>>;
