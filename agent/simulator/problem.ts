// What is wrong with a description or a fault, each with its place, for people and for the agent's SimulatorService.

export interface Problem {
  readonly reason: "FIELD_REQUIRED" | "FIELD_INVALID" | "GPU_NOT_FOUND";
  /** As in HOST.yaml: `gpus[0].aperture_mib`, `faults[0].errno`; empty for the whole. */
  readonly field: string;
  /** What is wrong with it, without its name. */
  readonly message: string;
  /** Where in the text, counted from 1; undefined for what is no text. */
  readonly place?: { readonly line: number; readonly column: number } | undefined;
}

/** Something was refused and nothing has changed. */
export class Refusal extends Error {
  /** At least one. */
  readonly problems: readonly Problem[];

  /** `what` completes "cannot …". */
  constructor(what: string, problems: readonly Problem[]) {
    super([`cannot ${what}:`, ...problems.map(toLine)].join("\n"));
    this.problems = problems;
  }
}

function toLine({ field, message, place }: Problem): string {
  const where = place === undefined ? "" : `${place.line}:${place.column} `;
  return `${where}${field === "" ? "" : `${field}: `}${message}`;
}

/** `["gpus", 0, "address"]` as `gpus[0].address`. */
export function fieldOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((field, part) => {
    if (typeof part === "number") return `${field}[${part}]`;
    return field === "" ? String(part) : `${field}.${String(part)}`;
  }, "");
}
