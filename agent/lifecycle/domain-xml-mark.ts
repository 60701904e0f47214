// The mark that a domain of ours bears in its <metadata>: by it a lost ledger is rebuilt (law 3).
import {
  CLAIM_MARK_NAMESPACE,
  claimMarkAttributes as names,
  claimMarkElements as elements,
  claimMarkShare as shareNames,
} from "../core/claim-mark.ts";
import { Builder } from "../core/xml-builder.ts";
import type { ClaimMark, Labels } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import type { DomainClaim } from "./claim.ts";

export function markOf({ claimId, vgpuId, domain, gpu, share, requestDigest }: DomainClaim): ClaimMark {
  const { id: domainId, onStop, labels, autostart } = domain;
  return { claimId, vgpuId, domainId, gpu, share, onStop, requestDigest, labels, autostart };
}

/** As libvirt takes it for a domain that exists: it sees to the namespace of the element and all in it. */
export function markElement(mark: ClaimMark): string {
  const claim = Builder.root("claim", attributesOf(mark));
  for (const [key, value] of sorted(mark.labels)) claim.ele(elements.label, { key, value });
  if (mark.autostart) claim.ele(elements.autostart);
  return claim.render();
}

export function addMark(domain: Builder, mark: ClaimMark): void {
  const element = (name: string): string => `vgpud:${name}`;
  const claim = domain.ele("metadata").eleOf(CLAIM_MARK_NAMESPACE, element("claim"), attributesOf(mark));
  for (const [key, value] of sorted(mark.labels))
    claim.eleOf(CLAIM_MARK_NAMESPACE, element(elements.label), { key, value });
  if (mark.autostart) claim.eleOf(CLAIM_MARK_NAMESPACE, element(elements.autostart));
}

function attributesOf(mark: ClaimMark): Record<string, string> {
  return {
    [names.claimId]: mark.claimId,
    [names.vgpuId]: mark.vgpuId,
    [names.domainId]: mark.domainId,
    [names.gpu]: mark.gpu,
    ...shareAttributes(mark.share),
    [names.onStop]: mark.onStop,
    [names.requestDigest]: mark.requestDigest,
  };
}

function shareAttributes(share: Share): Record<string, string> {
  switch (share.mode) {
    case "gvt-g":
      return {
        [shareNames.type]: share.type,
        [shareNames.lowGmMib]: String(share.sizes.lowGmMib),
        [shareNames.highGmMib]: String(share.sizes.highGmMib),
        [shareNames.fences]: String(share.sizes.fences),
      };
    case "gvt-s":
    case "gvt-d":
      return { [shareNames.mode]: share.mode };
    case "sriov":
      return {
        [shareNames.mode]: share.mode,
        [shareNames.functionNumber]: String(share.number),
        [shareNames.functionAddress]: share.address,
      };
  }
}

function sorted(labels: Labels): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}
