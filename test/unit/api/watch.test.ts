// What a watch tells: the view, and then each difference, whoever reads how fast and however often it comes back.
import assert from "node:assert/strict";
import fc from "fast-check";
import { History, type Thing, type WatchObject } from "../../../agent/api/watch/history.ts";
import { decodeToken, encodeToken } from "../../../agent/api/watch/resume-token.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import { WatchEventType as Type, type WatchResponse } from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { EPOCH, ReadingClient, WatchedView } from "./watched-view.ts";

const told = ({ type, object }: WatchResponse): string =>
  [type.replace("WATCH_EVENT_TYPE_", ""), object && "name" in object.value ? object.value.name : ""]
    .join(" ")
    .trim();
const toldTo = ({ items }: ReadingClient): string[] => items.map(told);
const never = { wake: () => undefined, end: () => undefined };
const reasonOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return error instanceof AgentError ? error.reason : String(error);
  }
  return "none";
};

describe("a watch", () => {
  it("begins with what there is, says when that is whole, and goes on with what changes", () => {
    const view = new WatchedView();
    view.domain("web", 512);
    const client = new ReadingClient(view);
    client.read();
    view.domain("web", 1024);
    view.domain("db", 512);
    view.changes.token();
    client.read();
    view.domain("web", undefined);
    view.changes.token();
    client.read();
    assert.deepEqual(toldTo(client), ["SNAPSHOT web", "SYNCED", "MODIFIED web", "ADDED db", "DELETED web"]);
    const [snapshot, ...rest] = client.items;
    assert.equal(snapshot?.resumeToken, "");
    assert.deepEqual(
      rest.map(({ revision, resumeToken }) => [revision, decodeToken(resumeToken)?.revision]),
      [
        [1n, 1],
        [2n, 2],
        [3n, 3],
        [4n, 4],
      ],
    );
    const last = client.items.at(-1)?.object;
    assert.ok(last?.$case === "domain");
    assert.equal(last.value.memoryMib, 1024);
  });

  it("tells nothing of what looks the same again", () => {
    const view = new WatchedView();
    view.domain("web", 512);
    const client = new ReadingClient(view);
    client.read();
    view.touch();
    view.domain("web", 512);
    view.changes.token();
    client.read();
    assert.deepEqual(toldTo(client), ["SNAPSHOT web", "SYNCED"]);
    assert.equal(client.wakes, 0);
  });

  it("ends with the reason when the view cannot be put together, and can be begun again", async () => {
    const view = new WatchedView();
    const client = new ReadingClient(view);
    client.read();
    view.broken = new AgentError("INTERNAL", "a view that cannot be shown");
    view.domain("web", 512);
    await view.clock.advance(1_500);
    assert.deepEqual([client.ends, view.watches], [["INTERNAL"], 0]);
    view.broken = undefined;
    client.read();
    view.domain("db", 512);
    await view.clock.advance(1_500);
    client.read();
    assert.deepEqual(toldTo(client).slice(-3), ["SNAPSHOT web", "SYNCED", "ADDED db"]);
    view.stop.abort();
  });

  it("goes on behind the token of a list, with nothing in between lost or told twice", () => {
    const view = new WatchedView();
    view.domain("web", 512);
    const client = new ReadingClient(view);
    view.domain("db", 512);
    client.token = view.changes.token();
    view.domain("web", undefined);
    client.read();
    assert.deepEqual(toldTo(client), ["SYNCED", "DELETED web"]);
  });

  it("tells of the kinds that were asked for, and gives a token when many others have passed", () => {
    const view = new WatchedView();
    view.domain("web", 512);
    const client = new ReadingClient(view);
    client.open(new Set(["domain"]));
    for (let size = 0; size < 600; size += 1) {
      view.vgpu("one", `type-${size}`);
      view.changes.token();
    }
    client.read();
    assert.deepEqual(toldTo(client), ["SNAPSHOT web", "SYNCED", "BOOKMARK"]);
    assert.equal(decodeToken(client.token)?.revision, view.changes.revision);
  });

  it("says that it lives when there is nothing to say", async () => {
    const view = new WatchedView();
    const client = new ReadingClient(view);
    client.read();
    await view.clock.advance(29_000);
    client.read();
    assert.deepEqual(toldTo(client), ["SYNCED"]);
    await view.clock.advance(1_500);
    assert.equal(client.wakes, 1);
    client.read();
    assert.deepEqual(toldTo(client), ["SYNCED", "BOOKMARK"]);
    view.stop.abort();
  });

  it("is ended when what it has not read is forgotten, and no other is", () => {
    const view = new WatchedView({ watchChanges: 10 });
    const [slow, quick] = [new ReadingClient(view), new ReadingClient(view)];
    slow.read();
    quick.read();
    for (let size = 1; size <= 11; size += 1) {
      view.domain("web", size);
      view.changes.token();
      quick.read();
    }
    assert.deepEqual([slow.ends, quick.ends], [["WATCH_TOO_SLOW"], []]);
    assert.equal(quick.items.length, 12);
    slow.read();
    assert.deepEqual(toldTo(slow), ["SYNCED", "SNAPSHOT web", "SYNCED"]);
  });

  it("forgets by bytes, too", () => {
    const view = new WatchedView({ watchHistoryBytes: 2_000 });
    const client = new ReadingClient(view);
    client.read();
    for (let size = 1; size <= 3; size += 1) {
      view.vgpu("one", "x".repeat(900) + String(size));
      view.changes.token();
    }
    assert.deepEqual(client.ends, ["WATCH_TOO_SLOW"]);
  });

  it("does not go on from a token that is too old, of another run, or none", () => {
    const view = new WatchedView({ watchChanges: 2 });
    view.domain("web", 1);
    const old = view.changes.token();
    for (let size = 2; size <= 4; size += 1) {
      view.domain("web", size);
      view.changes.token();
    }
    const watch = (resumeToken: string) => () => view.changes.watch({ resumeToken, kinds: undefined }, never);
    const other = encodeToken({ epoch: EPOCH.replace("1", "2"), revision: 1 });
    assert.equal(reasonOf(watch(old)), "RESUME_TOO_OLD");
    assert.equal(reasonOf(watch(other)), "RESUME_OTHER_EPOCH");
    assert.equal(reasonOf(watch(encodeToken({ epoch: EPOCH, revision: 5 }))), "FIELD_INVALID");
    for (const token of ["x", `${old}=`, Buffer.from(`${EPOCH}:01`).toString("base64url"), "\u00e4"])
      assert.equal(reasonOf(watch(token)), "FIELD_INVALID", token);
    assert.equal(reasonOf(watch(view.changes.token())), "none");
  });

  it("costs nothing while nobody watches, and is followed for a while after the last has gone", async () => {
    const view = new WatchedView({ watchMemoryMs: 5_000 });
    view.touch();
    view.changes.ring();
    await view.clock.advance(2_000);
    assert.deepEqual([view.looks, view.clock.sleepers], [0, 0]);
    const client = new ReadingClient(view);
    client.read();
    assert.equal(view.watches, 1);
    client.disconnect();
    assert.equal(view.watches, 0);
    for (const size of [1, 2]) {
      view.domain("web", size);
      view.changes.ring();
      await view.clock.advance(100);
    }
    await view.clock.advance(6_000);
    assert.equal(view.clock.sleepers, 0);
    for (const size of [3, 4]) {
      view.domain("web", size);
      view.changes.ring();
      await view.clock.advance(100);
    }
    client.read();
    // What happened when nobody followed any more is told by what it came to.
    assert.deepEqual(toldTo(client), ["SYNCED", "SYNCED", "ADDED web", "MODIFIED web", "MODIFIED web"]);
    view.stop.abort();
  });

  it("hears of what was rung for at once, and of the rest at the next glance", async () => {
    const view = new WatchedView();
    const client = new ReadingClient(view);
    client.read();
    await view.clock.advance(100);
    view.domain("web", 1);
    view.changes.ring();
    await view.clock.rest();
    assert.equal(client.wakes, 1);
    view.domain("web", 2);
    await view.clock.advance(521);
    assert.equal(client.wakes, 2);
    view.stop.abort();
  });
});

