// `vgpuctl schedule destroy`
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { changeAnswer, graceMs, stopFields } from "../change.ts";
import { confirm } from "../changed.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { parseDomainId } from "../../core/ids.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import type { Arguments } from "../line/arguments.ts";
import { anotherThan, type Another } from "./another-host.ts";
import { claimRef } from "../request/domain-ref.ts";
import { notGivenBack, othersThan } from "./booked-elsewhere.ts";
import { giveBack } from "./claims.ts";
import { leftBehind, nothingDestroyed, stopWords, type Reached } from "./destroy-left.ts";
import { closing, type Held } from "./held.ts";
import { namedClaim, type Meant, type Named } from "./named.ts";
import { opened, type Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";
import { bookAgain, domainOfClaim, notKnown, whereaboutsOf } from "./whereabouts.ts";

/** The domain first: what is given back while the host still has it might be given to somebody else. */
export async function destroy(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment, {
    extraMs: graceMs(args),
    work: { change: "a destroy, which takes up to --grace (60s by default) and more" },
  });
  const { signal } = environment;
  const meant = {
    word: args.operand(),
    host: args.text("host"),
    verb: "destroy",
    stop: stopWords(args),
  } as const;
  const named = await namedClaim(meant, parts, signal).catch((error: unknown) => {
    throw nothingDestroyed(error, directly(meant, parts));
  });
  const { claimId, held, host } = named;
  const asking = { args, parts, environment };
  if (host === undefined) return await nothingToDo(claimId, asking);
  if (!args.has("yes"))
    await confirm(`destroy the domain of claim ${claimId} on ${host}? its disks stay`, environment);
  const done = await destroyed(named, host, asking);
  const isReleased = done.error === undefined && held !== undefined;
  if (isReleased) await released(held, asking);
  const booking = held === undefined ? "none" : isReleased ? "released" : "held";
  return {
    ...done,
    json: { claim_id: claimId, host, booking, ...done.json },
    text: [...done.text, ...(isReleased ? [lines("what was booked for it is given back")] : [])],
    names: [claimId],
  };
}

