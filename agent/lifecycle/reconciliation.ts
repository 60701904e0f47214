// The difference between host and ledger, shown on demand, or made up for at once and told step by step (law 1).
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId } from "../core/ids.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Inventory, Unknown } from "../inventory/model.ts";
import type { Claim, DomainClaim } from "./claim.ts";
import { AWAY_REASONS } from "./domains-away.ts";
import type { Driver, TakenStep } from "./driver.ts";
import type { Ledger } from "./ledger.ts";
import { plan, type Step } from "./plan.ts";
import type { Reconciler } from "./reconciler.ts";
import { stepObject, stepText } from "./step-words.ts";

export interface ReportedStep {
  readonly kind: Step["kind"] | "rebuild-claim";
  readonly claimId: ClaimId;
  /** A vGPU's id or a domain's UUID. */
  readonly object: string;
  /** In words, with the reason. */
  readonly message: string;
  readonly state: "planned" | "done" | "failed";
  /** Set for one that failed. */
  readonly failure: AgentError | undefined;
}

export interface Report {
  /** By claim, each claim's in the order they are taken in. */
  readonly steps: readonly ReportedStep[];
  /** When the host was looked at, milliseconds since the epoch. */
  readonly observedAt: number;
  /** Why it is not known what the claims of domains need; undefined when it is. */
  readonly incomplete: Unknown | undefined;
  /** Those that no step leads on: somebody has to decide. */
  readonly failed: readonly ClaimId[];
}

export interface ReconciliationOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly driver: Driver;
  readonly reconciler: Reconciler;
  readonly clock: Pick<Clock, "wall">;
}

/** What one claim was found to need, and what its drive did then. */
interface Errand {
  readonly claim: Claim;
  readonly planned: readonly Step[];
  readonly taken: TakenStep[];
}

export class Reconciliation {
  readonly #options: ReconciliationOptions;

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /** The steps as they would be taken now; none is. `only`: of this claim. */
  async preview(only: ClaimId | undefined, signal: AbortSignal): Promise<Report> {
    const inventory = await untilAborted(this.#options.lookout.fresh(), signal);
    const lost = only === undefined ? this.#options.reconciler.lost(inventory) : [];
    const steps = this.#claims(only).flatMap((claim) =>
      this.#plan(claim, inventory).map((step) => planned(step, claim, inventory)),
    );
    return {
      steps: [...lost.map((claim) => rebuild(claim, "planned")), ...steps],
      ...this.#left(only, inventory),
    };
  }

  /**
   * Leads every claim to its goal, and resolves when each is there or can only wait. What was begun goes on when the signal
   * aborts.
   */
  async run(only: ClaimId | undefined, signal: AbortSignal): Promise<Report> {
    const { lookout, reconciler } = this.#options;
    const before = await untilAborted(lookout.fresh(), signal);
    const rebuilt = only === undefined ? await untilAborted(reconciler.rebuild(before), signal) : [];
    const errands = this.#claims(only).flatMap((claim): Errand[] => {
      const steps = this.#plan(claim, before);
      return steps.length === 0 ? [] : [{ claim, planned: steps, taken: [] }];
    });
    await untilAborted(Promise.all(errands.map((errand) => this.#led(errand))), signal);
    const after = await untilAborted(lookout.fresh(), signal);
    const steps = errands.flatMap((errand) => this.#told(errand, before, after));
    return {
      steps: [...rebuilt.map((claim) => rebuild(claim, "done")), ...steps],
      ...this.#left(only, after),
    };
  }

  /** What no step says, by the last look. */
  #left(only: ClaimId | undefined, inventory: Inventory): Omit<Report, "steps"> {
    const { observedAt, domains } = inventory;
    const failed = this.#options.ledger
      .living()
      .filter(({ claimId }) => only === undefined || claimId === only)
      // What becomes of one with a domain libvirt's facts have to say first.
      .filter(({ kind }) => domains.known || kind !== "domain")
      .filter((claim) => claim.state === "failed" && this.#plan(claim, inventory).length === 0);
    return {
      observedAt,
      incomplete: domains.known ? undefined : domains,
      failed: failed.map(({ claimId }) => claimId).sort(),
    };
  }

  #claims(only: ClaimId | undefined): Claim[] {
    const { ledger } = this.#options;
    if (only === undefined) return ledger.living().sort((a, b) => (a.vgpuId < b.vgpuId ? -1 : 1));
    const claim = ledger.byClaimId(only);
    if (claim) return [claim];
    throw new AgentError("VGPU_NOT_FOUND", `there is no claim ${only}`, { details: { claim_id: only } });
  }

  #plan(claim: Claim, inventory: Inventory): Step[] {
    return plan(claim, inventory, this.#options.clock.wall());
  }

  async #led({ claim, taken }: Errand): Promise<void> {
    await this.#options.driver.attend(claim.vgpuId, (step) => taken.push(step));
  }

  /** What was taken, then what is left by the last look. What the first plan had and nobody needs any more was done meanwhile. */
  #told({ claim, planned: first, taken }: Errand, before: Inventory, after: Inventory): ReportedStep[] {
    const now = this.#options.ledger.get(claim.vgpuId);
    const left = now ? this.#plan(now, after) : [];
    const isOneOf = (step: Step, steps: readonly Step[]): boolean =>
      steps.some((other) => isSame(step, other));
    const takenSteps = taken.map(({ step }) => step);
    const sameAim = now?.goal === claim.goal;
    const meanwhile = first.filter(
      (step) => sameAim && step.kind !== "wait" && !isOneOf(step, takenSteps) && !isOneOf(step, left),
    );
    const failed = taken.filter(({ failure }) => failure !== undefined).map(({ step }) => step);
    return [
      ...meanwhile.map((step) => ({ ...planned(step, claim, before), state: "done" as const })),
      ...taken.map((one) => ended(one, before)),
      ...left
        .filter((step) => !isOneOf(step, failed))
        .map((step) => held(planned(step, now ?? claim, after), step)),
    ];
  }
}

function planned(step: Step, claim: Claim, inventory: Inventory): ReportedStep {
  return {
    kind: step.kind,
    claimId: claim.claimId,
    object: stepObject(step, claim),
    message: stepText(step, claim, inventory),
    state: "planned",
    failure: undefined,
  };
}

function ended({ step, claim, failure }: TakenStep, inventory: Inventory): ReportedStep {
  return { ...planned(step, claim, inventory), state: failure ? "failed" : "done", failure };
}

/** Nothing of a claim can go on while its domain is not known: that is what holds it up. */
function held(told: ReportedStep, step: Step): ReportedStep {
  if (step.kind !== "wait" || step.why === "guest" || step.why === "reboots") return told;
  const failure = new AgentError(AWAY_REASONS[step.why], told.message);
  return { ...told, state: "failed", failure };
}

function rebuild({ claimId, domain }: DomainClaim, state: ReportedStep["state"]): ReportedStep {
  const message = `write claim ${claimId} into the ledger again: domain ${domain.name} bears its mark, and the ledger lacks it`;
  return { kind: "rebuild-claim", claimId, object: domain.id, message, state, failure: undefined };
}

/** A plan names a kind of step once, but for those that note something. */
function isSame(a: Step, b: Step): boolean {
  if (a.kind === "settle" && b.kind === "settle") return a.state === b.state;
  return a.kind === b.kind;
}
