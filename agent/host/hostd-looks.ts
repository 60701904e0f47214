// What keeps hostd from answering a look, as an error: the same for all that is only read.
import type { Result } from "../hostd/protocol/messages.ts";

/** What hostd answers when it has seen nothing. */
export type NothingSeen = Extract<
  Result,
  { readonly kind: "errno" | "blocked" | "xenstore-silent" | "refused" | "failed" }
>;

/** `what` goes on after "cannot", as `ask xenstore for Xen's guests`. */
export function lookFailed(what: string, answer: NothingSeen): Error {
  return new Error(`cannot ${what}: ${causeOf(answer)}`);
}

function causeOf(answer: NothingSeen): string {
  switch (answer.kind) {
    case "errno":
      return `${answer.errno} at ${answer.call} of ${answer.path}`;
    case "blocked":
      return `no answer for ${answer.elapsedMs} ms`;
    case "xenstore-silent":
      return `xenstored was asked for ${answer.asked} and has not answered within ${answer.waitedMs} ms; see whether it runs (pgrep -a xenstored)`;
    case "refused":
    case "failed":
      return answer.why;
  }
}
