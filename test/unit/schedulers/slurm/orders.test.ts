// What Slurm is ordered, and when not: others drain the node, too, it goes down, and orders fail.
import assert from "node:assert/strict";
import { FINISH_MS } from "../../../../agent/schedulers/scheduler.ts";
import type { CarriedOut } from "../../../../agent/schedulers/carried-out.ts";
import type { CountsRecord } from "../../../../agent/schedulers/slurm/found-counts.ts";
import type { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import { FakeClock } from "../../../fakes/clock.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { memoryRecord, NODE, schedulerOf } from "./scheduler-of.ts";
import { ALL, FOREIGN, gpu, host } from "./supply-of.ts";

const COUNTING = "state=drain reason=vgpud: its GRES are counted anew";
const LESS = host([gpu({ held: [FOREIGN] })]);
const DRAINED = host([gpu({ drained: true })]);
const { signal } = new AbortController();

describe("what Slurm is ordered", () => {
  let slurm: FakeSlurm;
  let scheduler: SlurmScheduler;
  const done: CarriedOut[] = [];
  beforeEach(() => {
    slurm = new FakeSlurm(NODE);
    done.length = 0;
    scheduler = schedulerOf(slurm, {
      onCarriedOut: (each) => {
        done.push(each);
      },
    });
  });
  const drainByOthers = (): void => {
    Object.assign(slurm, { state: "IDLE+DRAIN", reason: "disk is full" });
  };

  for (const state of ["DOWN+NOT_RESPONDING", "DOWN+DRAIN", "IDLE+FAIL"])
    it(`of a node that is ${state} is to count, and nothing by which Slurm or a person would not let it back`, async () => {
      Object.assign(slurm, { state, reason: "Not responding" });
      await scheduler.heal(host(), signal);
      await scheduler.publish(DRAINED, signal);
      assert.deepEqual([slurm.orders, slurm.state, slurm.reason], [[`gres=${ALL}`], state, "Not responding"]);
    });

  it("of a node that was drained and went down is the end of that drain, once it is back", async () => {
    await scheduler.publish(DRAINED, signal);
    slurm.state = "DOWN+DRAIN";
    await scheduler.heal(host(), signal);
    slurm.state = "IDLE+DRAIN";
    await scheduler.heal(host(), signal);
    assert.equal(slurm.orders.at(-1), "state=undrain");
  });

  it("leaves the node to who has drained it since it was looked at", async () => {
    for (const supply of [host(), DRAINED]) {
      slurm = new FakeSlurm(NODE);
      slurm.onQueue = drainByOthers;
      scheduler = schedulerOf(slurm);
      await scheduler.heal(supply, signal);
      assert.deepEqual([slurm.state, slurm.reason], ["IDLE+DRAIN", "disk is full"]);
      assert.ok(slurm.orders.every((order) => order.startsWith("gres=")));
    }
  });

  it("leaves the node to who drains it while it is counted anew", async () => {
    slurm.onOrder = (order) => {
      if (order.startsWith("gres=")) drainByOthers();
    };
    await scheduler.heal(host(), signal);
    assert.deepEqual(slurm.orders, [COUNTING, `gres=${ALL}`]);
  });

  it("ends a drain for counts that cannot be told", async () => {
    slurm.refused = "gres=";
    const refusal = { kind: "exit-code", message: /update nodename=node1 gres=/ };
    for (let round = 1; round <= 2; round += 1) await assert.rejects(scheduler.heal(host(), signal), refusal);
    assert.deepEqual(slurm.orders, [COUNTING, "state=undrain", COUNTING, "state=undrain"]);
    slurm.refused = undefined;
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.gres, slurm.state], [ALL, "IDLE"]);
  });

  it("is told once when it is done, with the node and why, and not before", async () => {
    const what = NODE;
    const why = "vgpud: its GRES are counted anew";
    slurm.refused = "gres=";
    await assert.rejects(scheduler.heal(host(), signal));
    const refused = [
      { what, order: "drain", why },
      { what, order: "undrain", ended: why },
    ];
    assert.deepEqual(done.splice(0), refused);
    slurm.refused = undefined;
    await scheduler.heal(host(), signal);
    const counts = { vgt_low_gm_mb: { from: 448, to: 384 }, vgt_high_gm_mb: { from: 4096, to: 3200 } };
    const counted = { what, order: "counts", why: "that is what jobs may have of this host", counts };
    assert.deepEqual(done.splice(0), [refused[0], counted, refused[1]]);
    for (let round = 1; round <= 2; round += 1) await scheduler.heal(DRAINED, signal);
    const drain = { what, order: "drain", why: "vgpud: every GPU of this host is drained" };
    assert.deepEqual(done, [drain]);
  });

  it("is the end of its own drain, and nothing more, once vgpud is told to stop while it is counted anew", async () => {
    const stop = new AbortController();
    slurm.onOrder = () => {
      stop.abort();
    };
    await assert.rejects(scheduler.publish(host(), stop.signal));
    assert.deepEqual([slurm.orders, slurm.state], [[COUNTING, "state=undrain"], "IDLE"]);
    await assert.rejects(scheduler.publish(LESS, stop.signal));
    assert.equal(slurm.orders.length, 2);
  });

  for (const [what, ms, state] of [
    ["is the end of that drain also where Slurm takes its time", FINISH_MS - 1, "IDLE"],
    ["is left undone where Slurm takes longer than vgpud may", FINISH_MS + 1, "IDLE+DRAIN"],
  ] as const)
    it(what, async () => {
      const clock = new FakeClock();
      const stop = new AbortController();
      scheduler = schedulerOf(slurm, { sleep: clock.sleep.bind(clock) });
      slurm.onOrder = () => {
        slurm.onOrder = () => undefined;
        slurm.hanging = clock.sleep(60_000 + ms, signal);
      };
      const publishing = assert.rejects(scheduler.publish(host(), stop.signal));
      await clock.advance(60_000);
      assert.deepEqual(
        slurm.orders,
        [COUNTING],
        "what has begun goes on as long as it takes while vgpud does",
      );
      stop.abort();
      await clock.advance(ms);
      await clock.until(publishing);
      assert.deepEqual([slurm.state, clock.sleepers], [state, 0]);
    });

  for (const [when, isBefore] of [
    ["while it is told", false],
    ["before it is", true],
  ] as const)
    it(`and what is written of it end together where vgpud is told to stop ${when}, and its disk hangs`, async () => {
      const clock = new FakeClock();
      const stop = new AbortController();
      const counts = { ...memoryRecord(), settle: () => new Promise<undefined>(() => undefined) };
      scheduler = schedulerOf(slurm, { counts, sleep: clock.sleep.bind(clock) });
      if (isBefore) stop.abort();
      slurm.onOrder = (order) => {
        if (!order.startsWith("gres=")) return;
        stop.abort();
        slurm.hanging = clock.sleep(FINISH_MS - 1, signal);
      };
      const publishing = assert.rejects(scheduler.publish(host(), stop.signal));
      await clock.advance(FINISH_MS - 1);
      await clock.advance(1);
      await clock.until(publishing);
      assert.deepEqual([slurm.state, clock.sleepers], ["IDLE", 0]);
    });

  it("is written with its counts before what follows, and what was told stays written where that fails", async () => {
    const record = memoryRecord();
    let written = record.current;
    const counts: CountsRecord = {
      get current() {
        return record.current;
      },
      note: record.note.bind(record),
      settle: async () => {
        written = record.current;
        return await record.settle();
      },
    };
    scheduler = schedulerOf(slurm, { counts });
    slurm.refused = "state=undrain";
    await assert.rejects(scheduler.heal(host(), signal), { message: /state=undrain/ });
    assert.deepEqual(written?.found["vgt_low_gm_mb"], 384);
    slurm.refused = undefined;
    await scheduler.heal(host(), signal);
    slurm.onOrder = (order) => {
      if (order === "state=undrain") assert.deepEqual(written?.found["vgpu"], 6);
    };
    await scheduler.heal(LESS, signal);
    assert.match(slurm.gres, /^vgpu:6,/);
  });
});
