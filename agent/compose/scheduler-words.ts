// In a line what is amiss with the scheduler, for the log and for `systemctl status`. Pure.
import type { Standing } from "../schedulers/keeper.ts";
import { IN_VAIN, type Manner, type Untold } from "../schedulers/scheduler.ts";

/** Of a round that failed as a whole. */
export function failedWords({ isTold }: Manner): string {
  return isTold ? "the scheduler cannot be told" : "the scheduler cannot be asked";
}

/** Of a part. */
export function untoldWords({ kind }: Pick<Untold, "kind">, { isTold }: Manner): string {
  if (kind === IN_VAIN) return "the scheduler gives out what cannot be made here";
  return isTold ? "the scheduler is not told of all" : "something is left undone with the scheduler";
}

/** All that is amiss, each once. */
export function amissWords({
  failure,
  untold,
  manner,
}: Pick<Standing, "failure" | "untold" | "manner">): readonly string[] {
  const parts = (untold?.parts ?? []).map((part) => untoldWords(part, manner));
  return [...(failure ? [failedWords(manner)] : []), ...new Set(parts)];
}
