// What an operator hears of GPUs that the configuration names and the host does not have.
import assert from "node:assert/strict";
import { unknownGpusLog } from "../../../agent/compose/unknown-gpus-log.ts";
import { pciAddress } from "../../fakes/ids.ts";

describe("a GPU that the configuration names", () => {
  it("is told once while the host does not have it, and again when it goes", () => {
    const lines: unknown[] = [];
    const heard = (line: unknown): number => lines.push(line);
    const named = new Map([
      [pciAddress(0), 4],
      [pciAddress(1), 2],
    ]);
    const look = unknownGpusLog({ warn: heard }, named);
    const withGpus = (...present: number[]) => ({
      gpus: new Map(present.map((number) => [pciAddress(number), {}])),
    });
    for (const inventory of [withGpus(0), withGpus(0), withGpus(0, 1), withGpus()]) look(inventory);
    assert.deepEqual(lines, [{ gpus: [pciAddress(1)] }, { gpus: [pciAddress(0), pciAddress(1)] }]);
  });
});
