// Domains that bear our mark and stand in no claim, and will not: only somebody who knows what they were can clear them up. Pure.
import { parseClaimId } from "../core/ids.ts";
import type { ClaimMark, Domain, Inventory } from "../inventory/model.ts";
import type { Ledger } from "./ledger.ts";
import { lostMark } from "./rebuild.ts";

export type MarkedDomain = Domain & { readonly mark: ClaimMark };

/**
 * Such as one that was destroyed and is defined again: libvirt does not sync what it undefines, so that a power cut may bring it back
 * where /etc is not on the ledger's file system, and a saved definition does so anywhere. Empty while domains are not known.
 */
export function orphanDomains(ledger: Ledger, inventory: Inventory): readonly MarkedDomain[] {
  const { domains } = inventory;
  if (!domains.known) return [];
  return [...domains.value.values()].filter(isMarked).filter((domain) => {
    // Of another domain under a claim's UUID that claim tells.
    if (ledger.byDomainId(domain.id) || lostMark(domain, ledger, inventory)) return false;
    const claimId = parseClaimId(domain.mark.claimId);
    const record = ledger.get(domain.mark.vgpuId) ?? (claimId && ledger.byClaimId(claimId));
    // A look that began before may still show a domain that is gone since.
    return record === undefined || record.updatedAt < inventory.observedAt;
  });
}

/** With a mark that was made for it: one that came with a copied definition says nothing of the copy. */
function isMarked(domain: Domain): domain is MarkedDomain {
  return domain.mark?.domainId === domain.id;
}
