// Which mark the root of a host gets, and that none is told of.
import assert from "node:assert/strict";
import { machineMark } from "../../../agent/compose/machine-mark.ts";
import { markOf } from "../../../agent/schedulers/placement/mark.ts";

const NONE = { why: "there is no /etc/machine-id" };

describe("the mark of the machine that a host's root gets", () => {
  const warned: object[] = [];
  const log = { warn: (about: object) => void warned.push(about) };
  beforeEach(() => {
    warned.length = 0;
  });

  it("is by /etc/machine-id, and by the configured word where there is one", () => {
    const id = "5111a7ed000080008000000000000001";
    assert.equal(machineMark({ root: "own", machine: undefined }, { id }, log), markOf(id));
    assert.equal(machineMark({ root: "own", machine: "asset-7" }, { id }, log), markOf("asset-7"));
    assert.equal(machineMark({ root: "own", machine: "asset-7" }, NONE, log), markOf("asset-7"));
    assert.deepEqual(warned, []);
  });

  it("is none where the machine has no id, which is told once where vgpud makes the root", () => {
    assert.equal(machineMark({ root: "own", machine: undefined }, NONE, log), undefined);
    assert.deepEqual(warned, [NONE]);
  });

  it("is none without a word where Nova makes the root, which gets no mark", () => {
    assert.equal(machineMark({ root: "nova", machine: undefined }, NONE, log), undefined);
    assert.deepEqual(warned, []);
  });
});
