// When a scheduler is told: soon after a change, and now and then anyway.
import assert from "node:assert/strict";
import type { PciAddress } from "../../../agent/core/ids.ts";
import type { GpuSupply } from "../../../agent/schedulers/supply.ts";
import { MINUTE, NOTHING, Told } from "./told.ts";

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
});
