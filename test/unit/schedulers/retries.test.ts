// When a scheduler is tried again that could not be told, or not of all: less and less often, and soon where that is of use.
import assert from "node:assert/strict";
import { SchedulerError } from "../../../agent/schedulers/scheduler.ts";
import { MINUTE, NOTHING, Told } from "./told.ts";

describe("a scheduler that cannot be told", () => {
  let told: Told;
  beforeEach(() => {
    told = new Told();
  });
  afterEach(async () => {
    told.stop.abort();
    await told.ended;
  });

  it("is tried again after two, four, eight seconds at most and never later than after five minutes, and then told all", async () => {
    told.failure = new SchedulerError("unreachable", "nobody is there");
    told.random = 0.999_999;
    await told.clock.advance(15_000 + 64_000);
    const times = told.taken().map((each) => Math.round(Number(each.replace("heal at ", "")) / 1000) - 15);
    assert.deepEqual(times, [0, 2, 6, 14, 30, 62]);
    assert.deepEqual(told.keeper.standing.failure, {
      kind: "unreachable",
      message: "nobody is there",
      times: 6,
    });
    await told.clock.advance(60 * MINUTE);
    const [last = "", before = ""] = told.taken().reverse();
    assert.ok(Number(last.slice(8)) - Number(before.slice(8)) <= 5 * MINUTE);
    told.failure = undefined;
    await told.clock.advance(5 * MINUTE);
    assert.equal(told.keeper.standing.failure, undefined);
    assert.match(told.taken()[0] ?? "", /^heal/);
  });

  it("is tried again within a second when somebody else could not ask it, however often it has failed, and every ten seconds then", async () => {
    told.failure = new SchedulerError("unreachable", "nobody is there");
    told.random = 0.999_999;
    await told.clock.advance(15_000 + 20 * MINUTE);
    const [before = ""] = told.taken().reverse();
    const now = told.clock.now();
    assert.ok(Number(before.slice(8)) + 5 * MINUTE > now + 20_000, "it would be left alone for longer");
    for (let second = 0; second < 15; second += 1) {
      told.keeper.compareSoon();
      await told.clock.advance(1_000);
    }
    const times = told.taken().map((each) => Number(each.replace("heal at ", "")) - now);
    assert.ok(
      times.length === 2 && times.every((at, index) => at > index * 10_000 && at <= index * 10_000 + 1_000),
      times.join(),
    );
    told.failure = undefined;
    await told.clock.advance(10_000);
    assert.equal(told.keeper.standing.failure, undefined, "its return is found out");
  });

  it("is tried again within a minute, however often it has failed, where somebody waits for what comes of it", async () => {
    told.failure = new SchedulerError("node-invalid", "the node has to register", { retry: "soon" });
    told.random = 0.999_999;
    await told.clock.advance(60 * MINUTE);
    const times = told.taken().map((each) => Number(each.slice(8)));
    const [last = 0, before = 0] = times.reverse();
    // And not much sooner: a thousand hosts may be in the same trouble.
    assert.ok(last - before < MINUTE && last - before > MINUTE / 2, `${last - before}`);
    told.failure = undefined;
    await told.clock.advance(MINUTE);
    assert.equal(told.keeper.standing.failure, undefined);
    told.taken();
    told.failure = new SchedulerError("node-invalid", "the node has to register", { retry: "soon" });
    told.keeper.compareSoon();
    await told.clock.advance(4_000);
    assert.equal(told.taken().length, 2, "and that is forgotten then");
  });

  const unfit = new SchedulerError("node-invalid", "the node has to register", { retry: "soon" });
  const away = new SchedulerError("unreachable", "nobody is there");

  it("is tried again as after a first failure where it goes unanswered once more, as soon as it has answered once", async () => {
    told.random = 0.999_999;
    told.failure = away;
    await told.clock.advance(180 * MINUTE);
    const then = [unfit, away, away, away];
    told.meanwhile = () => {
      told.failure = then.shift() ?? away;
    };
    told.taken();
    await told.clock.advance(6 * MINUTE);
    const seconds = told.taken().map((each) => Math.round(Number(each.slice(8)) / 1000));
    assert.deepEqual(
      seconds.slice(0, 4).map((at) => at - (seconds[0] ?? 0)),
      [0, 2, 4, 8],
    );
  });

  it("is tried again as after a first failure where it fails in another way than it did for long, and without a storm where in both by turns", async () => {
    told.random = 0.999_999;
    told.failure = unfit;
    await told.clock.advance(10 * MINUTE);
    told.failure = away;
    await told.clock.advance(MINUTE);
    const seconds = told.taken().map((each) => Math.round(Number(each.slice(8)) / 1000));
    const first = seconds.findIndex((at) => at > 600);
    const [since = 0] = seconds.slice(first);
    assert.deepEqual(
      seconds
        .slice(first)
        .map((at) => at - since)
        .slice(0, 4),
      [0, 2, 6, 14],
    );
    const inTurns = [unfit, away];
    told.meanwhile = () => {
      told.failure = inTurns[told.asked.length % 2];
    };
    await told.clock.advance(60 * MINUTE);
    const tries = told.taken().length;
    assert.ok(tries < 150, `${tries}: hardly more than twice as often as where it is awaited alone`);
  });

  it("is told within a second of what changes here where it answers and can do nothing just now, however often it has failed", async () => {
    told.failure = new SchedulerError("node-invalid", "nobody is to come", { retry: "at-change" });
    told.random = 0.999_999;
    await told.clock.advance(180 * MINUTE);
    const [last = 0, before = 0] = told
      .taken()
      .map((each) => Number(each.slice(8)))
      .reverse();
    assert.ok(last - before > 4 * MINUTE && last - before <= 5 * MINUTE + 1_000, `${last - before}`);
    const { toldAt, wasTold } = told.keeper.standing;
    assert.deepEqual([toldAt, wasTold], [undefined, true]);
    const become = async (living: string): Promise<readonly string[]> => {
      told.version += 1;
      told.supply = { ...NOTHING, living: new Set([living]) };
      await told.clock.advance(1_000);
      return told.taken();
    };
    assert.equal((await become("a")).length, 1);
    assert.deepEqual(await become("a"), [], "the host is as it was");
    told.failure = undefined;
    assert.equal((await become("b")).length, 1);
    assert.equal(told.keeper.standing.failure, undefined);
  });

  it("is compared when it is time where it answers and can do nothing just now, whatever changes meanwhile", async () => {
    told.failure = new SchedulerError("node-invalid", "nobody is to come", { retry: "at-change" });
    told.random = 0.999_999;
    await told.clock.advance(60 * MINUTE);
    told.taken();
    for (let second = 0; second < 300; second += 1) {
      told.version += 1;
      told.supply = { ...NOTHING, living: new Set([String(second)]) };
      await told.clock.advance(1_000);
    }
    const kinds = told.taken().map((each) => each.split(" ")[0]);
    assert.deepEqual([kinds.length, kinds.filter((kind) => kind === "heal").length], [300, 1]);
  });

  it("is tried within a second of a drain or the end of one, and not for what else changes, where it may be away", async () => {
    told.failure = away;
    told.random = 0.999_999;
    await told.clock.advance(15_000 + 60 * MINUTE);
    assert.equal(told.keeper.standing.wasTold, false);
    const [before = ""] = told.taken().reverse();
    assert.ok(Number(before.slice(8)) + 5 * MINUTE > told.clock.now() + 20_000, "it would be left alone");
    told.version += 1;
    told.supply = { ...NOTHING, living: new Set(["a"]) };
    await told.clock.advance(10_000);
    assert.deepEqual(told.taken(), []);
    told.drains = {};
    told.meanwhile = () => {
      told.drains = {};
      told.meanwhile = () => undefined;
    };
    await told.clock.advance(10_000);
    assert.equal(told.taken().length, 2, "and once more for what was drained meanwhile");
  });

  it("is never tried again within a second, whatever chance says", async () => {
    told.failure = new SchedulerError("failed", "500");
    told.random = 0;
    await told.clock.advance(18_500);
    assert.deepEqual(told.taken(), ["heal at 15000", "heal at 16000", "heal at 17000", "heal at 18000"]);
  });

  it("is told of changes within a second although it refuses a part, which is tried again less and less often", async () => {
    const gpu = { kind: "refused", what: "host_vgpud_0000_00_02_0", message: "HTTP 400" };
    told.untold = [gpu, { ...gpu, what: "host_vgpud_0000_03_00_0" }];
    told.random = 0.999_999;
    await told.clock.advance(15_000);
    const { failure, untold, findings, toldAt } = told.keeper.standing;
    assert.deepEqual([failure, untold], [undefined, { parts: told.untold, times: 1 }]);
    assert.deepEqual([findings.givenBack, toldAt], [1, told.clock.wall()]);
    told.taken();
    for (let second = 1; second <= 62; second += 1) {
      told.version += 1;
      told.supply = { ...NOTHING, living: new Set([String(second)]) };
      await told.clock.advance(1_000);
    }
    const asked = told.taken();
    assert.deepEqual(
      asked.filter((each) => each.startsWith("heal")).map((each) => Math.round(Number(each.slice(8)) / 1000)),
      [17, 21, 29, 45, 77],
    );
    assert.equal(asked.filter((each) => each.startsWith("publish")).length, 57);
    assert.equal(told.keeper.standing.untold?.times, 6);
    told.untold = [];
    await told.clock.advance(64_000);
    assert.deepEqual(told.taken().length, 1);
    assert.equal(told.keeper.standing.untold, undefined);
  });

  it("is compared as often as ever where it gives something out in vain, which is nothing that is tried, until something is refused beside", async () => {
    const inVain = { kind: "in-vain", what: "node node1", message: "it is drained" };
    told.untold = [inVain];
    await told.clock.advance(15_000 + 20 * MINUTE);
    assert.deepEqual(
      told.taken(),
      [15, 315, 615, 915, 1215].map((seconds) => `heal at ${seconds * 1000}`),
    );
    assert.deepEqual(told.keeper.standing.untold, { parts: [inVain], times: 0 });
    told.untold = [inVain, { kind: "unrecorded", what: "/s/slurm.json", message: "ENOSPC" }];
    told.version += 1;
    told.supply = { ...NOTHING, living: new Set(["a"]) };
    await told.clock.advance(4_000);
    assert.deepEqual(told.taken(), ["publish at 1216000", "heal at 1218000"]);
    assert.equal(told.keeper.standing.untold.times, 2);
  });

  it("is tried again within two seconds of a first failure of all, however long it has refused a part, and that is not forgotten", async () => {
    told.untold = [{ kind: "refused", what: "host_vgpud_0000_00_02_0", message: "HTTP 400" }];
    told.random = 0.999_999;
    await told.clock.advance(60 * MINUTE);
    const times = told.keeper.standing.untold?.times ?? 0;
    assert.ok(times > 9, `tried ${times} times`);
    told.failure = new SchedulerError("unreachable", "ECONNRESET");
    told.version += 1;
    told.supply = { ...NOTHING, living: new Set(["a"]) };
    await told.clock.advance(1_000);
    assert.equal(told.keeper.standing.failure?.times, 1);
    assert.equal(told.keeper.standing.untold?.times, times);
    told.taken();
    told.failure = undefined;
    await told.clock.advance(2_000);
    assert.deepEqual(told.taken().length, 1);
    assert.equal(told.keeper.standing.failure, undefined);
    assert.equal(told.keeper.standing.untold.times, times + 1);
    await told.clock.advance(4 * MINUTE);
    assert.deepEqual(told.taken(), [], "the part that is refused is left alone as long as before");
  });

  it("is told of as failing for what nobody foresaw, and gone on with", async () => {
    told.failure = new TypeError("x is not a function");
    await told.clock.advance(15_000);
    assert.equal(told.keeper.standing.failure?.kind, "internal");
    told.failure = undefined;
    await told.clock.advance(2_000);
    assert.equal(told.keeper.standing.failure, undefined);
    assert.deepEqual(
      told.rounds.map(({ kind, standing: { failure } }) => [kind, failure?.times]),
      [
        ["heal", 1],
        ["heal", undefined],
      ],
    );
  });
});
