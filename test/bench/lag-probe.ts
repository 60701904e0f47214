// Preloaded into a vgpud (`node --import`): measures how late its event loop is, and at each SIGUSR2 writes down the most since
// the last one.
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { LAG_FILE_VARIABLE, PROBE_MS } from "./lag.ts";

const file = process.env[LAG_FILE_VARIABLE];
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: PROBE_MS });
  delays.enable();
  process.on("SIGUSR2", () => {
    writeFileSync(file, JSON.stringify({ maxMs: delays.max / 1e6, p99Ms: delays.percentile(99) / 1e6 }));
    delays.reset();
  });
}
