// The command top: where no terminal is and where one is, against a vgpud that hangs, goes and comes back.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { Environment } from "../../../agent/cli/environment.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import type { Refusal } from "./fake-refusal.ts";
import { vgpuctl, type Ran } from "./vgpuctl.ts";

/** Until it waits for time to pass; fails when it has ended instead. */
async function sleeping(clock: FakeClock, running: Promise<Ran>): Promise<void> {
  const ended = new AbortController();
  void running.finally(() => {
    ended.abort();
  });
  while (clock.sleepers === 0 && !ended.signal.aborted) await clock.rest();
  assert.ok(clock.sleepers > 0, "it has ended");
}

const STOPPING: Refusal = {
  code: status.UNAVAILABLE,
  message: "vgpud is going down",
  reason: "STOPPING",
  retrySeconds: 2,
};

/** A terminal that a person sits at. */
class Person {
  rows = 24;
  readonly frames: string[] = [];
  readonly taken = { screen: 0, keys: 0, resizes: 0 };
  readonly interrupt = new AbortController();
  press: (key: string) => void = () => undefined;
  resize: () => void = () => undefined;

  terminal(): Pick<Environment, "screen" | "keys" | "write" | "signal"> {
    return {
      screen: {
        size: () => ({ columns: 80, rows: this.rows }),
        onResize: (resized) => {
          this.resize = resized;
          return this.#taken("resizes");
        },
        takeOver: () => this.#taken("screen"),
      },
      keys: (onKey) => {
        this.press = onKey;
        return this.#taken("keys");
      },
      write: (text) => void this.frames.push(text),
      signal: this.interrupt.signal,
    };
  }

  #taken(what: keyof typeof this.taken): Disposable {
    this.taken[what] += 1;
    return {
      [Symbol.dispose]: () => {
        this.taken[what] -= 1;
      },
    };
  }
}

describe("vgpuctl top on a terminal", () => {
  it("takes the screen, obeys keys and sizes, and gives the screen back", async () => {
    await using vgpud = await fakeVgpud();
    const person = new Person();
    const clock = new FakeClock();
    const running = vgpuctl(vgpud.socketPath, ["top"], { ...person.terminal(), clock });
    await sleeping(clock, running);
    assert.deepEqual(person.taken, { screen: 1, keys: 1, resizes: 1 });
    person.rows = 12;
    person.resize();
    person.press("n");
    assert.deepEqual(
      person.frames.map((frame) => frame.split("\r\n").length),
      [24, 12, 12],
    );
    person.press("q");
    assert.equal((await running).exitCode, 0);
    assert.deepEqual(person.taken, { screen: 0, keys: 0, resizes: 0 });
  });

  it("leaves nothing behind with each look that Node would warn of", async () => {
    await using vgpud = await fakeVgpud();
    const person = new Person();
    const clock = new FakeClock();
    const warnings: string[] = [];
    const warned = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", warned);
    const running = vgpuctl(vgpud.socketPath, ["top"], { ...person.terminal(), clock });
    for (let look = 0; look < 25; look += 1) {
      await sleeping(clock, running);
      await clock.advance(2_000);
    }
    person.press("q");
    await running;
    await clock.rest();
    process.off("warning", warned);
    assert.deepEqual(warnings, []);
  });

  it("ends at q with the look that is under way", async () => {
    await using vgpud = await fakeVgpud();
    const person = new Person();
    const clock = new FakeClock();
    const running = vgpuctl(vgpud.socketPath, ["top"], { ...person.terminal(), clock });
    await sleeping(clock, running);
    const { asked, cancelled } = vgpud.hang();
    await clock.advance(2_000);
    await asked;
    person.press("q");
    assert.equal((await running).exitCode, 0);
    await cancelled;
  });

  for (const moment of ["waits", "looks"] as const)
    it(`ends with 130 and without a word when it is interrupted while it ${moment}`, async () => {
      await using vgpud = await fakeVgpud();
      const person = new Person();
      const clock = new FakeClock();
      const running = vgpuctl(vgpud.socketPath, ["top"], { ...person.terminal(), clock });
      await sleeping(clock, running);
      if (moment === "looks") {
        const { asked } = vgpud.hang();
        await clock.advance(2_000);
        await asked;
      }
      person.interrupt.abort();
      const { exitCode, stderr } = await running;
      assert.deepEqual([exitCode, stderr], [130, ""]);
      assert.deepEqual(person.taken, { screen: 0, keys: 0, resizes: 0 });
    });
});

describe("vgpuctl top without a terminal", () => {
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

  it("waits for a vgpud that goes away, and says so", async () => {
    await using vgpud = await fakeVgpud();
    const clock = new FakeClock();
    const interrupt = new AbortController();
    const running = vgpuctl(vgpud.socketPath, ["top"], { clock, signal: interrupt.signal });
    const look = async (): Promise<void> => {
      await sleeping(clock, running);
      await clock.advance(2_000);
      await sleeping(clock, running);
    };
    await look();
    vgpud.refuse(STOPPING);
    await look();
    await look();
    vgpud.refuse(undefined);
    await look();
    interrupt.abort();
    const { exitCode, stderr, notes, written } = await running;
    assert.deepEqual([exitCode, stderr, written.length], [130, "", 2]);
    assert.deepEqual(notes, ["vgpud is going down; trying again every 2s", "vgpud answers again"]);
  });

  it("fails with a vgpud that goes away where so many frames were asked for", async () => {
    await using vgpud = await fakeVgpud();
    const clock = new FakeClock();
    const running = vgpuctl(vgpud.socketPath, ["top", "--once"], { clock });
    await sleeping(clock, running);
    vgpud.refuse(STOPPING);
    await clock.advance(2_000);
    assert.equal((await running).exitCode, 1);
  });

  it("ends as other commands where no vgpud is, and has no documents", async () => {
    assert.equal((await vgpuctl("/nonexistent/vgpud.sock", ["top", "--once"])).exitCode, 8);
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["top", "-o", "name"]);
    assert.match(ran.stderr, /^error: top has no output 'name': it has table\n/);
  });
});
