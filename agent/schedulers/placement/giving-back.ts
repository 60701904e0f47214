// What vgpud's own tools have booked and no domain came for: it is given back where it is on this host alone.
import type { Clock } from "../../core/clock.ts";
import { CONSUMER_TYPE } from "../../core/placement-names.ts";
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import type { Allocation, PlacementApi, Resources } from "../../placement/model.ts";
import type { OnCarriedOut } from "../carried-out.ts";
import type { Findings, Untold } from "../scheduler.ts";
import { Refusals, type Ask } from "./refusals.ts";

type Waiting = Pick<Findings["withoutDomain"][number], "booking" | "since">;

interface GivingBackOptions {
  readonly api: Pick<PlacementApi, "allocation" | "releaseUnchanged">;
  /** Whether one has now waited too long for its domain. */
  readonly isOverdue: (waiting: Waiting) => boolean;
  /** Called at once: whoever books it anew before all have been looked at begins anew. */
  readonly onGivenBack: (booking: string) => void;
  readonly clock: Pick<Clock, "now">;
  readonly onCarriedOut: OnCarriedOut | undefined;
}

interface Where {
  /** The providers of this host: the name of each. */
  readonly here: ReadonlyMap<string, string>;
  readonly ask: Ask;
}

/** Somebody changed the booking, or took it back, since it was read. */
const OVERTAKEN: ReadonlySet<PlacementFailure> = new Set(["conflict", "not-found"]);

export class GivingBack {
  readonly #options: GivingBackOptions;
  /** By booking. */
  readonly #refusals = new Refusals<string>();
  /** Whether it is vgpud's own, by booking that was looked at the last time. */
  readonly #isOurs = new Map<string, boolean>();

  constructor(options: GivingBackOptions) {
    this.#options = options;
  }

  /** Of the last time, those that Placement did not let go. */
  get untold(): readonly Untold[] {
    return this.#refusals.all.map((each) => ({ ...each, kind: "not-given-back" }));
  }

  /** Undefined where nobody looked at whose it is the last time. */
  isOurs(booking: string): boolean | undefined {
    return this.#isOurs.get(booking);
  }

  /** Resolves with those that were given back. Throws a PlacementError where it would meet all of them. */
  async of(
    waiting: readonly Waiting[],
    { here, ask }: Where,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    this.#refusals.clear();
    this.#isOurs.clear();
    const given = new Set<string>();
    for (const each of waiting) {
      const { booking } = each;
      const isTried = given.has(booking) || this.#refusals.has(booking);
      if (isTried || !this.#options.isOverdue(each)) continue;
      const what = `consumer ${booking}`;
      const work = (): Promise<boolean> => this.#isGivenBack(each, here, signal);
      const attempt = { what, ask, work, mayBeOfOne: "unauthorized" } as const;
      if (await this.#refusals.attempt(booking, attempt)) given.add(booking);
    }
    return given;
  }

  /** False where it is not vgpud's to give back, or not any more. */
  async #isGivenBack(each: Waiting, here: Where["here"], signal: AbortSignal): Promise<boolean> {
    const { booking } = each;
    const { api, isOverdue, onGivenBack } = this.#options;
    const allocation = await api.allocation(booking, signal);
    const isOurs = allocation.consumerType === CONSUMER_TYPE;
    this.#isOurs.set(booking, isOurs);
    if (!isOurs || [...allocation.byProvider.keys()].some((provider) => !here.has(provider))) return false;
    // Much may have happened since the books were read.
    if (!isOverdue(each)) return false;
    try {
      await api.releaseUnchanged(booking, allocation, signal);
    } catch (error) {
      if (error instanceof PlacementError && OVERTAKEN.has(error.kind)) return false;
      throw error;
    }
    onGivenBack(booking);
    this.#tell(each, allocation, here);
    return true;
  }

  #tell({ booking, since }: Waiting, { byProvider }: Allocation, here: Where["here"]): void {
    const { clock, onCarriedOut } = this.#options;
    const booked: Record<string, Resources> = {};
    for (const [provider, amounts] of byProvider) booked[here.get(provider) ?? provider] = amounts;
    onCarriedOut?.({
      ...{ order: "give-back", what: `consumer ${booking}`, booked },
      withoutDomainSeconds: Math.round((clock.now() - since) / 1000),
    });
  }
}
