// What an operator hears of files that cannot be read: a line when it begins and one when it is over, none for each look.
import type { Log } from "../host/journal.ts";
import type { Unread } from "../inventory/model.ts";

export function unreadLog(log: Log): (unread: readonly Unread[]) => void {
  let known: readonly Unread[] = [];
  return (unread) => {
    const isNewTo = (others: readonly Unread[]) => (file: Unread) =>
      others.every(({ path }) => path !== file.path);
    for (const file of unread.filter(isNewTo(known))) log.warn(file, "a fact of the kernel is unknown");
    for (const { path } of known.filter(isNewTo(unread)))
      log.info({ path }, "a fact of the kernel is known again");
    known = unread;
  };
}
