// What kept answers are made from: whatever of it changes, they are made anew.
import assert from "node:assert/strict";
import { basisOf, type ApiContext } from "../../../agent/api/context.ts";

/** As much of the context as answers to reads are made from; a test changes one thing. */
function parts() {
  return {
    inventory: {},
    ledger: { version: 1 },
    drains: { current: {} },
    modes: { current: {} },
    operations: { version: 1 },
    libvirt: {},
    scheduler: { told: false },
    machine: {},
    diagnosis: {},
  };
}

function basis({
  inventory,
  ledger,
  drains,
  modes,
  operations,
  libvirt,
  scheduler,
  machine,
  diagnosis,
}: ReturnType<typeof parts>): readonly unknown[] {
  const context = {
    ...{ ledger, drains, modes, operations },
    inventory: () => inventory,
    libvirt: () => libvirt,
    scheduler: () => scheduler,
    agent: { machine: () => machine },
    diagnosis: { latest: diagnosis },
  };
  return basisOf(context as unknown as ApiContext);
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

describe("the basis of kept answers", () => {
  it("is the same while nothing changes", () => {
    const same = parts();
    assert.ok(isSame(basis(same), basis(same)));
  });

  const changes: Readonly<Record<string, Partial<ReturnType<typeof parts>>>> = {
    "the view of the host": { inventory: {} },
    "a claim": { ledger: { version: 2 } },
    "what is drained": { drains: { current: {} } },
    "the modes of GPUs": { modes: { current: {} } },
    "an operation": { operations: { version: 2 } },
    "libvirt's connection": { libvirt: {} },
    "whether the scheduler has been told": { scheduler: { told: true } },
    "what is known of the machine": { machine: {} },
    "the diagnosis": { diagnosis: {} },
  };
  for (const [what, change] of Object.entries(changes))
    it(`changes with ${what}`, () => {
      const before = parts();
      assert.ok(!isSame(basis(before), basis({ ...before, ...change })));
    });
});
