// One machine for all suites of a test run, since two would not fit: started before the first test, ended after the last.
import { Bed } from "./bed.ts";
import { SeenOutcomes } from "./bed-outcomes.ts";
import type { Machine } from "./machine.ts";

/** To be called once per run, while mocha loads the suites; `started` gets the bed before the first test. */
export function oneBedForAll(machine: Machine, started: (bed: Bed) => void): void {
  let bed: Bed | undefined;
  const outcomes = new SeenOutcomes();

  before(async function () {
    this.timeout(900_000);
    bed = await Bed.start({
      machine,
      share: process.cwd(),
      progress: (line) => {
        console.log(`    building the test bed: ${line} s`);
      },
    });
    started(bed);
  });

  after(() => bed?.stop());

  after(() => outcomes.settle());

  afterEach(async function () {
    if (this.currentTest) outcomes.saw(this.currentTest);
    if (this.currentTest?.state === "failed") console.error(await bed?.log());
  });
}
