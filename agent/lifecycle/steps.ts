// Takes a step of a plan: on the host with the hands, or in the ledger alone.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Admission } from "./admission.ts";
import {
  changed,
  hasSlice,
  powerOffAt,
  type Claim,
  type DomainClaim,
  type Operation,
  type SliceClaim,
} from "./claim.ts";
import { execute, type Hands, type HostStep } from "./execute.ts";
import { mayPass } from "./failed-rounds.ts";
import { notNoted } from "./held-up.ts";
import { isAnothers } from "./holdings.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import type { Step } from "./plan.ts";
import { withReboot } from "./restarts.ts";
import { settled } from "./settled.ts";

/** All but waiting. */
export type ActiveStep = Exclude<Step, { readonly kind: "wait" }>;

export interface StepsOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly hands: Hands;
  readonly admission: Pick<Admission, "refuseWithoutRoom" | "refuseUncounted">;
  readonly operations: Operations;
  readonly clock: Pick<Clock, "wall">;
  readonly newOperationId: () => string;
  readonly stop: AbortSignal;
  /** `operation` ended with it; undefined when the claim settled by itself, as a guest that shut down. */
  readonly onSettled: (claim: Claim, operation: Operation | undefined) => void;
}

export class Steps {
  readonly #options: StepsOptions;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** Throws what the host, libvirt or the store refuses. */
  async take(claim: Claim, step: ActiveStep): Promise<void> {
    if (step.kind === "settle") return this.#settle(claim, step);
    // The rest is planned for claims with a slice, and what libvirt is asked for those of its domains.
    if (!hasSlice(claim)) return;
    if (step.kind !== "autostart" && step.kind !== "restart") return this.#hostStep(claim, step);
    if (claim.kind !== "domain") return;
    await (step.kind === "restart" ? this.#restart(claim) : this.#autostart(claim, step));
  }

  async #hostStep(claim: SliceClaim, step: HostStep): Promise<void> {
    const { ledger, lookout, admission, hands, clock, stop } = this.#options;
    if (step.kind === "remove-vgpu" && isAnothers(claim, ledger)) return;
    // A device model asks the driver for one while its domain is started.
    const makes = step.kind === "create-vgpu" || (step.kind === "start-domain" && step.paused);
    if (makes && lookout.current) admission.refuseUncounted(claim, lookout.current);
    await execute(hands, claim, step, stop);
    if (step.kind !== "ask-shutdown") return;
    const now = ledger.get(claim.vgpuId);
    if (now?.kind !== "domain" || !now.powerOff) return;
    const askedAt = clock.wall();
    // Where it cannot be noted the guest would be asked again in every round.
    const powerOff = { ...powerOffAt(now.powerOff, askedAt), askedAt };
    await ledger.putAhead(changed(now, { powerOff }, askedAt));
  }

  async #settle(claim: Claim, step: Extract<Step, { kind: "settle" }>): Promise<void> {
    const { ledger, operations, hands, clock, onSettled } = this.#options;
    const { claim: now, left, ended: operation } = settled(claim, step, clock.wall());
    if (left) await ledger.put(left).catch(notNoted(now));
    else await ledger.erase(claim.vgpuId);
    if (operation && hasSlice(now)) operations.end(now);
    if (now.kind === "domain") hands.deviceModel?.settled(now.domain.id);
    onSettled(now, operation);
  }

  /** No operation of a caller: its failure is in the log, and who asks for the domain sees that it is off. */
  async #autostart(claim: DomainClaim, { bootId, run }: Extract<Step, { kind: "autostart" }>): Promise<void> {
    const { ledger, clock } = this.#options;
    const refusal = run ? this.#refusalToStart(claim) : undefined;
    const wall = clock.wall();
    if (refusal && mayPass(refusal)) throw refusal;
    if (run && !refusal)
      return ledger.put(changed(claim, { bootId, state: "stopped", goal: "running" }, wall));
    // It is tried once for each boot, also where that cannot be noted.
    await ledger.putAhead(changed(claim, { bootId }, wall));
    if (refusal) throw refusal;
  }

  /** The guest asked for it, and it has its room: this is no admission, which a drain would refuse. */
  async #restart(claim: DomainClaim): Promise<void> {
    const { ledger, clock, newOperationId } = this.#options;
    const wall = clock.wall();
    const operation = { id: newOperationId(), kind: "start", startedAt: wall, ended: undefined } as const;
    const restarts = withReboot(claim.restarts, wall);
    const change = { state: "stopped", goal: "running", failure: undefined, operation, restarts } as const;
    await ledger.put(changed(claim, change, wall));
  }

  /** Whoever has the room of a released slice meanwhile keeps it. */
  #refusalToStart(claim: DomainClaim): AgentError | undefined {
    const { lookout, admission } = this.#options;
    try {
      if (lookout.current) admission.refuseWithoutRoom(claim, lookout.current, undefined);
      return undefined;
    } catch (error) {
      return AgentError.from(error);
    }
  }
}
