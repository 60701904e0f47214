// The calls that are being answered: how many of them may change something or stream at a time, and how they end when the
// agent does.
import { AgentError } from "../core/errors.ts";
import type { Access } from "./access.ts";
import type { CallRate } from "./call-rate.ts";

/** How a call hears that the agent goes down. */
interface Hearer {
  /** The agent cannot wait for it any longer. */
  readonly end: (why: AgentError) => void;
  /** It did not end all the same, and nobody looks after it from now on. */
  readonly abandon: (why: AgentError) => void;
}

/** What a call is counted by. */
interface Counted {
  readonly access: Access;
  /** A caller is known by its connection alone. */
  readonly connection: number;
}

type RunningCall = Hearer & Counted;

/** A call that ends only when somebody ends it. */
interface RunningStream {
  readonly connection: number;
  readonly end: (why: AgentError) => void;
}

export interface RunningLimits {
  /** Calls that change something: on the socket, and on one connection. */
  readonly changes: number;
  readonly connectionChanges: number;
  /** Likewise. */
  readonly watches: number;
  readonly connectionWatches: number;
}

export class RunningCalls {
  readonly #limits: RunningLimits;
  readonly #rate: CallRate;
  readonly #running = new Set<RunningCall>();
  readonly #streams = new Set<RunningStream>();
  readonly #idlers = new Set<() => void>();
  #closed = false;

  /** `rate`: of calls that change something. */
  constructor(limits: RunningLimits, rate: CallRate) {
    this.#limits = limits;
    this.#rate = rate;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Counts the call until what it returns is called. */
  begin(counted: Counted, hearer: Hearer): () => void {
    if (this.#closed) throw goesDown();
    if (counted.access === "changes") this.#refuseTooMany(counted.connection);
    const call = { ...counted, ...hearer };
    this.#running.add(call);
    return () => {
      this.#running.delete(call);
      if (this.#running.size === 0) for (const idler of [...this.#idlers]) idler();
    };
  }

  /** Counts the stream until what it returns is called. */
  beginStream(connection: number, end: (why: AgentError) => void): () => void {
    if (this.#closed) throw goesDown();
    const { watches, connectionWatches } = this.#limits;
    const here = [...this.#streams].filter((stream) => stream.connection === connection).length;
    if (here >= connectionWatches) throw tooManyWatches(connectionWatches, "on this connection");
    if (this.#streams.size >= watches) throw tooManyWatches(watches, "on this socket");
    const stream = { connection, end };
    this.#streams.add(stream);
    return () => {
      this.#streams.delete(stream);
    };
  }

  /** From now on every new call is refused, and no stream is waited for. */
  close(): void {
    this.#closed = true;
    for (const { end } of [...this.#streams]) end(goesDown());
  }

  /** Ends what is left. What was asked and is written down goes on without its caller. */
  cut(): void {
    for (const { end } of [...this.#running]) end(waitsNoLonger());
  }

  /** Gives up those that hang in something that knows no end, as a disk that does not answer. */
  abandon(): void {
    for (const { abandon } of [...this.#running]) abandon(waitsNoLonger());
  }

  /** Resolves when no call is being answered. */
  async idle(): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const idler = (): void => {
        this.#idlers.delete(idler);
        resolve();
      };
      this.#idlers.add(idler);
    });
  }

  #refuseTooMany(connection: number): void {
    const { changes: most, connectionChanges: mostOfOne } = this.#limits;
    const changes = [...this.#running].filter(({ access }) => access === "changes");
    if (changes.length >= most)
      throw tooMany(
        `${most} calls that change something are under way, and no more are served at a time`,
        most,
      );
    if (changes.filter((call) => call.connection === connection).length >= mostOfOne)
      throw tooMany(
        `${mostOfOne} calls of this connection are under way that change something, and no more of one connection are served at a time`,
        mostOfOne,
      );
    if (!this.#rate.take(connection))
      throw tooMany("this connection asks for changes faster than they are served");
  }
}

function goesDown(): AgentError {
  return new AgentError("STOPPING", "vgpud is going down; ask again after its restart");
}

function tooManyWatches(limit: number, where: string): AgentError {
  const message = `${limit} watches are open ${where}, and no more are served at a time; end one, or share one`;
  return new AgentError("TOO_MANY_WATCHES", message, { details: { limit } });
}

function tooMany(why: string, limit?: number): AgentError {
  return new AgentError("TOO_MANY_CALLS", `${why}; ask again`, {
    details: limit === undefined ? {} : { limit },
  });
}

function waitsNoLonger(): AgentError {
  return new AgentError(
    "STOPPING",
    "vgpud is going down and waits no longer; what was begun goes on after its restart: ask again",
  );
}
