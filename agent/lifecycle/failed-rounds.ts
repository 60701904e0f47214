// What it means for a claim that a round of its drive failed: it is tried again, or what was asked for is given up.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { VgpuId } from "../core/ids.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { isMadeForDomain } from "../inventory/standing.ts";
import { changed, hasSlice, type Failure, type SliceClaim } from "./claim.ts";
import { stalled } from "./held-up.ts";
import type { Ledger } from "./ledger.ts";
import { isOnItsWay } from "./on-its-way.ts";
import type { Operations } from "./operations.ts";
import { isRestarting } from "./restarts.ts";
import { ended } from "./settled.ts";

/** How a round ended that leaves something to do: the next follows at once, or when something changed or that time is over. */
export type Outcome = { readonly kind: "again" } | { readonly kind: "idle"; readonly ms: number };

/** Rounds that failed one after the other, and since when (milliseconds of the clock that never steps back). */
export interface Trouble {
  readonly failures: number;
  readonly since: number;
}

/** How long a create is tried again while the hypervisor or hostd is away, before it is undone. */
const CREATE_PATIENCE_MS = 2_000;
const FIRST_PAUSE_MS = 250;
export const LONGEST_PAUSE_MS = 5_000;

interface FailedRoundsOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly random: () => number;
  readonly stop: AbortSignal;
}

export class FailedRounds {
  readonly #options: FailedRoundsOptions;

  constructor(options: FailedRoundsOptions) {
    this.#options = options;
  }

  /** Undefined: the drive is over. */
  async judge(vgpuId: VgpuId, error: AgentError, { failures, since }: Trouble): Promise<Outcome | undefined> {
    const claim = this.#options.ledger.get(vgpuId);
    // Steps cut off by our own stop have not failed: the next start plans again from what it finds.
    if (!claim || this.#options.stop.aborted) return undefined;
    const idle: Outcome = { kind: "idle", ms: this.#backoff(failures) };
    if (!hasSlice(claim)) return idle;
    // Nobody who could try again waits for the start of a guest that rebooted: it lasts for as long as what is away does.
    const lasting = claim.kind === "domain" && isRestarting(claim);
    const asked = (claim.goal === "running" || claim.goal === "present") && !claim.operation.ended;
    const starting = asked && !lasting;
    const waited = this.#options.clock.now() - since;
    if (starting && error.kind === "unavailable" && waited < CREATE_PATIENCE_MS) return idle;
    // So does an autostart, however long the host takes to come up.
    const refused = claim.goal === "running" && claim.state === "stopped" && !mayPass(error);
    try {
      if (starting || refused) {
        await this.#giveUp(claim, { reason: error.reason, message: error.message });
        return { kind: "again" };
      }
    } catch (ledgerError) {
      this.#options.operations.stall(claim.operation.id, AgentError.from(ledgerError));
      return idle;
    }
    this.#options.operations.stall(claim.operation.id, stalled(claim, error));
    return idle;
  }

  /** A create that fails becomes a claim that is to be absent; a start that fails, one that is to be off. */
  async #giveUp(claim: SliceClaim, failure: Failure): Promise<void> {
    const { ledger, lookout, operations, clock } = this.#options;
    const wall = clock.wall();
    const undone = { state: "failed", goal: "absent", failure } as const;
    if (claim.kind === "vgpu") return ledger.putAhead(changed(claim, undone, wall));
    if (claim.state === "creating") {
      const powerOff = { forceAt: wall, askedAt: undefined };
      return ledger.putAhead(changed(claim, { ...undone, powerOff }, wall));
    }
    // What left nothing is not remembered, so that a retry tries (law 7).
    const requests = claim.requests.filter(({ operationId }) => operationId !== claim.operation.id);
    const operation = ended(claim.operation, wall, failure);
    // One that waits for its slice is there already, and has to be ended.
    const isBegun = lookout.current !== undefined && isMadeForDomain(claim, lookout.current);
    const state = isBegun ? "active" : claim.state;
    const back = changed(claim, { state, goal: "stopped", operation, requests }, wall);
    await ledger.put(back);
    if (!claim.operation.ended) operations.end(back);
  }

  /** Exponential, up to half of it random, so that hosts that failed together do not retry together. */
  #backoff(failures: number): number {
    return (
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)) * (0.5 + this.#options.random() / 2)
    );
  }
}

/** What is away comes back, as a driver that is on its way, and one that hangs may answer: it is not the claim that is at fault. */
export function mayPass({ kind, reason }: AgentError): boolean {
  return kind === "unavailable" || reason === "VGPU_COUNT_UNREADABLE" || isOnItsWay(reason);
}
