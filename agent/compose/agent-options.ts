// What the agent is started with: all that its wiring takes from the command line and the package.
import type { Config } from "../config.ts";
import type { Log } from "../host/journal.ts";

export interface AgentOptions {
  readonly config: Config;
  readonly version: string;
  /** Whether the host is a simulated one; shown by GetHost. */
  readonly simulated: boolean;
  /** The contract's descriptor set, for reflection. */
  readonly descriptorSet: Buffer;
  readonly log: Log;
  /** Told once, when the agent serves. */
  readonly onReady: (addresses: { readonly socket: string; readonly metrics: string }) => void;
}
