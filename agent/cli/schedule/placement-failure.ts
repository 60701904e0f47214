// What came of a request to Placement instead of its answer, as vgpuctl tells it. Pure.
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Ending } from "../errors/exit-codes.ts";

/** With what a command asks Placement. */
export interface PlacementUse {
  /** Of the user. */
  readonly signal: AbortSignal;
  /** How the schedule file is called, which says where Placement is. */
  readonly file: string;
}

const endings: Readonly<Partial<Record<PlacementFailure, Exclude<Ending, "ok">>>> = {
  unreachable: "unreachable",
  // What answers is something else, or does not do what Placement does.
  "bad-answer": "unreachable",
  // As a host's SCHEDULER_UNAVAILABLE for the same: a proxy says so, too, while Placement is away.
  failed: "unreachable",
  unauthorized: "permission",
  "no-secret": "permission",
  conflict: "conflict",
  "no-capacity": "no-room",
};

type Hint = (file: string) => string;

const where: Hint = (file) => `where it is: placement of ${file}`;

const hints: Readonly<Partial<Record<PlacementFailure, Hint>>> = {
  // "No such resource class" is its answer as long as nobody has published one.
  refused: (file) =>
    `has any vgpud published its GPUs there yet, and is placement.vgpu_class of ${file} the one of their configuration?`,
  unreachable: where,
  "bad-answer": where,
  unauthorized: (file) => `the credential and its secret: placement.keystone of ${file}`,
  "no-secret": (file) =>
    `placement.keystone.secret_file of ${file}; where root alone may read it, run vgpuctl with sudo`,
};

/** By which Node.js says that it knows no authority of a certificate. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Anything else than a failure of Placement, or the interrupt of the user, comes back as it is. */
export function asCliError(error: unknown, { signal, file }: PlacementUse): unknown {
  if (error instanceof CliError) return error;
  if (signal.aborted) return new CliError("interrupted", "interrupted", { cause: error });
  return error instanceof PlacementError ? toldOf(error, file) : error;
}

/** What Placement failed with, as vgpuctl tells it. */
export function toldOf(error: PlacementError, file: string): CliError {
  const { kind, cause } = error;
  // It names the request alone.
  const message = kind === "unreachable" ? `cannot ask Placement: ${error.message}` : error.message;
  const hint = isUntrusted(cause) ? untrusted : hints[kind];
  return new CliError(endings[kind] ?? "failure", message, {
    kind: "placement",
    hints: hint ? [hint(file)] : [],
    cause: error,
  });
}

function isUntrusted(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && UNTRUSTED.has(cause.code);
}

function untrusted(file: string): string {
  return `placement.ca_file of ${file} takes the CAs that Placement, and Keystone, have their certificates of`;
}

/** Whether that is what failed, and no host, however it was told since. */
export function isOfPlacement({ kind }: Pick<CliError, "kind">): boolean {
  return kind === "placement";
}

/** The same of whatever work asks Placement. */
export async function placementWork<T>(use: PlacementUse, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asCliError(error, use);
  }
}
