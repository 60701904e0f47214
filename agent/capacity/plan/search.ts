// As many things in the bins as can be, proved by search: bin after bin, every load that has to be tried, with what was found
// out about a bin and what is left remembered. Pure and deterministic: its limit is a number of steps, not a time.
import { menuOf, optionsOf, type Menu, type Option } from "./options.ts";
import { packed, times, total, type Packing, type Problem } from "./packing.ts";

/** Steps that a search may take, of about a microsecond each: it is made while a caller waits. */
const EFFORT = 10_000;

export interface Found {
  readonly packing: Packing;
  /** Whether nothing better exists. When not, the packing is the best of those that were tried. */
  readonly exact: boolean;
}

/** `known`: a packing that there is already; it is given back unless a better one is found. */
export function mostPacked(problem: Problem, known: Packing, effort = EFFORT): Found {
  return new Search(problem, effort).beyond(known);
}

/** The best load of a bin, and how many things it and the bins that follow hold with it. */
interface Best {
  readonly count: number;
  /** Undefined where nothing goes in. */
  readonly option: Option | undefined;
}

const NOTHING: Best = { count: 0, option: undefined };

/** What is known of a bin and what is left: the best, or that there is nothing above a number. */
type Insight = { readonly best: Best } | { readonly noneAbove: number };

class Search {
  readonly #bins: Problem["bins"];
  readonly #counts: readonly number[];
  readonly #menus: readonly Menu[];
  readonly #onwards: readonly Onwards[];
  readonly #insights = new Map<string, Insight>();
  readonly #options = new Map<string, readonly Option[]>();
  #effort: number;

  constructor(problem: Problem, effort: number) {
    this.#bins = problem.bins;
    this.#counts = problem.kinds.map(({ count }) => count);
    this.#menus = problem.bins.map((_, at) => menuOf(problem, at));
    this.#onwards = onwardsOf(problem, this.#menus);
    this.#effort = effort;
  }

