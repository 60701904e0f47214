// What must not be after an agent ended at any point and was started again: looked for in kernel, libvirt, ledger and answers.
import { isDeepStrictEqual } from "node:util";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { beyondRoom } from "../gpu-room.ts";
import type { ClaimRecord, Truth } from "../world.ts";
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
  "another answer",
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
  /** What somebody else made: mdevs and domains as they were. */
  readonly foreign: Pick<Truth, "mdevs" | "domains">;
}

export function flawsOf(standing: Standing, book: Book): Flaw[] {
  return [...leaks(standing), ...overCommitments(standing), ...touched(standing), ...broken(standing, book)];
}

/** A claim whose domain is off and gave its slice back has none; every other has. */
function holdsSlice({ state, domain }: ClaimRecord): boolean {
  return !(state === "stopped" && domain?.onStop === "release");
}

function leaks({ truth, claims, foreign }: Standing): Flaw[] {
  const slices = without(
    truth.mdevs.map(({ uuid }) => uuid),
    foreign.mdevs.map(({ uuid }) => uuid),
  );
  const domains = without(
    truth.domains.map(({ uuid }) => uuid),
    foreign.domains.map(({ uuid }) => uuid),
  );
  const promised = claims.filter(holdsSlice).map(({ vgpuId }) => vgpuId);
  const defined = claims.flatMap(({ domain }) => domain?.id ?? []);
  const twice = claims.filter(
    (claim) => claims.findIndex(({ claimId }) => claimId === claim.claimId) !== claims.indexOf(claim),
  );
  return [
    ...flaws("leaked slice", without(slices, promised), (uuid) => `${uuid} has no claim`),
    ...flaws("leaked domain", without(domains, defined), (uuid) => `${uuid} has no claim`),
    ...flaws("leaked claim", without(promised, slices), (uuid) => `${uuid} has no slice`),
    ...flaws("leaked claim", without(defined, domains), (uuid) => `domain ${uuid} is not defined`),
    ...flaws("leaked claim", twice, ({ claimId }) => `${claimId} stands in the ledger twice`),
  ];
}

function overCommitments({ truth, claims, foreign }: Standing): Flaw[] {
  const promised = [...claims.filter(holdsSlice), ...foreign.mdevs].map((holder) => holder.type);
  const beyond = beyondRoom(promised);
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

function broken({ claims }: Standing, book: Book): Flaw[] {
  const names = claims.flatMap(({ domain }) => domain?.name ?? []);
  const lost = [...book.names].filter(
    (name) => book.isAcknowledged("create", name) && !book.wasAsked("destroy", name) && !names.includes(name),
  );
  const raised = [...book.names].filter(
    (name) => book.isAcknowledged("destroy", name) && names.includes(name),
  );
  return [
    ...flaws("acknowledged create lost", lost, (name) => `${name} is not there`),
    ...flaws("acknowledged destroy undone", raised, (name) => `${name} is there`),
  ];
}

/** Asks the last question about each domain twice more: the first answer there is must stay the answer. */
export async function repeated(book: Book): Promise<Flaw[]> {
  const flawsOfEach = await Promise.all(
    book.lastOnes.map(async ({ question, outcome }) => {
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

/** What a caller goes by: the operation, the domain with its vGPUs, and how far the claim has come. */
function inWords(outcome: Outcome): string {
  if (outcome.kind === "cut off") return outcome.kind;
  if (outcome.kind === "refused") return `refused (${outcome.reason})`;
  const { domain, operation } = outcome;
  const state = domain?.claimState ?? ClaimState.UNSPECIFIED;
  return `${operation} ${domain?.uuid ?? "-"} ${state} ${domain?.vgpuIds.join(",") ?? "-"}`;
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