describe("the history of changes", () => {
  it("holds on to the memory that it counts, and to no pool of others", () => {
    const history = new History({ epoch: EPOCH, maxChanges: 20, maxBytes: 4_000 });
    for (const name of ["one", "two"]) {
      const value = Domain.fromPartial({ uuid: "1", name });
      const make = (): WatchObject => ({ $case: "domain", value });
      history.take([{ kind: "domain", key: "1", basis: [{}], make }], 0);
    }
    const bytes = history.after(history.revision - 1)?.bytes;
    assert.ok(bytes && bytes.length > 0);
    assert.equal(bytes.buffer.byteLength, bytes.length);
  });

  it("never remembers more than it may, and always the last that fit", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(400), { maxLength: 8 }), { maxLength: 40 }), (views) => {
        const history = new History({ epoch: EPOCH, maxChanges: 20, maxBytes: 4_000 });
        for (const sizes of views) {
          const things = sizes.map((size, index): Thing => {
            const value = Domain.fromPartial({ uuid: String(index), name: "x".repeat(size) });
            const make = (): WatchObject => ({ $case: "domain", value });
            return { kind: "domain", key: String(index), basis: [{}], make };
          });
          history.take(things, 0);
          const { changes, bytes } = history.size;
          assert.ok(changes <= 20 && bytes <= 4_000);
          const remembered = Array.from({ length: changes }, (_, back) =>
            history.after(history.revision - back - 1),
          );
          assert.equal(
            remembered.reduce((sum, change) => sum + (change?.bytes.length ?? NaN), 0),
            bytes,
          );
          assert.equal(history.after(history.revision - changes - 1), undefined);
          assert.equal(history.reaches(history.revision - changes), history.revision > 0);
        }
      }),
    );
  });
});