  beyond(known: Packing): Found {
    if (this.#best(0, this.#counts, packed(known)) === undefined)
      return { packing: known, exact: this.#effort > 0 };
    const packing: Option[] = [];
    let remaining = this.#counts;
    for (const at of this.#bins.keys()) {
      const option = this.#best(at, remaining, -1)?.option ?? remaining.map(() => 0);
      packing.push(option);
      remaining = minus(remaining, option);
    }
    return { packing, exact: this.#effort > 0 };
  }

  /** The most that the bins from one on can hold of what is left; undefined when that is not above `floor`. */
  #best(at: number, left: readonly number[], floor: number): Best | undefined {
    const [menu, bins] = [this.#menus[at], this.#onwards[at]];
    const remaining = bins ? placeable(bins, left) : [];
    const ceiling = bins ? ceilingOf(bins, remaining) : 0;
    if (ceiling <= floor) return undefined;
    if (!menu || ceiling === 0) return NOTHING;
    const key = `${at}:${remaining.join()}`;
    const insight = this.#insights.get(key);
    if (insight && "best" in insight) return insight.best.count > floor ? insight.best : undefined;
    if (insight && insight.noneAbove <= floor) return undefined;
    let best: Best | undefined;
    for (const option of this.#optionsAt(at, menu, remaining)) {
      const here = total(option);
      const above = best?.count ?? floor;
      const rest = this.#best(at + 1, minus(remaining, option), above - here);
      if (rest) best = { count: here + rest.count, option };
      if (best?.count === ceiling || !this.#spend()) break;
    }
    this.#insights.set(key, best ? { best } : { noneAbove: floor });
    return best;
  }

  /** The same for all that is left beyond what the bin could hold anyway. */
  #optionsAt(at: number, menu: Menu, remaining: readonly number[]): readonly Option[] {
    const capped = remaining.map(() => 0);
    for (const { kind, most } of menu.dishes) capped[kind] = Math.min(remaining[kind] ?? 0, most);
    const key = `${at}:${capped.join()}`;
    const known = this.#options.get(key);
    if (known) return known;
    const options = optionsOf(menu, capped, () => this.#spend());
    this.#options.set(key, options);
    return options;
  }

  /** False when the effort is used up. */
  #spend(): boolean {
    this.#effort -= 1;
    return this.#effort > 0;
  }
}

/** What is known beforehand of a bin and all that follow it. */
interface Onwards {
  /** More things than this they cannot hold. */
  readonly most: number;
  /** How many of each kind they could hold if there were nothing else. */
  readonly mostOfKind: readonly number[];
  readonly sums: readonly Sum[];
}

/** One resource over several bins. */
interface Sum {
  readonly free: number;
  /** The kinds that may go into one of the bins, with what they take at least; those that take least first. */
  readonly kinds: readonly { readonly kind: number; readonly need: number }[];
}

function onwardsOf({ bins, kinds }: Problem, menus: readonly Menu[]): Onwards[] {
  if (bins.length === 0) return [];
  const found: Onwards[] = [];
  const common = Math.min(...bins.map((free) => free.length));
  const free = Array<number>(common).fill(0);
  const mostOfKind = kinds.map(() => 0);
  const leastNeed = kinds.map(() => Array<number>(common).fill(Infinity));
  let most = 0;
  for (const menu of menus.toReversed()) {
    most += mostThings(menu);
    for (let r = 0; r < common; r += 1) free[r] = (free[r] ?? 0) + usable(menu, r);
    for (const { kind, need, most: mostHere } of menu.dishes) {
      mostOfKind[kind] = (mostOfKind[kind] ?? 0) + mostHere;
      leastNeed[kind] = (leastNeed[kind] ?? []).map((least, r) => Math.min(least, need[r] ?? 0));
    }
    const sums = free.map((amount, r) => ({
      free: amount,
      kinds: leastNeed
        .map((least, kind) => ({ kind, need: least[r] ?? Infinity }))
        .filter(({ need }) => need < Infinity)
        .sort((a, b) => a.need - b.need),
    }));
    found.push({ most, mostOfKind: [...mostOfKind], sums });
  }
  return found.reverse();
}

/**
 * How much of one resource of a bin can be of use: where another one is scarce, no more than what goes with that. Without it
 * the plenty of one bin would seem to help the want of another.
 */
function usable({ free, dishes }: Menu, r: number): number {
  if (dishes.length === 0) return 0;
  const limits = free.map((amount, other) => {
    const ratios = dishes.map(({ need }) => {
      const [wanted, scarce] = [need[r] ?? 0, need[other] ?? 0];
      return wanted === 0 ? 0 : wanted / scarce;
    });
    return amount * Math.max(...ratios);
  });
  return Math.min(...limits.filter((limit) => !Number.isNaN(limit)));
}

/** As if every thing took of each resource what the least demanding one does. */
function mostThings({ free, dishes }: Menu): number {
  if (dishes.length === 0) return 0;
  return times(
    free,
    free.map((_, r) => Math.min(...dishes.map(({ need }) => need[r] ?? 0))),
  );
}

/** What is left without what no bin from here on could take: two states that differ in that alone are one. */
function placeable({ mostOfKind }: Onwards, remaining: readonly number[]): number[] {
  return mostOfKind.map((most, kind) => Math.min(most, remaining[kind] ?? 0));
}

function ceilingOf({ most, sums }: Onwards, remaining: readonly number[]): number {
  return Math.min(most, total(remaining), ...sums.map((sum) => fitting(sum, remaining)));
}

function fitting({ free, kinds }: Sum, remaining: readonly number[]): number {
  let [count, left] = [0, free];
  for (const { kind, need } of kinds) {
    const taken = Math.min(remaining[kind] ?? 0, need === 0 ? Infinity : Math.floor(left / need));
    count += taken;
    left -= taken * need;
  }
  return count;
}

function minus(counts: readonly number[], option: Option): number[] {
  return counts.map((count, kind) => count - (option[kind] ?? 0));
}
