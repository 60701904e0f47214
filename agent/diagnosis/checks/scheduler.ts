// Whether the scheduler in front of the host is told, and what its books and the host's ledger do not agree in.
import {
  fail,
  hostCheck,
  notApplicable,
  pass,
  unknown,
  type Check,
  type Finding,
  type HostSubject,
} from "../condition.ts";
import type { Look } from "../look.ts";
import {
  untoldTroubles,
  type FailingTrouble,
  type SchedulerBooks,
  type SchedulerReading,
  type UntoldOfHost,
  type UntoldTrouble,
  type WaitingBooking,
} from "../scheduler-reading.ts";

/** GPUs go on being shared as they are; what suffers is who is sent here. */
const COSTS = {
  "gvt-g": "warning",
  "gvt-d": "warning",
  "gvt-s": "warning",
  sriov: "warning",
} as const satisfies Check["costs"];
const WORTH_KNOWING = {
  "gvt-g": "info",
  "gvt-d": "info",
  "gvt-s": "info",
  sriov: "info",
} as const satisfies Check["costs"];

/** In the place of a GPU, where the scheduler counts all of them together. */
const HOST = "this host";
/** A host may hold hundreds of claims; the number of all is in the message. */
const MOST_SHOWN = 16;

/** What is said otherwise where it is jobs that book: such a scheduler is asked by programs on this host. */
type WithJobs = `${"unreachable" | "unauthorized" | "bad-answer" | "no-host"}-with-jobs`;
const WITH_JOBS: Readonly<Partial<Record<FailingTrouble, WithJobs>>> = {
  unreachable: "unreachable-with-jobs",
  unauthorized: "unauthorized-with-jobs",
  "bad-answer": "bad-answer-with-jobs",
  "no-host": "no-host-with-jobs",
};

export const schedulerUnavailable = hostCheck({
  code: "SCHEDULER_UNAVAILABLE",
  costs: COSTS,
  dependsOn: [],
  how: "how the last round of vgpud with the scheduler that the configuration names (scheduler.adapter) ended",
  check: (look, { scheduler }) => Promise.resolve(judged(look, scheduler)),
});

function judged(look: Look, scheduler: SchedulerReading | undefined) {
  if (!scheduler || scheduler.kind === "not-configured") return notThere(scheduler);
  const { kind, name, policy, booksBy } = scheduler;
  const values = { name };
  look.saw("configuration: scheduler.policy", policy);
  if (kind === "not-asked") return unknown("not-asked", values);
  if (kind === "told") return judgedTold(scheduler);
  const { trouble, why, times } = scheduler;
  look.saw(`scheduler ${name}: last round`, `${trouble}, ${times} in a row: ${why}`);
  return fail(booksBy === "job" ? (WITH_JOBS[trouble] ?? trouble) : trouble, { ...values, why });
}

type Told = Extract<SchedulerReading, { readonly kind: "told" }>;

function judgedTold(scheduler: Told) {
  const { name, isTold, withoutDomains, closed } = scheduler;
  if (!isTold) return pass("only-asked", { name });
  if (withoutDomains) return pass("without-domains", { name });
  return closed.length === 0 ? pass("told", { name }) : pass("closed", { name, gpus: gpusIn(closed) });
}

function gpusIn(closed: Told["closed"]): string {
  return closed.map(({ gpu, closedBy }) => `${gpu} (${closedBy.join(", ")})`).join(", ");
}

export const schedulerUntold = hostCheck({
  code: "SCHEDULER_UNTOLD",
  costs: COSTS,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how:
    "what of this host the last round of vgpud with the scheduler could not tell it, while it told all else; where it is to tell nothing " +
    "(scheduler.slurm.publish), what the scheduler gives out here although none of it can be made",
  check: (look, { scheduler }) => Promise.resolve(judgedUntold(look, scheduler)),
});

function judgedUntold(look: Look, scheduler: SchedulerReading | undefined) {
  if (!scheduler || scheduler.kind === "not-configured") return notThere(scheduler);
  const { kind, name, isTold } = scheduler;
  const { parts, times } = (kind === "told" ? scheduler.untold : undefined) ?? { parts: [], times: 0 };
  const [first] = parts;
  if (!first) {
    if (!isTold) return notApplicable("only-asked", { name });
    return kind === "told" ? pass("all", { name }) : unknown("not-told");
  }
  const { trouble } = first;
  look.saw(`scheduler ${name}: a part untold`, triesText(parts, times));
  tell(look, parts, ({ what, why }) => [what, why]);
  return fail(trouble, { name, why: whyOf(trouble, parts.slice(0, MOST_SHOWN)) });
}

