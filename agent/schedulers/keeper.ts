// Keeps a scheduler told: soon after something of the host has changed, and all of it compared now and then. Nothing of the host
// waits for it, and nothing of it is lost while the scheduler is away: what there is to tell is what the host has by then.
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import {
  IN_VAIN,
  nothingFound,
  SchedulerError,
  type Findings,
  type Manner,
  type Published,
  type Scheduler,
  type Untold,
} from "./scheduler.ts";
import type { GpuSupply, HostSupply } from "./supply.ts";

export interface KeeperOptions {
  readonly scheduler: Pick<Scheduler, "name" | "manner" | "publish" | "heal">;
  /** What holds now; undefined while that is not known, and it is asked for again soon. */
  readonly supply: () => HostSupply | undefined;
  /** Other values whenever something the supply is made of has changed: cheap to ask for. */
  readonly version: () => readonly unknown[];
  /** On the average, milliseconds, unless the scheduler asks for it sooner; each time between half and one and a half of it, so that hosts do not come all at once. */
  readonly healEveryMs: number;
  /** The first round is at any moment of so many milliseconds, for the same reason; or soon after a drain that comes before it. */
  readonly firstWithinMs: number;
  /** Another value whenever somebody has drained something, or ended a drain: cheap to ask for. */
  readonly drains: () => unknown;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told of every round in which the scheduler was told or asked something, or was to be. */
  readonly onRound: (round: EndedRound) => void;
}

export interface EndedRound {
  readonly kind: "publish" | "heal";
  readonly standing: Standing;
}

/** How it stands with the scheduler. */
export interface Standing {
  readonly name: string;
  readonly manner: Manner;
  /** Undefined before the first round and while the last one was done, be it that a part could not be told. */
  readonly failure: Failure | undefined;
  /** Of the last round that was done; undefined where all was told. */
  readonly untold: UntoldParts | undefined;
  /** When a round was last done in which it answered, milliseconds since the epoch; undefined before the first. */
  readonly toldAt: number | undefined;
  /** Whether it was ever told, be it that it answered with what is the matter. */
  readonly wasTold: boolean;
  /** Whether in the last round that was done nothing was to be given out, since it is not known which domains there are. */
  readonly withoutDomains: boolean;
  /** GPUs of which in the last round that was done nothing was to be given out until conditions are mended. */
  readonly closed: readonly Pick<GpuSupply, "gpu" | "closedBy">[];
  /** Of the last comparison. */
  readonly findings: Findings;
}

interface Failure {
  /** As in SchedulerError. */
  readonly kind: string;
  readonly message: string;
  /** In a row. */
  readonly times: number;
}

interface UntoldParts {
  /** At least one. */
  readonly parts: readonly Untold[];
  /**
   * How often they were tried without all of them being told; rounds that failed as a whole tell nothing of that. 0 where none is tried: what is given
   * out in vain is looked at whenever all is compared.
   */
  readonly times: number;
}

/** How soon a change of the host is told; what changes within it is told at once. */
const GLANCE_MS = 1_000;
/**
 * Between tries that fail; `soon`: at most while somebody waits for what comes of what he does about it. He is told that it takes a minute, with
 * the try itself: hosts may be in the same trouble by the thousand, and for days.
 */
const BACKOFF_MS = { least: 1_000, most: 300_000, soon: 50_000 };
/** On the average, between comparisons while what was told may hold only for a while; between those that somebody asks for at least. */
const PASSING_MS = 10_000;

