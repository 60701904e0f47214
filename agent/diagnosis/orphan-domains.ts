// Domains that bear vgpud's mark and stand in no claim, for the check. Only a running agent keeps claims.
import type { DomainId } from "../core/ids.ts";

export type OrphanDomainsReading =
  | { readonly known: false; readonly why: string }
  | { readonly known: true; readonly domains: readonly OrphanDomain[] };

export interface OrphanDomain {
  readonly id: DomainId;
  readonly name: string;
  /** As its mark has it, which somebody may have changed. */
  readonly claimId: string;
  /** Whether it may hold something of a GPU now. */
  readonly isOn: boolean;
  /** Whether the ledger has the end of that very claim, so that a DestroyDomain undefines it. */
  readonly hasEnded: boolean;
}
