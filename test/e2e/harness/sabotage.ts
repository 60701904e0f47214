// Preloaded into a vgpud (`node --import`): at SIGUSR2 it breaks something that nobody can break from outside.
import type { ProcessOptions } from "./agent-process.ts";

/** An error that nobody catches, a promise that nobody awaits, or a wall clock that is set. */
type Sabotage = "throws" | "rejects" | { readonly jumpMs: number };

const VARIABLE = "VGPUD_TEST_SABOTAGE";

/** Tells the log that it was done, unless the process has ended. */
export function sabotaged(what: Sabotage): ProcessOptions {
  return { env: { NODE_OPTIONS: `--import=${import.meta.url}`, [VARIABLE]: JSON.stringify(what) } };
}

function commit(what: Sabotage): void {
  if (what === "throws") throw new Error("sabotaged");
  if (what === "rejects") void Promise.reject(new Error("sabotaged"));
  else {
    const wall = Date.now.bind(Date);
    Date.now = () => wall() + what.jumpMs;
    process.stderr.write("sabotaged\n");
  }
}

const told = process.env[VARIABLE];
if (told !== undefined)
  process.on("SIGUSR2", () => {
    commit(JSON.parse(told) as Sabotage);
  });
