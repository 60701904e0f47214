// The mark that a domain of ours bears in its <metadata>: by it a lost ledger is rebuilt (law 3).
import {
  CLAIM_MARK_NAMESPACE,
  claimMarkAttributes as names,
  claimMarkElements as elements,
} from "../core/claim-mark.ts";
import type { ClaimMark } from "../inventory/model.ts";
import type { DomainClaim } from "./claim.ts";
import type { Builder } from "./xml-builder.ts";

export function markOf({ claimId, vgpuId, domain, gpu, type, sizes, requestDigest }: DomainClaim): ClaimMark {
  const { id: domainId, onStop, labels, autostart } = domain;
  return { claimId, vgpuId, domainId, gpu, type, sizes, onStop, requestDigest, labels, autostart };
}

export function addMark(domain: Builder, { sizes, labels, autostart, ...mark }: ClaimMark): void {
  const values: Readonly<Record<keyof typeof names, string | number>> = { ...mark, ...sizes };
  const attributes: Record<string, string> = {};
  for (const [key, name] of Object.entries(names))
    attributes[name] = String(values[key as keyof typeof names]);
  const element = (name: string): string => `vgpud:${name}`;
  const claim = domain.ele("metadata").eleOf(CLAIM_MARK_NAMESPACE, element("claim"), attributes);
  for (const [key, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
    claim.eleOf(CLAIM_MARK_NAMESPACE, element(elements.label), { key, value });
  if (autostart) claim.eleOf(CLAIM_MARK_NAMESPACE, element(elements.autostart));
}
