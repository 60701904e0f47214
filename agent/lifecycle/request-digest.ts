// Tells a retry from a mistake: two requests are the same when their canonical forms are.
import { createHash } from "node:crypto";

/** SHA-256 over JSON with sorted keys; what is undefined counts as not said. */
export function requestDigest(request: unknown): string {
  return createHash("sha256").update(canonical(request)).digest("hex");
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === "bigint") return inner.toString();
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
