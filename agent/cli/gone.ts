// Whether a domain of the contract is there.
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";

/** An orphan is there, whatever has become of its claim: libvirt has its definition. */
export function isGone({ claimState, ownership }: Pick<Domain, "claimState" | "ownership">): boolean {
  return claimState === ClaimState.GONE && ownership !== Ownership.ORPHAN;
}
