// Why a run of tests does not end: what it was at when it was told to end, and what holds it once its tests are over.
import { readFileSync } from "node:fs";
import path from "node:path";
import Mocha from "mocha";

const { EVENT_HOOK_BEGIN, EVENT_TEST_BEGIN, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } =
  Mocha.Runner.constants;

export interface HeldOptions {
  /** For how long what tests that are over have opened may still be closing, in milliseconds. */
  readonly closingMs: number;
  readonly told: (why: string) => void;
  /** Undefined where one test runs after the other. */
  readonly workers: Workers | undefined;
}

/** Of a run in which files run beside each other. */
export interface Workers {
  /** In the order in which they begin. */
  readonly files: readonly string[];
  /** How many are run at a time; undefined where mocha chooses: all that are not over are named then. */
  readonly jobs: number | undefined;
}

/**
 * Ends a run that would stand still, with the status of a failure, once `told` has been called. A test that keeps the whole process busy,
 * so that nothing is heard of a signal, is for who started the run to end.
 */
export function endWhenHeld(runner: Mocha.Runner, { closingMs, told, workers }: HeldOptions): void {
  let at = workers ? filesUnderWay(runner, workers) : lastBegun(runner);
  const end = (why: string): void => {
    told(`${why}; open are ${openOnes().join(", ")}`);
    // The last to be heard: once its tests are over mocha sets how many of them failed.
    process.once("exit", () => {
      process.exitCode = 1;
    });
    process.exit();
  };
  process.once("SIGTERM", () => {
    end(`ended from without ${at()}`);
  });
  runner.once(EVENT_RUN_END, () => {
    at = () => "at: its end";
    // Does not itself hold what has nothing else to wait for.
    setTimeout(() => {
      end("all tests are over, and one of them has left open what keeps the run from ending");
    }, closingMs).unref();
  });
}

function lastBegun(runner: Mocha.Runner): () => string {
  let last = "its start";
  const begins = (next: Mocha.Runnable): void => {
    last = next.fullTitle();
  };
  runner.on(EVENT_TEST_BEGIN, begins);
  runner.on(EVENT_HOOK_BEGIN, begins);
  return () => `at: ${last}`;
}

/**
 * Workers hand on what they did in a file once that is over, all at once: the last that was heard of is innocent. Whoever is free takes the
 * next file, so that those under way are the first that nothing was heard of. A file that cannot be loaded is never heard of.
 */
function filesUnderWay(runner: Mocha.Runner, { files, jobs }: Workers): () => string {
  const over = new Set<string>();
  const heard = ({ file }: Mocha.Runnable): void => {
    if (file !== undefined) over.add(path.resolve(file));
  };
  for (const event of [EVENT_HOOK_BEGIN, EVENT_TEST_BEGIN, EVENT_TEST_FAIL, EVENT_TEST_PENDING])
    runner.on(event, heard);
  return () => {
    const left = files.filter((file) => !over.has(path.resolve(file))).slice(0, jobs);
    return `in one of: ${left.map((file) => path.relative("", file)).join(", ")}`;
  };
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
