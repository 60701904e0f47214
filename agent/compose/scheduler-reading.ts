// How it stands with the scheduler, as the diagnosis and the metrics take it. Pure.
import { quantitiesText } from "../capacity/quantities.ts";
import { durationMs } from "../config/forms.ts";
import type { SchedulerConfig } from "../config/scheduler-keys.ts";
import type { Clock } from "../core/clock.ts";
import {
  untoldTroubles,
  type FailingTrouble,
  type SchedulerBooks,
  type SchedulerReading,
  type UntoldOfHost,
  type UntoldTrouble,
} from "../diagnosis/scheduler-reading.ts";
import type { SchedulerView } from "../observation/view.ts";
import type { PlacementFailure } from "../placement/errors.ts";
import type { Standing } from "../schedulers/keeper.ts";
import type { Untold } from "../schedulers/scheduler.ts";
import type { SlurmFailure } from "../schedulers/slurm/commands.ts";

type Settings = Pick<SchedulerConfig, "policy" | "claim_grace">;

/** `standing`: undefined where the configuration names no scheduler. */
export function readScheduler(
  standing: Standing | undefined,
  settings: Settings,
  clock: Pick<Clock, "now">,
): SchedulerReading {
  if (!standing) return { kind: "not-configured" };
  const { name, manner, failure, untold, toldAt, withoutDomains, closed } = standing;
  const named = { name, policy: settings.policy, isTold: manner.isTold, booksBy: manner.booksBy };
  if (failure) {
    const { kind, message: why, times } = failure;
    return { kind: "failing", ...named, trouble: troubleOf(kind), why, times };
  }
  if (toldAt === undefined) return { kind: "not-asked", ...named };
  return {
    kind: "told",
    ...named,
    untold: untold && { parts: untoldPartsOf(untold.parts), times: untold.times },
    ...{ withoutDomains, closed },
    books: booksOf(standing, settings, clock),
  };
}

export function viewScheduler(
  standing: Standing | undefined,
  settings: Settings,
  clock: Pick<Clock, "now">,
): SchedulerView | undefined {
  if (!standing) return undefined;
  const { name, failure, untold, toldAt } = standing;
  return {
    ...{ name, policy: settings.policy, toldAt },
    up: failure ? false : toldAt === undefined ? undefined : true,
    untold: toldAt === undefined ? undefined : (untold?.parts.length ?? 0),
    books: toldAt === undefined ? undefined : booksOf(standing, settings, clock),
  };
}

/** What costs most first. */
export function untoldPartsOf(parts: readonly Untold[]): UntoldOfHost["parts"] {
  const rank = ({ trouble }: UntoldOfHost["parts"][number]): number => untoldTroubles.indexOf(trouble);
  return parts
    .map(({ kind, what, message: why }) => ({ trouble: untoldTroubleOf(kind), what, why }))
    .sort((one, other) => rank(one) - rank(other));
}

/** As last compared; ages are those of now. */
function booksOf(
  { findings }: Standing,
  { claim_grace }: Settings,
  clock: Pick<Clock, "now">,
): SchedulerBooks {
  const now = clock.now();
  return {
    ...{ graceSeconds: durationMs(claim_grace) / 1000, grace: claim_grace },
    withoutDomain: findings.withoutDomain.map(({ booking, gpu, amounts, since, isOurs = false }) => ({
      ...{ booking, gpu, amounts: quantitiesText(amounts), isOurs },
      seconds: (now - since) / 1000,
    })),
    withoutBooking: findings.withoutBooking.map(({ claimId, gpu, missing, bookedOn }) => ({
      ...{ claimId, gpu, bookedOn, amounts: quantitiesText(missing) },
    })),
    overbooked: findings.overcommitted?.map((each) => {
      const amounts = quantitiesText(each.by);
      if (each.gpu !== undefined) return { gpu: each.gpu, amounts };
      const having = each.having.map((one) => ({ ...one, amounts: quantitiesText(one.amounts) }));
      return { gpu: undefined, amounts, having };
    }),
    vanished: findings.vanished,
    publishedTwice: findings.publishedTwice,
    configured: findings.configuredBeyond && {
      beyond:
        Object.keys(findings.configuredBeyond).length === 0
          ? undefined
          : quantitiesText(findings.configuredBeyond),
    },
  };
}

/** Of an adapter's word: of what is refused with a reason the words that are told say which. */
export function troubleOf(kind: string): FailingTrouble {
  return (troubles as Readonly<Record<string, FailingTrouble | undefined>>)[kind] ?? "internal";
}

/** What keeps a part alone from being told; of an adapter's word, too. */
export function untoldTroubleOf(kind: string): UntoldTrouble {
  return (
    untoldTroubles.find((each) => each === kind) ??
    untoldTroubles.find((each) => each === troubleOf(kind)) ??
    "refused"
  );
}

const troubles = {
  ...{ unreachable: "unreachable", unauthorized: "unauthorized", version: "version" },
  "no-secret": "no-secret",
  ...{ "bad-answer": "bad-answer", failed: "failed", conflict: "conflict", refused: "refused" },
  ...{ "in-use": "refused", duplicate: "refused", "no-capacity": "refused", "not-found": "refused" },
  ...{ "no-root": "no-root", "root-taken": "root-taken", "no-host": "no-host" },
  ...{
    program: "unreachable",
    conf: "unreachable",
    timeout: "unreachable",
    "not-allowed": "unauthorized",
    answer: "bad-answer",
  },
  ...{ "node-gres": "unserved", "node-invalid": "unserved", "other-cluster": "unserved" },
  ...{ "no-gres": "unserved", "no-node": "unserved", "exit-code": "program-failed" },
} as const satisfies Readonly<Record<PlacementFailure | SlurmFailure, FailingTrouble>> &
  Record<string, FailingTrouble>;
