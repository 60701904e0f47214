// Runs a group of cases over every subject, each subject on one host, and holds what came of them against what is recorded.
import assert from "node:assert/strict";
import type { BackendName, GroupName, GroupOutcomes, Outcome } from "../../../scripts/conformance-page.ts";
import type { ProcessOptions } from "../harness/agent-process.ts";
import { record, recorded } from "./record.ts";
import type { Ability, Subject } from "./subject.ts";
import { subjects } from "./subjects/all.ts";
import { Trial } from "./trial.ts";

interface Case {
  /** Without it the case is impossible. */
  readonly needs?: Ability;
  /** Begins with nothing on the host, and leaves nothing. */
  readonly run: (trial: Trial) => Promise<void>;
}

/** By what they say, as a sentence that begins with the name of the backend or of the group. */
export type Cases = Readonly<Record<string, Case | Case["run"]>>;

/** `group` is the name of the golden file, too. */
export function conform(group: GroupName, cases: Cases, process?: ProcessOptions): void {
  describe(`conformance, ${group}`, function () {
    this.timeout(60_000);
    const seen = new Map<string, Map<BackendName, Outcome>>(
      Object.keys(cases).map((what) => [what, new Map()]),
    );
    for (const subject of subjects)
      describe(`on ${subject.backend}`, () => {
        over(subject, cases, process, (what, outcome) => seen.get(what)?.set(subject.backend, outcome));
      });
    describe("and the table", () => {
      it("is what was seen (UPDATE_GOLDEN=1 records it, then npm run docs)", async () => {
        const now = merged(await recorded(group), seen);
        if (globalThis.process.env["UPDATE_GOLDEN"] === "1") await record(group, now);
        assert.deepEqual(await recorded(group), now);
      });
    });
  });
}

function over(
  subject: Subject,
  cases: Cases,
  process: ProcessOptions | undefined,
  tell: (what: string, outcome: Outcome) => unknown,
): void {
  let trial: Trial | undefined;
  const end = async (): Promise<void> => {
    await trial?.[Symbol.asyncDispose]();
    trial = undefined;
  };
  after(end);
  afterEach(async function () {
    const isWell = this.currentTest?.state === "passed";
    tell(this.currentTest?.title ?? "", isWell ? "passed" : "failed");
    // It may have left anything behind: the next one gets another.
    if (!isWell) await end();
  });
  for (const [what, one] of Object.entries(cases)) {
    const { needs, run }: Case = typeof one === "function" ? { run: one } : one;
    const impossible = needs && subject.lacks[needs];
    if (impossible !== undefined) tell(what, { impossible });
    else
      it(what, async () => {
        trial ??= await Trial.begin(subject, process);
        trial.nextCase();
        await run(trial);
        await trial.assertNothingLeft();
      });
  }
}

/** In the order of cases and subjects. What was not run, as with --grep, stays as it was; what is no case any more goes. */
function merged(
  before: GroupOutcomes,
  seen: ReadonlyMap<string, ReadonlyMap<BackendName, Outcome>>,
): GroupOutcomes {
  const rows = [...seen].map(([what, outcomes]) => {
    const cells = subjects.flatMap(({ backend }) => {
      const outcome = outcomes.get(backend) ?? before[what]?.[backend];
      return outcome === undefined ? [] : [[backend, outcome] as const];
    });
    return [what, Object.fromEntries(cells)] as const;
  });
  return Object.fromEntries(rows);
}