/** What is in vain is never tried: the count is of what there is beside it. */
function triesText(parts: UntoldOfHost["parts"], times: number): string {
  const tried = parts.find(({ trouble }) => trouble !== "in-vain");
  const inVain = parts.some(({ trouble }) => trouble === "in-vain") ? ["in-vain"] : [];
  return [...inVain, ...(tried ? [`${tried.trouble}, ${times} in a row`] : [])].join("; ");
}

/** The message says what is the matter with those of that trouble; of the others their own word does. */
function whyOf(trouble: UntoldTrouble, parts: UntoldOfHost["parts"]): string {
  const words = (of: UntoldOfHost["parts"]): string =>
    of.map(({ what, why }) => `${what}: ${why}`).join("; ");
  const others = untoldTroubles.flatMap((each) => {
    const of = parts.filter((part) => part.trouble === each && each !== trouble);
    return of.length === 0 ? [] : ` (+ ${each}: ${words(of)})`;
  });
  return words(parts.filter((part) => part.trouble === trouble)) + others.join("");
}

export const bookingWithoutDomain = hostCheck({
  code: "BOOKING_WITHOUT_DOMAIN",
  costs: COSTS,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how: "the scheduler's bookings on the GPUs of this host, beside the claims of the ledger, as last compared (scheduler.heal_every)",
  check: ofBooks((look, { withoutDomain, graceSeconds, grace }, { name }) => {
    const oldestFirst = withoutDomain.toSorted((one, other) => other.seconds - one.seconds);
    tell(look, oldestFirst, (each) => [
      `booking ${each.booking} on ${each.gpu ?? HOST}`,
      `${each.amounts}, without a domain for ${ageOf(each)}`,
    ]);
    const overdue = oldestFirst.filter(({ seconds }) => seconds > graceSeconds);
    const [oldest] = overdue;
    const values = { name, count: withoutDomain.length, grace };
    if (!oldest) return pass(withoutDomain.length === 0 ? "all" : "waiting", values);
    const { booking, gpu, amounts, isOurs } = oldest;
    const of = { booking, amounts, age: ageOf(oldest), ...values, count: overdue.length };
    if (gpu === undefined) return fail("overdue-on-host", of);
    return fail(isOurs ? "overdue-own" : "overdue", { ...of, gpu });
  }),
});

/** Written as durations of the configuration are; rounded down. */
function ageOf({ seconds }: WaitingBooking): string {
  return seconds < 120 ? `${Math.floor(seconds)}s` : `${Math.floor(seconds / 60)}m`;
}

export const claimWithoutBooking = hostCheck({
  code: "CLAIM_WITHOUT_BOOKING",
  costs: WORTH_KNOWING,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how: "the claims of the ledger, beside the scheduler's bookings on the GPUs of this host, as last compared",
  check: ofBooks((look, { withoutBooking }, { name, booksBy }) => {
    tell(look, withoutBooking, ({ claimId, gpu, amounts, bookedOn }) => [
      `claim ${claimId} on ${gpu}`,
      bookedOn === undefined ? amounts : `${amounts}, booked on ${bookedOn}`,
    ]);
    const [first] = withoutBooking;
    if (!first) return pass("all", { name });
    // First what takes room twice, which does not rest until somebody does something.
    const elsewhere = withoutBooking.filter(({ bookedOn }) => bookedOn !== undefined);
    const { claimId: claim, gpu, amounts, bookedOn } = elsewhere[0] ?? first;
    const of = { name, claim, gpu, amounts };
    if (bookedOn !== undefined)
      return fail("elsewhere", { ...of, count: elsewhere.length, booked: bookedOn });
    // Nobody can book for a claim that is named after a job.
    return fail(booksBy === "job" ? "without-job" : "some", { ...of, count: withoutBooking.length });
  }),
});

