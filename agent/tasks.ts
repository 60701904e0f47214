// Runs the agent's long-lived parts together: one that fails stops all.

import { messageOf } from "./core/errors.ts";

/** Something that runs until its signal aborts. */
export interface Task {
  readonly name: string;
  run(stop: AbortSignal): Promise<void>;
}

/** Resolves when `stop` aborted and every task has ended; rejects with the first failure after stopping the others. */
export async function runTasks(tasks: readonly Task[], stop: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([stop, failed.signal]);
  const results = await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        await task.run(signal);
        if (!signal.aborted) throw new Error("it returned early");
      } catch (error) {
        failed.abort(error);
        throw new Error(`task ${task.name} ended: ${messageOf(error)}`, { cause: error });
      }
    }),
  );
  const first = results.find((result) => result.status === "rejected");
  if (first && !stop.aborted) throw first.reason;
}
