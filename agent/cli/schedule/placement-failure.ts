// What came of a request to Placement instead of its answer, as vgpuctl tells it. Pure.
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Ending } from "../errors/exit-codes.ts";

const endings: Readonly<Partial<Record<PlacementFailure, Exclude<Ending, "ok">>>> = {
  unreachable: "unreachable",
  unauthorized: "permission",
  "no-secret": "permission",
  conflict: "conflict",
  "no-capacity": "no-room",
};

const hints: Readonly<Partial<Record<PlacementFailure, readonly string[]>>> = {
  // "No such resource class" is its answer as long as nobody has published one.
  refused: ["has any vgpud published its GPUs there yet, and is vgpu_class the one of their configuration?"],
  unreachable: ["where it is: placement of the schedule file"],
  unauthorized: ["the credential and its secret: placement.keystone of the schedule file"],
  "no-secret": [
    "placement.keystone.secret_file of the schedule file; where root alone may read it, run vgpuctl with sudo",
  ],
};

/** Anything else than a failure of Placement, or the interrupt of the user, comes back as it is. */
export function asCliError(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof CliError) return error;
  if (signal.aborted) return new CliError("interrupted", "interrupted", { cause: error });
  return error instanceof PlacementError ? toldOf(error) : error;
}

/** What Placement failed with, as vgpuctl tells it. */
export function toldOf(error: PlacementError): CliError {
  const { kind } = error;
  // It names the request alone.
  const message = kind === "unreachable" ? `cannot ask Placement: ${error.message}` : error.message;
  return new CliError(endings[kind] ?? "failure", message, {
    kind: "placement",
    hints: hints[kind] ?? [],
    cause: error,
  });
}

/** Whether that is what failed, and no host, however it was told since. */
export function isOfPlacement({ kind }: Pick<CliError, "kind">): boolean {
  return kind === "placement";
}

/** The same of whatever work asks Placement. */
export async function placementWork<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asCliError(error, signal);
  }
}
