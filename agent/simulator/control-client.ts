// Sends commands to a simulator's control socket, one connection each: for tests and the agent's SimulatorService.
import net from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { encodeLine } from "../hostd/protocol/lines.ts";

const answerSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** A command as JSON: see `control.ts` for their names and fields. */
export type ControlMessage = { readonly command: string } & Readonly<Record<string, unknown>>;

/**
 * Resolves with the command's value, null when it has none.
 * @throws Error with the simulator's message when it refuses, or when nobody answers before the signal aborts
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
      throw new Error(`${message.command}: ${answer.error}`);
    }
  } finally {
    socket.destroy();
  }
  signal.throwIfAborted();
  throw new Error(`${message.command}: the simulator at ${socketPath} does not answer`, {
    cause: socket.errored,
  });
}
