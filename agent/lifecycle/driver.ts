// Leads each claim to its goal: look, plan, execute, until the plan is empty. One drive per claim, many side by side.
import { Alarm } from "../core/alarm.ts";
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { VgpuId } from "../core/ids.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Claim, DomainClaim, Operation } from "./claim.ts";
import { nobodyListens, type OnPoint } from "./crash-points.ts";
import { domainsAway } from "./domains-away.ts";
import { FailedRounds, LONGEST_PAUSE_MS, type Outcome, type Trouble } from "./failed-rounds.ts";
import { plan, type Step } from "./plan.ts";
import { pausedStart } from "./restarts.ts";
import { Steps, type ActiveStep, type StepsOptions } from "./steps.ts";

/** What happened to a claim, for the log and the metrics. */
export type LifecycleEvent =
  | {
      readonly kind: "step-done";
      readonly claim: Claim;
      readonly step: Step["kind"];
      readonly seconds: number;
    }
  | {
      readonly kind: "step-failed";
      readonly claim: Claim;
      readonly step: Step["kind"];
      readonly error: AgentError;
    }
  | {
      readonly kind: "settled";
      readonly claim: Claim;
      /** What ended with it; undefined when it settled by itself, as a guest that shut down. */
      readonly operation: Operation | undefined;
    };

/** A step that a drive has tried. */
export interface TakenStep {
  /** The claim as it was before. */
  readonly claim: Claim;
  readonly step: Step;
  /** Why it failed; undefined when it was taken. */
  readonly failure: AgentError | undefined;
}

/** Whoever wants to know what a drive does, until it is over or can only wait. */
interface Onlooker {
  readonly onStep: (taken: TakenStep) => void;
  readonly onRest: () => void;
}

export interface DriverOptions extends Omit<StepsOptions, "onSettled"> {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEvent: (event: LifecycleEvent) => void;
  readonly onPoint?: OnPoint | undefined;
}

