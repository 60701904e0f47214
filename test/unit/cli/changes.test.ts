// watch and events against a vgpud that tells what a test wants, goes, and comes back.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { Domain, DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { Operation, OperationKind, OperationState } from "../../../proto/gen/vgpud/v1/operation.ts";
import {
  ResourceKind,
  WatchEventType as Type,
  WatchRequest,
  WatchResponse,
} from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { FakeClock } from "../../fakes/clock.ts";
import * as facts from "./facts.ts";
import { fakeVgpud, type FakeVgpud } from "./fake-vgpud.ts";
import type { Refusal } from "./fake-refusal.ts";
import { matchesGolden, vgpuctl, type Ran } from "./vgpuctl.ts";

type EventType = (typeof Type)[keyof typeof Type];
type WatchObject = NonNullable<WatchResponse["object"]>;

let revision = 1;
function item(type: EventType, object?: WatchObject): WatchResponse {
  revision += 1;
  const resumeToken = type === Type.SNAPSHOT ? "" : `token-${revision}`;
  const observeTime = new Date("2026-03-01T12:03:11Z");
  return {
    ...WatchResponse.fromPartial({ type, resumeToken, observeTime }),
    revision: BigInt(revision),
    object,
  };
}

const web = (change: Parameters<typeof Domain.fromPartial>[0] = {}): WatchObject => ({
  $case: "domain",
  value: Domain.fromPartial({ ...facts.domain, name: "web", uuid: "u-1", ...change }),
});
const off = { state: DomainState.SHUT_OFF, claimState: ClaimState.STOPPED };
const operation = (state: OperationState): WatchObject => ({
  $case: "operation",
  value: Operation.fromPartial({
    ...{ name: "operations/1", kind: OperationKind.STOP_DOMAIN, domainName: "web", state },
  }),
});
const STOPPING: Refusal = {
  code: status.UNAVAILABLE,
  message: "vgpud is going down",
  reason: "STOPPING",
  retrySeconds: 2,
};
const OTHER: Refusal = { code: status.OUT_OF_RANGE, message: "started anew", reason: "RESUME_OTHER_EPOCH" };

/** A watch that lasts until it has written so many lines. */
async function until(vgpud: FakeVgpud, lines: number, argv: readonly string[]): Promise<Ran> {
  const clock = new FakeClock();
  const interrupt = new AbortController();
  const written: string[] = [];
  const over = new AbortController();
  const running = vgpuctl(vgpud.socketPath, argv, {
    clock,
    signal: interrupt.signal,
    write: (text) => {
      written.push(text);
      if (written.length >= lines) interrupt.abort();
    },
  }).finally(() => {
    over.abort();
  });
  // What waits for vgpud waits for time to pass.
  while (!over.signal.aborted) await clock.advance(200);
  return { ...(await running), written };
}

