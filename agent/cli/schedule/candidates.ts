// From candidate to candidate, in the order of Placement, until a host has made the domain: claim, ask the host, and where it refuses
// give the claim back and go on. Nothing is decided here that Placement or the host decide.
import type {
  CreateDomainRequest,
  CreateDomainResponse,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { Candidate } from "../../placement/model.ts";
import type { Limit } from "../client/limit.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Ending } from "../errors/exit-codes.ts";
import { isGone } from "../gone.ts";
import type { AgentUse } from "./agent-use.ts";
import { mayBeElsewhere } from "./booked-elsewhere.ts";
import { candidatePages } from "./candidate-pages.ts";
import { claimFor, giveBack, type Claimant } from "./claims.ts";
import { bookedOn, wantOf, type Flavor } from "./flavor.ts";
import type { TimeLimit } from "./in-time.ts";
import { lostBooking, unbookable } from "./lost-booking.ts";
import { isOurs, requireTypes } from "./ours.ts";
import { asCliError, type PlacementUse } from "./placement-failure.ts";
import type { SchedulePlacement } from "./placement-port.ts";
import { placeOf, type Place } from "./places.ts";
import { lostFor, verdictOn } from "./refusal.ts";
import { AT_A_LOOK, providerOf, Sights } from "./sights.ts";
import { CANDIDATE_CONNECT_MS, isSilence } from "./silent-hosts.ts";
import type { UnaskedHosts } from "./unasked.ts";
import { domainOfClaim } from "./whereabouts.ts";

type CreateOn = Pick<Vgpud, "createDomain" | "getDomain" | "getHost" | "getVgpu" | "close">;

export interface Scheduling extends Claimant, PlacementUse {
  readonly api: SchedulePlacement;
  /** As in Opened. */
  readonly namedHosts: readonly string[];
  /** Throws a CliError for a host of which no address is known. Opens nothing yet. */
  readonly agentOf: (host: string, kind: "read" | "change", how?: AgentUse) => CreateOn;
  /** A failure as it is told of the host. */
  readonly saidBy: (host: string, error: CliError) => CliError;
  /** As in Opened. */
  readonly line: (...words: readonly string[]) => string;
  readonly lineTo: (host: string, ...words: readonly string[]) => string;
  readonly flavor: Flavor;
  readonly slicesClass: string;
  /** UUIDs of aggregates, of which the GPU is in one at least; empty: wherever it is. */
  readonly memberOf: readonly string[];
  /** For all of it: once it is over no further candidate is tried, and none is given longer than what is left. */
  readonly time: TimeLimit;
  /** Without the vGPU and the claim id. */
  readonly request: CreateDomainRequest;
  /** The user gave the claim id: there may be a claim of that name already, which is gone on with. */
  readonly again: boolean;
}

/** Why a candidate did not get the domain. */
export interface Lost {
  /** Undefined for a provider that is none of vgpud's. */
  readonly place: Place | undefined;
  /** A reason of vgpud's, where there is one. */
  readonly reason: string | undefined;
  readonly why: string;
  /** How a run ends for which that is the one cause. */
  readonly ending: Exclude<Ending, "ok">;
  /** What to do about it; nothing where it has no room. */
  readonly hints: readonly string[];
  /** What did not come within that. */
  readonly late?: Limit | undefined;
}

/**
 * What Placement has on its books for the claim at the end. `untouched`: what it had when this call began, which is not known, or is somebody
 * else's.
 */
type Standing = "held" | "released" | "none" | "unknown" | "untouched";

export interface Scheduled {
  readonly lost: readonly Lost[];
  readonly standing: Standing;
  readonly ended:
    | {
        readonly kind: "made";
        readonly place: Place;
        readonly response: CreateDomainResponse;
        /** They may have a domain of the claim, too. */
        readonly unasked: UnaskedHosts;
      }
    /**
     * `untried`: there are candidates yet, and not enough time for a create; with a `fault` there may be, and Placement failed so when it was
     * asked for them.
     */
    | { readonly kind: "no-host"; readonly untried: boolean; readonly fault?: CliError }
    /** `place`: where a domain may be. */
    | { readonly kind: "failed"; readonly error: CliError; readonly place: Place | undefined };
}

/** Never rejects for what others did or the user ended: that is how it ended. */
export async function scheduleDomain(options: Scheduling): Promise<Scheduled> {
  return await new Walk(options).run();
}

class Walk {
  readonly #options: Scheduling;
  readonly #lost: Lost[] = [];
  readonly #sights: Sights;
  /** As in Scheduled. */
  #unasked: UnaskedHosts = new Map();
  #standing: Standing;
  /** What was booked, or may have been. */
  #booked: Candidate["allocations"] = new Map();

  constructor(options: Scheduling) {
    this.#options = { ...options, agentOf: options.time.within(options.agentOf) };
    this.#sights = new Sights(this.#options);
    this.#standing = options.again ? "untouched" : "none";
  }

  async run(): Promise<Scheduled> {
    const { api, signal } = this.#options;
    try {
      await requireTypes(api, signal);
      return (await this.#fromBefore()) ?? (await this.#fromCandidates());
    } catch (error) {
      const told = asCliError(error, this.#options);
      if (!(told instanceof CliError)) throw told;
      return this.#failed(told, undefined);
    }
  }

  /** On the host that was claimed by the call that this one repeats. */
  async #fromBefore(): Promise<Scheduled | undefined> {
    const { api, again, claimId, time, signal } = this.#options;
    if (!again) return undefined;
    const { byProvider, consumerType } = await api.allocation(claimId, signal);
    const [provider] = byProvider.keys();
    if (provider === undefined) {
      this.#standing = "none";
      return await this.#fromLost();
    }
    if (!isOurs(consumerType)) throw othersClaim(claimId, `of type ${consumerType ?? "unknown"}`);
    this.#standing = "held";
    this.#booked = byProvider;
    const place = await placeOf(provider, { api, signal });
    if (place === undefined) throw othersClaim(claimId, "of a provider that is none of vgpud's");
    this.#unasked = await time.beside(() => mayBeElsewhere(claimId, place.host, this.#options));
    const ended = await this.#create(place, true);
    if (ended || this.#unasked.size === 0) return ended;
    // The booking is given back: it is as if nothing had been booked.
    this.#unasked = new Map();
    return await this.#fromLost();
  }

  /** On the host that has a domain of the claim though nothing is booked for it any more. */
  async #fromLost(): Promise<Scheduled | undefined> {
    const { api, claimId, flavor, slicesClass, signal } = this.#options;
    const lost = await lostBooking(claimId, this.#options);
    if (lost === undefined) return undefined;
    const { place, provider } = lost;
    const counted = new Set(Object.keys((await api.inventories(provider, signal)).value));
    const claimed = await this.#claim(new Map([[provider, bookedOn(counted, flavor, slicesClass)]]));
    if (claimed.kind === "other") throw othersClaim(claimId, "of something else");
    if (claimed.kind === "lost") throw unbookable(claimId, place, claimed);
    return await this.#create(place, true);
  }

  /** What candidates were lost for is the answer, even though Placement cannot be asked for others any more. */
  async #fromCandidates(): Promise<Scheduled> {
    const { signal } = this.#options;
    try {
      return await this.#throughPages();
    } catch (error) {
      if (!(error instanceof PlacementError) || this.#lost.length === 0 || signal.aborted) throw error;
      const fault = asCliError(error, this.#options);
      if (!(fault instanceof CliError)) throw error;
      return this.#noHost({ untried: true, fault });
    }
  }

  /** A PlacementError that it throws is of a question: what came of a claim is a CliError, or how it ended. */
  async #throughPages(): Promise<Scheduled> {
    const { time } = this.#options;
    const isOver = (): boolean => time.isOver;
    for await (const page of candidatePages(this.#options)) {
      let known = 0;
      for (const [at, candidate] of page.entries()) {
        if (!isOver() && this.#sights.isAnySilent && known <= at) {
          known = at + AT_A_LOOK;
          await this.#sights.lookAt(page.slice(at, known), isOver);
        }
        if (isOver()) return this.#noHost({ untried: true });
        const ended = await this.#try(candidate);
        if (ended) return ended;
      }
    }
    return this.#noHost({ untried: false });
  }

  #noHost(left: { readonly untried: boolean; readonly fault?: CliError }): Scheduled {
    return { lost: this.#lost, standing: this.#standing, ended: { kind: "no-host", ...left } };
  }

  /** Undefined: the next one. */
  async #try(candidate: Candidate): Promise<Scheduled | undefined> {
    const { agentOf, saidBy, time } = this.#options;
    const place = await this.#sights.placeOf(candidate);
    if (place === undefined || place instanceof CliError) {
      const why = place?.message ?? `provider ${providerOf(candidate)} is none of vgpud's`;
      this.#passOver(undefined, why, place ?? { ending: "failure" });
      return undefined;
    }
    // Once a create was sent to one that hangs, nobody could tell whether it has the domain.
    const silence = await this.#sights.silenceOf(place.host);
    if (silence) {
      this.#passOver(place, silence.message, saidBy(place.host, silence));
      return undefined;
    }
    try {
      agentOf(place.host, "change").close();
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.#passOver(place, error.message, error);
      return undefined;
    }
    if (time.isOver) return this.#noHost({ untried: true });
    const claimed = await this.#claim(candidate.allocations);
    if (claimed.kind === "other") throw othersClaim(this.#options.claimId, "of something else");
    if (claimed.kind === "claimed") return await this.#create(place);
    this.#passOver(place, claimed.why, { ending: "no-room" });
    return undefined;
  }

  async #claim(allocations: Candidate["allocations"]): ReturnType<typeof claimFor> {
    this.#booked = allocations;
    try {
      const claimed = await claimFor(this.#options, allocations, this.#options.signal);
      if (claimed.kind !== "lost") this.#standing = "held";
      return claimed;
    } catch (error) {
      // No host was asked for a domain yet, so that whatever came of it can be given back.
      this.#standing = "unknown";
      await this.#release();
      throw asCliError(error, this.#options);
    }
  }

  /** `mayExist`: a call before this one may have made the domain there. */
  async #create(place: Place, mayExist = false): Promise<Scheduled | undefined> {
    if (this.#options.time.isOver) return await this.#tooLate(place, mayExist);
    let mayBeThere = mayExist;
    const onSend = (): void => {
      mayBeThere = true;
    };
    const how = mayExist ? { onSend } : { onSend, connectMs: CANDIDATE_CONNECT_MS };
    const agent = this.#options.agentOf(place.host, "change", how);
    try {
      const response = await agent.createDomain(this.#requestOn(place));
      return {
        lost: this.#lost,
        standing: this.#standing,
        ended: { kind: "made", place, response, unasked: this.#unasked },
      };
    } catch (error) {
      if (error instanceof CliError) return await this.#refused(error, { place, mayExist });
      // A fault of ours: what is booked is not forgotten for it.
      if (!mayBeThere) await this.#release();
      const message = `cannot ask ${place.host}: ${error instanceof Error ? error.message : String(error)}`;
      return this.#failed(new CliError("failure", message, { cause: error }), place);
    } finally {
      agent.close();
    }
  }

  /** Nobody would know whether there is a domain. What an earlier call may have made keeps its booking. */
  async #tooLate(place: Place, mayExist: boolean): Promise<Scheduled> {
    if (mayExist) {
      const hints = ["the same line again with a longer --timeout"];
      const message = `too little of --timeout was left to ask ${place.host} for the domain`;
      return this.#failed(new CliError("unreachable", message, { hints }), place);
    }
    const unreleased = await this.#release();
    return unreleased ? this.#failed(unreleased, place) : this.#noHost({ untried: true });
  }

  async #refused(
    error: CliError,
    { place, mayExist }: { readonly place: Place; readonly mayExist: boolean },
  ): Promise<Scheduled | undefined> {
    const said = this.#options.saidBy(place.host, error);
    const verdict = verdictOn(error, mayExist);
    if (verdict.then === "keep") return this.#failed(said, place);
    const unsure = verdict.isCertain ? undefined : await this.#unlessNone(place, said);
    if (unsure) return this.#failed(unsure, place);
    const unreleased = await this.#release();
    if (unreleased) return this.#failed(unreleased, place);
    if (verdict.then === "wrong" || error.ending === "interrupted") return this.#failed(said, undefined);
    if (isSilence(error)) this.#sights.hasFallenSilent(place.host, error);
    // Its place stands beside the message already; what leads on is for that host.
    this.#passOver(place, error.message, lostFor(said));
    return undefined;
  }

  /** Undefined where the host says that it has no domain of the claim, or has it no more. Else `said`, or the user's interrupt. */
  async #unlessNone({ host }: Place, said: CliError): Promise<CliError | undefined> {
    const { agentOf, claimId } = this.#options;
    const agent = agentOf(host, "read");
    try {
      const domain = await domainOfClaim(claimId, agent);
      return domain === undefined || isGone(domain) ? undefined : said;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      if (error.ending === "interrupted") return error.with({ lines: [`  ${said.message}`] });
      const open = `  whether it has one all the same is not known: ${error.message}`;
      return said.with({ lines: [...said.lines, open], late: error.late ?? said.late });
    } finally {
      agent.close();
    }
  }

  #requestOn({ gpu }: Place): CreateDomainRequest {
    const { request, claimId, flavor } = this.#options;
    return { ...request, claimId, vgpu: { ...VgpuRequest.create(), want: wantOf(flavor), gpu } };
  }

  /** Not ended by the user's interrupt, which is often why. What kept it from being done. */
  async #release(): Promise<CliError | undefined> {
    const { claimId } = this.#options;
    const { signal } = new AbortController();
    try {
      await giveBack(this.#options, this.#booked, signal);
      this.#standing = "released";
      return undefined;
    } catch (error) {
      const told = asCliError(error, { ...this.#options, signal });
      if (!(told instanceof CliError)) throw told;
      return told.with({ message: `claim ${claimId} could not be given back: ${told.message}` });
    }
  }

  #failed(error: CliError, place: Place | undefined): Scheduled {
    return { lost: this.#lost, standing: this.#standing, ended: { kind: "failed", error, place } };
  }

  #passOver(
    place: Place | undefined,
    why: string,
    {
      ending,
      reason,
      hints = [],
      late,
    }: Pick<Lost, "ending"> & Partial<Pick<Lost, "reason" | "hints" | "late">>,
  ): void {
    this.#lost.push({ place, reason, why, ending, hints, late });
  }
}

function othersClaim(claimId: string, what: string): CliError {
  return new CliError("conflict", `claim ${claimId} is ${what}: nothing was asked for with it`);
}
