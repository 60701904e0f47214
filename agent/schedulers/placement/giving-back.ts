// What vgpud's own tools have booked and no domain came for: it is given back where it is on this host alone.
import { CONSUMER_TYPE } from "../../core/placement-names.ts";
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import type { PlacementApi } from "../../placement/model.ts";
import type { Findings, Untold } from "../scheduler.ts";
import { Refusals, type Ask } from "./refusals.ts";

type Waiting = Pick<Findings["withoutDomain"][number], "booking" | "since">;

interface Where {
  /** The providers of this host. */
  readonly here: ReadonlySet<string>;
  readonly ask: Ask;
}

/** Somebody changed the booking, or took it back, since it was read. */
const OVERTAKEN: ReadonlySet<PlacementFailure> = new Set(["conflict", "not-found"]);

export class GivingBack {
  readonly #api: Pick<PlacementApi, "allocation" | "releaseUnchanged">;
  readonly #isOverdue: (waiting: Waiting) => boolean;
  /** By booking. */
  readonly #refusals = new Refusals<string>();

  /** `isOverdue`: whether one has now waited too long for its domain. */
  constructor(
    api: Pick<PlacementApi, "allocation" | "releaseUnchanged">,
    isOverdue: (waiting: Waiting) => boolean,
  ) {
    this.#api = api;
    this.#isOverdue = isOverdue;
  }

  /** Of the last time, those that Placement did not let go. */
  get untold(): readonly Untold[] {
    return this.#refusals.all.map((each) => ({ ...each, kind: "not-given-back" }));
  }

  /** Resolves with those that were given back. Throws a PlacementError where it would meet all of them. */
  async of(
    waiting: readonly Waiting[],
    { here, ask }: Where,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    this.#refusals.clear();
    const given = new Set<string>();
    for (const each of waiting) {
      const { booking } = each;
      const isTried = given.has(booking) || this.#refusals.has(booking);
      if (isTried || !this.#isOverdue(each)) continue;
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
    const allocation = await this.#api.allocation(booking, signal);
    const isOurs = allocation.consumerType === CONSUMER_TYPE;
    if (!isOurs || [...allocation.byProvider.keys()].some((provider) => !here.has(provider))) return false;
    // Much may have happened since the books were read.
    if (!this.#isOverdue(each)) return false;
    try {
      await this.#api.releaseUnchanged(booking, allocation, signal);
      return true;
    } catch (error) {
      if (error instanceof PlacementError && OVERTAKEN.has(error.kind)) return false;
      throw error;
    }
  }
}
