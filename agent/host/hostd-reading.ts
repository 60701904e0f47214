// Whether vgpud-hostd is there: by its greeting, on a connection of its own, which a hostd that hangs does not give; and by its
// socket alone where it was not asked for anything yet, since systemd starts it for whoever connects.
import { stat } from "node:fs/promises";
import net from "node:net";
import { messageOf } from "../core/errors.ts";
import type { HostdReading } from "../diagnosis/hostd-reading.ts";
import { LineReader } from "../hostd/protocol/lines.ts";
import { parseHello } from "../hostd/protocol/parse.ts";

/** One that its socket has to start needs a tenth of it. */
const PATIENCE_MS = 2_000;

export async function findHostd(socket: string): Promise<HostdReading> {
  return await stat(socket).then(
    () => ({ kind: "waits", socket }),
    (error: unknown) => ({ kind: "away", socket, why: messageOf(error) }),
  );
}

export async function askHostd(socket: string, patienceMs = PATIENCE_MS): Promise<HostdReading> {
  const connection = net.connect(socket);
  const reader = new LineReader();
  try {
    await new Promise<void>((resolve, reject) => {
      connection.setTimeout(patienceMs, () => {
        reject(new Error(`no greeting within ${patienceMs} ms`));
      });
      connection.once("error", reject);
      connection.once("close", () => {
        reject(new Error("it closed the connection"));
      });
      connection.on("data", (chunk: Buffer) => {
        try {
          const [line] = reader.feed(chunk);
          if (line === undefined) return;
          parseHello(line);
          resolve();
        } catch (error) {
          reject(new Error(messageOf(error), { cause: error }));
        }
      });
    });
    return { kind: "answers", socket };
  } catch (error) {
    return { kind: "away", socket, why: messageOf(error) };
  } finally {
    connection.destroy();
  }
}
