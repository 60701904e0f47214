// What the agent is started with: all that its wiring takes from the command line and the package.
import type { Configuration } from "../config/configuration.ts";
import type { FixedConfig } from "../config/schema.ts";
import type { Log } from "../host/journal.ts";
import type { HandedSocket } from "../host/systemd/environment.ts";
import type { Messenger } from "../host/systemd/messages.ts";
import type { OnPoint } from "../lifecycle/crash-points.ts";

/** The service manager that started the agent; an agent started by hand has one that hears nothing and watches nothing. */
export interface ServiceManager {
  readonly messenger: Messenger;
  readonly watchdogMs: number | undefined;
  readonly sockets: readonly HandedSocket[];
}

/** Where the agent serves. */
export interface Addresses {
  readonly socket: string;
  readonly readSocket: string;
  /** The URL of /metrics. */
  readonly metrics: string;
  /** `192.0.2.1:9470`; undefined where nothing listens for TLS. */
  readonly tls: string | undefined;
}

/** Where the simulator of this host listens. */
export interface SimulatorSockets {
  readonly control: string;
  readonly uevents: string;
}

export interface AgentOptions {
  /** The settings that hold until the agent ends. */
  readonly config: FixedConfig;
  /** What a reload changes is asked of `configuration.live` each time it is needed. */
  readonly configuration: Configuration;
  /** Registers what is called whenever the operator asks for a reload. */
  readonly onReloadAsked: (listener: () => void) => void;
  readonly version: string;
  /** The commit it was built from; undefined when the build does not say. */
  readonly revision: string | undefined;
  /** Undefined on a real host. */
  readonly simulator: SimulatorSockets | undefined;
  /** Reads the contract's descriptor set, for reflection. */
  readonly descriptorSet: () => Promise<Buffer>;
  readonly log: Log;
  readonly manager: ServiceManager;
  /** Told once, when the agent serves. */
  readonly onReady: (addresses: Addresses) => void;
  /** For tests that end the process at any of them. */
  readonly onPoint?: OnPoint | undefined;
}
