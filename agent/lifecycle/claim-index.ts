// Claims by every key that is asked for, the living apart: tombstones may be a hundred thousand, and no request walks over them.
import type { ClaimId, VgpuId } from "../core/ids.ts";
import { hasSlice, type Claim, type RememberedRequest } from "./claim.ts";

export class ClaimIndex {
  readonly #living = new Map<VgpuId, Claim>();
  readonly #ended = new Map<VgpuId, Claim>();
  readonly #claimIds = new Key();
  readonly #reservations = new Key();
  readonly #operations = new Key();
  readonly #requests = new Key();

  get(vgpuId: VgpuId): Claim | undefined {
    return this.#living.get(vgpuId) ?? this.#ended.get(vgpuId);
  }

  set(vgpuId: VgpuId, claim: Claim): void {
    const before = this.get(vgpuId);
    if (before) this.#enter(before, "remove");
    this.#enter(claim, "add");
    const [home, other] = claim.state === "gone" ? [this.#ended, this.#living] : [this.#living, this.#ended];
    other.delete(vgpuId);
    home.set(vgpuId, claim);
  }

  delete(vgpuId: VgpuId): void {
    const before = this.get(vgpuId);
    if (!before) return;
    this.#enter(before, "remove");
    this.#living.delete(vgpuId);
    this.#ended.delete(vgpuId);
  }

  living(): IterableIterator<Claim> {
    return this.#living.values();
  }

  /** Tombstones. */
  ended(): IterableIterator<Claim> {
    return this.#ended.values();
  }

  byClaimId(claimId: ClaimId): Claim | undefined {
    return this.#first(this.#claimIds, claimId);
  }

  /** The reservation of that name, or the claim that was bound from it. */
  byReservation(claimId: ClaimId): Claim | undefined {
    return this.#first(this.#reservations, claimId);
  }

  byOperation(operationId: string): Claim | undefined {
    return this.#first(this.#operations, operationId);
  }

  /** The claim that remembers a request, be it one of the reservation that it was bound from. */
  byRequest(requestId: string): Claim | undefined {
    return this.#first(this.#requests, requestId);
  }

  #first(key: Key, value: string): Claim | undefined {
    const vgpuId = key.first(value);
    return vgpuId === undefined ? undefined : this.get(vgpuId);
  }

  #enter(claim: Claim, how: "add" | "remove"): void {
    const { vgpuId, claimId } = claim;
    this.#claimIds[how](claimId, vgpuId);
    const reservation = hasSlice(claim) ? claim.reservation?.claimId : claimId;
    if (reservation !== undefined) this.#reservations[how](reservation, vgpuId);
    if (hasSlice(claim)) this.#operations[how](claim.operation.id, vgpuId);
    for (const { requestId } of requestsOf(claim)) this.#requests[how](requestId, vgpuId);
  }
}

/** The requests that a claim remembers, with those of the reservation that it was bound from. */
export function requestsOf(claim: Claim): readonly RememberedRequest[] {
  const bound = hasSlice(claim) ? (claim.reservation?.requests ?? []) : [];
  return bound.length === 0 ? claim.requests : [...claim.requests, ...bound];
}

/** Which claims have a value. As a rule one has; where a folder was put together by hand, the first of them counts. */
class Key {
  readonly #bearers = new Map<string, VgpuId | readonly VgpuId[]>();

  add(value: string, vgpuId: VgpuId): void {
    const others = this.#all(value);
    // A list for each would be most of what a tombstone takes in memory.
    this.#bearers.set(value, others.length === 0 ? vgpuId : [...others, vgpuId]);
  }

  remove(value: string, vgpuId: VgpuId): void {
    const others = this.#all(value).filter((id) => id !== vgpuId);
    if (others.length === 0) this.#bearers.delete(value);
    else this.#bearers.set(value, others);
  }

  first(value: string): VgpuId | undefined {
    return this.#all(value)[0];
  }

  #all(value: string): readonly VgpuId[] {
    const bearers = this.#bearers.get(value) ?? [];
    return typeof bearers === "string" ? [bearers] : bearers;
  }
}
