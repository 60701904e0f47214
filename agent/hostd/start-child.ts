// One child process and its one line of result; it is never killed, for a signal does not free a write the kernel holds.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunningJob } from "./protocol/jobs.ts";
import { MAX_LINE_BYTES, type Operation, type Result } from "./protocol/messages.ts";
import { parseResult, ProtocolError } from "./protocol/parse.ts";

const entry = fileURLToPath(import.meta.resolve("./child.js"));

/** Starts the child with nothing but its argument: no environment, no input, its own session. */
export function startChild(root: string, operation: Operation): RunningJob {
  const child = spawn(process.execPath, [entry, root, JSON.stringify(operation)], {
    cwd: "/",
    env: {},
    // Its own session, so that a terminal's interrupt meant for hostd does not disturb a write.
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output.length <= MAX_LINE_BYTES) output += text;
  });
  const result = new Promise<Result>((resolve) => {
    child.once("error", (error) => {
      resolve({ kind: "failed", why: `cannot start a child: ${error.message}` });
    });
    child.once("close", (code, signal) => {
      resolve(readResult(output, signal ?? `exit code ${code ?? "unknown"}`));
    });
  });
  return { pid: child.pid ?? 0, result };
}

function readResult(output: string, end: string): Result {
  try {
    const value: unknown = JSON.parse(output);
    return parseResult(value);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error;
    return { kind: "failed", why: `the child ended without a result (${end})` };
  }
}
