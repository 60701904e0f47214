// The candidates that Placement has for a flavor, in its order, as many as are wanted.
import { PlacementError } from "../../placement/errors.ts";
import type { Candidate } from "../../placement/model.ts";
import type { Flavor } from "./flavor.ts";
import type { SchedulePlacement } from "./placement-port.ts";
import { candidatesQuery, isFor, searchesFor, type Search } from "./searches.ts";

/** As a rule the first takes it. */
const FIRST = 20;
/** Placement looks for all whatever it is asked to show, so that each further question costs as much as the first. */
const TIMES = 10;

interface Asking {
  readonly api: Pick<SchedulePlacement, "candidates" | "known">;
  readonly flavor: Flavor;
  readonly slicesClass: string;
  /** UUIDs of aggregates, of which the GPU is in one at least; empty: wherever it is. */
  readonly memberOf: readonly string[];
  readonly signal: AbortSignal;
}

/** Nothing is asked for a page that is not taken, and no candidate comes twice, be it that Placement shows others each time. */
export async function* candidatePages(asking: Asking): AsyncGenerator<readonly Candidate[]> {
  const shown = new Set<string>();
  for (const search of searchesFor(asking.flavor, asking.slicesClass)) {
    let next = search;
    for (let limit = FIRST; ; limit *= TIMES) {
      const { found, taken } = await foundBy(next, limit, asking);
      next = taken;
      const page = found.filter((each) => isFor(search, each) && !shown.has(providersOf(each)));
      for (const each of page) shown.add(providersOf(each));
      yield page;
      if (found.length < limit) break;
    }
  }
}

interface Found {
  readonly found: readonly Candidate[];
  /** The search as Placement takes it. */
  readonly taken: Search;
}

/** Placement refuses a question with a trait that it does not know: nobody has it, so that what requires it is nowhere, and forbidding it always holds. */
async function foundBy(search: Search, limit: number, { api, memberOf, signal }: Asking): Promise<Found> {
  const { required, forbidden } = search.traits;
  const ask = async (taken: Search): Promise<Found> => {
    return { found: await api.candidates(candidatesQuery(taken, { memberOf, limit }), signal), taken };
  };
  try {
    return await ask(search);
  } catch (error) {
    const all = [...required, ...forbidden];
    if (!(error instanceof PlacementError) || error.kind !== "refused" || all.length === 0) throw error;
    const known = await api.known("traits", all, signal);
    if (all.every((trait) => known.has(trait))) throw error;
    if (!required.every((trait) => known.has(trait))) return { found: [], taken: search };
    return await ask({
      ...search,
      traits: { required, forbidden: forbidden.filter((trait) => known.has(trait)) },
    });
  }
}

function providersOf({ allocations }: Candidate): string {
  return [...allocations.keys()].sort().join(" ");
}
