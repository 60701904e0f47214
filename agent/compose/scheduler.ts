// The scheduler in front of this host, where the configuration names one: who it is asked by, and who keeps it told.
import { readFile } from "node:fs/promises";
import type { ViewContext } from "../api/context.ts";
import { durationMs } from "../config/forms.ts";
import { ConfigError } from "../config/problem.ts";
import type { SchedulerConfig } from "../config/scheduler-keys.ts";
import { systemClock as clock } from "../core/clock.ts";
import { messageOf, type AgentError } from "../core/errors.ts";
import { classesWith } from "../core/placement-names.ts";
import type { Reason } from "../core/reasons.ts";
import type { Diagnostician } from "../diagnosis/diagnostician.ts";
import type { Log } from "../host/journal.ts";
import type { MachineId } from "../host/machine-id.ts";
import { SlurmPrograms } from "../host/slurm-commands.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Bookings } from "../lifecycle/booked.ts";
import { nothingToBook } from "../lifecycle/booked.ts";
import type { Drains } from "../lifecycle/drains.ts";
import type { SchedulerRecorder } from "../observation/scheduler-recorder.ts";
import type { VerificationOutcome } from "../observation/scheduler-events.ts";
import type { MetricsView } from "../observation/view.ts";
import { connectPlacement, type PlacementSettings } from "../placement/connect.ts";
import { impossibleBy } from "../schedulers/impossible.ts";
import { SchedulerKeeper, type EndedRound } from "../schedulers/keeper.ts";
import { patientSupply } from "../schedulers/patient-supply.ts";
import { PlacementScheduler } from "../schedulers/placement/placement-scheduler.ts";
import type { RootRecord } from "../schedulers/placement/root-record.ts";
import { bookingsBy } from "../schedulers/policy.ts";
import type { Scheduler } from "../schedulers/scheduler.ts";
import type { CountsRecord } from "../schedulers/slurm/found-counts.ts";
import { SlurmScheduler } from "../schedulers/slurm/slurm-scheduler.ts";
import { supplyOf, type Seen } from "../schedulers/supply.ts";
import { machineMark } from "./machine-mark.ts";
import { orderLog, roundLog } from "./scheduler-log.ts";
import { troubleOf, untoldPartsOf } from "./scheduler-reading.ts";

/** What was read before the agent began. */
export interface SchedulerGiven {
  readonly record: RootRecord;
  readonly counts: CountsRecord;
  /** Certificates (PEM); undefined: none are named. */
  readonly ca: string | undefined;
  /** Of this machine. */
  readonly machineId: MachineId;
}

export interface Scheduling {
  readonly bookings: Bookings;
  /** Undefined where the configuration names none. */
  readonly keeper: SchedulerKeeper | undefined;
  /** Undefined where the configuration names none. */
  readonly inFront: ViewContext["scheduler"];
  /** To be told of each create that there is no room for. */
  readonly onNoRoom: () => void;
}

export interface SchedulingParts {
  readonly view: () => MetricsView;
  /** Whose views that is made of. */
  readonly lookout: Pick<Lookout, "current" | "onView">;
  readonly drains: Pick<Drains, "current">;
  /** What it finds impossible is given out to nobody. */
  readonly diagnostician: Pick<Diagnostician, "latest">;
  /** As in KeeperOptions, of what is no diagnosis. */
  readonly version: () => readonly unknown[];
  readonly recorder: SchedulerRecorder;
  readonly log: Log;
  /** Ends what is under way with the agent. */
  readonly stop: AbortSignal;
}

/** @throws ConfigError when the file of certificates cannot be read */
export async function readCertificates({ placement }: SchedulerConfig): Promise<string | undefined> {
  const { ca_file: file } = placement;
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const what = `scheduler.placement.ca_file: ${messageOf(error)}`;
    throw new ConfigError([{ where: file, what }], { cause: error });
  }
}

export function composeScheduler(
  config: SchedulerConfig,
  given: SchedulerGiven,
  { view, lookout, drains, diagnostician, version, recorder, log, stop }: SchedulingParts,
): Scheduling {
  const impossible = (): Seen["impossible"] => impossibleBy(diagnostician.latest);
  const seen = (): Seen => ({ ...view(), impossible: impossible() });
  const hostname = (): string | undefined => view().inventory?.host.hostname || undefined;
  // What cannot be told is taken for living.
  const isLiving = (claim: string): boolean => {
    const supply = supplyOf(seen());
    return supply?.domainsKnown ? supply.living.has(claim) : true;
  };
  const scheduler = schedulerOf(config, given, { hostname, isLiving, stop, recorder, log });
  if (!scheduler) return nobodyInFront;
  recorder.announce();
  const tell = roundLog(log);
  const keeper = new SchedulerKeeper({
    ...{ scheduler, clock, random: Math.random },
    version: () => [...version(), impossible()],
    supply: patientSupply({ seen, lookout, clock }),
    drains: () => drains.current,
    healEveryMs: durationMs(config.heal_every),
    firstWithinMs: durationMs(config.first_within),
    onRound: (round) => {
      tell(round);
      count(recorder, round);
    },
  });
  const judged = (refusal: AgentError | undefined): void => {
    const outcome = outcomeOf(refusal);
    recorder.verification(outcome);
    if (outcome === "unavailable") keeper.compareSoon();
  };
  return {
    keeper,
    bookings: { ...bookingsBy(config.policy, scheduler), judged },
    inFront: () => ({
      ...{ adapter: scheduler.name, host: scheduler.host() },
      told: keeper.standing.wasTold,
    }),
    onNoRoom: () => {
      if (scheduler.manner.mayOversend) keeper.compareSoon();
    },
  };
}

