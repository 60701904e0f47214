// top: its frames as golden files, its keys, its figures, and the command where no terminal is and where one is.
import assert from "node:assert/strict";
import { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Screen } from "../../../agent/cli/environment.ts";
import { plain } from "../../../agent/cli/paint.ts";
import { cutLine } from "../../../agent/cli/redraw.ts";
import { CpuShares } from "../../../agent/cli/top/cpu-shares.ts";
import { screenFrame, wholeFrame, type Choice, type Seen } from "../../../agent/cli/top/frame.ts";
import { pressed } from "../../../agent/cli/top/keys.ts";
import { domainRows, ordered } from "../../../agent/cli/top/rows.ts";
import { FakeClock } from "../../fakes/clock.ts";
import * as facts from "./facts.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import { matchesGolden, vgpuctl, type Ran } from "./vgpuctl.ts";

const usage = (seconds: number, at: number, residentMib = 1900n): Domain["usage"] => ({
  cpuTime: { seconds: BigInt(seconds), nanos: 0 },
  memoryMib: 2048n,
  residentMib,
  sampleTime: new Date(at),
});

const lean = Domain.fromPartial({
  ...facts.domain,
  uuid: "u2",
  name: "web-2",
  vgpuIds: [],
  usage: usage(1, 0, 300n),
});
const busy = { ...facts.domain, usage: usage(50, 0) };
const shares = new Map([
  [busy.uuid, 98.76],
  [lean.uuid, 100],
]);
const rows = domainRows([busy, lean, facts.foreignDomain], [facts.vgpu, facts.foreignVgpu], shares);
const seen: Seen = { host: facts.hostResponse.host, gpus: [facts.gpu, facts.idleGpu], rows, at: 0 };
const choice: Choice = { order: "cpu", reversed: false, scrolled: 0 };

describe("a frame of top", () => {
  it("shows GPUs with bars and every domain, with and without a vGPU", async () => {
    await matchesGolden("top.txt", `${wholeFrame(seen, choice, plain).join("\n")}\n`);
  });

  it("has as many lines as the screen, the keys on the last one", async () => {
    for (const height of [24, 13]) {
      const lines = screenFrame(seen, choice, { rows: height, paint: plain, notice: "" });
      assert.equal(lines.length, height);
      await matchesGolden(`top-${height}.txt`, `${lines.join("\n")}\n`);
    }
  });

  it("shows what there is room for on the smallest screen", () => {
    assert.equal(screenFrame(seen, choice, { rows: 2, paint: plain, notice: "" }).length, 2);
  });

  it("says what is wrong where the keys stand", () => {
    const lines = screenFrame(seen, choice, { rows: 24, paint: plain, notice: "vgpud does not answer" });
    assert.equal(lines.at(-1), "vgpud does not answer");
  });

  it("is cut at the width of the screen, its colours kept", () => {
    assert.equal(cutLine("\u001b[32mabc\u001b[0mdef", 4), "\u001b[32mabc\u001b[0md");
    assert.equal(cutLine("\u001b[32mabcdef\u001b[0m", 2), "\u001b[32mab\u001b[0m");
  });
});

describe("the domains of top", () => {
  const names = (order: Choice["order"], reversed = false): readonly string[] =>
    ordered(rows, order, reversed).map(({ domain }) => domain.name.replace("\u001b[2J", ""));

  it("come in the order that is chosen", () => {
    assert.deepEqual(names("cpu"), ["web-2", "web-1", "oldbox"]);
    assert.deepEqual(names("memory"), ["web-1", "web-2", "oldbox"]);
    assert.deepEqual(names("name"), ["oldbox", "web-1", "web-2"]);
    assert.deepEqual(names("name", true), ["web-2", "web-1", "oldbox"]);
    assert.deepEqual(names("state"), ["web-1", "web-2", "oldbox"]);
  });

  it("are as busy as two readings say, and not known before", () => {
    const cpu = new CpuShares();
    assert.deepEqual(cpu.add([{ ...busy, usage: usage(50, 0) }]), new Map());
    assert.deepEqual(cpu.add([{ ...busy, usage: usage(53, 2_000) }]), new Map([[busy.uuid, 150]]));
    assert.deepEqual(
      cpu.add([{ ...busy, usage: usage(53, 2_000) }]),
      new Map([[busy.uuid, 150]]),
      "the same reading",
    );
    assert.deepEqual(cpu.add([{ ...busy, usage: usage(1, 4_000) }]), new Map(), "it was started again");
    assert.deepEqual(cpu.add([{ ...busy, usage: undefined }]), new Map());
  });
});