/** Without Placement: the line for the vgpud of the host that the user names, where the schedule file has an address of it. */
function directly(
  { word, host, stop }: Pick<Meant, "word" | "host" | "stop">,
  { lineTo }: Opened,
): string | undefined {
  if (host === undefined) return undefined;
  try {
    return lineTo(host, "destroy", parseDomainId(word) === undefined ? word : claimRef(word), ...stop);
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

/** @throws CliError that says what is left: the domain is gone */
async function released({ claimId, allocation, place: { host } }: Held, asking: Asking): Promise<void> {
  const { api, file } = asking.parts;
  const { signal } = asking.environment;
  try {
    await placementWork({ signal, file }, () => giveBack({ api, claimId }, allocation.byProvider, signal));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const left = `  its domain is gone, and claim ${claimId} may still be booked`;
    const again = `to give it back: ${againLine(claimId, host, asking)}`;
    throw error.with({ lines: [...error.lines, left], hints: [again, ...error.hints] });
  }
}

interface Asking {
  readonly args: Arguments;
  readonly parts: Opened;
  readonly environment: Pick<Environment, "signal" | "note">;
}

type Lining = Pick<Asking, "args" | "parts">;

/** Repeats the destroy: not by a name, which no domain may have any more. */
function againLine(claimId: string, host: string, asking: Lining): string {
  return destroyLine(claimId, asking.args.text("host") === host ? host : undefined, asking);
}

/** `host`: is named in it. */
function destroyLine(claimId: string, host: string | undefined, { args, parts }: Lining): string {
  return parts.line("destroy", claimId, ...hostWords(host), ...stopWords(args));
}

function hostWords(host: string | undefined): readonly string[] {
  return host === undefined ? [] : ["--host", host];
}

/** Without an error the domain is gone for certain. @throws CliError that says what is left, where it is not known what became of it */
async function destroyed({ claimId, held }: Named, host: string, asking: Asking): Promise<Answer> {
  const { args, parts } = asking;
  const isMeant = args.text("host") === host;
  let reached: Reached = "unsent";
  const onReach = (now: Reached): void => {
    reached = now;
  };
  try {
    const isBooked = held !== undefined;
    const done = await destroyedOn(host, { claimId, isBooked, isMeant }, { ...asking, onReach });
    const error = done.isElsewhere ? await othersHave(claimId, host, asking) : undefined;
    return error === undefined ? done.answer : { ...done.answer, text: [], error };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw leftBehind(error, {
      ...{ claimId, host, isBooked: held !== undefined, reached },
      look: parts.line("status", claimId, ...hostWords(isMeant ? host : undefined)),
      again: againLine(claimId, host, asking),
    });
  }
}

interface Where {
  readonly claimId: string;
  readonly isBooked: boolean;
  /** The user named the host: what answers is taken at its word. */
  readonly isMeant: boolean;
}

interface Destroyed {
  readonly answer: Answer;
  /** The host has none, and another may have it. */
  readonly isElsewhere: boolean;
}

/** @throws CliError of the host where that does not say what became of it */
async function destroyedOn(
  host: string,
  { claimId, isBooked, isMeant }: Where,
  { args, parts, environment, onReach }: Asking & { readonly onReach: (now: Reached) => void },
): Promise<Destroyed> {
  try {
    // With the patience of a read: one that hangs is found out before it is asked for more.
    using reader = closing(parts.agentOf(host, "read"));
    const before = await domainOfClaim(claimId, reader.vgpud);
    if (before && !isGone(before)) environment.note(`destroying the domain of claim ${claimId} on ${host}`);
    const onSend = (): void => {
      onReach("sent");
    };
    using agent = closing(parts.agentOf(host, "change", { onSend }));
    const domain = { ref: { $case: "claimId", value: claimId } } as const;
    const request = { domain, requestId: "", ...stopFields(args), allowMissing: true };
    const response = await agent.vgpud.destroyDomain(request);
    onReach("answered");
    const answer = changeAnswer(response);
    const ends = (as: Answer): Destroyed => ({ answer: as, isElsewhere: false });
    if (answer.error !== undefined)
      return ends(
        notGone(answer, {
          error: parts.saidBy(host, answer.error),
          again: isBooked ? againLine(claimId, host, { args, parts }) : undefined,
        }),
      );
    const wasThere = before !== undefined && before.claimState !== ClaimState.GONE;
    const isKnown = response.domain !== undefined;
    if ((wasThere && isKnown) || !isBooked) return ends(answer);
    const another = isMeant || isKnown ? undefined : await anotherThan(host, reader.vgpud);
    if (another)
      return ends({ ...answer, text: [], error: notSure(claimId, host, { another, args, parts }) });
    const text = isKnown ? answer.text : [lines(`${host} has no domain of claim ${claimId}`)];
    return { answer: { ...answer, text }, isElsewhere: !isMeant };
  } catch (error) {
    throw error instanceof CliError ? parts.saidBy(host, error) : error;
  }
}

/** The booking may be one that was moved by hand, while the domain goes on where it was made, or was made again. */
async function othersHave(
  claimId: string,
  booked: string,
  { args, parts, environment: { signal } }: Asking,
): Promise<CliError | undefined> {
  const { api, namedHosts, file, lookAt: agentOf } = parts;
  const others = await placementWork({ signal, file }, () =>
    othersThan(booked, claimId, { api, namedHosts, agentOf, signal }),
  );
  return notGivenBack(claimId, { booked, others, stop: stopWords(args) }, parts);
}

function notGone(
  answer: Answer,
  { error, again }: { readonly error: CliError; readonly again: string | undefined },
): Answer {
  const stays = `what is booked for it stays so until it is gone; to go on then: ${again}`;
  return { ...answer, text: [...answer.text, ...(again === undefined ? [] : [lines(stays)])], error };
}

function notSure(
  claimId: string,
  host: string,
  { another, ...asking }: Lining & { readonly another: Another },
): CliError {
  const message = `what answers as ${host} has no domain of claim ${claimId}, and ${another.says}: it stays booked`;
  const hints = [
    another.hint,
    `where that is the host that is meant, give it back: ${destroyLine(claimId, host, asking)}`,
  ];
  return new CliError("conflict", message, { hints });
}

/** @throws CliError unless every host says that it has no domain of the claim: Placement may have lost what was booked for one */
async function nothingToDo(claimId: string, asking: Asking): Promise<Answer> {
  const { api, namedHosts, agentOf, saidBy, file } = asking.parts;
  const { signal } = asking.environment;
  const { found, ...others } = await placementWork({ signal, file }, () =>
    whereaboutsOf(claimId, { api, namedHosts, signal, agentOf }),
  );
  const endIt = (host: string): string => destroyLine(claimId, host, asking);
  const unbooked = `nothing is booked for claim ${claimId}`;
  if (found && !isGone(found.domain))
    throw new CliError("failure", `${unbooked}, and ${found.host} has a domain of it`, {
      hints: [`to end it: ${endIt(found.host)}`, bookAgain(claimId)],
    });
  const unsure = notKnown(claimId, others, {
    otherwise: `a host that may have one is named with --host: ${endIt("NAME")}`,
    saidBy,
  });
  if (unsure) throw unsure;
  return {
    json: { claim_id: claimId, host: null, booking: "none", operation: "" },
    text: [lines(`${unbooked}, and no host has a domain of it: nothing to do`)],
    names: [claimId],
  };
}

function lines(...all: readonly string[]): Answer["text"][number] {
  return { kind: "lines", lines: all };
}