/** Something that happens: the view changes, or a client reads, leaves or comes back. */
const happening = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: fc.nat(5), size: fc.option(fc.nat(3), { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ reads: fc.nat(2), most: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ leaves: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant("sync" as const) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function play(
  happenings: readonly Happening[],
  watchChanges: number,
): readonly [WatchedView, ReadingClient[]] {
  const view = new WatchedView({ watchChanges });
  const clients = [0, 1, 2].map(() => new ReadingClient(view));
  for (const client of clients) client.read();
  for (const one of happenings) {
    if (one === "sync") view.changes.token();
    else if ("put" in one) view.domain(`d${one.put}`, one.size);
    else if ("reads" in one) clients[one.reads]?.read(one.most);
    else clients[one.leaves]?.disconnect();
  }
  view.changes.token();
  for (const client of clients) client.read();
  view.stop.abort();
  return [view, clients];
}

describe("whatever happens, and whoever leaves and comes back", () => {
  it("a client that has read all has what the server has, however little is remembered", () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 120 }),
        fc.integer({ min: 1, max: 8 }),
        (all, remembered) => {
          const [view, clients] = play(all, remembered);
          for (const client of clients) assert.deepEqual(sorted(client.state), sorted(view.state));
        },
      ),
      { numRuns: 400 },
    );
  });

  it("every client hears each change once and in order while all is remembered", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 120 }), (all) => {
        const [view, clients] = play(all, 1_000);
        const revisions = Array.from({ length: view.changes.revision - 1 }, (_, index) => index + 2);
        for (const { items, ends } of clients) {
          const changes = items.filter(({ type }) => type !== Type.SNAPSHOT && type !== Type.SYNCED);
          assert.deepEqual([changes.map(({ revision }) => Number(revision)), ends], [revisions, []]);
        }
      }),
      { numRuns: 400 },
    );
  });
});

function sorted<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
