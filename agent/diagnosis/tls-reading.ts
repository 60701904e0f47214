// The files of the TLS listener that end one day, for the checks. Only a running agent knows which it uses.
import type { Lifetimes } from "../core/validity.ts";

export type TlsReading =
  | { readonly kind: "not-configured" }
  | {
      readonly kind: "served";
      /** Milliseconds since the epoch. */
      readonly now: number;
      readonly files: readonly TlsFileReading[];
    };

interface TlsFileReading {
  /** As `tls.certificate`. */
  readonly key: string;
  readonly lifetimes: Lifetimes;
}
