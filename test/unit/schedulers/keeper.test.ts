// When a scheduler is told: soon after a change, now and then anyway, and less and less often while it does not answer.
import assert from "node:assert/strict";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { SchedulerKeeper, type EndedRound } from "../../../agent/schedulers/keeper.ts";
import { nothingFound, SchedulerError, type Untold } from "../../../agent/schedulers/scheduler.ts";
import type { GpuSupply, HostSupply } from "../../../agent/schedulers/supply.ts";
import { FakeClock } from "../../fakes/clock.ts";

const NOTHING: HostSupply = { hypervisor: "kvm", gpus: [], living: new Set(), domainsKnown: true };
const MINUTE = 60_000;

/** A scheduler that notes when it is told, and fails while it is told to. */
class Told {
  readonly clock = new FakeClock();
  readonly rounds: EndedRound[] = [];
  readonly asked: string[] = [];
  supply: HostSupply | undefined = NOTHING;
  version = 0;
  drains: unknown = {};
  failure: Error | undefined;
  /** What it refuses, and takes again only when all is compared. */
  untold: readonly Untold[] = [];
  /** Whether it knows something to end that the host does not see. */
  isPassing = false;
  /** Whether what it is told is news to it. */
  isNews = true;
  random = 0.5;
  /** What happens while it is asked. */
  meanwhile: () => void = () => undefined;
  readonly stop = new AbortController();
  readonly keeper = new SchedulerKeeper({
    scheduler: {
      ...{ name: "fake", manner: { isTold: true, booksBy: "allocation", mayOversend: false } },
      publish: () =>
        this.#note("publish", { answered: this.isNews, untold: this.untold, isPassing: this.isPassing }),
      heal: () =>
        this.#note("heal", {
          ...{ ...nothingFound, givenBack: 1 },
          ...{ untold: this.untold, isPassing: this.isPassing },
        }),
    },
    supply: () => this.supply,
    version: () => [this.version],
    drains: () => this.drains,
    healEveryMs: 5 * MINUTE,
    firstWithinMs: 30_000,
    clock: this.clock,
    random: () => this.random,
    onRound: (round) => this.rounds.push(round),
  });
  readonly ended = this.keeper.run(this.stop.signal);

  #note<T>(what: string, value: T): Promise<T> {
    this.asked.push(`${what} at ${this.clock.now()}`);
    this.meanwhile();
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(value);
  }

  /** What was asked since the last time. */
  taken(): string[] {
    return this.asked.splice(0);
  }
}

