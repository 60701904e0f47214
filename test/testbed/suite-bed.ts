// The one bed of a test run: every suite that imports it runs in the same machine, since two would not fit.
import { Bed } from "./bed.ts";

/** Running from the first test to the last. A suite leaves it as it found it, or resets it. */
export let bed: Bed;

before(async function () {
  this.timeout(900_000);
  bed = await Bed.start({
    share: process.cwd(),
    progress: (line) => {
      console.log(`    building the test bed: ${line} s`);
    },
  });
});

after(async () => {
  await bed.stop();
});

afterEach(async function () {
  if (this.currentTest?.state === "failed") console.error(await bed.log());
});
