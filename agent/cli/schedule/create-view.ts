// How a create with Placement in front ended, for people and for machines. Pure.
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { CreateDomainResponse } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Reason } from "../../core/reasons.ts";
import { formatDurationMs } from "../../core/duration.ts";
import { createdAnswer } from "../change.ts";
import type { Answer } from "../command.ts";
import { CliError } from "../errors/cli-error.ts";
import { shellLine } from "../line/shell-line.ts";
import { messageJson } from "../view/json.ts";
import type { Text } from "../view/text.ts";
import { warningLines } from "../view/warnings.ts";
import type { Lost, Scheduled } from "./candidates.ts";
import type { Flavor } from "./flavor.ts";
import { kindText, missingHints, publishedKindText, type Missing } from "./missing.ts";
import { isOfPlacement } from "./placement-failure.ts";
import { placeText, type Place } from "./places.ts";
import { sizesJson, sizesText } from "./rounding.ts";
import { strangeTraits } from "./strange-traits.ts";
import { someHints, unaskedJson, warningHints, whenKnown, type UnaskedHosts } from "./unasked.ts";
import { vainTraits } from "./vain-traits.ts";

interface About {
  readonly claimId: string;
  readonly flavor: Flavor;
  /** As in Scheduling. */
  readonly memberOf: readonly string[];
  /** Where there was no candidate, and Placement says it. */
  readonly missing?: Missing | undefined;
  /** After so long no further candidate was tried. */
  readonly patienceMs: number;
  /** As in Opened. */
  readonly line: (...words: readonly string[]) => string;
}

export function scheduledAnswer(scheduled: Scheduled, about: About): Answer {
  const { ended, lost } = scheduled;
  if (ended.kind !== "made") {
    const error =
      ended.kind === "no-host"
        ? noHost(scheduled, ended, about)
        : told(ended.error, ended.place, scheduled, about);
    return {
      json: bodyOf(scheduled, about),
      text: lost.length === 0 ? [] : [lostTable(lost.slice(0, MOST_SHOWN))],
      messages: moreLost(lost),
      error,
    };
  }
  const { place, response, unasked } = ended;
  const done = createdAnswer(response);
  return {
    json: { ...bodyOf(scheduled, about), ...messageJson(response) },
    text: [fieldsOf(place, about), ...done.text],
    names: [about.claimId],
    messages: [
      ...passedOver(lost),
      ...secondOnes(unasked, about),
      ...warningLines(response.decision?.warnings),
    ],
    ...(done.error === undefined ? {} : { error: ofDomain(done.error, response, about) }),
  };
}

/** What leads on from it on a host alone knows nothing of its booking. */
function ofDomain(error: CliError, { domain }: CreateDomainResponse, { claimId, line }: About): CliError {
  if (domain?.claimState !== ClaimState.FAILED) return error;
  const hints = [
    `to look at it: ${line("status", claimId)}`,
    `to end it, where it is not wanted any more: ${line("destroy", claimId)}`,
  ];
  return error.with({ look: undefined, hints });
}

/** Two domains of one claim write to one disk. */
function secondOnes(unasked: UnaskedHosts, { claimId, line }: About): readonly string[] {
  if (unasked.size === 0) return [];
  const some = [...unasked].slice(0, MOST_SHOWN).map(([host, { why }]) => `${host} (${why})`);
  const more = unasked.size > MOST_SHOWN ? ` and ${unasked.size - MOST_SHOWN} more` : "";
  return [
    `warning: whether others have a domain of claim ${claimId}, too, is not known: ${some.join(", ")}${more}; where its booking was moved by hand, look there once ${whenKnown(unasked)}: ${line("status", claimId, "--host", "HOST")}`,
    ...warningHints(unasked).map((hint) => `hint: ${hint}`),
  ];
}

