// What a `schedule destroy` leaves that came to no end: the host may yet do what it was asked for. Pure.
import type { Reason } from "../../core/reasons.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { isOfPlacement } from "./placement-failure.ts";
import { isNobodyThere, isSilence, isWithoutAnswer, ofLook } from "./silent-hosts.ts";
import { HOST_NO_MORE } from "./unasked.ts";

/** How far it came: `answered` is the destroy, and what failed is a question after it. */
export type Reached = "unsent" | "sent" | "answered";

export interface Left {
  readonly claimId: string;
  readonly host: string;
  readonly isBooked: boolean;
  readonly reached: Reached;
  /** Command lines that show the claim, and that repeat the destroy. */
  readonly look: string;
  readonly again: string;
}

/** A failure of the host, or of a question to others once it has no domain, with what became of the domain and the booking, and the ways on. */
export function leftBehind(error: CliError, left: Left): CliError {
  const { claimId, host, isBooked, reached, look, again } = left;
  const { ending, reason, call } = error;
  const isUnknown = call?.outcomeUnknown === true || reason === TIMED_OUT;
  const isOpen = reached === "sent" && isUnknown;
  const isPlacements = isOfPlacement(error);
  const isAway = isWithoutAnswer(error) || (isSilence(error) && !isPlacements);
  const lines = [
    ...error.lines,
    ...(reached === "unsent" ? [`  nothing was destroyed: ${host} was not asked for it`] : []),
    ...(isOpen ? [`  ${host} was asked to destroy its domain, and may do so yet`] : []),
    ...(isBooked ? [`  claim ${claimId} stays booked on ${host}`] : []),
  ];
  const hints = new Set([
    ...(isOpen ? [`to look at it: ${look}`] : []),
    ...(isAway ? [`to go on, once ${host} answers: ${again}`] : []),
    ...(!isAway && (isUnknown || isPlacements || ending === "interrupted") ? [`to go on: ${again}`] : []),
    ...error.hints,
    // One that was asked for something has just answered: it is slow, as with a guest that takes its time, and its providers are in use.
    ...(isNobodyThere(error) && reached === "unsent" ? [HOST_NO_MORE] : []),
  ]);
  return error.with({
    ending: reached === "unsent" ? ofLook(error).ending : ending,
    ...{ lines, hints: [...hints], call: isUnknown ? undefined : call },
  });
}

/** vgpud waits no longer, and the removal goes on. */
const TIMED_OUT: Reason = "CALL_TIMEOUT";

/** `directly`: the line that ends it on its host alone. As where Placement does not say where the claim is: a failure before any host was asked to destroy anything. */
export function nothingDestroyed(error: unknown, directly: string | undefined): unknown {
  if (!(error instanceof CliError)) return error;
  if (error.ending !== "interrupted" && !isOfPlacement(error)) return error;
  const way =
    directly === undefined || !isOfPlacement(error)
      ? []
      : [`to end it without Placement, which gives back what is booked for it later: ${directly}`];
  return error.with({
    lines: [...error.lines, "  nothing was destroyed"],
    hints: [...error.hints, ...way],
    call: undefined,
  });
}

/** How the guest is to be stopped, as the user said it. */
export function stopWords(args: Pick<Arguments, "has" | "text">): readonly string[] {
  const grace = args.text("grace");
  return [
    ...(grace === undefined ? [] : ["--grace", grace]),
    ...["now", "no-force"].filter((flag) => args.has(flag)).map((flag) => `--${flag}`),
  ];
}
