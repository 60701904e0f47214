// Where the files of the allowlist are, for one operation. Nothing else in hostd builds a path of the kernel's.
import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { ALLOWLIST, type AllowedName } from "./allowlist.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import { FORMS, type FormName } from "./protocol/forms.ts";
import type { OperationKind } from "./protocol/messages.ts";

export type Variables = Readonly<Partial<Record<FormName | keyof typeof KERNEL_FORMS, string>>>;

const forms: Readonly<Record<string, RegExp>> = { ...FORMS, ...KERNEL_FORMS };

export class AllowedFiles {
  readonly #root: string;
  readonly #operation: OperationKind;

  constructor(root: string, operation: OperationKind) {
    this.#root = root;
    this.#operation = operation;
  }

  /**
   * The path of a file, links not followed: for reading what a link says.
   * @throws RangeError when the list does not have the file for the operation, or a variable is missing or not of its form:
   * only a bug of ours can cause either
   */
  at(name: AllowedName, variables: Variables): string {
    const operations: readonly OperationKind[] = ALLOWLIST[name].operations;
    if (!operations.includes(this.#operation))
      throw new RangeError(`${ALLOWLIST[name].path} is not allowed to ${this.#operation}`);
    const values: Readonly<Record<string, string>> = { ...variables };
    const below = ALLOWLIST[name].path.replaceAll(/\{(\w+)\}/g, (_, variable: string) => {
      const value = values[variable];
      if (value === undefined || !forms[variable]?.test(value)) {
        throw new RangeError(`${variable} of ${ALLOWLIST[name].path} is not of its form`);
      }
      return value;
    });
    return path.join(this.#root, below);
  }

  /**
   * The same for opening: every link of the directory part is followed and the file must still lie where the table says.
   * The caller opens it with O_NOFOLLOW, so that its last part is no link either.
   * @throws NodeJS.ErrnoException of realpath(3), or RangeError as above and when the file lies elsewhere
   */
  resolved(name: AllowedName, variables: Variables): string {
    const file = this.at(name, variables);
    const resolved = path.join(realpathSync(path.dirname(file)), path.basename(file));
    return heldBelow(realpathSync(this.#baseOf(name)), { file, resolved });
  }

  /**
   * The same for listing a directory, or for starting a program: the last link is followed, too, and where it leads must lie where
   * the table says. Waits for no driver, and keeps nobody waiting meanwhile.
   * @throws as `resolved`
   */
  async followed(name: AllowedName, variables: Variables): Promise<string> {
    const file = this.at(name, variables);
    const resolved = await realpath(file);
    return heldBelow(await realpath(this.#baseOf(name)), { file, resolved });
  }

  #baseOf(name: AllowedName): string {
    return path.join(this.#root, ALLOWLIST[name].stayBelow);
  }
}

function heldBelow(
  base: string,
  { file, resolved }: { readonly file: string; readonly resolved: string },
): string {
  if (!resolved.startsWith(base.endsWith("/") ? base : `${base}/`))
    throw new RangeError(`${file} leads out of ${base}`);
  return resolved;
}
