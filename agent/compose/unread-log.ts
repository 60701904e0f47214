// What an operator hears of files that cannot be read: a line when it begins and one when it is over, none for each look, and one
// for all files that cannot be read for the same cause, as those of a device that does not answer.
import type { Log } from "../host/journal.ts";
import type { Unread } from "../inventory/model.ts";

export function unreadLog(log: Log): (unread: readonly Unread[]) => void {
  let known: readonly Unread[] = [];
  return (unread) => {
    for (const [why, [path, ...others]] of byCause(unread, known))
      log.warn({ path, why, ...(others.length > 0 && { others }) }, "a fact of the kernel is unknown");
    for (const [, [path, ...others]] of byCause(known, unread))
      log.info({ path, ...(others.length > 0 && { others }) }, "a fact of the kernel is known again");
    known = unread;
  };
}

/** The paths of those files that are not among the others. */
function byCause(files: readonly Unread[], others: readonly Unread[]): ReadonlyMap<string, string[]> {
  const known = new Set(others.map(({ path }) => path));
  const causes = new Map<string, string[]>();
  for (const { path, why } of files)
    if (!known.has(path)) causes.set(why, [...(causes.get(why) ?? []), path]);
  return causes;
}
