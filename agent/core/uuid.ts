// UUIDs that are the same whenever they are made of the same names.
import { createHash } from "node:crypto";

/** A UUID of version 5 (RFC 9562, section 5.5): `namespace` is a UUID, its 16 bytes. */
export function uuidOfName(namespace: Buffer, name: string): string {
  const hex = createHash("sha1").update(namespace).update(name).digest("hex");
  const variant = "89ab".charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
