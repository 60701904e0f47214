// A row of the allowlist.
import type { OperationKind } from "../protocol/messages.ts";

export interface AllowedFile {
  readonly operations: readonly OperationKind[];
  /** Below the root. `{name}` stands for a variable, whose form is `FORMS` or `KERNEL_FORMS`. */
  readonly path: string;
  /** `run`: started as a program. */
  readonly access: "write" | "write and read" | "open" | "read" | "run";
  /** After symbolic links are followed the file must still lie below this directory of the root. */
  readonly stayBelow: string;
  readonly why: string;
}
