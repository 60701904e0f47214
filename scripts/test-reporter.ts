// Mocha's spec report, plus what scripts/test needs of it: the totals of this lane, what failed in it (told again at the
// end, where somebody looks who has only the last lines of a long log), skips that nobody has justified, and an end in any case.
import { appendFileSync, readFileSync } from "node:fs";
import Mocha from "mocha";
import * as z from "zod";
import { endWhenHeld, type Workers } from "./held-run.ts";

/** Every skip that may happen, by its full title, and why. */
const skipsFile = new URL("../../test/skips.json", import.meta.url);
const skipsSchema = z.array(z.strictObject({ title: z.string(), reason: z.string().min(10) }));

/** `closing`: in milliseconds, as of HeldOptions. */
const optionsSchema = z.object({
  totals: z.string().optional(),
  failures: z.string().optional(),
  closing: z.coerce.number().default(30_000),
});

/** Lines of an error that are told again: the message and where it was thrown; a difference of two pages is in the log. */
const TOLD_LINES = 40;

function told(titles: readonly string[], { message, stack }: Error): string {
  const lines = (stack ?? message).split("\n");
  const cut = lines.length > TOLD_LINES ? [`(${String(lines.length - TOLD_LINES)} more lines above)`] : [];
  return [titles.join(" › "), ...lines.slice(0, TOLD_LINES), ...cut, ""].join("\n");
}

/** What mocha adds to its options; of its types these are not. */
const runSchema = z.object({ files: z.array(z.string()) });

/** As mocha decides it. */
function workersOf(options: Mocha.MochaOptions): Workers | undefined {
  const { parallel, jobs } = options;
  if (parallel !== true || (jobs !== undefined && jobs <= 1)) return undefined;
  return { ...runSchema.parse(options), jobs };
}

class LaneReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const allowed = new Set(
      skipsSchema.parse(JSON.parse(readFileSync(skipsFile, "utf8"))).map(({ title }) => title),
    );
    const asked = optionsSchema.parse(options.reporterOptions ?? {});
    const unlisted: string[] = [];
    const failed = (text: string): void => {
      if (asked.failures !== undefined) appendFileSync(asked.failures, text);
    };
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error: Error) => {
      failed(told(test.titlePath(), error));
    });
    endWhenHeld(runner, {
      closingMs: asked.closing,
      workers: workersOf(options),
      told: (why) => {
        console.error(why);
        failed(`${why}\n`);
      },
    });
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test) => {
      if (!allowed.has(test.fullTitle())) unlisted.push(test.fullTitle());
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const strict = process.env["CI"] !== undefined;
      for (const title of unlisted) {
        const why = `skipped without a reason in test/skips.json: ${title}`;
        console.error(why);
        if (strict) failed(`${why}\n`);
      }
      // Of the runner: mocha ends with the status that this makes.
      if (strict) runner.failures += unlisted.length;
      if (asked.totals !== undefined)
        appendFileSync(asked.totals, `${this.stats.passes} ${runner.failures} ${this.stats.pending}\n`);
    });
  }
}

// Mocha loads a reporter by require() and takes the module's default export.
export default LaneReporter;
