// Lets time pass on a simulated host and in its vgpud alike, a step at a time, with a reading of what domains use after each.
import { sendControl } from "../../agent/simulator/control-client.ts";

/** One interval of the agent's readings. */
export const STEP_MS = 15_000;
const PATIENCE_MS = 20_000;

/** The environment of a vgpud whose time can pass so. */
export const movableClock = {
  NODE_OPTIONS: `--import=${new URL("movable-clock.js", import.meta.url).href}`,
} as const;

export interface TimedHost {
  readonly controlSocket: string;
  /** Of the status page. */
  readonly url: string;
  /** Sends SIGUSR2 to vgpud. */
  readonly signal: () => void;
}

export async function passTime({ controlSocket, url, signal }: TimedHost): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const shown = async (): Promise<number> => {
    const page = await (await fetch(url, { signal: patience })).text();
    return Date.parse(/<time id="as-of" datetime="([^"]*)"/.exec(page)?.[1] ?? "");
  };
  const before = await shown();
  await sendControl(controlSocket, { command: "advance", ms: STEP_MS }, patience);
  signal();
  while ((await shown()) < before + STEP_MS) patience.throwIfAborted();
  // A scrape that finds the last reading old takes another.
  await fetch(new URL("/metrics", url), { signal: patience });
}
