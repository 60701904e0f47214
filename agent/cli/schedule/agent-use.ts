// How long a host is waited for, and what ended that. Pure.
import { lesser, ownLimit, type Limit } from "../client/limit.ts";
import type { VgpudOptions } from "../client/vgpud.ts";

/** A host that is down must not hold a booking for as long as a create may take. */
const CONNECT_MS = 10_000;

/** `connectMs` and `answerMs` are limits of vgpuctl's own, where that is less than the patience of the command, or the use is unhurried. */
export interface AgentUse {
  readonly onSend?: () => void;
  readonly connectMs?: number;
  readonly answerMs?: number;
  /** Of the patience of the command, where some of it is over. */
  readonly leftMs?: number;
  /** The patience of the command does not shorten it. */
  readonly isUnhurried?: true;
}

/** `patience`: of the command, for one call. */
export function limitsOf(
  { connectMs = CONNECT_MS, answerMs = Infinity, leftMs = Infinity, isUnhurried }: AgentUse,
  patience: Limit,
): Pick<VgpudOptions, "timeout" | "connectTimeout"> {
  const left = { ...patience, ms: Math.min(patience.ms, leftMs) };
  const own = ownLimit(answerMs);
  const timeout = isUnhurried ? own : lesser(own, left);
  return { timeout, connectTimeout: lesser(ownLimit(connectMs), timeout) };
}