export class Driver {
  readonly #options: DriverOptions;
  readonly #drives = new Map<VgpuId, Promise<void>>();
  /** What is done beside them for claims that have ended. */
  readonly #undefining = new Set<Promise<void>>();
  readonly #onlookers = new Map<VgpuId, Set<Onlooker>>();
  readonly #alarm: Alarm;
  readonly #failedRounds: FailedRounds;
  readonly #steps: Steps;
  #draining = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.stop);
    this.#failedRounds = new FailedRounds(options);
    const { onEvent } = options;
    this.#steps = new Steps({
      ...options,
      onSettled: (claim, operation) => {
        onEvent({ kind: "settled", claim, operation });
      },
    });
  }

  /** Leads a claim to its goal in the background; joins the drive that is under way. */
  lead(vgpuId: VgpuId): void {
    if (this.#drives.has(vgpuId)) {
      this.wake();
      return;
    }
    const drive = this.#drive(vgpuId).finally(() => {
      this.#drives.delete(vgpuId);
      this.#rest(vgpuId);
      // A goal set between the last plan and now would have no drive.
      if (!this.#options.stop.aborted && !this.#draining && this.#hasWork(vgpuId)) this.lead(vgpuId);
    });
    this.#drives.set(vgpuId, drive);
  }

  /** As `lead`, for who asks again and again: wakes nobody, and begins nothing once the agent is about to stop. */
  ensureLed(vgpuId: VgpuId): void {
    if (!this.#draining && !this.#drives.has(vgpuId)) this.lead(vgpuId);
  }

  /** As `lead`; tells each step, and resolves when the claim is at its goal or can only wait. */
  async attend(vgpuId: VgpuId, onStep: (taken: TakenStep) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const onlookers = this.#onlookers.get(vgpuId) ?? new Set();
      this.#onlookers.set(vgpuId, onlookers.add({ onStep, onRest: resolve }));
      this.lead(vgpuId);
    });
  }

  /**
   * Of a claim that has ended, for which nothing is planned: its domain is there again. Then `after` is written down, as far as that can
   * be. Nothing is promised by it that a crash could break: the domain is there as before then, and whoever asked asks again. Throws as
   * `Domains.undefine`.
   */
  async undefine(claim: DomainClaim, after: DomainClaim): Promise<void> {
    const undefining = this.#undefine(claim, after);
    const ended = undefining.catch(() => undefined);
    this.#undefining.add(ended);
    await undefining.finally(() => this.#undefining.delete(ended));
  }

  async #undefine(claim: DomainClaim, after: DomainClaim): Promise<void> {
    await this.#step(claim, { kind: "undefine-domain", domainId: claim.domain.id });
    if (after !== claim) await this.#options.ledger.putAhead(after);
  }

  /** Something outside changed: whoever waits looks again at once. */
  wake(): void {
    this.#alarm.ring();
  }

  /** Whether any claim is on its way. */
  get busy(): boolean {
    return this.#drives.size > 0;
  }

  /** Resolves when no claim is on its way, and nothing is done for one that has ended. */
  async idle(): Promise<void> {
    await Promise.all([...this.#drives.values(), ...this.#undefining]);
  }

  /** For an orderly stop: resolves when no step is under way. What only waits is left to the next start. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#alarm.ring();
    await this.idle();
  }

  #hasWork(vgpuId: VgpuId): boolean {
    const claim = this.#options.ledger.get(vgpuId);
    const inventory = this.#options.lookout.current;
    return (
      claim !== undefined &&
      inventory !== undefined &&
      plan(claim, inventory, this.#options.clock.wall()).length > 0
    );
  }

  async #drive(vgpuId: VgpuId): Promise<void> {
    const { clock, stop } = this.#options;
    let trouble: Trouble | undefined;
    while (!stop.aborted) {
      // Taken before the look: what changes meanwhile must not be slept over.
      const { rings } = this.#alarm;
      let outcome: Outcome | undefined;
      try {
        outcome = await this.#round(vgpuId);
        trouble = undefined;
      } catch (error) {
        trouble = { failures: (trouble?.failures ?? 0) + 1, since: trouble?.since ?? clock.now() };
        outcome = await this.#failedRounds.judge(vgpuId, AgentError.from(error), trouble);
      }
      if (outcome === undefined) return;
      if (outcome.kind === "idle") {
        this.#rest(vgpuId);
        if (this.#draining) return;
        await this.#alarm.sleep(outcome.ms, rings);
      }
    }
  }

  #rest(vgpuId: VgpuId): void {
    const onlookers = this.#onlookers.get(vgpuId) ?? [];
    this.#onlookers.delete(vgpuId);
    for (const { onRest } of onlookers) onRest();
  }

  /** One look, one plan, its steps. Undefined when there is nothing left to do. */
  async #round(vgpuId: VgpuId): Promise<Outcome | undefined> {
    const { ledger, lookout, operations, clock } = this.#options;
    const inventory = await lookout.fresh();
    const planned = await ledger.written(vgpuId);
    if (!planned) return undefined;
    const steps = plan(planned, inventory, clock.wall());
    if (steps.length === 0) {
      // Somebody else may have done it.
      if (planned.operation) operations.advance(planned.operation.id);
      return undefined;
    }
    for (const step of steps) {
      const claim = ledger.get(vgpuId);
      // A request changed the intent meanwhile: these steps lead to the old one.
      if (!claim || !asksTheSame(claim, planned)) return { kind: "again" };
      if (step.kind === "wait") return this.#wait(claim, step, inventory);
      try {
        await this.#step(claim, step);
      } catch (error) {
        // What failed was asked for by a request that another has taken the place of.
        const now = ledger.get(vgpuId);
        if (now && !asksTheSame(now, planned)) return { kind: "again" };
        throw error;
      }
    }
    return { kind: "again" };
  }

  #wait(claim: Claim, step: Extract<Step, { kind: "wait" }>, { domains }: Inventory): Outcome {
    if (!domains.known) throw domainsAway(domains);
    const { clock, operations } = this.#options;
    if (step.why === "reboots" && claim.kind === "domain")
      operations.stall(claim.operation.id, pausedStart(claim, step.until ?? clock.wall()));
    return {
      kind: "idle",
      ms: step.until === undefined ? LONGEST_PAUSE_MS : Math.max(0, step.until - clock.wall()),
    };
  }

  async #step(claim: Claim, step: ActiveStep): Promise<void> {
    const { clock, onEvent, onPoint = nobodyListens } = this.#options;
    const started = clock.now();
    onPoint(`before ${step.kind}`);
    try {
      await this.#steps.take(claim, step);
    } catch (error) {
      const failure = AgentError.from(error);
      onEvent({ kind: "step-failed", claim, step: step.kind, error: failure });
      this.#told({ claim, step, failure });
      throw failure;
    }
    onPoint(`after ${step.kind}`);
    if (claim.operation) this.#options.operations.advance(claim.operation.id);
    onEvent({ kind: "step-done", claim, step: step.kind, seconds: (clock.now() - started) / 1000 });
    this.#told({ claim, step, failure: undefined });
  }

  #told(taken: TakenStep): void {
    for (const { onStep } of this.#onlookers.get(taken.claim.vgpuId) ?? []) onStep(taken);
  }
}

/**
 * Whether the same is asked of a claim as when its steps were planned. One goal may be asked for twice, as by a delete that
 * overtakes the undoing of a create: each is told its own end.
 */
function asksTheSame(now: Claim, planned: Claim): boolean {
  const { kind, goal, operation, state } = now;
  return (
    kind === planned.kind &&
    goal === planned.goal &&
    operation?.id === planned.operation?.id &&
    state !== "gone"
  );
}
