import assert from "node:assert/strict";
import { Jobs } from "../../../agent/hostd/protocol/jobs.ts";
import type { Operation, Request, Result } from "../../../agent/hostd/protocol/messages.ts";

const vgpuId = "76677075-0000-8000-8000-000000000001";
const remove: Operation = { kind: "remove-mdev", vgpuId };
const create: Operation = { kind: "create-mdev", gpu: "0000:00:02.0", type: "i915-GVTg_V5_4", vgpuId };
const look: Operation = { kind: "xen-domains" };
const GUESTS: Result = { kind: "xen-domains", domains: [] };
const ENDED: Result = { kind: "failed", why: "the child ended without a result (SIGKILL)" };

/** Children that end when the test says so; a search for holders finds nobody at once. */
class Children {
  now = 0;
  readonly started: { readonly operation: Operation; readonly end: (result: Result) => void }[] = [];
  readonly givenUp: number[] = [];
  readonly jobs = new Jobs(
    (operation) => {
      if (operation.kind === "holders" || operation.kind === "function-holders")
        return {
          pid: 1,
          result: Promise.resolve({ kind: "holders", holders: [] }),
          giveUp: () => assert.fail("it does not hang"),
        };
      const result = new Promise<Result>((end) => {
        this.started.push({ operation, end });
      });
      const index = this.started.length - 1;
      const giveUp = (): void => {
        this.givenUp.push(index);
      };
      return { pid: 1 + index, result, giveUp };
    },
    () => this.now,
  );

  impatiently(operation: Operation): Promise<Result> {
    return this.jobs.perform(asked(operation, 10));
  }

  patiently(operation: Operation): Promise<Result> {
    return this.jobs.perform(asked(operation, 60_000));
  }

  /** Once it is there; what hears of its end has heard when this resolves. */
  async end(index: number, result: Result): Promise<void> {
    await turn();
    const child = this.started[index];
    assert.ok(child);
    child.end(result);
    await turn();
  }
}

