// Finds the field that was meant by a name that is none: in the same message, or at the place where it belongs.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { nearest } from "../../core/suggest.ts";

interface Place {
  readonly type: DescMessage;
  /** Empty for the outermost message. */
  readonly path: string;
}

/** As `domain.memory_mib`; undefined when nothing is near. */
export function nearestField(name: string, within: Place, root: DescMessage): string | undefined {
  const siblings = within.type.fields.map((field) => field.name);
  // Before what is near by its letters: `memory` means memory_mib, and of a kernel `path` kernel_path.
  const sibling =
    siblings.find((field) => name !== "" && field.startsWith(`${name}_`)) ??
    nearest(name, siblings) ??
    siblings.find((field) => name !== "" && field.endsWith(`_${name}`));
  if (sibling !== undefined) return within.path === "" ? sibling : `${within.path}.${sibling}`;
  const elsewhere = fieldPaths(root);
  const last = nearest(name, elsewhere.map(lastName));
  return elsewhere.find((path) => lastName(path) === last);
}

/** Every field below a message, those nearer to the root first; items of lists as `disks[0]`. The contract's messages hold no message of their own kind. */
function fieldPaths(root: DescMessage): readonly string[] {
  const found: string[] = [];
  let level: readonly Place[] = [{ type: root, path: "" }];
  while (level.length > 0) {
    const inner: Place[] = [];
    for (const { type, path } of level)
      for (const field of type.fields) {
        const own = path === "" ? field.name : `${path}.${field.name}`;
        found.push(own);
        const message = messageOf(field);
        if (message) inner.push({ type: message, path: field.fieldKind === "list" ? `${own}[0]` : own });
      }
    level = inner;
  }
  return found;
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" || field.fieldKind === "list" ? field.message : undefined;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}
