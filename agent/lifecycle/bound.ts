// A function that has not got its driver, as an error: somebody has it open, or the kernel has not come back.
import { AgentError, holderName } from "../core/errors.ts";
import type { BindOutcome } from "./ports.ts";

/** `what` is a sentence without its end. Throws VGPU_IN_USE or KERNEL_TIMEOUT. */
export function boundOrThrow(what: string, outcome: BindOutcome): void {
  if (outcome.kind === "bound") return;
  const { holders } = outcome;
  const by = holders.length > 0 ? `it is used by ${holders.map(holderName).join(", ")}` : undefined;
  if (outcome.kind === "held")
    throw new AgentError("VGPU_IN_USE", `${what}: ${by ?? "it is in use, by whom was not found"}`, {
      holders,
    });
  const beside = by === undefined ? "" : ` (${by})`;
  throw new AgentError("KERNEL_TIMEOUT", `${what} yet: the kernel has not answered${beside}`, { holders });
}

const NOT_BEGUN = { begun: "no" };

/** hostd did not hear of what it was to do, or has not begun it for want of an answer; `about` is more for who branches on it. */
export function notBegun(cause: Error, about: Readonly<Record<string, string>> = {}): AgentError {
  return new AgentError("HOSTD_UNAVAILABLE", cause.message, { details: { ...about, ...NOT_BEGUN }, cause });
}

/** Whether what failed so may have been done all the same, or may yet be: by a kernel, or by a hostd, that did not answer. */
export function mayYetBe({ kind, details }: AgentError): boolean {
  return kind === "unavailable" && details["begun"] !== NOT_BEGUN.begun;
}

/** What our own end cuts off has not failed. */
export async function endedByStop<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!stop.aborted) throw error;
    throw new AgentError("STOPPING", "vgpud stops while the kernel is at work; ask again", { cause: error });
  }
}
