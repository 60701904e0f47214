// One error class with a closed list of reasons. Callers branch on `reason` or `kind`, never on message text.
import { reasons, type ErrorKind, type Reason } from "./reasons.ts";

export interface AgentErrorOptions {
  /** Every value named in the message, for machines. Keys in snake_case. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** The request field at fault, as a path of the contract: `domain.disks[0].path`. */
  readonly field?: string;
  /** Every field at fault, where there may be several; instead of `field`. */
  readonly violations?: readonly Violation[];
  /** Who stands in the way. */
  readonly holders?: readonly Holder[];
  readonly cause?: unknown;
}

/** One field of a request and what is wrong with it. */
export interface Violation {
  readonly field: string;
  readonly message: string;
}

/** A process that keeps a vGPU open, or a guest of Xen that has one. */
export interface Holder {
  /** 0 for a guest of Xen, which need not be a process of the host's. */
  readonly pid: number;
  /** Its short name, with the domain where it is a QEMU: `qemu-system-x86 (web-1)`. */
  readonly command: string;
}

/** In a message: `qemu-system-x86 (web-1)[4711]`. */
export function holderName({ pid, command }: Holder): string {
  return pid === 0 ? command : `${command}[${pid}]`;
}

/** Something could not be done. The message says what was tried on which object, why it failed and what helps. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly reason: Reason;
  readonly details: Readonly<Record<string, string | number>>;
  /** Empty when no field of a request is at fault. */
  readonly violations: readonly Violation[];
  readonly holders: readonly Holder[];

  constructor(reason: Reason, message: string, options: AgentErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.details = options.details ?? {};
    this.violations =
      options.violations ?? (options.field === undefined ? [] : [{ field: options.field, message }]);
    this.holders = options.holders ?? [];
  }

  get kind(): ErrorKind {
    return reasons[this.reason];
  }

  /** The first field at fault. */
  get field(): string | undefined {
    return this.violations[0]?.field;
  }

  /**
   * All that is wrong with a request as one error; undefined when nothing is. What is wrong on every host leads, since a
   * caller that mends only what the reason says must not be sent to another host with it.
   */
  static merged(errors: readonly AgentError[]): AgentError | undefined {
    const lead = errors.find(({ kind }) => kind === "invalid-argument") ?? errors[0];
    if (!lead || errors.length === 1) return lead;
    const ordered = [lead, ...errors.filter((error) => error !== lead)];
    const violations = ordered.flatMap((error) => error.violations);
    const message = `${violations.length} fields are wrong: ${violations.map((violation) => violation.message).join("; ")}`;
    return new AgentError(lead.reason, message, { details: lead.details, violations, cause: lead });
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
