// One loop: look, rebuild what the ledger lost, start a drive for every claim that is not where it should be.
// Triggers coalesce; a slow resync makes every missed event harmless (law 1).
import { Alarm } from "../core/alarm.ts";
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { Pulse } from "../core/pulse.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Claim, DomainClaim } from "./claim.ts";
import type { Driver } from "./driver.ts";
import type { Ledger } from "./ledger.ts";
import { plan } from "./plan.ts";
import { claimsToRebuild } from "./rebuild.ts";

export interface ReconcilerOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly newOperationId: () => string;
  /** Asked before each pause. */
  readonly resyncMs: () => number;
  /** The resync while a claim is on its way, or libvirt's facts are missing. */
  readonly busyResyncMs: number;
  /** From an event to the round that it asks for: what comes meanwhile is seen by the same look. */
  readonly settleMs: number;
  /** How long a tombstone keeps a late retry from raising the dead; at least a day. */
  readonly tombstoneMs: Readonly<Record<Claim["kind"], number>>;
  /** So many at most, the youngest. */
  readonly tombstonesKept: number;
  readonly onRebuilt: (claim: DomainClaim) => void;
  /** Told of every view, for what a GPU itself is to be. */
  readonly onLook: (inventory: Inventory) => void;
  /** Told by when the loop will be heard of again: a round has a limit, a pause its length. */
  readonly pulse?: Pulse;
  /** A round was completed. */
  readonly onRound?: () => void;
  /** Also called for the round that our own stop cuts off. */
  readonly onError: (error: unknown) => void;
}

/**
 * No round takes longer unless it is stuck. It waits for at most four looks one after the other (one under way, its own,
 * two to rebuild), each of them for libvirt's deadlines of 10 s; a libvirt that hangs is given up earlier.
 */
const ROUND_LIMIT_MS = 180_000;
/** A pause that ends so much too late was slept over. */
const PAUSE_SLACK_MS = 30_000;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #alarm: Alarm;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.stop);
    // The look may have been somebody else's, in the middle of a long pause: a daemon that hung and answers again tells
    // no event of it, so that nobody else would look.
    options.lookout.onBlinded(() => {
      this.#alarm.ring();
    });
  }

  /** Something changed. Many triggers before the next round cost one round. */
  trigger(): void {
    this.#options.driver.wake();
    this.#alarm.ring();
  }

  /** Until the stop. */
  async run(): Promise<void> {
    const { driver, lookout, clock, stop, pulse, onRound, onError } = this.#options;
    const { resyncMs, busyResyncMs, settleMs } = this.#options;
    while (!stop.aborted) {
      const { rings } = this.#alarm; // before the round: a trigger during it must not be lost
      pulse?.expect(ROUND_LIMIT_MS);
      try {
        await this.round();
        onRound?.();
      } catch (error) {
        onError(error);
      }
      const blind = lookout.current?.domains.known !== true;
      const pauseMs = driver.busy || blind ? busyResyncMs : resyncMs();
      pulse?.expect(pauseMs + PAUSE_SLACK_MS);
      await this.#alarm.sleep(pauseMs, rings);
      // The start of a domain alone is three events.
      if (this.#alarm.rings !== rings) await clock.sleep(settleMs, stop).catch(() => undefined);
    }
  }

  /** One look and what follows from it. */
  async round(): Promise<void> {
    const { ledger, lookout, clock, onLook } = this.#options;
    const inventory = await lookout.fresh();
    onLook(inventory);
    this.#lead(ledger.living(), inventory);
    await unlessUnwritable(async () => {
      this.#lead(await this.rebuild(inventory), inventory);
    });
    await unlessUnwritable(async () => {
      for (const { vgpuId } of this.#outlived(clock.wall(), inventory)) await ledger.erase(vgpuId);
    });
  }

  #lead(claims: readonly Claim[], inventory: Inventory): void {
    const { driver, clock } = this.#options;
    const wall = clock.wall();
    for (const claim of claims) if (plan(claim, inventory, wall).length > 0) driver.lead(claim.vgpuId);
  }

  /**
   * Tombstones whose time is over, and the oldest of too many: what callers do must not fill the memory or the disk. One
   * whose mark a domain still bears is kept: without it the domain would be taken for one that the ledger lost.
   */
  #outlived(wall: number, { domains }: Inventory): Claim[] {
    const { ledger, tombstoneMs, tombstonesKept } = this.#options;
    if (!domains.known) return [];
    const marked = new Set([...domains.value.values()].map(({ mark }) => mark?.vgpuId));
    const all = ledger.ended().filter(({ vgpuId }) => !marked.has(vgpuId));
    const old = all.filter(({ kind, updatedAt }) => wall - updatedAt > tombstoneMs[kind]);
    if (all.length - old.length <= tombstonesKept) return old;
    return all.sort((a, b) => b.updatedAt - a.updatedAt).slice(tombstonesKept);
  }

  /** Claims that the ledger lost, by the marks of domains in a view. */
  lost(inventory: Inventory): DomainClaim[] {
    const { ledger, newOperationId } = this.#options;
    return claimsToRebuild(ledger, inventory, newOperationId);
  }

  /**
   * Writes them down again, and answers with those that it did. A look that began before a failed create was undone and
   * forgotten still shows its domain, so what seems lost is looked for a second time: an erased claim's domain is no longer
   * there.
   */
  async rebuild(inventory: Inventory): Promise<readonly DomainClaim[]> {
    const { ledger, lookout, onRebuilt } = this.#options;
    const missed = new Set(this.lost(inventory).map(({ vgpuId }) => vgpuId));
    if (missed.size === 0) return [];
    const view = await lookout.fresh();
    const written: DomainClaim[] = [];
    for (const claim of this.lost(view).filter(({ vgpuId }) => missed.has(vgpuId))) {
      // While the one before was written, somebody else may have rebuilt this one, and have been asked something of it.
      if (!this.lost(view).some(({ vgpuId }) => vgpuId === claim.vgpuId)) continue;
      await ledger.put(claim);
      onRebuilt(claim);
      written.push(claim);
    }
    return written;
  }
}

/** A ledger that cannot be written says so itself, and keeps nothing else from being done. */
async function unlessUnwritable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (AgentError.from(error).reason !== "LEDGER_UNAVAILABLE") throw error;
  }
}
