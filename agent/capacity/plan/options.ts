// What a bin may be filled with, as far as it has to be tried: loads that no other load is at least as good as.
import { isWithin, less, times, total, type Bin, type Problem } from "./packing.ts";

/** The kinds that may go into one bin, what each takes there, and which of them a load may give up for which others. */
export interface Menu {
  readonly free: Bin;
  /** The largest need first. */
  readonly dishes: readonly Dish[];
}

interface Dish {
  readonly kind: number;
  readonly need: Bin;
  /** How many the bin could hold if nothing else went in; 1 or more. */
  readonly most: number;
  /**
   * Kinds that are at least as hard to place in the bins that follow: wherever one of them may go, this may, and takes no
   * more. A load with this kind is not tried when one of those could be in its place: what is left then is no worse.
   */
  readonly harder: readonly number[];
}

/** `at`: the bin, of those in their order. */
export function menuOf({ bins, kinds }: Problem, at: number): Menu {
  const free = bins[at] ?? [];
  const eligible = kinds.flatMap(({ needs }, kind) => {
    const need = needs[at];
    const most = need === undefined ? 0 : times(free, need);
    return need === undefined || most === 0 ? [] : [{ kind, need, most }];
  });
  const yields = (soft: number, hard: number): boolean => {
    const [softNeeds, hardNeeds] = [kinds[soft]?.needs ?? [], kinds[hard]?.needs ?? []];
    for (let later = at + 1; later < bins.length; later += 1) {
      const [softNeed, hardNeed] = [softNeeds[later], hardNeeds[later]];
      if (hardNeed && !(softNeed && isWithin(softNeed, hardNeed))) return false;
    }
    return true;
  };
  const dishes = eligible.map((dish) => ({
    ...dish,
    // Of two that yield to each other one has to stay.
    harder: eligible
      .map(({ kind }) => kind)
      .filter((hard) => hard !== dish.kind && yields(dish.kind, hard))
      .filter((hard) => hard < dish.kind || !yields(hard, dish.kind)),
  }));
  return { free, dishes: dishes.sort((a, b) => total(b.need) - total(a.need) || a.kind - b.kind) };
}

/** A load of one bin: how many of each kind. */
export type Option = readonly number[];

/**
 * Every load that has to be tried with these things left: nothing more of what is left fits into it, and nothing in it would
 * make way for something harder. `spend` is called for each step; when it says no, the loads found so far have to do.
 */
export function optionsOf(
  { free, dishes }: Menu,
  remaining: readonly number[],
  spend: () => boolean,
): Option[] {
  const left = (kind: number): number => remaining[kind] ?? 0;
  const found: Option[] = [];
  const counts = remaining.map(() => 0);
  const fill = (place: number, room: Bin): void => {
    if (!spend() && found.length > 0) return;
    const dish = dishes[place];
    if (!dish) {
      if (isWorthTrying(room)) found.push([...counts]);
      return;
    }
    const most = Math.min(left(dish.kind), dish.most, times(room, dish.need));
    for (let count = most; count >= 0; count -= 1) {
      counts[dish.kind] = count;
      fill(place + 1, count === 0 ? room : less(room, dish.need, count));
    }
    counts[dish.kind] = 0;
  };
  const isWorthTrying = (room: Bin): boolean =>
    dishes.every(({ kind, need, harder }) => {
      const count = counts[kind] ?? 0;
      if (count < left(kind) && times(room, need) > 0) return false;
      return count === 0 || !harder.some((hard) => mayReplace({ kind, need }, hard, room));
    });
  const needs = new Map(dishes.map(({ kind, need }) => [kind, need]));
  const mayReplace = ({ need }: { kind: number; need: Bin }, hard: number, room: Bin): boolean => {
    const other = needs.get(hard);
    if (!other || (counts[hard] ?? 0) >= left(hard)) return false;
    return times(less(room, need, -1), other) > 0;
  };
  fill(0, free);
  return found;
}
