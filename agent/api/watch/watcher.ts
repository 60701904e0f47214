// One watch: a place in the history, moved on as its client reads. Nothing is queued for it.
import { WatchEventType } from "../../../proto/gen/vgpud/v1/watch_service.ts";
import type { Clock } from "../../core/clock.ts";
import { AgentError } from "../../core/errors.ts";
import type { History, Kind, Known } from "./history.ts";

/** Who reads the watch. */
export interface Reader {
  /** There is something to read. */
  readonly wake: () => void;
  /** There is nothing to read any more, whatever the reader has not read yet. */
  readonly end: (why: AgentError) => void;
}

export interface WatcherOptions {
  readonly history: History;
  /** Undefined: all. */
  readonly kinds: ReadonlySet<Kind> | undefined;
  readonly reader: Reader;
  readonly clock: Pick<Clock, "now" | "wall">;
  /** How long a client hears nothing. */
  readonly bookmarkMs: number;
  /** The revision after which it goes on; undefined: it begins with a snapshot. */
  readonly from: number | undefined;
  readonly onClose: () => void;
}

/** Of changes that a client does not want, before it is given a token that is behind them. */
const SKIPPED_BEFORE_BOOKMARK = 500;

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #snapshot: Iterator<Known>;
  /** All changes up to this revision have been read, or are not wanted. */
  #place: number;
  /** The latest revision that the client has a token of. */
  #told: number;
  #synced = false;
  /** By the clock that never steps back. */
  #readAt: number;

  constructor(options: WatcherOptions) {
    const { history, kinds, from, clock } = options;
    this.#options = options;
    const objects = from === undefined ? history.objects() : [];
    const wanted = objects.filter(({ kind }) => kinds?.has(kind) ?? true);
    this.#snapshot = wanted.values();
    this.#place = from ?? history.revision;
    this.#told = this.#place;
    this.#readAt = clock.now();
  }

  /** The next item on the wire; undefined when there is none for now. */
  next(): Buffer | undefined {
    const item = this.#item();
    if (item) this.#readAt = this.#options.clock.now();
    return item;
  }

  /** The history went on. */
  moved(): void {
    const { history, reader } = this.#options;
    if (history.reaches(this.#place)) reader.wake();
    else reader.end(tooSlow(this.#place, history.revision));
  }

  /** Some time has passed. */
  glance(): void {
    if (this.#isLongUnread()) this.#options.reader.wake();
  }

  /** There will be no more changes. */
  fail(why: AgentError): void {
    this.#options.reader.end(why);
  }

  close(): void {
    this.#options.onClose();
  }

  #item(): Buffer | undefined {
    const { history, kinds } = this.#options;
    const next = this.#snapshot.next();
    if (next.done !== true) return history.snapshotOf(next.value);
    if (!this.#synced) {
      this.#synced = true;
      return this.#mark(WatchEventType.SYNCED);
    }
    for (let change = history.after(this.#place); change; change = history.after(this.#place)) {
      this.#place += 1;
      if (!(kinds?.has(change.kind) ?? true)) continue;
      this.#told = this.#place;
      return change.bytes;
    }
    const passed = this.#place - this.#told >= SKIPPED_BEFORE_BOOKMARK;
    return passed || this.#isLongUnread() ? this.#mark(WatchEventType.BOOKMARK) : undefined;
  }

  #mark(type: Parameters<History["markOf"]>[0]): Buffer {
    this.#told = this.#place;
    return this.#options.history.markOf(type, this.#place, this.#options.clock.wall());
  }

  #isLongUnread(): boolean {
    const { clock, bookmarkMs } = this.#options;
    return this.#synced && clock.now() - this.#readAt >= bookmarkMs;
  }
}

function tooSlow(place: number, revision: number): AgentError {
  const message =
    `the client has read up to revision ${place} of ${revision}, and what came next is not remembered any more: ` +
    "watch anew, without a resume token, and read faster";
  return new AgentError("WATCH_TOO_SLOW", message, { details: { read_revision: place, revision } });
}
