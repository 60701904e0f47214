// What a stage of the crash tests stands on: a host and an agent on it that ends where it is told to. `World` is one.
import type { FaultFields } from "../../../../agent/simulator/faults/fault.ts";
import type { AgentCalls } from "../agent-calls.ts";
import type { Draft } from "../requests.ts";
import type { ForeignDomain } from "../somebody-else.ts";
import type { ClaimRecord, Truth } from "../world.ts";
import type { Death } from "./death.ts";

export interface Ground extends AgentCalls, AsyncDisposable {
  readonly agent: MortalAgent;
  readonly libvirtSocket: string;
  /** Of the one GPU. */
  readonly apertureMib: number;
  /** How long claims may take to rest. */
  readonly patienceMs: number;

  draft(name: string): Draft;
  /** What kernel and libvirt really have. */
  truth(): Promise<Truth>;
  /** The claims on disk. */
  records(): Promise<readonly ClaimRecord[]>;
  claimFiles(): Promise<readonly string[]>;
  forgetTombstones(): Promise<void>;

  setFaults(...faults: readonly FaultFields[]): Promise<void>;
  clearFaults(): Promise<void>;
  makeForeignSlice(uuid: string): Promise<void>;
  defineForeign(domain: ForeignDomain): Promise<void>;

  kill(): Promise<void>;
  /** The host boots, without an agent. */
  boot(): Promise<void>;
  /** Starts the agent after its end; rejects when it ends before it is ready. */
  startAgain(words: readonly [], how: { readonly mortal: Death | "when armed" }): Promise<void>;
}

interface MortalAgent {
  arm(death: Death): Promise<void>;
  readonly over: boolean;
  /** Resolves when it has ended, by whatever. */
  readonly ended: Promise<{ readonly stderr: string }>;
  end(signal: "SIGKILL"): Promise<unknown>;
}
