import assert from "node:assert/strict";
import { parsePciAddress } from "../../../agent/core/ids.ts";
import { SimulatedClock } from "../../../agent/simulator/clock.ts";
import { FaultBoard } from "../../../agent/simulator/faults/board.ts";
import { faultSchema, type FaultFields } from "../../../agent/simulator/faults/fault.ts";

const GPU = parsePciAddress("0000:00:02.0");
const OTHER = parsePciAddress("0000:03:00.0");
assert.ok(GPU && OTHER);

function board(...faults: readonly FaultFields[]): {
  readonly board: FaultBoard;
  readonly clock: SimulatedClock;
} {
  const clock = new SimulatedClock();
  return {
    clock,
    board: new FaultBoard(
      clock,
      faults.map((fault) => faultSchema.parse(fault)),
    ),
  };
}

/** Whether it has resolved by now. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise((resolve) => setImmediate(resolve)).then(() => "turn");
  return (await Promise.race([promise.then(() => "over"), turn])) === "over";
}

describe("the faults that are set", () => {
  it("strike what they are narrowed to and nothing else", () => {
    const { board: faults } = board({ kind: "CREATE_FAILS", gpu: GPU, object: "a" });
    assert.equal(faults.find("CREATE_FAILS", { gpu: OTHER, object: ["a"] }), undefined);
    assert.equal(faults.find("CREATE_FAILS", { gpu: GPU, object: ["b"] }), undefined);
    assert.equal(faults.find("CREATE_FAILS", { object: ["a"] }), undefined);
    assert.equal(faults.find("REMOVE_FAILS", { gpu: GPU, object: ["a"] }), undefined);
    assert.equal(faults.find("CREATE_FAILS", { gpu: GPU, object: ["b", "a"] })?.errno, "ENOSPC");
  });

  it("hold up as many calls as there are, without a warning of a leak", async () => {
    const warned: Error[] = [];
    const note = (warning: Error): void => void warned.push(warning);
    process.on("warning", note);
    const { board: faults } = board({ kind: "LIBVIRT_HANGS" });
    const held = Promise.all(Array.from({ length: 30 }, () => faults.hold("LIBVIRT_HANGS")));
    assert.equal(await isOver(held), false);
    faults.clear();
    await held;
    process.off("warning", note);
    assert.deepEqual(warned, []);
  });

  it("clear themselves after as many strikes as they may have", () => {
    const { board: faults } = board({ kind: "CREATE_FAILS", times: 2 });
    assert.ok(faults.strike("CREATE_FAILS"));
    assert.deepEqual(
      faults.list.map(({ times }) => times),
      [1],
    );
    assert.ok(faults.strike("CREATE_FAILS"));
    assert.equal(faults.strike("CREATE_FAILS"), undefined);
    assert.deepEqual(faults.list, []);
  });

  it("stay set while they hold something up, and hold up no more than they may", async () => {
    const { board: faults } = board({ kind: "REMOVE_BLOCKS", times: 1 });
    const held = faults.hold("REMOVE_BLOCKS");
    assert.ok(await isOver(faults.hold("REMOVE_BLOCKS")));
    assert.ok(!(await isOver(held)));
    // Not 0, which would mean that it strikes always.
    assert.deepEqual(
      faults.list.map(({ times }) => times),
      [1],
    );
    faults.clear(["remove-blocks"]);
    await held;
    assert.deepEqual(faults.list, []);
  });

  it("let go after their delay, or when another takes their name", async () => {
    const { board: faults, clock } = board({ kind: "CREATE_LATE", delay_ms: 60_000 });
    const first = faults.hold("CREATE_LATE");
    clock.advance(59_000);
    assert.ok(!(await isOver(first)));
    clock.advance(1_000);
    await first;
    const second = faults.hold("CREATE_LATE");
    faults.set([faultSchema.parse({ name: "create-late", kind: "LIBVIRT_GONE" })]);
    await second;
  });

  it("end after their delay when they are a state, however late somebody meets them", async () => {
    const { board: faults, clock } = board({ kind: "HOSTD_HANGS", delay_ms: 60_000 });
    clock.advance(59_000);
    const held = faults.hold("HOSTD_HANGS");
    assert.ok(!(await isOver(held)));
    clock.advance(1_000);
    await held;
    assert.deepEqual(faults.list, []);
  });

  it("strike objects later only if they are still set then, and no more than they may", async () => {
    const { board: faults, clock } = board({ kind: "DOMAIN_CRASHES", delay_ms: 1_000, times: 1 });
    const [one, other] = ["one", "other"].map((name) =>
      faults.strikesLater("domain-crashes", { object: [name] }),
    );
    clock.advance(1_000);
    assert.deepEqual(await Promise.all([one, other]), [true, false]);
    const { board: cleared } = board({ kind: "DOMAIN_CRASHES", delay_ms: 1_000 });
    const never = cleared.strikesLater("domain-crashes", { object: ["one"] });
    cleared.clear();
    assert.equal(await never, false);
  });

  it("tell whoever listens of each change, strikes that clear them included", () => {
    const { board: faults } = board({ kind: "CREATE_FAILS", times: 1 });
    let changes = 0;
    faults.onChange(() => {
      changes += 1;
    });
    faults.strike("CREATE_FAILS");
    faults.set([faultSchema.parse({ kind: "LIBVIRT_GONE" })]);
    faults.clear();
    assert.equal(changes, 3);
  });
});
