// What the TLS listener uses now, for those who tell when it ends.
import type { Config } from "../config/schema.ts";
import type { Lifetimes } from "../core/validity.ts";
import type { TlsReading } from "../diagnosis/tls-reading.ts";
import type { Material, TlsFile } from "../host/tls/material.ts";

/** The key of each file below `tls`. */
export const tlsKeyOf = {
  certificate: "certificate",
  key: "key",
  clientCa: "client_ca",
  revocationList: "revocation_list",
} as const satisfies Record<TlsFile, keyof Config["tls"]>;

export class TlsInUse {
  #material: Material | undefined;

  /** Undefined: nothing listens for TLS. */
  constructor(material: Material | undefined) {
    this.#material = material;
  }

  take(material: Material): void {
    this.#material = material;
  }

  /** Another object whenever files were taken over. */
  get current(): unknown {
    return this.#material;
  }

  /** Without files of which nothing ends. */
  get lifetimes(): readonly (readonly [TlsFile, Lifetimes])[] {
    const all = Object.entries(this.#material?.lifetimes ?? {}) as [TlsFile, Lifetimes][];
    return all.filter(([, { parts }]) => parts.length > 0);
  }

  /** `now`: milliseconds since the epoch. */
  read(now: number): TlsReading {
    if (this.#material === undefined) return { kind: "not-configured" };
    const files = this.lifetimes.map(([file, lifetimes]) => ({ key: `tls.${tlsKeyOf[file]}`, lifetimes }));
    return { kind: "served", now, files };
  }
}
