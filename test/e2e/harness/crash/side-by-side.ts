// Plays many plots on a few stages, each of which is a host with processes of its own.
import { World } from "../world.ts";
import { Stage, type Plot, type Run } from "./stage.ts";

/** Twice as many as CI has processors: for half of its time a plot waits for what comes by itself. */
const LANES = 4;

export interface Runs extends AsyncDisposable {
  /** Of a plot by its place in the list. */
  of(index: number): Promise<Run>;
}

/** Begins at once, in the order of the list. To be disposed of: what has not had its turn by then is not played. */
export function sideBySide(plots: readonly Plot[]): Runs {
  const lanes = Array.from({ length: LANES }, () => new Lane());
  const runs = plots.map((plot, index) => lanes[index % LANES]?.play(plot));
  // Each is awaited by its own test, in its time.
  for (const run of runs) run?.catch(() => undefined);
  return {
    of: (index) => runs[index] ?? Promise.reject(new Error(`there is no plot ${index}`)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(lanes.map((lane) => lane.end()));
    },
  };
}

class Lane {
  #stage: Stage | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #over = false;

  play(plot: Plot): Promise<Run> {
    const run = this.#turn.then(() => this.#played(plot));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#turn;
    await this.#stage?.[Symbol.asyncDispose]();
  }

  async #played(plot: Plot): Promise<Run> {
    if (plot.isMoot?.() === true) return { deaths: [], flaws: [] };
    if (this.#over) throw new Error("nobody waits for it any more");
    this.#stage ??= await Stage.on(await World.start("", { mortal: "when armed" }));
    try {
      return await this.#stage.play(plot);
    } catch (error) {
      // It may have left anything behind, and its world prints its log: the next one gets another.
      this.#stage = undefined;
      throw error;
    }
  }
}
