// Domains that bear our mark and stand in no claim, and will not: only somebody who knows what they were can clear them up.
import { parseClaimId } from "../core/ids.ts";
import type { ClaimMark, Domain, Inventory } from "../inventory/model.ts";
import type { Claim } from "./claim.ts";
import { domainsAway } from "./domains-away.ts";
import type { Ledger } from "./ledger.ts";
import { lostMark } from "./rebuild.ts";

export type MarkedDomain = Domain & { readonly mark: ClaimMark };

/**
 * Such as one that was destroyed and is defined again: libvirt does not sync what it undefines, so that a power cut may bring it back
 * where /etc is not on the ledger's file system, and a saved definition does so anywhere. Empty while domains are not known.
 *
 * One that the ledger knows nothing of is looked for a second time, as by whoever rebuilds claims: a look that began before a failed
 * create was undone and forgotten still shows its domain. Rejects as that look does, and where domains are not known in it.
 */
export async function orphanDomains(
  ledger: Ledger,
  inventory: Inventory,
  lookAgain: () => Promise<Inventory>,
): Promise<readonly MarkedDomain[]> {
  const seen = orphansIn(ledger, inventory);
  const unrecorded = new Set(seen.filter((domain) => !recordOf(domain, ledger)));
  if (unrecorded.size === 0) return seen;
  const second = await lookAgain();
  if (!second.domains.known) throw domainsAway(second.domains);
  const again = new Set(orphansIn(ledger, second).map(({ id }) => id));
  return seen.filter((domain) => !unrecorded.has(domain) || again.has(domain.id));
}

function orphansIn(ledger: Ledger, inventory: Inventory): readonly MarkedDomain[] {
  const { domains } = inventory;
  if (!domains.known) return [];
  return [...domains.value.values()].filter(isMarked).filter((domain) => {
    // Of another domain under a claim's UUID that claim tells.
    if (ledger.byDomainId(domain.id) || lostMark(domain, ledger, inventory)) return false;
    const record = recordOf(domain, ledger);
    // A look that began before may still show a domain that is gone since.
    return record === undefined || record.updatedAt < inventory.observedAt;
  });
}

function recordOf({ mark }: MarkedDomain, ledger: Ledger): Claim | undefined {
  const claimId = parseClaimId(mark.claimId);
  return ledger.get(mark.vgpuId) ?? (claimId && ledger.byClaimId(claimId));
}

/** With a mark that was made for it: one that came with a copied definition says nothing of the copy. */
function isMarked(domain: Domain): domain is MarkedDomain {
  return domain.mark?.domainId === domain.id;
}