describe("vgpuctl watch", () => {
  it("shows what there is and then each change, and ends quietly with 130", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.watches.push({
      items: [
        item(Type.SNAPSHOT, { $case: "gpu", value: facts.gpu }),
        item(Type.SNAPSHOT, { $case: "vgpu", value: facts.vgpu }),
        item(Type.SNAPSHOT, web()),
        item(Type.SYNCED),
        item(Type.ADDED, operation(OperationState.RUNNING)),
        item(Type.MODIFIED, web(off)),
        item(Type.MODIFIED, operation(OperationState.SUCCEEDED)),
        item(Type.BOOKMARK),
        item(Type.MODIFIED, web({ ...off, vcpus: 7 })),
        item(Type.DELETED, web(off)),
      ],
    });
    const ran = await until(vgpud, 9, ["watch"]);
    assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [130, "", ""]);
    await matchesGolden("watch.txt", ran.written.join(""));
  });

  it("writes the items of the stream as JSON, one a line", async () => {
    await using vgpud = await fakeVgpud();
    const items = [item(Type.SNAPSHOT, web()), item(Type.SYNCED), item(Type.MODIFIED, web(off))];
    vgpud.watches.push({ items });
    const { written } = await until(vgpud, 3, ["watch", "domains", "-o", "json"]);
    assert.deepEqual(vgpud.requests, [WatchRequest.fromPartial({ kinds: [ResourceKind.DOMAIN] })]);
    assert.ok(written.every((line) => line.indexOf("\n") === line.length - 1));
    const told = written.map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
    assert.deepEqual(
      told.map(({ type, domain }) => [type, domain?.["state"]]),
      [
        ["WATCH_EVENT_TYPE_SNAPSHOT", "DOMAIN_STATE_RUNNING"],
        ["WATCH_EVENT_TYPE_SYNCED", undefined],
        ["WATCH_EVENT_TYPE_MODIFIED", "DOMAIN_STATE_SHUT_OFF"],
      ],
    );
    assert.equal(told[2]?.["resume_token"], items[2]?.resumeToken);
  });

  it("says which kinds there are", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, ["watch", "domian"]);
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /KIND is one of host, .*operation, not 'domian'\n[^]*did you mean domain\?/);
  });

  it("fails when it cannot begin", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.watches.push({ items: [], end: STOPPING });
    const ran = await vgpuctl(vgpud.socketPath, ["watch"]);
    assert.deepEqual([ran.exitCode, /STOPPING/.test(ran.stderr)], [1, true]);
  });
});

describe("vgpuctl events", () => {
  it("tells what happens from now on, and nothing of what is no news", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.watches.push({
      items: [
        item(Type.SNAPSHOT, web()),
        item(Type.SYNCED),
        item(Type.MODIFIED, web({ vcpus: 7 })),
        item(Type.MODIFIED, web(off)),
        item(Type.ADDED, operation(OperationState.RUNNING)),
        item(Type.MODIFIED, operation(OperationState.SUCCEEDED)),
        item(Type.DELETED, web(off)),
      ],
    });
    const { written } = await until(vgpud, 4, ["events"]);
    assert.deepEqual(written, [
      "12:03:11Z domain web running -> shut-off, claim active -> stopped\n",
      "12:03:11Z operation stop-domain web new (running)\n",
      "12:03:11Z operation stop-domain web running -> succeeded\n",
      "12:03:11Z domain web gone\n",
    ]);
  });

  it("goes on behind its last item when vgpud comes back", async () => {
    await using vgpud = await fakeVgpud();
    const last = item(Type.MODIFIED, web(off));
    vgpud.watches.push(
      { items: [item(Type.SNAPSHOT, web()), item(Type.SYNCED), last], end: STOPPING },
      { items: [item(Type.SYNCED), item(Type.DELETED, web(off))] },
    );
    const ran = await until(vgpud, 2, ["events"]);
    assert.deepEqual(ran.notes, ["vgpud is going down; trying again every 1s", "vgpud answers again"]);
    assert.deepEqual(
      vgpud.requests.map((request) => (request as WatchRequest).resumeToken),
      ["", last.resumeToken],
    );
    assert.match(ran.written[1] ?? "", /domain web gone/);
  });

  it("tells what is otherwise after a restart that it cannot go on from", async () => {
    await using vgpud = await fakeVgpud();
    const other = web({ name: "db", uuid: "u-2" });
    vgpud.watches.push(
      { items: [item(Type.SNAPSHOT, web()), item(Type.SNAPSHOT, other), item(Type.SYNCED)], end: STOPPING },
      { items: [], end: OTHER },
      { items: [item(Type.SNAPSHOT, web(off)), item(Type.SYNCED)] },
    );
    const { written } = await until(vgpud, 2, ["events"]);
    assert.deepEqual(written, [
      "12:03:11Z domain db gone\n",
      "12:03:11Z domain web running -> shut-off, claim active -> stopped\n",
    ]);
  });
});
