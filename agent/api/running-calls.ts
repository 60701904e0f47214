// The calls that are being answered: how many of them may change something at a time, and how they end when the agent does.
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

export class RunningCalls {
  readonly #maxChanges: number;
  readonly #running = new Set<RunningCall>();
  readonly #idlers = new Set<() => void>();
  #closed = false;

  constructor({ maxChanges }: { readonly maxChanges: number }) {
    this.#maxChanges = maxChanges;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Counts the call until what it returns is called. */
  begin(access: Access, hearer: Hearer): () => void {
    if (this.#closed) throw new AgentError("STOPPING", "vgpud is going down; ask again after its restart");
    if (access === "changes" && this.#changes() >= this.#maxChanges)
      throw new AgentError(
        "TOO_MANY_CALLS",
        `${this.#maxChanges} calls that change something are under way, and no more are served at a time; ask again`,
        { details: { limit: this.#maxChanges } },
      );
    const call = { access, ...hearer };
    this.#running.add(call);
    return () => {
      this.#running.delete(call);
      if (this.#running.size === 0) for (const idler of [...this.#idlers]) idler();
    };
  }

  /** From now on every new call is refused. */
  close(): void {
    this.#closed = true;
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

function waitsNoLonger(): AgentError {
  return new AgentError(
    "STOPPING",
    "vgpud is going down and waits no longer; what was begun goes on after its restart: ask again",
  );
}
