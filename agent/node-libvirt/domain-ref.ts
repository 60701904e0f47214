// How a domain is named on the wire and outside it.
import type { Domain } from "./remote.gen.ts";
import { XdrError } from "./xdr.ts";

export interface DomainRef {
  readonly name: string;
  /** Lower case, with dashes. What the daemon finds the domain by. */
  readonly uuid: string;
  /** The hypervisor's number of a running domain; undefined when it does not run. */
  readonly id: number | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws XdrError unless `uuid` is a UUID with dashes, in either case. */
export function uuidBytes(uuid: string): Uint8Array {
  if (!UUID.test(uuid.toLowerCase())) throw new XdrError(`'${uuid}' is not a UUID`);
  return Uint8Array.from(Buffer.from(uuid.replaceAll("-", ""), "hex"));
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function toWire(ref: DomainRef): Domain {
  return { name: ref.name, uuid: uuidBytes(ref.uuid), id: ref.id ?? -1 };
}

export function fromWire(domain: Domain): DomainRef {
  return { name: domain.name, uuid: uuidText(domain.uuid), id: domain.id < 0 ? undefined : domain.id };
}
