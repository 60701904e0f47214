// Why a run of tests does not end: what it was at when it was told to end, and what holds it once its tests are over.
import { readFileSync } from "node:fs";
import Mocha from "mocha";

const { EVENT_HOOK_BEGIN, EVENT_TEST_BEGIN, EVENT_RUN_END } = Mocha.Runner.constants;

export interface HeldOptions {
  /** For how long what tests that are over have opened may still be closing, in milliseconds. */
  readonly closingMs: number;
  readonly told: (why: string) => void;
}

/**
 * Ends a run that would stand still, with the status of a failure, once `told` has been called. A test that keeps the whole process busy,
 * so that nothing is heard of a signal, is for who started the run to end.
 */
export function endWhenHeld(runner: Mocha.Runner, { closingMs, told }: HeldOptions): void {
  let at = "its start";
  const begins = (next: Mocha.Runnable): void => {
    at = next.fullTitle();
  };
  runner.on(EVENT_TEST_BEGIN, begins);
  runner.on(EVENT_HOOK_BEGIN, begins);
  const end = (why: string): void => {
    told(`${why}; open are ${openOnes().join(", ")}`);
    // The last to be heard: once its tests are over mocha sets how many of them failed.
    process.once("exit", () => {
      process.exitCode = 1;
    });
    process.exit();
  };
  process.once("SIGTERM", () => {
    end(`ended from without at: ${at}`);
  });
  runner.once(EVENT_RUN_END, () => {
    at = "its end";
    // Does not itself hold what has nothing else to wait for.
    setTimeout(() => {
      end("all tests are over, and one of them has left open what keeps the run from ending");
    }, closingMs).unref();
  });
}

/** In Node's words, and the children by their command lines. */
function openOnes(): readonly string[] {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...[...counts].map(([kind, count]) => `${count} ${kind}`), ...children()];
}

function children(): readonly string[] {
  const { pid } = process;
  return textOf(`/proc/self/task/${pid}/children`)
    .split(" ")
    .filter((child) => child !== "")
    .map((child) => `${child} (${textOf(`/proc/${child}/cmdline`).replaceAll("\0", " ").trim()})`);
}

/** Empty for what has gone meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
