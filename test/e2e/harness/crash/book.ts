// Everything that was asked of an agent that may end at any moment, with what was heard of it, so that it can be asked again.
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { RpcError } from "../rpc.ts";

/** What was asked about a domain: how, and under which name. Asked twice it is the same request, by its request id. */
export interface Question {
  readonly kind: "create" | "start" | "stop" | "destroy";
  readonly name: string;
  readonly ask: () => Promise<{ readonly domain?: Domain | undefined; readonly operation: string }>;
}

export type Outcome =
  | { readonly kind: "answered"; readonly domain: Domain | undefined; readonly operation: string }
  /** The agent said no, with a reason. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The agent ended before it answered. */
  | { readonly kind: "cut off" };

export interface Entry {
  readonly question: Question;
  readonly outcome: Outcome;
}

export class Book {
  readonly #entries: Entry[] = [];

  /** In the order in which they were heard of. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Resolves with what comes of it, whatever it is. */
  async ask(question: Question): Promise<Outcome> {
    const outcome = await heard(question);
    this.#entries.push({ question, outcome });
    return outcome;
  }

  /** Whether an answer said that what was asked is done. */
  isAcknowledged(kind: Question["kind"], name: string): boolean {
    return this.#about(name).some(
      ({ question, outcome }) =>
        question.kind === kind &&
        outcome.kind === "answered" &&
        (kind !== "destroy" || outcome.domain?.claimState === ClaimState.GONE),
    );
  }

  wasAsked(kind: Question["kind"], name: string): boolean {
    return this.#about(name).some(({ question }) => question.kind === kind);
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#entries.map(({ question }) => question.name));
  }

  /** The last that was asked about each domain: what a repetition has to be answered with as at first. */
  get lastOnes(): readonly Entry[] {
    return [...new Map(this.#entries.map((entry) => [entry.question.name, entry])).values()];
  }

  #about(name: string): readonly Entry[] {
    return this.#entries.filter(({ question }) => question.name === name);
  }
}

export async function heard(question: Question): Promise<Outcome> {
  try {
    const { domain, operation } = await question.ask();
    return { kind: "answered", domain, operation };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    // Without a reason it is the client's own transport that speaks, of a connection that broke or that nobody takes.
    return error.reason === undefined ? { kind: "cut off" } : { kind: "refused", reason: error.reason };
  }
}
