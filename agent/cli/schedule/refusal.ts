// What a create that failed on a host means for its claim in Placement. Pure.
import { status } from "@grpc/grpc-js";
import type { CliError } from "../errors/cli-error.ts";

export type Verdict =
  /** The host made nothing and another one may: the claim is given back. */
  | "next"
  /** No other host would take the request either: the claim is given back, and that is all. */
  | "wrong"
  /** Nobody knows whether there is a domain, or there is one: the claim stays. */
  | "keep";

/** The domain of the claim is there, or somebody is just removing it. */
const keeping: ReadonlySet<string> = new Set(["CLAIM_REUSED", "CLAIM_STATE", "SUPERSEDED", "CALL_TIMEOUT"]);
const wrong: ReadonlySet<status> = new Set([status.INVALID_ARGUMENT, status.ALREADY_EXISTS]);

/** Statuses that are made before a request is looked at. */
const byTransport: Readonly<Partial<Record<status, Verdict>>> = {
  [status.RESOURCE_EXHAUSTED]: "wrong",
  [status.UNIMPLEMENTED]: "next",
  [status.UNAUTHENTICATED]: "next",
  [status.PERMISSION_DENIED]: "next",
};

/** Of a host that may have the domain from an earlier call: only these say that it has none. */
const without: ReadonlySet<status> = new Set([
  status.FAILED_PRECONDITION,
  status.RESOURCE_EXHAUSTED,
  status.NOT_FOUND,
]);

/** `mayExist`: an earlier call may have made the domain there. */
export function verdictOn({ call, reason }: Pick<CliError, "call" | "reason">, mayExist: boolean): Verdict {
  if (mayExist && !(call !== undefined && reason !== undefined && without.has(call.code))) return "keep";
  // Nothing was sent.
  if (call === undefined) return "next";
  if (reason === undefined) return byTransport[call.code] ?? "keep";
  if (keeping.has(reason)) return "keep";
  // Which paths and networks there are is another question on each host.
  const ofHost = reason === "PATH_NOT_ALLOWED" || reason === "NETWORK_NOT_ALLOWED";
  return wrong.has(call.code) && !ofHost ? "wrong" : "next";
}
