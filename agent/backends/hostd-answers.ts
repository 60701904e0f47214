// What hostd answered, as errors of ours: the same for all that backends have it do.
import { AgentError, type Holder } from "../core/errors.ts";
import { notBegun } from "../lifecycle/bound.ts";

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

export interface HolderAnswer {
  readonly pid: number;
  readonly command: string;
  /** The domain's name, of a QEMU that was told it. */
  readonly domain?: string;
}

/** The kernel refused. */
interface Errno {
  readonly kind: "errno";
  readonly errno: string;
  readonly call: string;
  readonly path: string;
}

/** hostd refused, or is itself in trouble. */
interface NoAnswer {
  readonly kind: "refused" | "failed";
  readonly why: string;
}

/** xenstored has not told whether a guest has it, so that nothing was changed. */
export interface XenstoreSilent {
  readonly kind: "xenstore-silent";
  /** The node that it was asked for. */
  readonly asked: string;
  readonly waitedMs: number;
}

/** The kernel has not come back. */
interface Blocked {
  readonly kind: "blocked";
  readonly holders: readonly HolderAnswer[];
}

/** What came of no change, but for who has what was to be changed. */
export type Trouble = Errno | Blocked | NoAnswer;

/** What a change of something that somebody may have open is answered with. */
export type ChangeAnswer =
  | { readonly kind: "done" | "absent" }
  | { readonly kind: "held"; readonly holders: readonly HolderAnswer[] }
  | Trouble;

/** The same where a guest of Xen may have it, for which xenstored is asked first. */
export type ChangeAnswerOnXen = ChangeAnswer | XenstoreSilent;

/** Throws HOSTD_UNAVAILABLE when it cannot be asked; whether it may have heard of it all the same, the error tells. */
export async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw isUnsent(error) ? notBegun(error) : AgentError.from(error, "HOSTD_UNAVAILABLE");
  }
}

function isUnsent(error: unknown): error is Error {
  return error instanceof Error && "isUnsent" in error && error.isUnsent === true;
}

/** As an error: the kernel or hostd would not, or xenstored did not tell. */
export function refusalOf(what: string, answer: Errno | NoAnswer | XenstoreSilent): AgentError {
  switch (answer.kind) {
    case "errno":
      return kernelRefused(what, answer);
    case "xenstore-silent":
      return xenstoreSilent(what, answer);
    case "refused":
    case "failed":
      return hostdTrouble(what, answer);
  }
}

function xenstoreSilent(what: string, { asked, waitedMs }: XenstoreSilent): AgentError {
  const silence =
    `${what}: xenstored was asked for ${asked} first, since a guest of Xen may have it, and has not answered within ${waitedMs} ms; ` +
    "nothing was changed. See whether it runs (pgrep -a xenstored) and ask again once it answers; one that has died knows no guest " +
    "when it is started anew, so shut the guests down and boot the host";
  return notBegun(new Error(silence), { xenstore: asked });
}

function kernelRefused(what: string, { errno, call, path }: Errno): AgentError {
  return new AgentError("KERNEL_REFUSED", `${what}: the kernel refused to ${call} ${path} (${errno})`, {
    details: { errno, path },
  });
}

function hostdTrouble(what: string, { kind, why }: NoAnswer): AgentError {
  return new AgentError(
    kind === "failed" ? "HOSTD_UNAVAILABLE" : "INTERNAL",
    `${what}: hostd ${kind}: ${why}`,
  );
}

export function namedHolder({ pid, command, domain }: HolderAnswer): Holder {
  return { pid, command: domain === undefined ? command : `${command} (${domain})` };
}
