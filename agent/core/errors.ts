// One error class with a closed list of reasons. Callers branch on `reason` or `kind`, never on message text.
import { reasons, type ErrorKind, type Reason } from "./reasons.ts";

export interface AgentErrorOptions {
  /** Every value named in the message, for machines. Keys in snake_case. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** The request field at fault, as a path of the contract: `domain.disks[0].path`. */
  readonly field?: string;
  /** The processes that stand in the way. */
  readonly holders?: readonly Holder[];
  readonly cause?: unknown;
}

/** A process that keeps a vGPU open. */
export interface Holder {
  readonly pid: number;
  /** Its short name, with the domain where it is a QEMU: `qemu-system-x86 (web-1)`. */
  readonly command: string;
}

/** Something could not be done. The message says what was tried on which object, why it failed and what helps. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly reason: Reason;
  readonly details: Readonly<Record<string, string | number>>;
  readonly field: string | undefined;
  readonly holders: readonly Holder[];

  constructor(reason: Reason, message: string, options: AgentErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.details = options.details ?? {};
    this.field = options.field;
    this.holders = options.holders ?? [];
  }

  get kind(): ErrorKind {
    return reasons[this.reason];
  }

  /** Wraps anything caught. An AgentError passes through, so its reason survives every layer. */
  static from(caught: unknown, reason: Reason = "INTERNAL"): AgentError {
    return caught instanceof AgentError
      ? caught
      : new AgentError(reason, messageOf(caught), { cause: caught });
  }
}

/** The text of anything thrown. A message of ours says what its cause said: causes are kept for stacks, not for texts. */
export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}
