// Everything that was asked of an agent that may end at any moment, with what was heard of it, so that it can be asked again.
import { RpcError } from "../rpc.ts";

/** What makes a claim, by what ends it. */
const beginnings = {
  destroy: "create",
  "delete vGPU": "create vGPU",
  release: "reserve",
  "give up": "adopt",
} as const;
type Ending = keyof typeof beginnings;
type Beginning = (typeof beginnings)[Ending];
const endings = Object.keys(beginnings) as Ending[];

export interface Answer {
  /** What a caller goes by. */
  readonly words: string;
  /** Of an end: whether it has come. Of anything else true. */
  readonly isDone: boolean;
  /** When a reservation ends, milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
}

/** What was asked about a claim or what is drained: how, and under which name. Asked twice it is the same request. */
export interface Question {
  readonly kind: Beginning | Ending | "start" | "stop" | "renew" | "drain" | "undrain";
  readonly name: string;
  /** The name of the reservation whose room is asked for. */
  readonly room?: string | undefined;
  /** Whether what is asked for ends by itself while it is looked at. */
  readonly isBrief?: boolean;
  readonly ask: () => Promise<Answer>;
}

export type Outcome =
  | { readonly kind: "answered"; readonly answer: Answer }
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

  /** Resolves with what comes of it, whatever it is. */
  async ask(question: Question): Promise<Outcome> {
    const outcome = await heard(question);
    this.#entries.push({ question, outcome });
    return outcome;
  }

  get names(): string[] {
    return [...new Set(this.#entries.map(({ question }) => question.name))];
  }

  /** Claims whose making was acknowledged, and whose end was neither asked for nor comes by itself. */
  get kept(): string[] {
    return this.names.filter((name) => {
      const made = Object.values(beginnings).some((kind) => this.#isAcknowledged(kind, name));
      return made && !this.#mayBeOver(name);
    });
  }

  /** Claims whose end was acknowledged. */
  get ended(): string[] {
    return this.names.filter((name) => endings.some((kind) => this.#isAcknowledged(kind, name)));
  }

  /** What was last heard of about each name, in the order in which it was heard: nothing about it is under way. */
  get lastOnes(): readonly Entry[] {
    return [...new Map(this.#entries.map((entry) => [entry.question.name, entry])).values()];
  }

  #isAcknowledged(kind: Question["kind"], name: string): boolean {
    return this.#about(name).some(
      ({ question, outcome }) =>
        question.kind === kind && outcome.kind === "answered" && outcome.answer.isDone,
    );
  }

  #mayBeOver(name: string): boolean {
    const bearers = this.#entries.filter(({ question }) => question.name === name || question.room === name);
    return bearers.some(({ question: asked }) =>
      this.#about(asked.name).some(
        ({ question }) => question.isBrief === true || (endings as string[]).includes(question.kind),
      ),
    );
  }

  #about(name: string): readonly Entry[] {
    return this.#entries.filter(({ question }) => question.name === name);
  }
}

export async function heard(question: Question): Promise<Outcome> {
  try {
    return { kind: "answered", answer: await question.ask() };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    // Without a reason it is the client's own transport that speaks, of a connection that broke or that nobody takes.
    return error.reason === undefined ? { kind: "cut off" } : { kind: "refused", reason: error.reason };
  }
}