describe("a scheduler in front of a host", () => {
  let told: Told;
  beforeEach(() => {
    told = new Told();
  });
  afterEach(async () => {
    told.stop.abort();
    await told.ended;
  });

  it("is first asked at a moment of its own, and then every five minutes or so", async () => {
    await told.clock.advance(14_999);
    assert.deepEqual(told.taken(), []);
    await told.clock.advance(1);
    assert.deepEqual(told.taken(), ["heal at 15000"]);
    await told.clock.advance(5 * MINUTE);
    assert.deepEqual(told.taken(), ["heal at 315000"]);
    told.random = 0;
    await told.clock.advance(10 * MINUTE);
    assert.deepEqual(told.taken(), ["heal at 615000", "heal at 765000", "heal at 915000"]);
  });

  it("is first asked earlier where somebody drains something meanwhile, and not for what else changes", async () => {
    await told.clock.advance(4_500);
    told.version += 1;
    await told.clock.advance(2_000);
    assert.deepEqual(told.taken(), []);
    told.drains = {};
    await told.clock.advance(1_000);
    assert.deepEqual(told.taken(), ["heal at 7000"]);
    await told.clock.advance(MINUTE);
    assert.deepEqual(told.taken(), [], "and once");
  });

  it("is told within a second of what has changed, and of nothing that has not", async () => {
    await told.clock.advance(15_000);
    told.taken();
    told.version += 1;
    await told.clock.advance(5_000);
    assert.deepEqual(told.taken(), [], "the host is as it was");
    told.version += 1;
    told.supply = { ...NOTHING, living: new Set(["a"]) };
    await told.clock.advance(1_000);
    assert.deepEqual(told.taken(), ["publish at 21000"]);
    await told.clock.advance(10_000);
    assert.deepEqual(told.taken(), []);
  });

  it("is not taken to be there by what it knew already and so was not told", async () => {
    await told.clock.advance(15_000);
    const { toldAt } = told.keeper.standing;
    const change = async (): Promise<void> => {
      told.version += 1;
      told.supply = { ...NOTHING, living: new Set([String(told.version)]) };
      await told.clock.advance(1_000);
    };
    told.taken();
    told.isNews = false;
    await change();
    assert.deepEqual(told.taken(), ["publish at 16000"]);
    assert.deepEqual([told.rounds.length, told.keeper.standing.toldAt], [1, toldAt]);
    await told.clock.advance(10_000);
    assert.deepEqual(told.taken(), [], "and not told again of the same");
    told.isNews = true;
    await change();
    assert.deepEqual([told.rounds.length, told.keeper.standing.toldAt], [2, told.clock.wall()]);
  });

  it("is asked within a second when somebody else could not ask it, and once", async () => {
    await told.clock.advance(15_000);
    told.taken();
    told.keeper.compareSoon();
    await told.clock.advance(MINUTE);
    assert.deepEqual(told.taken(), ["heal at 16000"]);
  });

  it("is asked every ten seconds at most for who asks without end, and once more for who asked between", async () => {
    await told.clock.advance(15_000);
    told.taken();
    for (let second = 0; second < 25; second += 1) {
      told.keeper.compareSoon();
      await told.clock.advance(1_000);
    }
    await told.clock.advance(MINUTE);
    assert.deepEqual(told.taken(), ["heal at 16000", "heal at 26000", "heal at 36000", "heal at 46000"]);
  });

  it("is asked anew when somebody else could not ask it while it was being asked or told, and once", async () => {
    const meanwhileOnce = (): void => {
      told.meanwhile = () => {
        told.meanwhile = () => undefined;
        told.keeper.compareSoon();
      };
    };
    meanwhileOnce();
    await told.clock.advance(15_000 + MINUTE);
    assert.deepEqual(told.taken(), ["heal at 15000", "heal at 16000"]);
    meanwhileOnce();
    told.untold = [{ kind: "refused", what: "host_vgpud_0000_00_02_0", message: "HTTP 400" }];
    told.random = 0.999_999;
    told.version += 1;
    told.supply = { ...NOTHING, living: new Set(["a"]) };
    await told.clock.advance(2_000);
    assert.deepEqual(told.taken(), ["publish at 76000", "heal at 77000"]);
  });

  it("is asked again soon as long as something is to end that the host does not see, and then when it is time", async () => {
    await told.clock.advance(15_000);
    told.taken();
    told.isPassing = true;
    told.version += 1;
    told.supply = { ...NOTHING, domainsKnown: false };
    await told.clock.advance(21_000);
    assert.deepEqual(told.taken(), ["publish at 16000", "heal at 26000", "heal at 36000"]);
    told.isPassing = false;
    await told.clock.advance(MINUTE);
    assert.deepEqual(told.taken(), ["heal at 46000"]);
  });

  it("is known to be told of a host without its domains, in either kind of round and also where that is no news to it", async () => {
    const withoutDomains = (): boolean => told.keeper.standing.withoutDomains;
    const become = async (domainsKnown: boolean): Promise<boolean> => {
      told.version += 1;
      told.supply = { ...NOTHING, domainsKnown };
      await told.clock.advance(1_000);
      return withoutDomains();
    };
    told.supply = { ...NOTHING, domainsKnown: false };
    await told.clock.advance(15_000);
    assert.deepEqual([told.taken(), withoutDomains()], [["heal at 15000"], true]);
    assert.equal(await become(true), false);
    told.isNews = false;
    assert.equal(await become(false), true);
  });

  it("is known to be told of a GPU that is closed until something is mended, and of its opening", async () => {
    const closedNow = (): unknown => told.keeper.standing.closed;
    const gpu = "0000:00:02.0" as PciAddress;
    const shut: GpuSupply = {
      ...{ gpu, mode: "gvt-g", platform: undefined, types: [], drained: false, closed: true },
      ...{ closedBy: ["DEVICE_MODEL_MISSING"], offers: new Map(), held: [] },
    };
    const become = async (gpus: readonly GpuSupply[]): Promise<void> => {
      told.version += 1;
      told.supply = { ...NOTHING, gpus };
      await told.clock.advance(1_000);
    };
    told.supply = { ...NOTHING, gpus: [shut] };
    await told.clock.advance(15_000);
    assert.deepEqual(closedNow(), [{ gpu, closedBy: ["DEVICE_MODEL_MISSING"] }]);
    await become([{ ...shut, closed: false, closedBy: [] }]);
    assert.deepEqual(closedNow(), []);
    told.isNews = false;
    await become([shut]);
    assert.deepEqual(closedNow(), [{ gpu, closedBy: ["DEVICE_MODEL_MISSING"] }]);
  });

  it("is not asked while the host is not known, and is as soon as it is", async () => {
    told.supply = undefined;
    await told.clock.advance(MINUTE);
    assert.deepEqual(told.taken(), []);
    told.supply = NOTHING;
    await told.clock.advance(1_000);
    assert.equal(told.taken().length, 1);
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
    told.failure = new SchedulerError("node-invalid", "the node has to register", { isAwaited: true });
    told.random = 0.999_999;
    await told.clock.advance(60 * MINUTE);
    const times = told.taken().map((each) => Number(each.slice(8)));
    const [last = 0, before = 0] = times.reverse();
    // And not much sooner: a thousand hosts may be in the same trouble.
    assert.ok(last - before < MINUTE && last - before > MINUTE / 2, `${last - before}`);
    told.failure = undefined;
    await told.clock.advance(MINUTE);
    assert.equal(told.keeper.standing.failure, undefined);
  });

  const unfit = new SchedulerError("node-invalid", "the node has to register", { isAwaited: true });
  const away = new SchedulerError("unreachable", "nobody is there");

  it("is tried again soon where it fails once more in the way that it did for long, after it was awaited some times meanwhile", async () => {
    told.random = 0.999_999;
    told.failure = away;
    await told.clock.advance(60 * MINUTE);
    told.failure = unfit;
    await told.clock.advance(6 * MINUTE);
    told.taken();
    told.failure = away;
    await told.clock.advance(MINUTE);
    const [first = 0, second = Infinity] = told.taken().map((each) => Number(each.slice(8)));
    assert.ok(second - first <= 10_000, `${second - first}`);
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
