// Slurm as the scheduler in front of this host, where a virtual machine is a job: the host is a node that has so many of each GRES.
import type { BookedOn, Booking, Quantities } from "../../capacity/quantities.ts";
import type { Clock } from "../../core/clock.ts";
import type { AgentError } from "../../core/errors.ts";
import type { ClaimId } from "../../core/ids.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import type { OnCarriedOut } from "../carried-out.ts";
import { FirstSeen } from "../first-seen.ts";
import {
  nothingFound,
  SchedulerError,
  type Findings,
  type Manner,
  type Published,
  type Scheduler,
  type Untold,
} from "../scheduler.ts";
import type { HostSupply } from "../supply.ts";
import { notBooked, unverified, wronglyNamed } from "../unbooked.ts";
import { slurmError, type SlurmCommands } from "./commands.ts";
import { disagreementsOf } from "./disagreements.ts";
import { finishing } from "./finishing.ts";
import { forget, type CountsRecord } from "./found-counts.ts";
import { goalOf, type Seen } from "./goal.ts";
import { givenOutInVain } from "./in-vain.ts";
import { claimIdOf, jobOf, type JobId } from "./names.ts";
import { SlurmNode, type Limits } from "./node.ts";
import { calledOtherwise, givingNone, SUBMIT_WITH_SOME, toHaveSome } from "./serving.ts";
import { Telling } from "./telling.ts";
import { unfitError } from "./unfit.ts";
import { tooMuchConfigured, withoutEnding, type Bookings } from "./wanted.ts";

export interface SlurmSchedulerOptions {
  readonly commands: SlurmCommands;
  readonly cluster: string;
  /** How the host is called there; undefined while that is not known. */
  readonly node: () => string | undefined;
  /** Whether Slurm is told how many jobs may have, and when the host is drained: it lets its operators only. */
  readonly publish: boolean;
  readonly clock: Pick<Clock, "now" | "sleep">;
  /** Where what Slurm counted is kept over a restart; of use where it is told counts. */
  readonly counts?: CountsRecord;
  readonly onCarriedOut?: OnCarriedOut;
}

/** What a job has, as Slurm told it. */
interface Known {
  /** When the job began that it was told of. */
  readonly start: string;
  readonly amounts: Quantities;
  /** On the clock. */
  readonly askedAt: number;
}

/**
 * For how long that is believed. What a job has does not change while it runs, but where the administrator lets running jobs take over
 * others' (`permit_job_expansion`); asked at each comparison, a thousand nodes would ask slurmctld for all of their jobs every few minutes.
 */
const KEPT_MS = 3_600_000;
/** In which of Slurm's states a job has begun and not ended. */
const BEGUN: ReadonlySet<string> = new Set(["CONFIGURING", "RUNNING"]);

export class SlurmScheduler implements Scheduler {
  readonly name = "slurm";
  readonly manner: Manner;
  readonly #options: SlurmSchedulerOptions;
  #limits: Limits | undefined;
  /**
   * The cluster was found to be called as configured, and to give jobs GRES. It is not asked again for that: a slurmctld that has another name
   * than before does not start, and of one that gives jobs none any more the first job without any that comes with a claim tells.
   */
  #isServing = false;
  /** Why jobs are given none, as its configuration had it when that was last read. */
  #noGres: SchedulerError | undefined;
  /** Of running jobs. */
  #known: ReadonlyMap<JobId, Known> = new Map();
  readonly #firstSeen: FirstSeen;
  readonly #telling: Telling;

  constructor(options: SlurmSchedulerOptions) {
    this.#options = options;
    const { publish, counts: record, clock, onCarriedOut } = options;
    // What it is sent beyond room ends when it is told, or never.
    this.manner = { isTold: publish, booksBy: "job", mayOversend: publish };
    this.#firstSeen = new FirstSeen(clock);
    if (!publish && record) forget(record);
    this.#telling = new Telling({ record: publish ? record : undefined, onCarriedOut });
  }