/** After everything that is due now has run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const asked = (operation: Operation, deadlineMs: number): Request => ({ id: 1, deadlineMs, operation });

describe("hostd's jobs", () => {
  it("tell the end of an operation to whoever asks again after having been told that it is blocked", async () => {
    const children = new Children();
    assert.equal((await children.impatiently(remove)).kind, "blocked");
    await children.end(0, { kind: "absent" });
    assert.deepEqual(await children.patiently(remove), { kind: "absent" });
    assert.equal(children.started.length, 1);
  });

  it("tell it once: who asks after that starts anew", async () => {
    const children = new Children();
    await children.impatiently(remove);
    await children.end(0, { kind: "absent" });
    await children.patiently(remove);
    const again = children.patiently(remove);
    await children.end(1, { kind: "done" });
    assert.deepEqual(await again, { kind: "done" });
  });

  it("look anew for who holds a vGPU, however the last try ended", async () => {
    const children = new Children();
    await children.impatiently(remove);
    await children.end(0, { kind: "held", holders: [] });
    const again = children.patiently(remove);
    await children.end(1, { kind: "done" });
    assert.deepEqual(await again, { kind: "done" });
  });

  it("take an end that nobody asked for within half a minute for too old", async () => {
    const children = new Children();
    await children.impatiently(remove);
    await children.end(0, { kind: "absent" });
    children.now += 30_000;
    const again = children.patiently(remove);
    await children.end(1, { kind: "done" });
    assert.deepEqual(await again, { kind: "done" });
  });

  it("keep as many ends as there may be jobs, the newest", async () => {
    const children = new Children();
    const removals = Array.from({ length: 33 }, (_, index): Operation => ({
      kind: "remove-mdev",
      vgpuId: `76677075-0000-8000-8000-${String(index).padStart(12, "0")}`,
    }));
    for (const [index, removal] of removals.entries()) {
      await children.impatiently(removal);
      await children.end(index, { kind: "absent" });
    }
    const [oldest = remove, second = remove] = removals;
    assert.deepEqual(await children.patiently(second), { kind: "absent" });
    void children.patiently(oldest);
    await turn();
    assert.deepEqual(children.started.at(-1)?.operation, oldest);
  });

  it("forget it when something else is asked of the vGPU in between", async () => {
    const children = new Children();
    await children.impatiently(remove);
    await children.end(0, { kind: "done" });
    const made = children.patiently(create);
    await children.end(1, { kind: "done" });
    assert.deepEqual(await made, { kind: "done" });
    const removed = children.patiently(remove);
    await children.end(2, { kind: "done" });
    assert.deepEqual(await removed, { kind: "done" });
    assert.deepEqual(
      children.started.map(({ operation }) => operation.kind),
      ["remove-mdev", "create-mdev", "remove-mdev"],
    );
  });

  it("tell nobody else when somebody who had joined meanwhile heard it", async () => {
    const children = new Children();
    await children.impatiently(remove);
    const joined = children.patiently(remove);
    await children.end(0, { kind: "done" });
    assert.deepEqual(await joined, { kind: "done" });
    const again = children.patiently(remove);
    await children.end(1, { kind: "absent" });
    assert.deepEqual(await again, { kind: "absent" });
  });

  it("join what is asked again of a PCI function, and tell the end of it to who had given up", async () => {
    const bind: Operation = { kind: "bind-driver", device: "0000:00:02.1", driver: "vfio-pci" };
    const set: Operation = { kind: "set-virtual-functions", gpu: "0000:00:02.0", count: 7 };
    for (const operation of [bind, set]) {
      const children = new Children();
      assert.equal((await children.impatiently(operation)).kind, "blocked");
      assert.equal((await children.impatiently(operation)).kind, "blocked");
      await children.end(0, { kind: "done" });
      assert.deepEqual(await children.patiently(operation), { kind: "done" });
      assert.equal(children.started.length, 1);
    }
  });

  it("make the slice of a guest of Xen once for all who ask, and tell no later one that it was made", async () => {
    const make: Operation = {
      ...{ kind: "make-vgt-instance", domid: 7, lowGmMib: 128, highGmMib: 384, fences: 4 },
    };
    const children = new Children();
    assert.equal((await children.impatiently(make)).kind, "blocked");
    const joined = children.patiently(make);
    const removed = children.patiently({ kind: "remove-vgt-instance", domid: 7 });
    await children.end(0, { kind: "done" });
    assert.deepEqual(await joined, { kind: "done" });
    await children.end(1, { kind: "done" });
    assert.deepEqual(await removed, { kind: "done" });
    await children.impatiently(make);
    await children.end(2, { kind: "done" });
    const again = children.patiently(make);
    await children.end(3, { kind: "errno", errno: "EINVAL", call: "write", path: "" });
    assert.equal((await again).kind, "errno");
  });

  it("make another request about a PCI function wait for the one before it", async () => {
    const children = new Children();
    const device = "0000:00:02.0";
    const set = children.patiently({ kind: "set-virtual-functions", gpu: device, count: 7 });
    const bound = children.patiently({ kind: "bind-driver", device, driver: "vfio-pci" });
    await turn();
    assert.equal(children.started.length, 1);
    await children.end(0, { kind: "done" });
    await children.end(1, { kind: "held", holders: [] });
    assert.deepEqual([await set, await bound], [{ kind: "done" }, { kind: "held", holders: [] }]);
  });

  it("give up a look that hangs, and look anew for whoever asks then", async () => {
    const children = new Children();
    assert.equal((await children.impatiently(look)).kind, "blocked");
    children.now += 14_999;
    assert.equal((await children.impatiently(look)).kind, "blocked");
    assert.deepEqual([children.started.length, children.givenUp], [1, []]);
    children.now += 1;
    const seen = children.patiently(look);
    await children.end(1, GUESTS);
    assert.deepEqual(await seen, GUESTS);
    assert.deepEqual(children.givenUp, [0]);
    await children.end(0, ENDED);
    const again = children.patiently(look);
    await children.end(2, GUESTS);
    assert.deepEqual(await again, GUESTS);
  });

  it("leave two looks at an object behind that cannot be ended, and wait with the third until one of them has", async () => {
    const children = new Children();
    for (const started of [1, 2, 3, 3]) {
      assert.equal((await children.impatiently(look)).kind, "blocked");
      assert.equal(children.started.length, started);
      children.now += 15_000;
    }
    await children.end(0, ENDED);
    const seen = children.patiently(look);
    await children.end(3, GUESTS);
    assert.deepEqual(await seen, GUESTS);
    assert.deepEqual(children.givenUp, [0, 1, 2]);
  });

  it("count the looks that they left behind among those that there may be", async () => {
    const children = new Children();
    await children.impatiently(look);
    children.now += 15_000;
    await children.impatiently(look);
    for (let domid = 1; domid <= 30; domid += 1)
      await children.impatiently({ kind: "remove-vgt-instance", domid });
    const full = { kind: "failed", why: "32 operations are under way" };
    assert.deepEqual(await children.patiently(remove), full);
    await children.end(0, ENDED);
    void children.patiently(remove);
    await turn();
    assert.deepEqual(children.started.at(-1)?.operation, remove);
  });

  it("never give up a change, however long it takes", async () => {
    const children = new Children();
    await children.impatiently(remove);
    children.now += 3_600_000;
    assert.equal((await children.impatiently(remove)).kind, "blocked");
    assert.deepEqual([children.started.length, children.givenUp], [1, []]);
  });

  it("keep nothing of an operation whose end was heard", async () => {
    const children = new Children();
    const removed = children.patiently(remove);
    await children.end(0, { kind: "done" });
    await removed;
    const again = children.patiently(remove);
    await children.end(1, { kind: "absent" });
    assert.deepEqual(await again, { kind: "absent" });
  });
});
