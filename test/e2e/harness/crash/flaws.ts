// What must not be after an agent ended at any point and was started again: looked for in kernel, libvirt, ledger and answers.
import { isDeepStrictEqual } from "node:util";
import { beyondRoom } from "../gpu-room.ts";
import type { ClaimRecord, Truth } from "../world.ts";
import { claimOf } from "./asking.ts";
import { heard, type Book, type Outcome } from "./book.ts";

/** Each kind is a column of the table that test/long prints. */
export const flawKinds = [
  "leaked slice",
  "leaked domain",
  "leaked claim",
  "over-commitment",
  "foreign object touched",
  "acknowledged create lost",
  "acknowledged destroy undone",
  "acknowledged change lost",
  "another answer",
  "never at rest",
] as const;
type FlawKind = (typeof flawKinds)[number];

export interface Flaw {
  readonly kind: FlawKind;
  readonly what: string;
}

/** What stands on the host. */
interface Standing {
  readonly truth: Truth;
  /** The claims that have not ended. */
  readonly claims: readonly ClaimRecord[];
  /** What somebody else made: mdevs and domains as they were, whoever has taken them over since. */
  readonly foreign: Pick<Truth, "mdevs" | "domains">;
  /** What is drained is shown in these words, by its name. */
  readonly drains: Readonly<Record<string, string>>;
  /** Of the one GPU. */
  readonly apertureMib: number;
}

export function flawsOf(standing: Standing, book: Book): Flaw[] {
  return [...leaks(standing), ...overCommitments(standing), ...touched(standing), ...broken(standing, book)];
}

/** A claim whose domain is off and gave its slice back has no room; every other has. */
export function holdsRoom({ state, domain }: ClaimRecord): boolean {
  return !(state === "stopped" && domain?.onStop === "release");
}

/** Nothing is on the host for what is only reserved. */
function holdsSlice(claim: ClaimRecord): boolean {
  return holdsRoom(claim) && claim.kind !== "reservation";
}

function uuidsOf(objects: readonly { readonly uuid: string }[]): string[] {
  return objects.map(({ uuid }) => uuid);
}

function leaks({ truth, claims, foreign }: Standing): Flaw[] {
  const [slices, domains] = [uuidsOf(truth.mdevs), uuidsOf(truth.domains)];
  const [ourSlices, ourDomains] = [
    without(slices, uuidsOf(foreign.mdevs)),
    without(domains, uuidsOf(foreign.domains)),
  ];
  const promised = claims.filter(holdsSlice).map(({ vgpuId }) => vgpuId);
  const defined = claims.flatMap(({ domain }) => domain?.id ?? []);
  const twice = claims.filter(
    (claim) => claims.findIndex(({ claimId }) => claimId === claim.claimId) !== claims.indexOf(claim),
  );
  return [
    ...flaws("leaked slice", without(ourSlices, promised), (uuid) => `${uuid} has no claim`),
    ...flaws("leaked domain", without(ourDomains, defined), (uuid) => `${uuid} has no claim`),
    ...flaws("leaked claim", without(promised, slices), (uuid) => `${uuid} has no slice`),
    ...flaws("leaked claim", without(defined, domains), (uuid) => `domain ${uuid} is not defined`),
    ...flaws("leaked claim", twice, ({ claimId }) => `${claimId} stands in the ledger twice`),
  ];
}

function overCommitments({ truth, claims, foreign, apertureMib }: Standing): Flaw[] {
  const taken = claims.filter(holdsRoom);
  const others = foreign.mdevs.filter(({ uuid }) => !taken.some(({ vgpuId }) => vgpuId === uuid));
  const promised = [...taken, ...others].map((holder) => holder.type);
  const beyond = beyondRoom(promised, apertureMib);
  const negative = truth.gpus.filter(({ availableInstances }) =>
    Object.values(availableInstances).some((count) => count < 0),
  );
  return [
    ...flaws("over-commitment", beyond === undefined ? [] : [beyond], (sums) => `${sums} are promised`),
    ...flaws("over-commitment", negative, ({ address }) => `${address} has less than nothing`),
  ];
}

function touched({ truth, foreign }: Standing): Flaw[] {
  const mdevs = foreign.mdevs.filter((mdev) => !contains(truth.mdevs, mdev));
  const domains = foreign.domains.filter((domain) => !contains(truth.domains, domain));
  return flaws("foreign object touched", [...mdevs, ...domains], ({ uuid }) => `${uuid} is not as it was`);
}

function broken({ claims, drains }: Standing, book: Book): Flaw[] {
  const standing = claims.flatMap(({ claimId, reservation }) => [claimId, reservation?.claimId]);
  const stands = (name: string): boolean => standing.includes(claimOf(name));
  return [
    ...flaws(
      "acknowledged create lost",
      book.kept.filter((name) => !stands(name)),
      (name) => `${name} is not there`,
    ),
    ...flaws("acknowledged destroy undone", book.ended.filter(stands), (name) => `${name} is there`),
    ...book.lastOnes.flatMap(({ question, outcome }) => {
      if (outcome.kind !== "answered") return [];
      const { name } = question;
      const { words, expiresAt = 0 } = outcome.answer;
      const shown = drains[name] ?? words;
      // A reservation that is bound has no end of its own any more.
      const { expiresAt: ends = expiresAt } = claims.find(({ claimId }) => claimId === claimOf(name)) ?? {};
      return [
        ...flaws("acknowledged change lost", shown === words ? [] : [shown], (what) => `${name}: ${what}`),
        ...flaws(
          "acknowledged change lost",
          ends < expiresAt ? [ends] : [],
          (end) => `${name} ends at ${end}`,
        ),
      ];
    }),
  ];
}

/** Asks the last question about each name twice more: the first answer there is must stay the answer. */
export async function repeated(book: Book): Promise<Flaw[]> {
  // What ends meanwhile is another when it is asked for again.
  const lasting = book.lastOnes.filter(({ question }) => question.isBrief !== true);
  const flawsOfEach = await Promise.all(
    lasting.map(async ({ question, outcome }) => {
      const outcomes = [outcome, await heard(question), await heard(question)];
      const first = outcomes.findIndex(({ kind }) => kind === "answered");
      const answers = first < 0 ? [] : outcomes.slice(first);
      const wrong = outcomes.slice(1).some(isFault) || new Set(answers.map(inWords)).size > 1;
      const told = `${question.kind} ${question.name}: ${outcomes.map(inWords).join(", then ")}`;
      return flaws("another answer", wrong ? [told] : [], (what) => what);
    }),
  );
  return flawsOfEach.flat();
}

/** A refusal may be followed by another, or by an answer once there is room. */
function isFault(outcome: Outcome): boolean {
  return outcome.kind === "cut off" || (outcome.kind === "refused" && outcome.reason === "INTERNAL");
}

function inWords(outcome: Outcome): string {
  if (outcome.kind === "answered") return outcome.answer.words;
  return outcome.kind === "refused" ? `refused (${outcome.reason})` : outcome.kind;
}

function flaws<T>(kind: FlawKind, objects: readonly T[], what: (object: T) => string): Flaw[] {
  return objects.map((object) => ({ kind, what: what(object) }));
}

function without<T>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter((one) => !some.includes(one));
}

function contains<T>(all: readonly T[], one: T): boolean {
  return all.some((other) => isDeepStrictEqual(other, one));
}
