// A lost ledger is rebuilt from the marks that our domains bear (law 3). Pure.
import { parseClaimId } from "../core/ids.ts";
import { isAlive, type ClaimMark, type Domain, type Inventory } from "../inventory/model.ts";
import { names } from "../inventory/standing.ts";
import type { DomainClaim, VgpuClaim } from "./claim.ts";
import type { Ledger } from "./ledger.ts";

/** Claims for domains that bear a valid mark and have none. A tombstone is a claim: what was destroyed stays so. */
export function claimsToRebuild(
  ledger: Ledger,
  inventory: Inventory,
  newOperationId: () => string,
): DomainClaim[] {
  if (!inventory.domains.known) return [];
  return [...inventory.domains.value.values()].flatMap((domain) => {
    const lost = lostMark(domain, ledger, inventory);
    if (!lost) return [];
    const half = halfAdopted(lost, ledger);
    const claim = rebuilt(lost, domain, { inventory, operationId: newOperationId() });
    return [half ? { ...claim, requests: half.requests, createdAt: half.createdAt } : claim];
  });
}

type Mark = ClaimMark & Pick<DomainClaim, "claimId">;

/** What the domain bears that its claim can be rebuilt from; undefined for one whose claim the ledger did not lose. */
export function lostMark(domain: Domain, ledger: Ledger, inventory: Inventory): Mark | undefined {
  const { mark } = domain;
  // A mark made for another domain came with a copied definition.
  if (mark?.domainId !== domain.id || !names(domain, mark, inventory)) return undefined;
  const claimId = parseClaimId(mark.claimId);
  if (!claimId || ledger.byDomainId(domain.id)) return undefined;
  const whole = { ...mark, claimId };
  const isTaken = ledger.get(mark.vgpuId) !== undefined || ledger.byClaimId(claimId) !== undefined;
  return isTaken && !halfAdopted(whole, ledger) ? undefined : whole;
}

/** An adoption that was cut off between the mark of its domain and the ledger: the mark says that it was to go on. */
function halfAdopted({ vgpuId, claimId, requestDigest }: Mark, ledger: Ledger): VgpuClaim | undefined {
  const claim = ledger.get(vgpuId);
  const isHalf = claim?.kind === "vgpu" && claim.claimId === claimId && claim.goal === "present";
  return isHalf && claim.requestDigest === requestDigest ? claim : undefined;
}

function rebuilt(
  mark: Mark,
  domain: Domain,
  { inventory, operationId }: { readonly inventory: Inventory; readonly operationId: string },
): DomainClaim {
  const { observedAt: at, host } = inventory;
  const alive = isAlive(domain.state);
  return {
    kind: "domain",
    claimId: mark.claimId,
    vgpuId: mark.vgpuId,
    gpu: mark.gpu,
    share: mark.share,
    domain: {
      id: domain.id,
      name: domain.name,
      onStop: mark.onStop,
      labels: mark.labels,
      autostart: mark.autostart,
      spec: undefined,
    },
    placement: undefined,
    state: alive ? "active" : "stopped",
    goal: alive ? "running" : "stopped",
    powerOff: undefined,
    requestDigest: mark.requestDigest,
    requests: [],
    operation: { id: operationId, kind: "create", startedAt: at, ended: { at, failure: undefined } },
    failure: undefined,
    reservation: undefined,
    createdAt: at,
    updatedAt: at,
    bootId: host.bootId,
  };
}
