// What fails around vgpud and what a caller sees of it, as a matrix: every fault with the same calls, recorded, and made into
// docs/failure-modes.md. UPDATE_GOLDEN=1 records anew; then `npm run docs`.
import assert from "node:assert/strict";
import type { FailureMode } from "../../scripts/failure-modes-page.ts";
import { whyNoDisks } from "../contract/faulty-disks.ts";
import { unlessImpossible } from "../contract/unless-impossible.ts";
import { ofTheAgent } from "./harness/failure-modes/agent.ts";
import { ofTheDisk } from "./harness/failure-modes/disk.ts";
import { ofHostd, ofTheKernel } from "./harness/failure-modes/kernel.ts";
import { ofLibvirt } from "./harness/failure-modes/libvirt.ts";
import type { Mode, Modes } from "./harness/failure-modes/mode.ts";
import { compare, recordedModes, type Order } from "./harness/failure-modes/record.ts";
import { Stages } from "./harness/failure-modes/stages.ts";

const groups: Readonly<Record<string, Modes>> = {
  libvirt: ofLibvirt,
  "the kernel": ofTheKernel,
  "vgpud-hostd": ofHostd,
  "the disk of the ledger": ofTheDisk,
  vgpud: ofTheAgent,
};
const order: Order = Object.fromEntries(
  Object.entries(groups).map(([name, modes]) => [name, Object.keys(modes)]),
);
describe("a caller sees what is recorded", function () {
  /** A test waits until its mode has had its turn. */
  this.timeout(240_000);
  const seen = new Map<Mode, Promise<FailureMode>>();
  let stages: Stages;
  let noDisks: string | undefined;

  before(async () => {
    noDisks = await whyNoDisks();
    stages = new Stages();
    for (const modes of Object.values(groups))
      for (const mode of Object.values(modes))
        if (!mode.own?.disk || noDisks === undefined) seen.set(mode, stages.play(mode));
  });
  after(async () => {
    await stages[Symbol.asyncDispose]();
  });

  for (const [group, modes] of Object.entries(groups))
    describe(`when ${group}`, () => {
      for (const [what, mode] of Object.entries(modes))
        it(what, async function () {
          if (mode.own?.disk) unlessImpossible(this, noDisks);
          const played = seen.get(mode);
          assert.ok(played);
          await compare(order, group, what, await played);
        });
    });

  describe("and nothing else", () => {
    it("is recorded", async () => {
      const recorded = Object.entries(await recordedModes());
      const names = recorded.map(([name, modes]) => [name, Object.keys(modes)]);
      assert.deepEqual(Object.fromEntries(names), order);
    });
  });
});