function bodyOf({ ended, lost, standing }: Scheduled, { claimId, flavor }: About): Record<string, unknown> {
  const place = ended.kind === "no-host" ? undefined : ended.place;
  const { vgpu } = flavor;
  return {
    claim_id: claimId,
    flavor: flavor.name,
    host: place?.host ?? null,
    gpu: place?.gpu ?? null,
    booking: standing === "untouched" ? "unknown" : standing,
    asked: vgpu.mode === "gvt-g" ? sizesJson(vgpu.asked) : null,
    booked: vgpu.mode === "gvt-g" ? sizesJson(vgpu.sizes) : null,
    candidates: lost.map((each) => ({
      host: each.place?.host ?? null,
      gpu: each.place?.gpu ?? null,
      reason: each.reason ?? null,
      message: each.why,
    })),
    candidates_untried: ended.kind === "no-host" && ended.untried,
    unasked: ended.kind === "made" ? unaskedJson(ended.unasked) : [],
  };
}

function fieldsOf({ host, gpu }: Place, { claimId, flavor }: About): Text[number] {
  const fields = [
    ["host", host],
    ["GPU", gpu],
    ["claim id", claimId],
    ["flavor", flavor.name],
  ] as const;
  return { kind: "fields", fields };
}

function lostTable(lost: readonly Lost[]): Text[number] {
  return {
    kind: "table",
    columns: [{ title: "CANDIDATE" }, { title: "GPU" }, { title: "RESULT" }, { title: "WHY" }],
    rows: lost.map(({ place, reason, why }) => [place?.host, place?.gpu, reason ?? "passed over", why]),
  };
}

/** Of more than these the number tells enough; documents have them all. */
const MOST_SHOWN = 20;

function passedOver(lost: readonly Lost[]): readonly string[] {
  const some = lost.slice(0, MOST_SHOWN).map(({ place, reason, why }) => {
    const where = place === undefined ? "" : ` ${placeText(place)}`;
    return `warning: passed over${where}: ${why}${reason === undefined ? "" : ` [${reason}]`}`;
  });
  return [...some, ...moreLost(lost)];
}

function moreLost(lost: readonly Lost[]): readonly string[] {
  const more = lost.length - MOST_SHOWN;
  return more <= 0 ? [] : [`warning: and ${more} more were passed over: -o json has all`];
}

function noHost(
  { lost, standing }: Pick<Scheduled, "lost" | "standing">,
  { untried, fault }: Extract<Scheduled["ended"], { kind: "no-host" }>,
  { flavor, memberOf, missing, patienceMs, line }: About,
): CliError {
  if (untried && lost.length === 0) return noTime(standing, flavor, patienceMs);
  const none = `Placement has no candidate for flavor ${flavor.name}: ${noCandidate(flavor, memberOf, missing)}`;
  const tried =
    lost.length === 1
      ? `${untried ? "one" : "the one"} candidate did not take it`
      : `none of ${lost.length} candidates took it`;
  const patience = formatDurationMs(patienceMs);
  const more = untried ? ` within ${patience}, and there are more` : "";
  const left = fault ? `, and further ones could not be asked for: ${fault.message}` : more;
  const message = lost.length === 0 ? none : `no host for flavor ${flavor.name}: ${tried}${left}`;
  const mended = someHints(lost.flatMap(({ hints }) => hints));
  const late = lost.map((each) => each.late).find((each) => each?.isUsers);
  const full = lost.length === 0 || lost.some(({ ending }) => ending === "no-room");
  const hints = [
    ...mended,
    ...(fault?.hints ?? []),
    ...(untried && !fault
      ? [
          `to try more of them: --timeout with more than ${patience}; how a host that is down is taken out of the candidates: docs/placement.md`,
        ]
      : []),
    ...(full ? [`what is booked, and what of it has no domain: ${line("list")}`] : []),
    ...(lost.length === 0 ? [...strangeTraits(flavor), ...vainTraits(flavor)] : []),
    ...(missing === undefined ? [] : missingHints(missing, flavor)),
    ...(lost.length === 0 ? [NOT_YET] : []),
  ];
  // Of a command line that is wrong nothing would have come this far.
  return new CliError(endingOf(lost), message, { late, hints, inFile: true });
}

/** Other things than refusals took the time: there are candidates, and none was asked for the domain. */
function noTime(standing: Scheduled["standing"], flavor: Flavor, patienceMs: number): CliError {
  const patience = formatDurationMs(patienceMs);
  const message = `no host for flavor ${flavor.name}: too little of ${patience} was left to ask a candidate for the domain`;
  return new CliError("unreachable", message, {
    lines: standing === "released" ? ["  what was booked was given back"] : [],
    hints: [`is Placement slow, or a host? to wait longer for them: --timeout with more than ${patience}`],
  });
}

