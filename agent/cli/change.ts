// What the commands that change a domain have in common: their flags, their answers, and a claim that is still held.
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Duration } from "../../proto/gen/google/protobuf/duration.ts";
import type { Arguments } from "./line/arguments.ts";
import { endingOfReason } from "./errors/call-error.ts";
import { CliError } from "./errors/cli-error.ts";
import { claimRef } from "./request/domain-ref.ts";
import type { Answer, Flag } from "./command.ts";
import { domainDetail } from "./view/domain-view.ts";
import { toDuration } from "./line/duration.ts";
import { messageJson } from "./view/json.ts";
import { printable } from "./view/paint.ts";
import { holderText } from "./view/words.ts";

/** How the guest is stopped. */
export const stopFlags: readonly Flag[] = [
  {
    name: "grace",
    value: "DURATION",
    help: "time for the guest to shut down before it is forced off (default 60s)",
    field: "grace_period",
  },
  { name: "now", help: "force it off at once; the same as --grace 0" },
  { name: "no-force", help: "never force it off: wait until the guest is off", field: "no_force" },
];

/** The stop flags as the contract's fields. */
export function stopFields(args: Arguments): { gracePeriod: Duration | undefined; noForce: boolean } {
  args.atMostOne("grace", "now", "no-force");
  const graceMs = args.has("now") ? 0 : args.durationMs("grace");
  return {
    gracePeriod: graceMs === undefined ? undefined : toDuration(graceMs),
    noForce: args.has("no-force"),
  };
}

/** A given grace period comes on top of the usual deadline. */
export function graceMs(args: Arguments): number {
  return args.durationMs("grace") ?? 0;
}

/** The answer to a mutation. A domain that is still being taken down ends as a conflict, with the holders named. */
export function changeAnswer(response: { domain: Domain | undefined; operation: string }): Answer {
  const { domain } = response;
  const json = messageJson(response);
  if (domain === undefined)
    return { json, text: [{ kind: "lines", lines: ["there is no such domain: nothing to do"] }] };
  const answer: Answer = { json, text: domainDetail(domain), names: [domain.name] };
  if (domain.claimState !== ClaimState.DELETING) return answer;
  const held = { ...domain, what: `domain ${domain.name}` };
  return { ...answer, error: heldError(held, response.operation) };
}

/** The same of a create. One that repeats another is answered with the domain of its claim, which may have failed since: that is not what was asked for. */
export function createdAnswer(response: { domain: Domain | undefined; operation: string }): Answer {
  const answer = changeAnswer(response);
  const { domain } = response;
  if (domain?.claimState !== ClaimState.FAILED) return answer;
  const { claimId, name, failure } = domain;
  const why = failure === undefined ? "no reason is known" : printable(failure.message);
  const error = new CliError(endingOfReason(failure?.reason), `the claim of ${name} has failed: ${why}`, {
    reason: failure?.reason,
    // Its guest may run, as one whose vGPU somebody has taken out of it.
    look: ["domains", claimRef(claimId)],
  });
  return { ...answer, error };
}

/** `what` is still being taken down. */
export function heldError(
  { what, holders, failure }: Pick<Domain, "holders" | "failure"> & { readonly what: string },
  operation: string,
): CliError {
  const who = holders.length === 0 ? "" : `: held by ${holders.map(holderText).join(", ")}`;
  return new CliError("conflict", `${what} is not gone yet${who}`, {
    reason: failure?.reason,
    lines: [
      ...(failure === undefined ? [] : [`  ${printable(failure.message)}`]),
      "the removal goes on by itself and ends when the holder lets go",
    ],
    look: ["operation", operation, "--watch"],
  });
}