export const bookedBeyondCapacity = hostCheck({
  code: "BOOKED_BEYOND_CAPACITY",
  costs: COSTS,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how: "for each GPU what is booked and reserved with the scheduler, beside what there is, as last compared",
  check: ofBooks((look, { overbooked }, { name }) => {
    if (!overbooked) return unknown("without-domains", { name });
    tell(look, overbooked, ({ gpu, amounts }) => [`booked beyond capacity on ${gpu ?? HOST}`, amounts]);
    const [first] = overbooked;
    if (!first) return pass("none-beyond", { name });
    const { gpu, amounts } = first;
    if (gpu !== undefined) return fail("some", { name, count: overbooked.length, gpu, amounts });
    const { having } = first;
    tell(look, having, (each) => [
      `booking ${each.booking} on ${HOST}`,
      each.hasClaim ? each.amounts : `${each.amounts}, without a domain`,
    ]);
    const waiting = having.filter(({ hasClaim }) => !hasClaim);
    const named = waiting.length > 0 ? waiting : having;
    const jobs = named.slice(0, MOST_SHOWN).map(({ booking }) => booking);
    const of = { name, amounts, count: named.length, jobs: jobs.join(", ") };
    return fail(waiting.length > 0 ? "on-host-refused" : "on-host", of);
  }),
});

export const bookedGpuVanished = hostCheck({
  code: "BOOKED_GPU_VANISHED",
  costs: COSTS,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how: "what the scheduler has of GPUs that this host had and has no more, and what is booked there, as last compared",
  check: ofBooks((look, { vanished }, { name }) => {
    tell(look, vanished, (each) => [`resource provider ${each.name}`, `${each.bookings} booked`]);
    const [first] = vanished;
    return first
      ? fail("some", { name, count: vanished.length, provider: first.name, bookings: first.bookings })
      : pass("all", { name });
  }),
});

export const gpuPublishedTwice = hostCheck({
  code: "GPU_PUBLISHED_TWICE",
  costs: COSTS,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how:
    "the resource providers of nova-compute below this host's that are named for a GPU which vgpud publishes and has not drained, and " +
    "whether they give anything out, as last compared",
  check: ofBooks((look, { publishedTwice }, { name }) => {
    tell(look, publishedTwice, ({ gpu, by }) => [`resource provider ${by.name}`, `gives out GPU ${gpu}`]);
    const [first] = publishedTwice;
    if (!first) return pass("all", { name });
    const { gpu, by } = first;
    return fail("some", { name, count: publishedTwice.length, gpu, provider: by.name, uuid: by.id });
  }),
});

export const configuredBeyondCapacity = hostCheck({
  code: "CONFIGURED_BEYOND_CAPACITY",
  costs: COSTS,
  dependsOn: ["SCHEDULER_UNAVAILABLE"],
  how:
    "what the scheduler's own files give this host (slurm.conf and gres.conf, by slurmd -G), beside what its GPUs have less what the host keeps, " +
    "as last compared",
  check: ofBooks((look, { configured }, { name, isTold }) => {
    if (!configured) return notApplicable("no-files", { name });
    const { beyond: amounts } = configured;
    if (amounts === undefined) return pass("all", { name });
    look.saw("configured beyond capacity", amounts);
    return fail(isTold ? "some" : "given-out", { name, amounts });
  }),
});

type Named = Pick<Told, "name" | "isTold" | "booksBy">;

function notThere(scheduler: object | undefined): Finding<"no-agent" | "none"> {
  return notApplicable(scheduler === undefined ? "no-agent" : "none");
}

/** A check of what was compared; while nothing was, SCHEDULER_UNAVAILABLE says why. */
function ofBooks<Says extends string>(
  judge: (look: Look, books: SchedulerBooks, scheduler: Named) => Finding<Says>,
) {
  return (
    look: Look,
    { scheduler }: HostSubject,
  ): Promise<Finding<Says | "no-agent" | "none" | "not-compared">> => {
    if (!scheduler || scheduler.kind === "not-configured") return Promise.resolve(notThere(scheduler));
    return Promise.resolve(
      scheduler.kind === "told" ? judge(look, scheduler.books, scheduler) : unknown("not-compared"),
    );
  };
}

function tell<T>(look: Look, all: readonly T[], words: (each: T) => readonly [string, string]): void {
  for (const each of all.slice(0, MOST_SHOWN)) look.saw(...words(each));
  if (all.length > MOST_SHOWN) look.saw("others like these", `${all.length - MOST_SHOWN}`);
}
