// Follows the view for those who watch: one comparison for all of them, soon after something changed, and none while nobody
// watches. Each watch reads the history at its own pace; what it has not read when it is forgotten ends it.
import { Alarm } from "../../core/alarm.ts";
import type { Clock } from "../../core/clock.ts";
import { AgentError } from "../../core/errors.ts";
import { History, type Kind, type Thing } from "./history.ts";
import { decodeToken } from "./resume-token.ts";
import { Watcher, type Reader } from "./watcher.ts";

export interface ChangesOptions {
  /** The objects of the view; throws STARTING before the first look. */
  readonly things: () => readonly Thing[];
  /** While these are identical, so are the objects. */
  readonly basis: () => readonly unknown[];
  /** Names the run of the agent. */
  readonly epoch: string;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly limits: ChangesLimits;
  /** Told how many watches are open, whenever that changes. */
  readonly onWatches: (count: number) => void;
}

export interface ChangesLimits {
  readonly watchChanges: number;
  readonly watchHistoryBytes: number;
  readonly bookmarkMs: number;
  readonly watchMemoryMs: number;
}

/** What nobody rings for, as an answer of libvirt about itself, is seen after this. */
const GLANCE_MS = 500;
/** Between two comparisons, at least: the writes that one step makes to the ledger are told together. */
const GAP_MS = 10;
/** Of the time that a comparison took, before the next: however large the host, watching takes a fifth of a core at most. */
const GAP_SHARE = 4;

export interface Wanted {
  /** Empty: begin with a snapshot. */
  readonly resumeToken: string;
  /** Undefined: all. */
  readonly kinds: ReadonlySet<Kind> | undefined;
}

export class Changes {
  readonly #options: ChangesOptions;
  readonly #history: History;
  readonly #alarm: Alarm;
  readonly #watchers = new Set<Watcher>();
  #basis: readonly unknown[] = [];
  #following = false;
  /** By the clock that never steps back: after the last watch has ended, its client may come back. */
  #followUntil = -Infinity;

  constructor(options: ChangesOptions) {
    const { epoch, clock, stop, limits } = options;
    this.#options = options;
    this.#alarm = new Alarm(clock, stop);
    this.#history = new History({
      epoch,
      maxChanges: limits.watchChanges,
      maxBytes: limits.watchHistoryBytes,
    });
  }

  /** Of the view as it is now. */
  get revision(): number {
    this.#sync();
    return this.#history.revision;
  }

  /** From where a watch goes on behind an answer that is made now. */
  token(): string {
    this.#sync();
    return this.#history.token();
  }

  /** Something of the view may have changed. */
  ring(): void {
    if (this.#following) this.#alarm.ring();
  }

  /** @throws AgentError when the token is none, or there is no going on from it */
  watch({ resumeToken, kinds }: Wanted, reader: Reader): Watcher {
    const { clock, limits, onWatches } = this.#options;
    this.#sync();
    const watcher = new Watcher({
      ...{ history: this.#history, kinds, reader, clock, bookmarkMs: limits.bookmarkMs },
      from: resumeToken === "" ? undefined : this.#placeOf(resumeToken),
      onClose: () => {
        this.#watchers.delete(watcher);
        this.#followUntil = clock.now() + limits.watchMemoryMs;
        onWatches(this.#watchers.size);
      },
    });
    this.#watchers.add(watcher);
    onWatches(this.#watchers.size);
    if (!this.#following) void this.#follow().catch(this.#fail);
    return watcher;
  }

  #placeOf(token: string): number {
    const place = decodeToken(token);
    const { epoch } = this.#options;
    if (place?.epoch !== undefined && place.epoch !== epoch)
      throw new AgentError(
        "RESUME_OTHER_EPOCH",
        "vgpud was started anew since that resume token: watch without one",
        { details: { epoch, token_epoch: place.epoch } },
      );
    if (!place || place.revision > this.#history.revision)
      throw new AgentError("FIELD_INVALID", "resume_token is none that vgpud gave", {
        field: "resume_token",
        details: { field: "resume_token" },
      });
    const { revision } = place;
    if (this.#history.reaches(revision)) return revision;
    throw new AgentError(
      "RESUME_TOO_OLD",
      `what happened since revision ${revision} is not remembered any more: watch without a resume token`,
      { details: { token_revision: revision, revision: this.#history.revision } },
    );
  }

  async #follow(): Promise<void> {
    const { clock, stop } = this.#options;
    this.#following = true;
    try {
      while (!stop.aborted && (this.#watchers.size > 0 || clock.now() < this.#followUntil)) {
        const { rings } = this.#alarm;
        const begun = clock.now();
        this.#sync();
        for (const watcher of this.#watchers) watcher.glance();
        const gapMs = Math.max(GAP_MS, GAP_SHARE * (clock.now() - begun));
        await clock.sleep(gapMs, stop).catch(() => undefined);
        await this.#alarm.sleep(GLANCE_MS, rings);
      }
    } finally {
      this.#following = false;
    }
  }

  /** What cannot be compared cannot be told: each watch hears why, instead of waiting for changes that never come. */
  readonly #fail = (error: unknown): void => {
    for (const watcher of [...this.#watchers]) watcher.fail(AgentError.from(error));
  };

  /** Costs nothing while the view is made from the same. */
  #sync(): void {
    const { things, basis, clock } = this.#options;
    const now = basis();
    if (now.length === this.#basis.length && now.every((part, index) => part === this.#basis[index])) return;
    const before = this.#history.revision;
    this.#history.take(things(), clock.wall());
    this.#basis = now;
    if (this.#history.revision !== before) for (const watcher of [...this.#watchers]) watcher.moved();
  }
}
