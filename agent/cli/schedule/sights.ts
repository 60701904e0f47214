// What is known of candidates and their hosts before anything is booked there: where each is, and which hosts answer. Asked once each.
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import type { Candidate } from "../../placement/model.ts";
import { CliError } from "../errors/cli-error.ts";
import { answersInOrder } from "./in-order.ts";
import { toldOf, type PlacementUse } from "./placement-failure.ts";
import { REQUESTS_AT_ONCE, type SchedulePlacement } from "./placement-port.ts";
import { placeOf, type Place } from "./places.ts";
import { silentAmong, type Asking } from "./silent-hosts.ts";

/** Of candidates whose hosts are asked whether they answer: one look takes no longer than one host that does not. */
export const AT_A_LOOK = 32;

/** What Placement may answer of one provider while it answers of others. */
const OF_ONE_PROVIDER: ReadonlySet<PlacementFailure> = new Set(["failed", "bad-answer"]);

export interface SightsOptions extends Asking, PlacementUse {
  readonly api: Pick<SchedulePlacement, "tree">;
}

export class Sights {
  readonly #options: SightsOptions;
  /** By provider. */
  readonly #places = new Map<string, Place | CliError | undefined>();
  /** What came of asking hosts that do not answer, and who did answer. */
  readonly #silent = new Map<string, CliError>();
  readonly #answering = new Set<string>();

  constructor(options: SightsOptions) {
    this.#options = options;
  }

  /** Whether some host did not answer, so that others may not either. */
  get isAnySilent(): boolean {
    return this.#silent.size > 0;
  }

  /**
   * Undefined for a provider that is none of vgpud's. A CliError where Placement fails at the candidate's own providers: others are to be
   * had all the same. Rejects with any other PlacementError.
   */
  async placeOf(candidate: Candidate, signal = this.#options.signal): Promise<Place | CliError | undefined> {
    const { api, file } = this.#options;
    const provider = providerOf(candidate);
    if (this.#places.has(provider)) return this.#places.get(provider);
    const place = await placeOf(provider, { api, signal }).catch((error: unknown) => {
      if (!(error instanceof PlacementError) || signal.aborted || !OF_ONE_PROVIDER.has(error.kind))
        throw error;
      return toldOf(error, file);
    });
    this.#places.set(provider, place);
    return place;
  }

  /**
   * Where one host is down others may be: which of these answer is found out at once. Not any more when `isOver`.
   */
  async lookAt(candidates: readonly Candidate[], isOver: () => boolean): Promise<void> {
    const { signal } = this.#options;
    const places = await answersInOrder(candidates, {
      ask: (candidate, over) => this.placeOf(candidate, AbortSignal.any([signal, over])),
      decides: isOver,
      atOnce: REQUESTS_AT_ONCE,
    });
    if (isOver()) return;
    await this.#ask(
      places.flatMap((place) => (place === undefined || place instanceof CliError ? [] : [place.host])),
    );
  }

  /** Undefined for a host that answers, which it is asked for now where nobody has yet. */
  async silenceOf(host: string): Promise<CliError | undefined> {
    await this.#ask([host]);
    return this.#silent.get(host);
  }

  /** It answered before, and does not any more. */
  hasFallenSilent(host: string, error: CliError): void {
    this.#silent.set(host, error);
  }

  async #ask(all: readonly string[]): Promise<void> {
    const hosts = new Set(all.filter((host) => !this.#silent.has(host) && !this.#answering.has(host)));
    const silent = await silentAmong(hosts, this.#options);
    for (const host of hosts) {
      const error = silent.get(host);
      if (error) this.#silent.set(host, error);
      else this.#answering.add(host);
    }
  }
}

/** The provider of the GPU that a candidate is. */
export function providerOf({ mappings, allocations }: Candidate): string {
  const [provider = [...allocations.keys()][0] ?? ""] = mappings.get("_GPU") ?? [];
  return provider;
}
