// Mocha's spec report, plus what scripts/test needs of it: the totals of this lane, and skips that nobody has justified.
import { appendFileSync, readFileSync } from "node:fs";
import Mocha from "mocha";
import * as z from "zod";

/** Every skip that may happen, by its full title, and why. */
const skipsFile = new URL("../../test/skips.json", import.meta.url);
const skipsSchema = z.array(z.strictObject({ title: z.string(), reason: z.string().min(10) }));

const optionsSchema = z.object({ totals: z.string().optional() });

class LaneReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const allowed = new Set(
      skipsSchema.parse(JSON.parse(readFileSync(skipsFile, "utf8"))).map(({ title }) => title),
    );
    const unlisted: string[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test) => {
      if (!allowed.has(test.fullTitle())) unlisted.push(test.fullTitle());
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const strict = process.env["CI"] !== undefined;
      for (const title of unlisted) console.error(`skipped without a reason in test/skips.json: ${title}`);
      const failures = this.stats.failures + (strict ? unlisted.length : 0);
      if (strict && unlisted.length > 0) process.exitCode = 1;
      const file = optionsSchema.parse(options.reporterOptions ?? {}).totals;
      if (file !== undefined)
        appendFileSync(file, `${this.stats.passes} ${failures} ${this.stats.pending}\n`);
    });
  }
}

// Mocha loads a reporter by require() and takes the module's default export.
export default LaneReporter;
