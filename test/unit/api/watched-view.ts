// A view that a test changes, followed by the shipped code, and clients of it that read as they like.
import { Changes } from "../../../agent/api/watch/changes.ts";
import type { Kind, Thing, WatchObject } from "../../../agent/api/watch/history.ts";
import type { Watcher } from "../../../agent/api/watch/watcher.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { WatchEventType, WatchResponse } from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { FakeClock } from "../../fakes/clock.ts";

export const EPOCH = "00000000-0000-4000-8000-000000000001";
const LIMITS = { watchChanges: 1_000, watchHistoryBytes: 1e6, bookmarkMs: 30_000, watchMemoryMs: 600_000 };

export class WatchedView {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly changes: Changes;
  readonly #objects = new Map<string, WatchObject>();
  /** How often the view was put together. */
  looks = 0;
  /** That are open. */
  watches = 0;
  /** The view cannot be put together. */
  broken: AgentError | undefined;
  #version = 0;

  constructor(limits: Partial<typeof LIMITS> = {}, epoch = EPOCH) {
    this.changes = new Changes({
      things: () => this.#things(),
      basis: () => [this.#version],
      ...{ epoch, clock: this.clock, stop: this.stop.signal, limits: { ...LIMITS, ...limits } },
      onWatches: (count) => {
        this.watches = count;
      },
    });
  }

  /** Undefined: it goes. Nobody is told of it yet. */
  domain(name: string, memoryMib: number | undefined): void {
    this.#put("domain", name, memoryMib, () => Domain.fromPartial({ uuid: name, name, memoryMib }));
  }

  vgpu(vgpuId: string, type: string): void {
    this.#put("vgpu", vgpuId, type, () => Vgpu.fromPartial({ vgpuId, type }));
  }

  /** What is compared anew, and looks the same. */
  touch(): void {
    this.#version += 1;
  }

  get state(): ReadonlyMap<string, WatchObject> {
    return this.#objects;
  }

  #put(kind: Kind, key: string, value: unknown, make: () => WatchObject["value"]): void {
    this.#version += 1;
    if (value === undefined) this.#objects.delete(`${kind} ${key}`);
    else this.#objects.set(`${kind} ${key}`, { $case: kind, value: make() } as WatchObject);
  }

  #things(): Thing[] {
    this.looks += 1;
    if (this.broken) throw this.broken;
    return [...this.#objects].map(([id, object]) => {
      const [kind, key = ""] = id.split(" ");
      return { kind: kind as Kind, key, basis: [{}], make: () => object };
    });
  }
}

/** Reads when it is told to, and keeps what it is told as a client would. */
export class ReadingClient {
  readonly view: WatchedView;
  readonly items: WatchResponse[] = [];
  readonly state = new Map<string, WatchObject>();
  /** Why watches of it ended. */
  readonly ends: string[] = [];
  token = "";
  wakes = 0;
  #watcher: Watcher | undefined;

  constructor(view: WatchedView) {
    this.view = view;
  }

  /** With the last token, or anew where that does not go on. */
  open(kinds?: ReadonlySet<Kind>): void {
    try {
      const wake = (): void => {
        this.wakes += 1;
      };
      const end = (why: AgentError): void => {
        this.ends.push(why.reason);
        this.token = "";
        this.disconnect();
      };
      this.#watcher = this.view.changes.watch({ resumeToken: this.token, kinds }, { wake, end });
      if (this.token === "") this.state.clear();
    } catch (error) {
      if (!(error instanceof AgentError) || this.token === "") throw error;
      this.ends.push(error.reason);
      this.token = "";
      this.open(kinds);
    }
  }

  disconnect(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** As many items as there are, up to a number. */
  read(most = Infinity): void {
    if (!this.#watcher) this.open();
    for (let count = 0; count < most; count += 1) {
      const bytes = this.#watcher?.next();
      if (!bytes) return;
      this.#take(WatchResponse.decode(bytes));
    }
  }

  #take(item: WatchResponse): void {
    this.items.push(item);
    if (item.resumeToken !== "") this.token = item.resumeToken;
    const { object, type } = item;
    if (!object) return;
    const id = `${object.$case} ${object.$case === "domain" ? object.value.uuid : (object as { value: Vgpu }).value.vgpuId}`;
    if (type === WatchEventType.DELETED) this.state.delete(id);
    else this.state.set(id, object);
  }
}
