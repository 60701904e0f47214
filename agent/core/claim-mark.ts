// The element that vgpud writes into a domain's <metadata>: `<vgpud:claim xmlns:vgpud="…" …/>`.
// It is written by the lifecycle and read back by discovery; it survives the loss of our ledger.

/** Names the format of the element. Another format gets another number. */
export const CLAIM_MARK_NAMESPACE = "urn:vgpud:claim:1";

/** Attributes of the element. All are required. */
export const claimMarkAttributes = {
  claimId: "id",
  vgpuId: "vgpu",
  domainId: "domain",
  gpu: "gpu",
  onStop: "on_stop",
  requestDigest: "request_digest",
} as const;

/**
 * Attributes that say what the domain has of its GPU: its mode, and of mode sriov which virtual function. Without a mode it is
 * gvt-g, with all the others.
 */
export const claimMarkShare = {
  mode: "mode",
  functionNumber: "vf",
  functionAddress: "vf_address",
  type: "type",
  lowGmMib: "low_gm_mib",
  highGmMib: "high_gm_mib",
  fences: "fences",
} as const;

/** Elements inside it, none of them required. A reader that does not know one leaves it out. */
export const claimMarkElements = {
  /** `<vgpud:label key="…" value="…"/>`, one for each of the caller's labels. */
  label: "label",
  /** `<vgpud:autostart/>` in a domain that is started once the host has booted. */
  autostart: "autostart",
} as const;
