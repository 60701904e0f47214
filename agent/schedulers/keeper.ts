// Keeps a scheduler told: soon after something of the host has changed, and all of it compared now and then. Nothing of the host
// waits for it, and nothing of it is lost while the scheduler is away: what there is to tell is what the host has by then.
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { nothingFound, SchedulerError, type Findings, type Scheduler, type Untold } from "./scheduler.ts";
import type { HostSupply } from "./supply.ts";

export interface KeeperOptions {
  readonly scheduler: Pick<Scheduler, "name" | "publish" | "heal">;
  /** What holds now; undefined while that is not known. */
  readonly supply: () => HostSupply | undefined;
  /** Other values whenever something the supply is made of has changed: cheap to ask for. */
  readonly version: () => readonly unknown[];
  /** On the average, milliseconds; each time between half and one and a half of it, so that hosts do not come all at once. */
  readonly healEveryMs: number;
  /** The first round is at any moment of so many milliseconds, for the same reason. */
  readonly firstWithinMs: number;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told of every round in which the scheduler was to be told something, be it that it knew it already. */
  readonly onRound: (round: EndedRound) => void;
}

export interface EndedRound {
  readonly kind: "publish" | "heal";
  readonly standing: Standing;
}

/** How it stands with the scheduler. */
export interface Standing {
  readonly name: string;
  /** Undefined before the first round and while the last one was done. */
  readonly failure: Failure | undefined;
  /** When a round was last done, milliseconds since the epoch; undefined before the first. */
  readonly toldAt: number | undefined;
  /** Of the last comparison. */
  readonly findings: Findings;
}

interface Failure {
  /** As in SchedulerError. */
  readonly kind: string;
  readonly message: string;
  /** In a row. */
  readonly times: number;
  /** All else is told. */
  readonly partial: boolean;
}

/** How soon a change of the host is told; what changes within it is told at once. */
const GLANCE_MS = 1_000;
/** Between tries that fail. */
const BACKOFF_MS = { least: 1_000, most: 300_000 };

export class SchedulerKeeper {
  readonly #options: KeeperOptions;
  #standing: Standing;
  #told: { readonly version: readonly unknown[]; readonly supply: HostSupply } | undefined;
  /** By the clock that never steps back. */
  #healAt = -Infinity;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const { name } = options.scheduler;
    this.#standing = { name, failure: undefined, toldAt: undefined, findings: nothingFound };
  }

  /** Another object after each round. */
  get standing(): Standing {
    return this.#standing;
  }

  /** Ends with the signal, never before. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, firstWithinMs } = this.#options;
    const rest = (ms: number): Promise<void> => clock.sleep(ms, signal).catch(() => undefined);
    await rest(random() * firstWithinMs);
    while (!signal.aborted) await rest(await this.#round(signal));
  }

  /** Resolves with how long to rest, milliseconds. */
  async #round(signal: AbortSignal): Promise<number> {
    const { scheduler, supply: supplyNow, version: versionNow, clock } = this.#options;
    const isHeal = clock.now() >= this.#healAt;
    try {
      const version = versionNow();
      if (!isHeal && isDeepStrictEqual(version, this.#told?.version)) return GLANCE_MS;
      const supply = supplyNow();
      if (!supply) return GLANCE_MS;
      if (!isHeal && isDeepStrictEqual(supply, this.#told?.supply)) {
        this.#told = { version, supply };
        return GLANCE_MS;
      }
      if (isHeal) this.#compared(await scheduler.heal(supply, signal));
      else this.#published(await scheduler.publish(supply, signal));
      this.#told = { version, supply };
      return GLANCE_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      // All is compared anew as soon as there is another try.
      this.#healAt = -Infinity;
      const kind = error instanceof SchedulerError ? error.kind : "internal";
      const failure = { kind, message: messageOf(error), times: this.#timesFailed + 1, partial: false };
      this.#ended(isHeal, { failure });
      return backoffOf(failure.times, this.#options.random());
    }
  }

  #compared(findings: Findings): void {
    const { clock, random } = this.#options;
    const failure = failureOf(findings.untold, this.#timesFailed + 1);
    this.#healAt = clock.now() + (failure ? backoffOf(failure.times, random()) : this.#untilNext());
    this.#ended(true, { failure, findings, ...(!failure && { toldAt: clock.wall() }) });
  }

  /** What was refused before is tried again when it is time, whatever is told meanwhile. */
  #published(untold: readonly Untold[]): void {
    const { clock, random } = this.#options;
    const isNew = this.#standing.failure === undefined;
    const failure = failureOf(untold, this.#timesFailed + (isNew ? 1 : 0));
    if (failure && isNew) this.#healAt = clock.now() + backoffOf(failure.times, random());
    this.#ended(false, { failure, ...(!failure && { toldAt: clock.wall() }) });
  }

  get #timesFailed(): number {
    return this.#standing.failure?.times ?? 0;
  }

  #untilNext(): number {
    const { healEveryMs, random } = this.#options;
    return healEveryMs * (0.5 + random());
  }

  #ended(isHeal: boolean, change: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...change };
    this.#options.onRound({ kind: isHeal ? "heal" : "publish", standing: this.#standing });
  }
}

/** As told of under the kind of the first. */
function failureOf(untold: readonly Untold[], times: number): Failure | undefined {
  const [first] = untold;
  if (!first) return undefined;
  const said = untold.map(({ what, message }) => `${what}: ${message}`).join("; ");
  return { kind: first.kind, message: `${said}; all else is told`, times, partial: true };
}

/** After the nth failure in a row: anything from a second to twice what it could be before. */
function backoffOf(times: number, chance: number): number {
  const { least, most } = BACKOFF_MS;
  const longest = Math.min(most, least * 2 ** Math.min(times, 20));
  return least + chance * (longest - least);
}
