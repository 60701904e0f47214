// Domains whose claims have ended and that are defined again, as a power cut leaves them: whoever asks once more for their end has it.
import { AgentError } from "../core/errors.ts";
import type { DomainId } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { isAlive, type Domain, type Inventory } from "../inventory/model.ts";
import type { Caller } from "./caller.ts";
import type { DomainClaim } from "./claim.ts";
import { domainsAway } from "./domains-away.ts";
import type { Driver } from "./driver.ts";
import type { Ledger } from "./ledger.ts";
import { newestTombstone } from "./owned-domain.ts";
import { operationOfRepeat, remember, type RequestIdentity } from "./requests.ts";

export interface ReturnedDomainsOptions {
  readonly ledger: Pick<Ledger, "byDomainId" | "byRequest" | "get">;
  readonly lookout: Pick<Lookout, "fresh">;
  readonly driver: Pick<Driver, "undefine">;
}

export class ReturnedDomains {
  readonly #options: ReturnedDomainsOptions;
  /** Whoever comes second looks once the first is done: by then the UUID may be another domain's, or the domain be defined anew by its owner. */
  readonly #turns = new KeyedLock<DomainId>();

  constructor(options: ReturnedDomainsOptions) {
    this.#options = options;
  }

  /**
   * Has the domain undefined, and nothing else: its slice was given back when its claim ended. What was begun goes on when the caller
   * goes away; its retry finds that it was done, and leaves alone what its owner has defined since. Nothing is done where it is not there.
   * Throws CLAIM_STATE while it is on, or as libvirt's calls do.
   */
  async takeAway(
    claim: DomainClaim,
    request: RequestIdentity,
    { signal }: Pick<Caller, "signal">,
  ): Promise<void> {
    await untilAborted(
      this.#turns.run(claim.domain.id, () => this.#takeAway(claim, request)),
      signal,
    );
  }

  async #takeAway(of: DomainClaim, request: RequestIdentity): Promise<void> {
    const { ledger, lookout, driver } = this.#options;
    const now = ledger.get(of.vgpuId);
    const claim = now?.kind === "domain" ? now : of;
    // Whoever had the turn before may have been the same request.
    if (operationOfRepeat(ledger, request, claim) !== undefined) return;
    const inventory = await lookout.fresh();
    if (!inventory.domains.known) throw domainsAway(inventory.domains);
    const domain = returnedDomain(claim, inventory);
    if (!domain || ledger.byDomainId(domain.id)) return;
    if (isAlive(domain.state) || domain.awaitsRestart === true) throw isOn(claim, domain);
    // A failure is forgotten, so that a retry tries.
    await driver.undefine(claim, remembering(claim, request));
    // Who hears that it is gone, and asks, sees so.
    await lookout.fresh().catch(() => undefined);
  }
}

function remembering(claim: DomainClaim, request: RequestIdentity): DomainClaim {
  const requests = remember(claim.requests, request, claim.operation);
  return requests === claim.requests ? claim : { ...claim, requests };
}

/** The domain of a claim that has ended, where it is defined again with that very claim's mark. Pure. */
export function returnedDomain(claim: DomainClaim, { domains, observedAt }: Inventory): Domain | undefined {
  const { domain, claimId, vgpuId, givenUp, state, updatedAt } = claim;
  const shown = domains.known ? domains.value.get(domain.id) : undefined;
  // One that was given up is its owner's, and a look that began before the end may still show it.
  if (!shown?.mark || state !== "gone" || givenUp || updatedAt >= observedAt) return undefined;
  const { mark } = shown;
  const isIts = mark.domainId === domain.id && mark.vgpuId === vgpuId && mark.claimId === claimId;
  return isIts ? shown : undefined;
}

/** The claim that had the domain, which its owner may have undefined once more; undefined where it is none of those. Pure. */
export function endOfReturned(id: DomainId, ledger: Ledger, inventory: Inventory): DomainClaim | undefined {
  const end = ledger.byDomainId(id) ? undefined : newestTombstone(ledger, ({ domain }) => domain.id === id);
  return end && returnedDomain(end, inventory) ? end : undefined;
}

/** What it has of a GPU now, nobody but whoever started it can tell to be free. */
function isOn({ claimId }: DomainClaim, { id, name }: Domain): AgentError {
  const message = `domain ${name} (${id}) was started by somebody else after claim ${claimId} had ended: it is left alone while it is on; shut it down with virsh, then destroy it`;
  return new AgentError("CLAIM_STATE", message, { details: { claim_id: claimId, domain_uuid: id } });
}