const nobodyInFront: Scheduling = {
  ...{ bookings: nothingToBook, keeper: undefined },
  inFront: () => undefined,
  onNoRoom: () => undefined,
};

interface SchedulerParts extends Pick<SchedulingParts, "recorder" | "log"> {
  /** Undefined while that is not known. */
  readonly hostname: () => string | undefined;
  readonly isLiving: (claim: string) => boolean;
  readonly stop: AbortSignal;
}

function schedulerOf(
  config: SchedulerConfig,
  { record, counts, ca, machineId }: SchedulerGiven,
  { hostname, isLiving, stop, recorder, log }: SchedulerParts,
): Scheduler | undefined {
  switch (config.adapter) {
    case "none":
      return undefined;
    case "placement": {
      const { placement } = config;
      return new PlacementScheduler({
        api: connectPlacement(settingsOf(placement, ca), {
          ...clock,
          onEnd: ({ method, answer, seconds }) => {
            recorder.request({ method, status: answer?.status, seconds });
          },
        }).api,
        host: () => placement.host ?? hostname(),
        ...{ root: placement.root, record, clock },
        mark: machineMark(placement, machineId, log),
        classes: classesWith(placement.vgpu_class),
        aggregates: placement.aggregates,
        graceMs: durationMs(config.claim_grace),
        ...{ isLiving, stop, onCarriedOut: orderLog(config.adapter, log) },
      });
    }
    case "slurm":
      return slurmScheduler(config.slurm, { hostname, log, counts });
  }
}

function slurmScheduler(
  { cluster, node, publish, prefix, conf, timeout }: SchedulerConfig["slurm"],
  { hostname, log, counts }: Pick<SchedulerParts, "hostname" | "log"> & Pick<SchedulerGiven, "counts">,
): SlurmScheduler {
  if (cluster === undefined) throw new TypeError("the configuration does not name Slurm's cluster");
  return new SlurmScheduler({
    commands: new SlurmPrograms({ prefix, conf, timeoutMs: durationMs(timeout), clock }),
    node: () => node ?? hostname()?.split(".")[0],
    ...{ cluster, publish, clock, counts, onCarriedOut: orderLog("slurm", log) },
  });
}

function count(
  recorder: SchedulerRecorder,
  { kind: round, standing: { failure, untold, findings } }: EndedRound,
): void {
  if (failure) recorder.round({ round, outcome: "failed", trouble: troubleOf(failure.kind), givenBack: 0 });
  else {
    const givenBack = round === "heal" ? findings.givenBack : 0;
    const [first] = untoldPartsOf(untold?.parts ?? []);
    recorder.round({ round, outcome: first ? "partial" : "ok", trouble: first?.trouble, givenBack });
  }
}

const outcomes: Readonly<Partial<Record<Reason, VerificationOutcome>>> = {
  CLAIM_NOT_BOOKED: "not-booked",
  CLAIM_NOT_COVERED: "not-covered",
  FIELD_INVALID: "invalid",
};

function outcomeOf(refusal: AgentError | undefined): VerificationOutcome {
  return refusal ? (outcomes[refusal.reason] ?? "unavailable") : "verified";
}

function settingsOf(placement: SchedulerConfig["placement"], ca: string | undefined): PlacementSettings {
  const { endpoint, keystone } = placement;
  const { auth_url: authUrl, credential_id: credentialId, secret_file: secretFile } = keystone;
  const asked = authUrl !== undefined && credentialId !== undefined && secretFile !== undefined;
  return {
    endpoint: endpoint === undefined ? undefined : new URL(endpoint),
    ...{ timeoutMs: durationMs(placement.timeout), ca },
    keystone: asked
      ? {
          ...{ authUrl: new URL(authUrl), credentialId, region: keystone.region },
          interface: keystone.interface,
          secret: async () => (await readFile(secretFile, "utf8")).trim(),
        }
      : undefined,
  };
}