/** What was asked for, and what of that nobody has. */
function noCandidate(flavor: Flavor, memberOf: About["memberOf"], missing: Missing | undefined): string {
  if (missing !== undefined && missing.unknownTraits.length > 0)
    return `it requires ${missing.unknownTraits.join(", ")}, and no GPU has that`;
  if (missing?.isUnpublished === true)
    return `no GPU of mode ${publishedKindText(flavor)} is published there`;
  const { vgpu } = flavor;
  const among = memberOf.length === 0 ? "" : " in the aggregates of placement.member_of";
  return `no GPU of mode ${kindText(flavor)}${among} has room${vgpu.mode === "gvt-g" ? ` for ${sizesText(vgpu.sizes)}` : ""}`;
}

/** Why a GPU with room may not be among the candidates. */
const NOT_YET =
  "the GPUs of a host are in Placement up to scheduler.first_within (2 min by default) after its vgpud has started; which mode each is in shows vgpuctl gpus on that host";

/** That of the one cause for which every candidate was lost; for want of room, and of several causes. */
function endingOf([first, ...others]: readonly Lost[]): Lost["ending"] {
  // Hosts of which nothing can be had now are all one, whatever it is on each that does not answer: none is for want of room.
  const cause = ({ reason, ending }: Lost): string =>
    ending === "unreachable" ? ending : `${ending} ${reason ?? ""}`;
  return first && others.every((other) => cause(other) === cause(first)) ? first.ending : "no-room";
}

/** With what is left behind, and how to look at it. */
function told(
  error: CliError,
  place: Place | undefined,
  { standing }: Scheduled,
  { claimId, line }: About,
): CliError {
  const { reason, call } = error;
  if (error.kind === "booked-elsewhere") return error;
  const at = place === undefined ? "" : ` on ${placeText(place)}`;
  const there = over.has(reason ?? "") ? "its domain is going" : "there may be a domain, or will be";
  const left: Readonly<Record<Scheduled["standing"], readonly string[]>> = {
    none: ["nothing was booked"],
    untouched: ["nothing further was booked"],
    released: ["what was booked was given back"],
    unknown: [`whether claim ${claimId} is booked is not known`],
    held: [`claim ${claimId} stays booked${at}: ${reason === "CLAIM_REUSED" ? "it has a domain" : there}`],
  };
  const open = standing === "held" || standing === "unknown";
  // Of somebody else's nothing is to be looked at, and a Placement that is too old says no more to others.
  const isToBeAsked = isOfPlacement(error) || error.ending === "interrupted";
  const lines = [...error.lines, ...left[standing].map((each) => `  ${each}`)];
  const another = over.has(reason ?? "") || reason === "CLAIM_REUSED";
  const afresh = "for another domain: the same line without --claim-id";
  const hints = [
    ...(open
      ? [
          `to look at it: ${line("status", claimId)}`,
          ...(another ? [] : [`to go on with it: the same line again, with --claim-id ${claimId}`]),
          `to end it: ${line("destroy", claimId)}`,
        ]
      : []),
    ...(standing === "untouched" && isToBeAsked
      ? [`to look at what is booked for it: ${line("status", claimId)}`]
      : []),
    ...namesakeHints(error, line),
    ...error.hints,
    ...(another ? [afresh] : []),
  ];
  return error.with({ lines, hints, call: open ? undefined : call });
}

const NAMESAKE: Reason = "DOMAIN_NAME_EXISTS";

/** By its host, which knows whose it is; of a claim of vgpuctl's all is done by `schedule`. */
function namesakeHints({ reason, call, target = [] }: CliError, line: About["line"]): readonly string[] {
  const name = call?.details.metadata["domain_name"];
  if (reason !== NAMESAKE || name === undefined) return [];
  const onHost = shellLine(["vgpuctl", ...target, "domains", name]);
  return [
    `the domain of that name: ${onHost}`,
    `where that is of a claim of vgpuctl schedule's: ${line("status", name)}`,
  ];
}

/** Nothing comes of the claim any more, however often it is asked for. */
const over: ReadonlySet<string> = new Set<Reason>(["CLAIM_ENDED", "SUPERSEDED"]);
