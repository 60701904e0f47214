// The view as clients see it, object by object, and the changes that led to it, numbered and bounded. Pure.
import { WatchEventType, WatchResponse } from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { encodeToken } from "./resume-token.ts";

export type WatchObject = NonNullable<WatchResponse["object"]>;
export type Kind = WatchObject["$case"];

/** An object that is in the view, made when it may have changed. */
export interface Thing {
  readonly kind: Kind;
  /** Unique among its kind. */
  readonly key: string;
  /** While these are identical, so is what `make` gives. */
  readonly basis: readonly unknown[];
  readonly make: () => WatchObject;
}

/** An object as the last view had it. */
export interface Known {
  readonly kind: Kind;
  readonly object: WatchObject;
  readonly basis: readonly unknown[];
  /** What is compared: the object on the wire. */
  readonly shape: Buffer;
  /** Of its last change. */
  readonly revision: number;
  /** When that was seen, milliseconds since the epoch. */
  readonly at: number;
}

/** One change as it goes over the wire, encoded once for all who watch. */
interface Change {
  readonly kind: Kind;
  readonly bytes: Buffer;
}

export interface HistoryOptions {
  /** Names the run of the agent. */
  readonly epoch: string;
  /** How many changes are remembered, and of how many bytes together. */
  readonly maxChanges: number;
  readonly maxBytes: number;
}

type View = ReadonlyMap<string, Known>;
type EventType = (typeof WatchEventType)[keyof typeof WatchEventType];

export class History {
  readonly #options: HistoryOptions;
  #view: View = new Map();
  /** By revision, without a gap, up to the present one. */
  readonly #changes = new Map<number, Change>();
  /** By the shape of the object. */
  readonly #snapshots = new WeakMap<Buffer, Buffer>();
  #bytes = 0;
  #revision = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Of the last change; 1 for the first view, 0 before it. */
  get revision(): number {
    return this.#revision;
  }

  /** Of what is remembered. */
  get size(): { readonly changes: number; readonly bytes: number } {
    return { changes: this.#changes.size, bytes: this.#bytes };
  }

  /** Whether all that happened after this revision is remembered. */
  reaches(revision: number): boolean {
    return revision > 0 && revision <= this.#revision && this.#revision - revision <= this.#changes.size;
  }

  /** The change after this revision. */
  after(revision: number): Change | undefined {
    return this.#changes.get(revision + 1);
  }

  /** The present objects, in the order of the last view. */
  objects(): Known[] {
    return [...this.#view.values()];
  }

  /** An object of `objects` as it goes over the wire at the beginning of a watch. */
  snapshotOf(known: Known): Buffer {
    const { object, shape, revision, at } = known;
    const kept = this.#snapshots.get(shape);
    if (kept) return kept;
    const bytes = encode({ type: WatchEventType.SNAPSHOT, resumeToken: "", revision, at, object });
    this.#snapshots.set(shape, bytes);
    return bytes;
  }

  /** An item without an object. */
  markOf(type: EventType, revision: number, at: number): Buffer {
    return encode({ type, resumeToken: this.#token(revision), revision, at, object: undefined });
  }

  /** The token of the present view. */
  token(): string {
    return this.#token(this.#revision);
  }

  /**
   * Takes a view in; each difference from the one before is a change. What went comes first, the last kinds first, so that
   * a name or a holder that moved on is free before it is taken again. The first view is where all begins, and no change.
   */
  take(things: Iterable<Thing>, at: number): void {
    const before = this.#view;
    const view = new Map<string, Known>();
    const changed: string[] = [];
    for (const thing of things) {
      const id = `${thing.kind} ${thing.key}`;
      const was = before.get(id);
      const now = refreshed(was, thing);
      view.set(id, now);
      if (now.shape !== was?.shape) changed.push(id);
    }
    const first = this.#revision === 0;
    if (first) this.#revision = 1;
    const gone = first ? [] : [...before].filter(([id]) => !view.has(id)).reverse();
    for (const [, known] of gone) this.#append(WatchEventType.DELETED, known, at);
    for (const id of changed) {
      const known = view.get(id);
      if (!known) continue;
      const type = before.has(id) ? WatchEventType.MODIFIED : WatchEventType.ADDED;
      if (!first) this.#append(type, known, at);
      view.set(id, { ...known, revision: this.#revision, at });
    }
    this.#view = view;
  }

  #append(type: EventType, { kind, object }: Known, at: number): void {
    this.#revision += 1;
    const revision = this.#revision;
    const bytes = encode({ type, resumeToken: this.#token(revision), revision, at, object });
    this.#changes.set(revision, { kind, bytes });
    this.#bytes += bytes.length;
    for (const [oldest, { bytes: forgotten }] of this.#changes) {
      if (this.#changes.size <= this.#options.maxChanges && this.#bytes <= this.#options.maxBytes) break;
      this.#changes.delete(oldest);
      this.#bytes -= forgotten.length;
    }
  }

  #token(revision: number): string {
    return encodeToken({ epoch: this.#options.epoch, revision });
  }
}

/** The shape that it had is kept while it looks the same, so that shapes are compared once and then by identity. */
function refreshed(was: Known | undefined, { kind, basis, make }: Thing): Known {
  if (was && isSame(was.basis, basis)) return was;
  const object = make();
  const shape = wireOf({ ...EMPTY, object });
  if (was?.shape.equals(shape)) return { ...was, basis };
  return { kind, object, basis, shape, revision: 0, at: 0 };
}

const EMPTY = WatchResponse.create();

interface Item {
  readonly type: EventType;
  readonly resumeToken: string;
  readonly revision: number;
  readonly at: number;
  readonly object: WatchObject | undefined;
}

function encode({ type, resumeToken, revision, at, object }: Item): Buffer {
  const shown = object && numbered(object, revision);
  const observeTime = new Date(at);
  return wireOf({ type, resumeToken, revision: BigInt(revision), observeTime, object: shown });
}

/** A copy would lie in the pool of Node.js, and each that is remembered would keep a pool of others in memory with it. */
function wireOf(response: WatchResponse): Buffer {
  const { buffer, byteOffset, byteLength } = WatchResponse.encode(response).finish();
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The host says of which revision it is, which is no change of the host. */
function numbered(object: WatchObject, revision: number): WatchObject {
  if (object.$case !== "host") return object;
  return { $case: "host", value: { ...object.value, revision: BigInt(revision) } };
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