export class SchedulerKeeper {
  readonly #options: KeeperOptions;
  #standing: Standing;
  /** What the last round was about. */
  #seen: { readonly version: readonly unknown[]; readonly supply: HostSupply } | undefined;
  /** By the clock that never steps back. */
  #healAt = -Infinity;
  /** Since the last comparison began: one that is under way may have passed what is to be found out. */
  #isAskedFor = false;
  /** When the last comparison began that somebody asked for, by the same clock: who asks without end is not to have it compared without end. */
  #askedAt = -Infinity;
  /** Rounds that it did not answer, since it did last. */
  #unanswered = 0;
  /** Rounds that failed although it answered, since one was done, whatever went unanswered between: by turns with these there is no storm. */
  #unmended = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const { name, manner } = options.scheduler;
    this.#standing = {
      ...{ name, manner, failure: undefined, untold: undefined, toldAt: undefined, wasTold: false },
      ...{ withoutDomains: false, closed: [], findings: nothingFound },
    };
  }

  /** Another object after each round. */
  get standing(): Standing {
    return this.#standing;
  }

  /**
   * For who could not ask it, or who found that it does not know: that is found out at the next glance, or ten seconds after that was last
   * asked for, and not only when all is compared again.
   */
  compareSoon(): void {
    this.#isAskedFor = true;
  }

  /** Ends with the signal, never before. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, firstWithinMs, drains } = this.#options;
    // What changes by itself is seen by every host that starts, or whose scheduler was away, and waits; a person drains one and goes on to work on it.
    let drained = drains();
    const isDrained = (): boolean => drains() !== drained;
    await this.#rest(random() * firstWithinMs, isDrained, signal);
    while (!signal.aborted) {
      drained = drains();
      const ms = await this.#round(signal);
      await this.#rest(ms, () => isDrained() || this.#isDue, signal);
    }
  }

  /** Shorter once `isOver`, which is looked at as often as what has changed. */
  async #rest(ms: number, isOver: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const until = clock.now() + ms;
    for (let left = ms; left > 0; left = until - clock.now()) {
      await clock.sleep(Math.min(GLANCE_MS, left), signal).catch(() => undefined);
      if (signal.aborted || isOver()) return;
    }
  }

  get #isDue(): boolean {
    return this.#isAskedFor && this.#options.clock.now() >= this.#askedAt + PASSING_MS;
  }

  /** Resolves with how long to rest, milliseconds. */
  async #round(signal: AbortSignal): Promise<number> {
    const { scheduler, supply: supplyNow, version: versionNow, clock } = this.#options;
    const isDue = this.#isDue;
    const isHeal = isDue || clock.now() >= this.#healAt;
    try {
      const version = versionNow();
      if (!isHeal && isDeepStrictEqual(version, this.#seen?.version)) return GLANCE_MS;
      const supply = supplyNow();
      if (!supply) return GLANCE_MS;
      const isNews = isHeal || !isDeepStrictEqual(supply, this.#seen?.supply);
      this.#seen = { version, supply };
      if (!isNews) return GLANCE_MS;
      if (isHeal) {
        if (isDue) this.#askedAt = clock.now();
        this.#isAskedFor = false;
        this.#compared(await scheduler.heal(supply, signal), shutIn(supply));
      } else this.#published(await scheduler.publish(supply, signal), shutIn(supply));
      return GLANCE_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      const { kind, retry } = error instanceof SchedulerError ? error : UNFORESEEN;
      const times = (this.#standing.failure?.times ?? 0) + 1;
      const wasTold = retry !== "later" || this.#standing.wasTold;
      this.#ended(isHeal, { failure: { kind, message: messageOf(error), times }, wasTold });
      return retry === "later" ? this.#leftAlone() : this.#goneOnWith(retry, { isHeal });
    }
  }

  /** It may be away. Both return how long to rest. */
  #leftAlone(): number {
    // All is compared anew as soon as there is another try.
    this.#healAt = -Infinity;
    this.#unanswered += 1;
    return backoffOf(this.#unanswered, this.#options.random());
  }

  /** It is there, and is told of changes here as ever; whether others have done what it waits for is found out by the next comparison. */
  #goneOnWith(retry: "soon" | "at-change", { isHeal }: { readonly isHeal: boolean }): number {
    this.#unanswered = 0;
    this.#unmended += 1;
    const most = retry === "soon" ? BACKOFF_MS.soon : BACKOFF_MS.most;
    if (isHeal) this.#healAt = Infinity;
    this.#compareWithin(backoffOf(this.#unmended, this.#options.random(), most));
    return GLANCE_MS;
  }

  #compared(findings: Findings, of: Shut): void {
    const { clock, random, healEveryMs } = this.#options;
    const untold = partsOf(findings.untold, this.#timesUntold + 1);
    const isTried = untold !== undefined && untold.times > 0;
    this.#healAt =
      clock.now() + (isTried ? backoffOf(untold.times, random()) : this.#aboutEvery(healEveryMs));
    if (findings.isPassing) this.#compareWithin(this.#aboutEvery(PASSING_MS));
    this.#ended(true, { failure: undefined, untold, ...of, findings, ...this.#toldNow() });
  }

  /** What was refused before is tried again when it is time, whatever is told meanwhile. */
  #published({ answered, untold: parts, isPassing }: Published, of: Shut): void {
    const { clock, random } = this.#options;
    const isNew = this.#timesUntold === 0;
    const untold = partsOf(parts, isNew ? 1 : this.#timesUntold);
    if (isNew && untold?.times === 1) this.#healAt = clock.now() + backoffOf(1, random());
    if (isPassing) this.#compareWithin(this.#aboutEvery(PASSING_MS));
    // Where there was nothing to tell it, it may have been away: that is no round that was done.
    if (!answered) this.#standing = { ...this.#standing, untold, ...of };
    else this.#ended(false, { failure: undefined, untold, ...of, ...this.#toldNow() });
  }

  #toldNow(): Pick<Standing, "toldAt" | "wasTold"> {
    return { toldAt: this.#options.clock.wall(), wasTold: true };
  }

  get #timesUntold(): number {
    return this.#standing.untold?.times ?? 0;
  }

  #aboutEvery(ms: number): number {
    return ms * (0.5 + this.#options.random());
  }

  #compareWithin(ms: number): void {
    this.#healAt = Math.min(this.#healAt, this.#options.clock.now() + ms);
  }

  #ended(isHeal: boolean, change: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...change };
    if (!this.#standing.failure) this.#unanswered = this.#unmended = 0;
    this.#options.onRound({ kind: isHeal ? "heal" : "publish", standing: this.#standing });
  }
}

const UNFORESEEN = { kind: "internal", retry: "later" } as const;

type Shut = Pick<Standing, "withoutDomains" | "closed">;

function shutIn({ domainsKnown, gpus }: HostSupply): Shut {
  const closed = gpus.filter(({ closedBy }) => closedBy.length > 0);
  return {
    withoutDomains: !domainsKnown,
    closed: closed.map(({ gpu, closedBy }) => ({ gpu, closedBy })),
  };
}

/** `tries`: with this one. */
function partsOf(parts: readonly Untold[], tries: number): UntoldParts | undefined {
  if (parts.length === 0) return undefined;
  return { parts, times: parts.some(({ kind }) => kind !== IN_VAIN) ? tries : 0 };
}

/** After the nth failure in a row: anything from a second to twice what it could be before. */
function backoffOf(times: number, chance: number, most = BACKOFF_MS.most): number {
  const { least } = BACKOFF_MS;
  const longest = Math.min(most, least * 2 ** Math.min(times, 20));
  return least + chance * (longest - least);
}