describe("a key of top", () => {
  it("chooses an order, turns it round, scrolls, quits, or does nothing", () => {
    assert.deepEqual(pressed("m", { ...choice, scrolled: 3 }, 9), { ...choice, order: "memory" });
    assert.deepEqual(pressed("r", choice, 9), { ...choice, reversed: true });
    assert.deepEqual(pressed("\u001b[B", choice, 9), { ...choice, scrolled: 1 });
    assert.deepEqual(pressed("\u001b[A", choice, 9), choice);
    assert.deepEqual(pressed("\u001b[6~", choice, 9), { ...choice, scrolled: 8 });
    assert.equal(pressed("q", choice, 9), "quit");
    assert.equal(pressed("x", choice, 9), undefined);
  });
});

/** Until it waits for time to pass; fails when it has ended instead. */
async function sleeping(clock: FakeClock, running: Promise<Ran>): Promise<void> {
  const ended = new AbortController();
  void running.finally(() => {
    ended.abort();
  });
  while (clock.sleepers === 0 && !ended.signal.aborted) await clock.rest();
  assert.ok(clock.sleepers > 0, "it has ended");
}

describe("vgpuctl top", () => {
  it("prints as many plain frames as it is told where no terminal is", async () => {
    await using vgpud = await fakeVgpud();
    for (const [argv, frames] of [
      [["top", "--once"], 1],
      [["top", "-n", "2", "--sort", "name"], 2],
    ] as const) {
      const clock = new FakeClock();
      const running = vgpuctl(vgpud.socketPath, argv, { clock });
      for (let look = 0; look < frames; look += 1) {
        await sleeping(clock, running);
        await clock.advance(2_000);
      }
      const { exitCode, written, stdout } = await running;
      assert.deepEqual([exitCode, written.length, stdout], [0, frames, ""]);
      assert.match(written[0] ?? "", /^node-7, vgpud 0\.1\.0: 2 domains, 1 running; 2026-01-01T00:00:02Z\n/);
    }
  });

  it("takes the screen, obeys keys and sizes, and gives the screen back", async () => {
    await using vgpud = await fakeVgpud();
    let rowsOfScreen = 24;
    const taken = { screen: 0, keys: 0, resizes: 0 };
    const held = (what: keyof typeof taken): Disposable => {
      taken[what] += 1;
      return {
        [Symbol.dispose]: () => {
          taken[what] -= 1;
        },
      };
    };
    let press: (key: string) => void = () => undefined;
    let resize: () => void = () => undefined;
    const screen: Screen = {
      size: () => ({ columns: 80, rows: rowsOfScreen }),
      onResize: (resized) => {
        resize = resized;
        return held("resizes");
      },
      takeOver: () => held("screen"),
    };
    const keys = (onKey: (key: string) => void): Disposable => {
      press = onKey;
      return held("keys");
    };
    const clock = new FakeClock();
    const frames: string[] = [];
    const write = (text: string): void => void frames.push(text);
    const running = vgpuctl(vgpud.socketPath, ["top"], { screen, keys, clock, write });
    await sleeping(clock, running);
    assert.deepEqual(taken, { screen: 1, keys: 1, resizes: 1 });
    rowsOfScreen = 12;
    resize();
    press("n");
    assert.deepEqual(
      frames.map((frame) => frame.split("\r\n").length),
      [24, 12, 12],
    );
    press("q");
    assert.equal((await running).exitCode, 0);
    assert.deepEqual(taken, { screen: 0, keys: 0, resizes: 0 });
  });

  it("ends as other commands where no vgpud is, and has no documents", async () => {
    assert.equal((await vgpuctl("/nonexistent/vgpud.sock", ["top", "--once"])).exitCode, 8);
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["top", "-o", "name"]);
    assert.match(ran.stderr, /^error: top has no output 'name': it has table\n/);
  });
});
