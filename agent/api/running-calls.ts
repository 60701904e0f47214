// The calls that are being answered: how many of them may change something or stream at a time, and how they end when the
// agent does.
import { AgentError } from "../core/errors.ts";
import type { Access } from "./access.ts";

/** How a call hears that the agent goes down. */
interface Hearer {
  /** The agent cannot wait for it any longer. */
  readonly end: (why: AgentError) => void;
  /** It did not end all the same, and nobody looks after it from now on. */
  readonly abandon: (why: AgentError) => void;
}

interface RunningCall extends Hearer {
  readonly access: Access;
}

/** A call that ends only when somebody ends it. */
interface RunningStream {
  readonly connection: string;
  readonly end: (why: AgentError) => void;
}

export interface RunningLimits {
  readonly changes: number;
  /** On the socket, and on one connection. */
  readonly watches: number;
  readonly connectionWatches: number;
}

export class RunningCalls {
  readonly #limits: RunningLimits;
  readonly #running = new Set<RunningCall>();
  readonly #streams = new Set<RunningStream>();
  readonly #idlers = new Set<() => void>();
  #closed = false;

  constructor(limits: RunningLimits) {
    this.#limits = limits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Counts the call until what it returns is called. */
  begin(access: Access, hearer: Hearer): () => void {
    if (this.#closed) throw goesDown();
    const { changes: limit } = this.#limits;
    if (access === "changes" && this.#changes() >= limit)
      throw new AgentError(
        "TOO_MANY_CALLS",
        `${limit} calls that change something are under way, and no more are served at a time; ask again`,
        { details: { limit } },
      );
    const call = { access, ...hearer };
    this.#running.add(call);
    return () => {
      this.#running.delete(call);
      if (this.#running.size === 0) for (const idler of [...this.#idlers]) idler();
    };
  }

  /** Counts the stream until what it returns is called. */
  beginStream(connection: string, end: (why: AgentError) => void): () => void {
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

  #changes(): number {
    let count = 0;
    for (const { access } of this.#running) if (access === "changes") count += 1;
    return count;
  }
}

function goesDown(): AgentError {
  return new AgentError("STOPPING", "vgpud is going down; ask again after its restart");
}

function tooManyWatches(limit: number, where: string): AgentError {
  const message = `${limit} watches are open ${where}, and no more are served at a time; end one, or share one`;
  return new AgentError("TOO_MANY_WATCHES", message, { details: { limit } });
}

function waitsNoLonger(): AgentError {
  return new AgentError(
    "STOPPING",
    "vgpud is going down and waits no longer; what was begun goes on after its restart: ask again",
  );
}
