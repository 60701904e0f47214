// In which classes of slices a host has published, as far as its record tells.
import assert from "node:assert/strict";
import { SLICES_CLASS } from "../../../../agent/core/placement-names.ts";
import type { Unwritten } from "../../../../agent/schedulers/kept-record.ts";
import {
  noteClass,
  type KnownRoot,
  type RootRecord,
} from "../../../../agent/schedulers/placement/root-record.ts";

const root: KnownRoot = { uuid: "r", own: true, made: [] };

class Record implements RootRecord {
  current: KnownRoot | undefined;
  written: KnownRoot | undefined;

  constructor(before: KnownRoot | undefined) {
    this.current = before;
  }

  note(known: KnownRoot): void {
    this.current = known;
  }

  settle(): Promise<Unwritten | undefined> {
    this.written = this.current;
    return Promise.resolve(undefined);
  }
}

describe("the classes that a host has published slices in", () => {
  it("begin with the default one where the record is of a vgpud that wrote none down", async () => {
    const record = new Record(root);
    await noteClass(record, "VGPU");
    assert.deepEqual(record.current?.sliceClasses, [SLICES_CLASS, "VGPU"]);
  });

  it("are on disk before anything is published in another, and not written again", async () => {
    const record = new Record({ ...root, sliceClasses: ["VGPU"] });
    await noteClass(record, "CUSTOM_DESK");
    assert.deepEqual(record.written?.sliceClasses, ["VGPU", "CUSTOM_DESK"]);
    record.written = undefined;
    await noteClass(record, "VGPU");
    assert.equal(record.written, undefined);
  });

  it("are of no host that has no root", async () => {
    const record = new Record(undefined);
    await noteClass(record, "VGPU");
    assert.equal(record.current, undefined);
  });
});
