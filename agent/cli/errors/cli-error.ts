// The one error class of vgpuctl. Its ending decides the exit code; its lines and hints are what the user sees.
import type { status } from "@grpc/grpc-js";
import type { Limit } from "../client/limit.ts";
import type { ErrorDetails } from "./error-details.ts";
import type { Ending } from "./exit-codes.ts";

export interface CliErrorOptions {
  /** The reason code of vgpud's closed list, shown in brackets. */
  readonly reason?: string | undefined;
  /** What callers branch on where vgpud has given no reason. It stays when the failure is told otherwise. */
  readonly kind?: FailureKind | undefined;
  /** Lines under the message: the flag at fault, what each GPU lacks. */
  readonly lines?: readonly string[];
  /** What to do next, as a command line that works where there is one. */
  readonly hints?: readonly string[];
  /** The command that shows how it goes on, as words after `vgpuctl`. */
  readonly look?: readonly string[] | undefined;
  /** The call that failed, when there was one. */
  readonly call?: FailedCall | undefined;
  /** The flags that name the vgpud that it is of, as words, where that is another than the command line names. */
  readonly target?: readonly string[] | undefined;
  /** What did not come within that. */
  readonly late?: Limit | undefined;
  /** A flag with which the same command line would work, in the place of others. */
  readonly instead?: Suggestion | undefined;
  /** Flags without values with which the same command line would work, as it was given otherwise. */
  readonly switches?: readonly string[] | undefined;
  /** Words of the command line are not what is wrong, though it ends as a usage error. */
  readonly inFile?: boolean;
  /** Nothing need be said: the user ended what was shown. */
  readonly quiet?: boolean;
  readonly cause?: unknown;
}

/**
 * `unserved`: there is no vgpud behind the path of the socket, and what its hints say of starting one is for the vgpud of this machine alone.
 * `unreached`: nobody takes a connection to a host: refused, no way there, or not in time.
 * `booked-elsewhere`: a claim is booked where its domain is not; the same line again would come to the same, and lead to no domain there: its
 * lines and hints say what does.
 * `placement`: it is Placement that failed, and no host.
 */
type FailureKind = "unserved" | "unreached" | "booked-elsewhere" | "placement";

/** What is another; the cause is the failure itself unless another is given. */
interface Changes extends CliErrorOptions {
  readonly ending?: Exclude<Ending, "ok">;
  readonly message?: string;
}

export interface Instead {
  readonly flag: string;
  readonly value: string;
  readonly replaces: readonly string[];
}

/** With how sure it is, in words. */
export interface Suggestion extends Instead {
  readonly said: string;
}

export interface FailedCall {
  readonly code: status;
  readonly details: ErrorDetails;
  /** Nobody knows what became of a change: no answer came, or the connection broke. */
  readonly outcomeUnknown: boolean;
}

/** vgpuctl could not do what was asked. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly ending: Exclude<Ending, "ok">;
  readonly reason: string | undefined;
  readonly kind: FailureKind | undefined;
  readonly lines: readonly string[];
  readonly hints: readonly string[];
  readonly look: readonly string[] | undefined;
  readonly call: FailedCall | undefined;
  readonly target: readonly string[] | undefined;
  readonly late: Limit | undefined;
  readonly instead: Suggestion | undefined;
  readonly switches: readonly string[] | undefined;
  readonly inFile: boolean;
  readonly quiet: boolean;
  /** As it was given, for `with`. */
  readonly #options: CliErrorOptions;

  constructor(ending: Exclude<Ending, "ok">, message: string, options: CliErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.#options = options;
    this.ending = ending;
    this.reason = options.reason;
    this.kind = options.kind;
    this.lines = options.lines ?? [];
    this.hints = options.hints ?? [];
    this.look = options.look;
    this.call = options.call;
    this.target = options.target;
    this.late = options.late;
    this.instead = options.instead;
    this.switches = options.switches;
    this.inFile = options.inFile ?? false;
    this.quiet = options.quiet ?? false;
  }

  /** The same failure told otherwise, or with more: whatever is not given stays as it is. */
  with({ ending = this.ending, message = this.message, ...changes }: Changes): CliError {
    return new CliError(ending, message, { ...this.#options, cause: this, ...changes });
  }
}

/** The command line is wrong. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError("usage", message, hint === undefined ? {} : { hints: [hint] });
}
