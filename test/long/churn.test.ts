// The agent under creates and destroys for half an hour: nothing of it grows.
import assert from "node:assert/strict";
import { churn, type Sample } from "../e2e/harness/churn.ts";
import { MANY_A_SECOND, World } from "../e2e/harness/world.ts";

/** For a shorter try: the bars hold for 30 alone. */
const MINUTES = Number(process.env["VGPUD_TEST_CHURN_MINUTES"] ?? "30");
/** What grows at the beginning, as caches and the heap itself, has grown by then: a sixth of the time, 5 minutes of 30. */
const SETTLED_S = (MINUTES * 60) / 6;
/** A figure is the median of the samples of so long a time, so that it is none of one collection of garbage. */
const SPAN_S = MINUTES * 2;
const MOST_GROWTH = 1.1;
/** Calls that happen to be under way. */
const FEW = 5;

describe(`an agent under ${MINUTES} minutes of creates and destroys`, function () {
  this.timeout((MINUTES + 5) * 60_000);

  it("takes no more memory, descriptors or records than before", async () => {
    await using world = await World.start("", { env: { NODE_OPTIONS: "--trace-warnings" } }, QUIET);
    const { samples, done } = await churn(world, MINUTES * 60);
    const [settled, end] = [figures(samples, SETTLED_S), figures(samples, MINUTES * 60)];
    const ratio = end.residentMib / settled.residentMib;
    console.log(JSON.stringify(Object.fromEntries(done)));
    console.table([settled, end]);
    console.log(`resident memory at the end: ${ratio.toFixed(3)} times that after ${SETTLED_S / 60} minutes`);
    const { mdevs, domains } = await world.truth();
    const living = (await world.claimStates()).filter((state) => state !== "gone");
    assert.deepEqual([mdevs, domains, living], [[], [], []], "nothing is left over");
    assert.doesNotMatch(world.agent.log, /MaxListenersExceededWarning|"level":(50|60|"error"|"fatal")/);
    assert.ok(ratio <= MOST_GROWTH, `${ratio}`);
    assert.ok(end.fds <= settled.fds + FEW, `${end.fds} descriptors, ${settled.fds} before`);
    assert.ok(
      end.resources <= settled.resources + FEW,
      `${end.resources} resources, ${settled.resources} before`,
    );
  });
});

const QUIET = { ...MANY_A_SECOND, logLevel: "warn" } as const;

/** Each figure's median over the time that ends then. */
function figures(samples: readonly Sample[], until: number): Sample {
  const there = samples.filter(({ seconds }) => seconds > until - SPAN_S && seconds <= until + 1);
  const median = (of: (sample: Sample) => number): number =>
    there.map(of).sort((a, b) => a - b)[Math.floor(there.length / 2)] ?? NaN;
  return {
    seconds: until,
    residentMib: Math.round(median(({ residentMib }) => residentMib)),
    heapMib: Math.round(median(({ heapMib }) => heapMib)),
    fds: median(({ fds }) => fds),
    resources: median(({ resources }) => resources),
    tombstones: median(({ tombstones }) => tombstones),
  };
}
