// --watch against a vgpud that changes, goes and comes back; time passes when the test says so.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { OperationState } from "../../../proto/gen/vgpud/v1/operation.ts";
import type { Environment, Screen } from "../../../agent/cli/environment.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { fakeVgpud, type FakeVgpud } from "./fake-vgpud.ts";
import type { Refusal } from "./fake-refusal.ts";
import { vgpuctl, type Ran } from "./vgpuctl.ts";

/** A watch that can be let look again, and ended. */
class Watching {
  readonly written: string[] = [];
  readonly notes: string[] = [];
  readonly #clock = new FakeClock();
  readonly #interrupt = new AbortController();
  readonly #ran: Promise<Ran>;
  #over = false;

  constructor(vgpud: FakeVgpud, argv: readonly string[], environment: Partial<Environment> = {}) {
    this.#ran = vgpuctl(vgpud.socketPath, argv, {
      clock: this.#clock,
      signal: this.#interrupt.signal,
      write: (text) => this.written.push(text),
      note: (line) => this.notes.push(line),
      ...environment,
    }).finally(() => {
      this.#over = true;
    });
  }

  /** Until it waits for its next look, or has ended. */
  async rest(): Promise<void> {
    while (this.#clock.sleepers === 0 && !this.#over) await this.#clock.rest();
  }

  async nextLook(ms = 2_000): Promise<void> {
    await this.rest();
    await this.#clock.advance(ms);
    await this.rest();
  }

  async interrupt(): Promise<Ran> {
    await this.rest();
    this.#interrupt.abort();
    return this.#ran;
  }

  ended(): Promise<Ran> {
    return this.#ran;
  }
}

const STOPPING: Refusal = {
  code: status.UNAVAILABLE,
  message: "vgpud is going down",
  reason: "STOPPING",
  retrySeconds: 2,
};

const nothing = (): Disposable => ({ [Symbol.dispose]: () => undefined });
const screen: Screen = { size: () => ({ columns: 200, rows: 50 }), onResize: nothing, takeOver: nothing };

