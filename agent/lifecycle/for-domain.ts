// What a slice of XenGT needs of the domain that it is asked for, where somebody else manages that domain. Pure.
import { AgentError } from "../core/errors.ts";
import type { DomainId } from "../core/ids.ts";
import { isAlive, type Domain, type DomainState, type Inventory } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import { isMadeForDomain } from "../inventory/standing.ts";
import { domainsAway } from "./domains-away.ts";
import { promisedSlice } from "./holdings.ts";
import type { Ledger } from "./ledger.ts";

const FIELD = "domain_uuid";

/** In these its guest has not run yet, as far as is known: of what libvirt does not list nobody tells. */
const WAITING: ReadonlySet<DomainState> = new Set<DomainState>(["paused", "exists"]);

/**
 * @throws AgentError FIELD_REQUIRED without a domain, LIBVIRT_UNAVAILABLE while it cannot be looked for, DOMAIN_NOT_FOUND where Xen has
 * none, FIELD_NOT_SUPPORTED_HERE for one that is not HVM, DOMAIN_HAS_VGPU for one that has a slice, DOMAIN_POPULATES_ON_DEMAND,
 * DOMAIN_WITHOUT_VGPU for one whose guest runs without
 */
export function refuseUnfitDomain(
  { share, forDomain }: { readonly share: Share; readonly forDomain: DomainId | undefined },
  inventory: Inventory,
  ledger: Ledger,
): void {
  if (!isMadeForDomain({ share }, inventory)) return;
  if (forDomain === undefined)
    throw new AgentError(
      "FIELD_REQUIRED",
      `${FIELD} is required: a slice of XenGT is made for a domain that is there, which has to be started paused`,
      { field: FIELD },
    );
  const details = { domain_uuid: forDomain };
  const domain = livingDomain(forDomain, inventory);
  const who = `domain ${domain.name} (${forDomain})`;
  if (domain.paravirtual !== undefined)
    throw new AgentError(
      "FIELD_NOT_SUPPORTED_HERE",
      `${FIELD} cannot be served here: ${who} is ${words[domain.paravirtual]}, and XenGT has slices for HVM guests alone`,
      { details, field: FIELD },
    );
  if (domain.vgpuIds.length > 0 || promisedSlice(ledger, forDomain))
    throw new AgentError("DOMAIN_HAS_VGPU", `${who} has a slice, and XenGT gives one to a domain`, {
      details,
    });
  if (domain.growsOnDemand === true)
    throw new AgentError(
      "DOMAIN_POPULATES_ON_DEMAND",
      `${who} was started with less memory than it may have, and the GPU reads pages that it has not been given yet; start it with all of it (currentMemory as memory)`,
      { details },
    );
  if (!WAITING.has(domain.state))
    throw new AgentError(
      "DOMAIN_WITHOUT_VGPU",
      `${who} runs already (${domain.state}), and its guest has looked for its GPU before there was one; start it paused, ask again, and resume it`,
      { details },
    );
}

const words = { pv: "a PV guest", pvh: "a PVH guest" } as const satisfies Record<
  NonNullable<Domain["paravirtual"]>,
  string
>;

function livingDomain(id: DomainId, { domains }: Inventory): Domain {
  if (!domains.known) throw domainsAway(domains, `domain ${id} cannot be looked for`);
  const domain = domains.value.get(id);
  if (domain && isAlive(domain.state)) return domain;
  const message = `Xen has no domain ${id} now, for whose number the slice would be made; start it paused, ask again, and resume it`;
  throw new AgentError("DOMAIN_NOT_FOUND", message, { details: { domain_uuid: id }, field: FIELD });
}
