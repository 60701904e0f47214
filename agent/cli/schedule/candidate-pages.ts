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
  for (const search of searchesFor(asking.flavor, asking.slicesClass))
    for (let limit = FIRST; ; limit *= TIMES) {
      const found = await foundBy(search, limit, asking);
      const page = found.filter((each) => isFor(search, each) && !shown.has(providersOf(each)));
      for (const each of page) shown.add(providersOf(each));
      yield page;
      if (found.length < limit) break;
    }
}

/** Placement refuses a question with a trait that it does not know: nobody has it, so that what requires it is nowhere, and forbidding it always holds. */
async function foundBy(
  search: Search,
  limit: number,
  { api, memberOf, signal }: Asking,
): Promise<readonly Candidate[]> {
  const { required, forbidden } = search.traits;
  try {
    return await api.candidates(candidatesQuery(search, { memberOf, limit }), signal);
  } catch (error) {
    const all = [...required, ...forbidden];
    if (!(error instanceof PlacementError) || error.kind !== "refused" || all.length === 0) throw error;
    const known = await api.known("traits", all, signal);
    if (all.every((trait) => known.has(trait))) throw error;
    if (!required.every((trait) => known.has(trait))) return [];
    const traits = { required, forbidden: forbidden.filter((trait) => known.has(trait)) };
    return await api.candidates(candidatesQuery({ ...search, traits }, { memberOf, limit }), signal);
  }
}

function providersOf({ allocations }: Candidate): string {
  return [...allocations.keys()].sort().join(" ");
}
