// The client's copy of what is watched: tells of each object how it was and how it is, also over a stream that had to begin
// anew. Pure.
import { WatchEventType, WatchResponse } from "../../../proto/gen/vgpud/v1/watch_service.ts";

export type WatchObject = NonNullable<WatchResponse["object"]>;

export interface Told {
  readonly what: "snapshot" | "added" | "modified" | "deleted";
  /** As it is; of one that was deleted, as it was last. */
  readonly object: WatchObject;
  /** Undefined for one that was not known. */
  readonly before: WatchObject | undefined;
  readonly at: Date | undefined;
}

type Objects = Map<string, WatchObject>;

export class Mirror {
  #objects: Objects = new Map();
  /** What the stream began with, until it is whole. */
  #snapshot: Objects | undefined;
  #synced = false;

  /** A stream begins; `anew`: with a snapshot, in the place of all that is known. */
  begin(anew: boolean): void {
    this.#snapshot = anew ? new Map() : undefined;
  }

  take({ type, object, observeTime: at }: WatchResponse): readonly Told[] {
    if (type === WatchEventType.SYNCED) return this.#sync(at);
    if (object === undefined) return [];
    const key = keyOf(object);
    if (type === WatchEventType.SNAPSHOT) {
      this.#snapshot?.set(key, object);
      return [];
    }
    const before = this.#objects.get(key);
    if (type === WatchEventType.DELETED) {
      this.#objects.delete(key);
      return [{ what: "deleted", object, before, at }];
    }
    this.#objects.set(key, object);
    return [{ what: before === undefined ? "added" : "modified", object, before, at }];
  }

  #sync(at: Date | undefined): readonly Told[] {
    const [before, now, first] = [this.#objects, this.#snapshot, !this.#synced];
    this.#synced = true;
    this.#snapshot = undefined;
    if (now === undefined) return [];
    this.#objects = now;
    if (first)
      return [...now.values()].map((object) => ({ what: "snapshot", object, before: undefined, at }));
    return differences(before, now, at);
  }
}

function differences(before: Objects, now: Objects, at: Date | undefined): readonly Told[] {
  const gone = [...before].filter(([key]) => !now.has(key));
  const changed = [...now].flatMap(([key, object]): Told[] => {
    const was = before.get(key);
    if (was === undefined) return [{ what: "added", object, before: was, at }];
    return shape(was).equals(shape(object)) ? [] : [{ what: "modified", object, before: was, at }];
  });
  return [...gone.map(([, object]): Told => ({ what: "deleted", object, before: object, at })), ...changed];
}

function shape(object: WatchObject): Buffer {
  return Buffer.from(WatchResponse.encode({ ...WatchResponse.create(), object }).finish());
}

/** Unique among all objects of a host. */
export function keyOf({ $case: kind, value }: WatchObject): string {
  switch (kind) {
    case "host":
      return kind;
    case "gpu":
      return `${kind} ${value.pciAddress}`;
    case "vgpu":
      return `${kind} ${value.vgpuId}`;
    case "domain":
      return `${kind} ${value.uuid}`;
    case "reservation":
      return `${kind} ${value.claimId}`;
    case "operation":
      return `${kind} ${value.name}`;
  }
}