describe("--watch", () => {
  it("shows a list again only when it has changed, and ends quietly with 130", async () => {
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["domains", "--watch"]);
    await watching.nextLook();
    await watching.nextLook();
    assert.equal(watching.written.length, 1);
    await vgpuctl(vgpud.socketPath, ["stop", "web-1"]);
    await watching.nextLook();
    assert.equal(watching.written.length, 2);
    assert.match(watching.written[1] ?? "", /^\nNAME .*\n[^]*web-1 .* shut-off /);
    const ran = await watching.interrupt();
    assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [130, "", ""]);
  });

  it("writes one JSON document a line, and one for each change", async () => {
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["domains", "web-1", "-w", "-o", "json"]);
    await watching.nextLook();
    await vgpuctl(vgpud.socketPath, ["stop", "web-1"]);
    await watching.nextLook();
    await watching.interrupt();
    const states = watching.written.map((line) => {
      assert.match(line, /^\{"schema_version":1,.*\}\n$/);
      return (JSON.parse(line) as { domain: { state: string } }).domain.state;
    });
    assert.deepEqual(states, ["DOMAIN_STATE_RUNNING", "DOMAIN_STATE_SHUT_OFF"]);
  });

  it("looks at the interval that is given", async () => {
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["domains", "-w", "--interval", "10s", "-o", "yaml"]);
    await watching.rest();
    await vgpuctl(vgpud.socketPath, ["stop", "web-1"]);
    await watching.nextLook(9_000);
    assert.equal(watching.written.length, 1);
    await watching.nextLook(1_000);
    assert.equal(watching.written.length, 2);
    assert.match(watching.written[1] ?? "", /^---\nschema_version: 1\n/);
    await watching.interrupt();
  });

  it("says once that vgpud is away, once that it is back, and goes on", async () => {
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["gpus", "--watch"]);
    await watching.rest();
    vgpud.refuse(STOPPING);
    await watching.nextLook();
    await watching.nextLook();
    assert.deepEqual(watching.notes, ["vgpud is going down; trying again every 2s"]);
    vgpud.refuse(undefined);
    vgpud.bare();
    await watching.nextLook();
    assert.deepEqual(watching.notes.slice(1, 2), ["vgpud answers again"]);
    assert.match(watching.notes[2] ?? "", /^this host has no Intel GPU/);
    assert.equal((await watching.interrupt()).exitCode, 130);
  });

  it("ends where nothing can be seen from the start, and where what is watched is gone", async () => {
    const away = await vgpuctl("/nonexistent/vgpud.sock", ["gpus", "-w"]);
    assert.equal(away.exitCode, 8);
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["domains", "web-1", "-w"]);
    await watching.rest();
    vgpud.domains.clear();
    await watching.nextLook();
    const ran = await watching.ended();
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /\[DOMAIN_NOT_FOUND\]/);
  });

  it("ends with an operation, and as that ended", async () => {
    await using vgpud = await fakeVgpud();
    const argv = ["operation", "9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234", "--watch"];
    vgpud.operate({ state: OperationState.RUNNING });
    const watching = new Watching(vgpud, argv);
    await watching.nextLook();
    vgpud.operate({ state: OperationState.SUCCEEDED });
    await watching.nextLook();
    assert.equal((await watching.ended()).exitCode, 0);
    assert.equal(watching.written.length, 2);
    const failure = { reason: "APERTURE_EXHAUSTED", message: "no room", metadata: {} };
    vgpud.operate({ state: OperationState.FAILED, failure });
    const failed = await new Watching(vgpud, argv).ended();
    assert.equal(failed.exitCode, 6);
    assert.match(failed.stderr, /^error: operations\/\S+ failed: no room \[APERTURE_EXHAUSTED\]\n/);
  });

  it("refuses what would not be watched", async () => {
    for (const [argv, says] of [
      [["gpus", "-w", "-o", "name"], /--watch has no output 'name'/],
      [["gpus", "-w", "--interval", "1ms"], /--interval takes at least 100ms/],
      [["gpus", "--interval", "1s"], /--interval needs --watch/],
    ] as const) {
      const ran = await vgpuctl("/nonexistent/vgpud.sock", argv);
      assert.match(ran.stderr, says);
      assert.equal(ran.exitCode, 2);
    }
  });

  it("draws over what it drew before on a terminal, with the messages of an empty list", async () => {
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["gpus", "-w", "--no-headers"], { screen });
    await watching.rest();
    const lines = (watching.written[0] ?? "").split("\n").length - 1;
    vgpud.bare();
    await watching.nextLook();
    assert.ok(watching.written[1]?.startsWith(`\u001b[${lines}F\u001b[Jthis host has no Intel GPU`));
    await watching.interrupt();
  });

  it("tells below its table on a terminal that vgpud is away and back, and draws over that", async () => {
    await using vgpud = await fakeVgpud();
    const watching = new Watching(vgpud, ["domains", "-w"], { screen });
    await watching.rest();
    const [table = ""] = watching.written;
    const lines = table.split("\n").length - 1;
    const content = table.slice("\u001b[J".length);
    vgpud.refuse(STOPPING);
    await watching.nextLook();
    vgpud.refuse(undefined);
    await watching.nextLook();
    await vgpuctl(vgpud.socketPath, ["stop", "web-1"]);
    await watching.nextLook();
    await watching.interrupt();
    assert.deepEqual(watching.notes, []);
    const [away, back, changed] = watching.written.slice(1);
    assert.equal(away, `\u001b[${lines}F\u001b[J${content}vgpud is going down; trying again every 2s\n`);
    assert.equal(back, `\u001b[${lines + 1}F\u001b[J${content}vgpud answers again\n`);
    assert.ok(changed?.startsWith(`\u001b[${lines + 1}F\u001b[JNAME `));
    assert.match(changed ?? "", /web-1 .* shut-off /);
  });
});
