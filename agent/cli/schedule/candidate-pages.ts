// The candidates that Placement has for a flavor, in its order, as many as are wanted.
import type { Candidate } from "../../placement/model.ts";
import type { Flavor } from "./flavor.ts";
import type { SchedulePlacement } from "./placement-port.ts";
import { candidatesQuery, isFor, searchesFor } from "./searches.ts";

/** As a rule the first takes it. */
const FIRST = 20;
/** Placement looks for all whatever it is asked to show, so that each further question costs as much as the first. */
const TIMES = 10;

interface Asking {
  readonly api: Pick<SchedulePlacement, "candidates">;
  readonly flavor: Flavor;
  readonly slicesClass: string;
  /** UUIDs of aggregates, of which the GPU is in one at least; empty: wherever it is. */
  readonly memberOf: readonly string[];
  readonly signal: AbortSignal;
}

/** Nothing is asked for a page that is not taken, and no candidate comes twice, be it that Placement shows others each time. */
export async function* candidatePages({
  api,
  flavor,
  slicesClass,
  memberOf,
  signal,
}: Asking): AsyncGenerator<readonly Candidate[]> {
  const shown = new Set<string>();
  for (const search of searchesFor(flavor, slicesClass))
    for (let limit = FIRST; ; limit *= TIMES) {
      const found = await api.candidates(candidatesQuery(search, { memberOf, limit }), signal);
      const page = found.filter((each) => isFor(search, each) && !shown.has(providersOf(each)));
      for (const each of page) shown.add(providersOf(each));
      yield page;
      if (found.length < limit) break;
    }
}

function providersOf({ allocations }: Candidate): string {
  return [...allocations.keys()].sort().join(" ");
}
