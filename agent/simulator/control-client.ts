// Sends commands to a simulator's control socket, one connection each: for tests and the agent's SimulatorService.
import net from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { encodeLine } from "../hostd/protocol/lines.ts";
import type { Problem } from "./problem.ts";

const problemSchema = z.object({
  reason: z.enum(["FIELD_REQUIRED", "FIELD_INVALID", "GPU_NOT_FOUND"]),
  field: z.string(),
  message: z.string(),
  place: z.object({ line: z.number(), column: z.number() }).optional(),
}) satisfies z.ZodType<Problem>;

const answerSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.string(), problems: z.array(problemSchema) }),
]);

/** The simulator would not do it. */
export class ControlError extends Error {
  /** Empty when it is not the command that is wrong. */
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[]) {
    super(message);
    this.problems = problems;
  }
}

/** A command as JSON: see `control.ts` for their names and fields. */
export type ControlMessage = { readonly command: string } & Readonly<Record<string, unknown>>;

/**
 * Resolves with the command's value, null when it has none.
 * @throws ControlError when the simulator refuses; Error when nobody answers before the signal aborts
 */
export async function sendControl(
  socketPath: string,
  message: ControlMessage,
  signal: AbortSignal,
): Promise<unknown> {
  const socket = net.connect({ path: socketPath, signal });
  // The error ends the iteration below, too.
  socket.on("error", () => undefined);
  socket.write(encodeLine(message));
  try {
    for await (const line of createInterface({ input: socket, signal })) {
      const content: unknown = JSON.parse(line);
      const answer = answerSchema.parse(content);
      if (answer.ok) return answer.value;
      throw new ControlError(`${message.command}: ${answer.error}`, answer.problems);
    }
  } finally {
    socket.destroy();
  }
  signal.throwIfAborted();
  throw new Error(`${message.command}: the simulator at ${socketPath} does not answer`, {
    cause: socket.errored,
  });
}
