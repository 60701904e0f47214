// What hostd's child for one operation takes. The simulated host answers as hostd does, but starts no process for it.
import path from "node:path";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { HostdClient } from "../../agent/host/hostd-client.ts";
import type { SimulatedHost } from "../fakes/simulated-host.ts";
import { StartedProcess } from "../fakes/process.ts";
import { median, timed } from "./measure.ts";

const main = fileURLToPath(import.meta.resolve("../../agent/hostd/main.js"));
const ROUNDS = 15;
/** Longer than hostd takes to start the child after this one: in a burst of creates each waits for that, too. */
const PAUSE_MS = 200;

/** Milliseconds, the median of operations on the shipped vgpud-hostd, one now and then: it is asked about a slice that is not there. */
export async function hostdChildMs({ directory, root }: SimulatedHost): Promise<number> {
  const socket = path.join(directory, "real-hostd.sock");
  const words = [process.execPath, main, "--socket", socket, "--root", root];
  const hostd = await StartedProcess.start(words);
  const client = new HostdClient({ socketPath: socket });
  const times: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await delay(PAUSE_MS);
      times.push(await timed(() => client.removeMdev(randomUUID())));
    }
  } finally {
    client.close();
    await hostd.end();
  }
  return median(times);
}