  host(): string | undefined {
    return this.#options.node();
  }

  async publish(supply: HostSupply, signal: AbortSignal): Promise<Published> {
    this.#firstSeen.begin(supply);
    const { done, untold } = await this.#recording(signal, async (late) => {
      const node = this.#node();
      const limits = (this.#limits ??= await node.limits(signal));
      const seen = await this.#see(node, supply, { limits, signal });
      const told = await this.#tell(node, seen, { stop: signal, late });
      if (this.#noGres) throw this.#noGres;
      return told;
    });
    const { isPassing, inVain } = done;
    return { answered: true, untold: [...inVain, ...untold], isPassing };
  }

  async heal(supply: HostSupply, signal: AbortSignal): Promise<Findings> {
    this.#firstSeen.begin(supply);
    const { done, untold } = await this.#recording(signal, async (late) => {
      const node = this.#node();
      const config = this.#isServing ? undefined : await node.config(signal);
      const otherwise = config && calledOtherwise(config, this.#options.cluster);
      if (otherwise) throw otherwise;
      if (config) this.#noGres = givingNone(config);
      const limits = (this.#limits = await node.limits(signal));
      const seen = await this.#see(node, supply, { limits, signal });
      const told = await this.#tell(node, seen, { stop: signal, late });
      // Whatever jobs are given: a host that is drained is to get none.
      if (this.#noGres) throw this.#noGres;
      this.#isServing = true;
      return { seen, limits, ...told };
    });
    const { seen, limits, isPassing, inVain } = done;
    const found = disagreementsOf(seen.supply, seen.bookings, { limits, firstSeen: this.#firstSeen.since });
    this.#firstSeen.found(found.withoutDomain, supply);
    const configuredBeyond = tooMuchConfigured(seen.supply, limits);
    return { ...nothingFound, ...found, configuredBeyond, untold: [...inVain, ...untold], isPassing };
  }

  async bookingOf(claimId: ClaimId, signal: AbortSignal): Promise<Booking> {
    const { cluster } = this.#options;
    const job = jobOf(claimId, cluster);
    if (job === undefined) throw notOfSlurm(claimId, cluster);
    try {
      return { on: "host", booked: await this.#bookedFor(job, claimId, signal) };
    } catch (error) {
      if (!(error instanceof SchedulerError)) throw error;
      throw unverified(claimId, "Slurm", error);
    }
  }

  async #bookedFor(job: JobId, claimId: ClaimId, signal: AbortSignal): Promise<BookedOn> {
    const node = this.#node();
    const limits = (this.#limits ??= await node.limits(signal));
    const state = (await node.jobs(signal)).get(job)?.state;
    if (state === undefined)
      throw notBooked(
        claimId,
        `job ${job} is none of those on node ${node.name}: ask from the job, on its node`,
      );
    if (!BEGUN.has(state))
      throw notBooked(claimId, `job ${job} is ${state} on node ${node.name}, and has to be RUNNING`);
    const amounts = await node.amountsOf(job, signal);
    if (!amounts)
      throw notBooked(
        claimId,
        `what job ${job} has cannot be told from what scontrol says: give it a plain name`,
      );
    if (Object.keys(amounts).length === 0)
      throw notBooked(
        claimId,
        `job ${job} has none of vgpud's GRES on node ${node.name}: ${await this.#toHaveSome(node, signal)}`,
      );
    return { amounts, counted: new Set(limits.keys()) };
  }

  /** The refusal is no other where Slurm does not say it. */
  async #toHaveSome(node: SlurmNode, signal: AbortSignal): Promise<string> {
    try {
      const config = await node.config(signal);
      this.#noGres = givingNone(config);
      if (this.#noGres) this.#isServing = false;
      return toHaveSome(config);
    } catch (error) {
      if (error instanceof SchedulerError) return SUBMIT_WITH_SOME;
      throw error;
    }
  }

  #node(): SlurmNode {
    const name = this.host();
    if (name !== undefined) return new SlurmNode(name, this.#options.commands);
    throw slurmError("no-host", "how this host is called is not known yet: it was not looked at");
  }

  async #see(
    node: SlurmNode,
    supply: HostSupply,
    { limits, signal }: { readonly limits: Limits; readonly signal: AbortSignal },
  ): Promise<Seen> {
    const told = await this.#telling.look(node, signal);
    const { bookings, ending } = await this.#bookingsOn(node, signal);
    return { told, limits, supply: withoutEnding(supply, ending), bookings };
  }

  /** Resolves with whether there is more to tell after something that may end unseen, and with what is given out in vain since nothing is told. */
  async #tell(
    node: SlurmNode,
    seen: Seen,
    until: { readonly stop: AbortSignal; readonly late: AbortSignal },
  ): Promise<{ readonly isPassing: boolean; readonly inVain: readonly Untold[] }> {
    const { publish } = this.#options;
    const { told } = seen;
    const goal = goalOf(seen);
    if (publish) await this.#telling.tell(node, { told, goal }, until);
    if (!told.invalid)
      return publish
        ? { isPassing: goal.isPassing, inVain: [] }
        : { isPassing: false, inVain: givenOutInVain(seen, node.name) };
    const unfit = { node: node.name, told, fault: this.#telling.faultOf(told, seen.limits), goal };
    throw unfitError(unfit, this.#options);
  }

  /** Be it that `act` fails, what it has noted is written, or is told not to be; for both there is one end after `stop`. */
  async #recording<T>(
    stop: AbortSignal,
    act: (late: AbortSignal) => Promise<T>,
  ): Promise<{ readonly done: T; readonly untold: readonly Untold[] }> {
    const all = async (late: AbortSignal): Promise<{ done: T; untold: readonly Untold[] }> => {
      const acting = act(late);
      await Promise.allSettled([acting]);
      const untold = await this.#untold(late);
      return { done: await acting, untold };
    };
    return await finishing(all, { stop, clock: this.#options.clock });
  }

  /** What was noted, and is not on disk. */
  async #untold(late: AbortSignal): Promise<readonly Untold[]> {
    const { counts } = this.#options;
    const unwritten = counts && (await untilAborted(counts.settle(), late));
    return unwritten ? [{ kind: "unrecorded", what: unwritten.file, message: unwritten.why }] : [];
  }

  /** `ending`: the claims of jobs of which Slurm has taken back all before their processes have ended. */
  async #bookingsOn(
    node: SlurmNode,
    signal: AbortSignal,
  ): Promise<{ readonly bookings: Bookings; readonly ending: ReadonlySet<string> }> {
    const { cluster, clock } = this.#options;
    const bookings = new Map<string, Quantities>();
    const ending = new Set<string>();
    const known = new Map<JobId, Known>();
    for (const [job, { state, start }] of await node.jobs(signal)) {
      if (state === "COMPLETING") {
        ending.add(claimIdOf(cluster, job));
        continue;
      }
      const before = this.#believed(job, start);
      const amounts = before ? before.amounts : await node.amountsOf(job, signal);
      // Before a job runs Slurm may not tell yet what it has: it is asked again.
      if (amounts && state === "RUNNING") known.set(job, before ?? { start, amounts, askedAt: clock.now() });
      bookings.set(claimIdOf(cluster, job), amounts ?? {});
    }
    this.#known = known;
    return { bookings, ending };
  }

  #believed(job: JobId, start: string): Known | undefined {
    const known = this.#known.get(job);
    const isSame = known?.start === start && this.#options.clock.now() - known.askedAt < KEPT_MS;
    return isSame ? known : undefined;
  }
}

function notOfSlurm(claimId: ClaimId, cluster: string): AgentError {
  return wronglyNamed(
    claimId,
    `claim_id ${claimId} names no job of Slurm's cluster ${cluster}: with Slurm in front it has to be ` +
      `slurm:${cluster}:JOBID, the job's own number, as $SLURM_JOB_ID`,
  );
}
