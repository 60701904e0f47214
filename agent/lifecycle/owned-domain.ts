// Finds the claim behind a domain's UUID, and says whose the domain is when it is not ours. Pure.
import { AgentError } from "../core/errors.ts";
import type { DomainId } from "../core/ids.ts";
import type { Domain, Inventory } from "../inventory/model.ts";
import type { DomainClaim } from "./claim.ts";
import type { Ledger } from "./ledger.ts";

/** A living claim, or else the newest tombstone. Throws DOMAIN_FOREIGN or DOMAIN_NOT_FOUND. */
export function claimOfDomain(ledger: Ledger, inventory: Inventory | undefined, id: DomainId): DomainClaim {
  const living = ledger.byDomainId(id);
  if (living) return living;
  const shown = inventory?.domains.known ? inventory.domains.value.get(id) : undefined;
  // Our own domain may still be in a view that is older than its end; any other took the UUID over.
  const ended = shown
    ? endedClaimOf(ledger, shown)
    : newestTombstone(ledger, ({ domain }) => domain.id === id);
  if (ended) return ended;
  if (shown) throw isForeign(shown);
  throw new AgentError("DOMAIN_NOT_FOUND", `there is no domain ${id}`, { details: { domain_uuid: id } });
}

/** The claim in whose name a domain whose claim has ended may be undefined; undefined for one that none of ours was made for. */
export function endedClaimOf(ledger: Ledger, { id, mark }: Domain): DomainClaim | undefined {
  const tombstone = newestTombstone(ledger, ({ domain }) => domain.id === id);
  return tombstone && mark?.vgpuId === tombstone.vgpuId ? tombstone : undefined;
}

/** Of what has ended, the last; names and UUIDs of domains may be used again. */
export function newestTombstone(
  ledger: Ledger,
  matches: (claim: DomainClaim) => boolean,
): DomainClaim | undefined {
  return ledger
    .ended()
    .filter((claim) => claim.kind === "domain")
    .filter(matches)
    .reduce<DomainClaim | undefined>((a, b) => (a && a.updatedAt > b.updatedAt ? a : b), undefined);
}

function isForeign({ id, name }: Domain): AgentError {
  const message = `domain ${name} (${id}) stands in no claim of vgpud's, so it is left alone`;
  return new AgentError("DOMAIN_FOREIGN", message, { details: { domain_uuid: id, domain_name: name } });
}
