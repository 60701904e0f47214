// What a bin may be filled with, as far as it has to be tried: loads that no other load is at least as good as.
import { isWithin, times, total, type Bin, type Problem } from "./packing.ts";

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
  const found: Option[] = [];
  const counts = remaining.map(() => 0);
  /** Changed in place: a list for each step would cost more than the step. */
  const room = [...free];
  const left = (kind: number): number => (remaining[kind] ?? 0) - (counts[kind] ?? 0);
  const needs = new Map(dishes.map(({ kind, need }) => [kind, need]));
  const mayReplace = ({ need }: Dish, hard: number): boolean => {
    const other = needs.get(hard);
    return other !== undefined && left(hard) > 0 && fitsInPlaceOf(need, other, room);
  };
  const isWorthTrying = (): boolean =>
    dishes.every((dish) => {
      if (left(dish.kind) > 0 && isWithin(dish.need, room)) return false;
      return counts[dish.kind] === 0 || !dish.harder.some((hard) => mayReplace(dish, hard));
    });
  const fill = (place: number): void => {
    if (!spend() && found.length > 0) return;
    const dish = dishes[place];
    if (!dish) {
      if (isWorthTrying()) found.push([...counts]);
      return;
    }
    const { kind, need } = dish;
    const most = Math.min(remaining[kind] ?? 0, times(room, need));
    take(room, need, most);
    for (let count = most; count >= 0; count -= 1) {
      counts[kind] = count;
      fill(place + 1);
      if (count > 0) take(room, need, -1);
    }
  };
  fill(0);
  return found;
}

/** Takes a need some times, or gives it back. */
function take(room: number[], need: Bin, often: number): void {
  for (let r = 0; r < room.length; r += 1) room[r] = (room[r] ?? 0) - (need[r] ?? 0) * often;
}

/** Whether something fits once another thing is taken out. */
function fitsInPlaceOf(out: Bin, into: Bin, room: readonly number[]): boolean {
  for (let r = 0; r < room.length; r += 1) if ((room[r] ?? 0) + (out[r] ?? 0) < (into[r] ?? 0)) return false;
  return true;
}
