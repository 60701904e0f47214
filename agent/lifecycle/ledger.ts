// The claims of this host, in memory by every key that is asked for and on disk before anybody is told (law 1).
import { AgentError, messageOf } from "../core/errors.ts";
import type { ClaimId, DomainId, VgpuId } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import { hasSlice, type Claim, type DomainClaim, type RememberedRequest, type SliceClaim } from "./claim.ts";

/** Keeps claims over a crash. Implemented in host/ledger-files.ts. */
export interface LedgerStore {
  /** Resolves when the record would survive a power cut. */
  write(claim: Claim): Promise<void>;
  erase(vgpuId: VgpuId): Promise<void>;
}

export class Ledger {
  readonly #store: LedgerStore;
  readonly #claims = new Map<VgpuId, Claim>();
  /** The claims as the store has them. */
  readonly #stored = new Map<VgpuId, Claim>();
  /** Writes of one claim reach the disk in the order they were made. */
  readonly #writes = new KeyedLock<VgpuId>();
  readonly #onChange = new Set<() => void>();
  #version = 0;

  constructor(store: LedgerStore, claims: readonly Claim[]) {
    this.#store = store;
    for (const claim of claims) {
      this.#claims.set(claim.vgpuId, claim);
      this.#stored.set(claim.vgpuId, claim);
    }
  }

  /** Another one whenever a record has changed. */
  get version(): number {
    return this.#version;
  }

  /** Tells of each new version. */
  onChange(listener: () => void): void {
    this.#onChange.add(listener);
  }

  /** Every record, tombstones included, by vGPU id. */
  all(): Claim[] {
    return [...this.#claims.values()].sort((a, b) => (a.vgpuId < b.vgpuId ? -1 : 1));
  }

  /** The claims that have not ended; tombstones may be many times as many. */
  living(): Claim[] {
    return [...this.#claims.values()].filter(({ state }) => state !== "gone");
  }

  get(vgpuId: VgpuId): Claim | undefined {
    return this.#claims.get(vgpuId);
  }

  /** As `get`, when all that was asked of the claim until now is on disk: only then may the host be changed for it (law 1). */
  async written(vgpuId: VgpuId): Promise<Claim | undefined> {
    for (;;) {
      await this.#writes.run(vgpuId, () => Promise.resolve());
      const claim = this.#claims.get(vgpuId);
      // Something may have been asked since the wait began; it has to be on disk, too.
      if (claim === this.#stored.get(vgpuId)) return claim;
    }
  }

  byClaimId(claimId: ClaimId): Claim | undefined {
    return this.#find((claim) => claim.claimId === claimId);
  }

  /** The reservation of that name, or the claim that was bound from it. */
  byReservation(claimId: ClaimId): Claim | undefined {
    return this.#find((claim) =>
      claim.kind === "reservation" ? claim.claimId === claimId : claim.reservation?.claimId === claimId,
    );
  }

  /** The domain's own claim; one for somebody else's domain does not answer for it, nor does a tombstone: the UUID may be used again. */
  byDomainId(domainId: DomainId): DomainClaim | undefined {
    return this.#livingDomain(({ id }) => id === domainId);
  }

  byDomainName(name: string): DomainClaim | undefined {
    return this.#livingDomain((domain) => domain.name === name);
  }

  byOperation(operationId: string): SliceClaim | undefined {
    for (const claim of this.#claims.values())
      if (hasSlice(claim) && claim.operation.id === operationId) return claim;
    return undefined;
  }

  byRequest(requestId: string): { claim: Claim; request: RememberedRequest } | undefined {
    for (const claim of this.#claims.values()) {
      const bound = hasSlice(claim) ? (claim.reservation?.requests ?? []) : [];
      const request = [...claim.requests, ...bound].find((remembered) => remembered.requestId === requestId);
      if (request) return { claim, request };
    }
    return undefined;
  }

  /** What the claims take, whether the kernel shows it yet or not. A promise given is room taken. */
  holdings(): Claim[] {
    return this.living().filter(holdsRoom);
  }

  /**
   * Makes a claim durable. It counts from the moment of the call, so that two requests cannot be promised the same room;
   * when it cannot be written it is as if it had never been asked.
   */
  async put(claim: Claim): Promise<void> {
    const { vgpuId } = claim;
    this.#set(vgpuId, claim);
    try {
      await this.#writes.run(vgpuId, () => this.#store.write(claim));
      this.#stored.set(vgpuId, claim);
    } catch (error) {
      // A later put may wait for its turn: it counts until it is its turn to fail.
      if (this.#claims.get(vgpuId) === claim) this.#restore(vgpuId);
      throw unavailable(`claim ${claim.claimId} cannot be written down, so nothing was done`, claim, error);
    }
  }

  /** Forgets a claim that left nothing behind, unless something is asked of it meanwhile. */
  async erase(vgpuId: VgpuId): Promise<void> {
    const claim = this.#claims.get(vgpuId);
    if (!claim) return;
    try {
      await this.#writes.run(vgpuId, () => this.#store.erase(vgpuId));
    } catch (error) {
      throw unavailable(`claim ${claim.claimId} is over and cannot be erased`, claim, error);
    }
    this.#stored.delete(vgpuId);
    if (this.#claims.get(vgpuId) === claim) this.#set(vgpuId, undefined);
  }

  #restore(vgpuId: VgpuId): void {
    this.#set(vgpuId, this.#stored.get(vgpuId));
  }

  #set(vgpuId: VgpuId, claim: Claim | undefined): void {
    this.#version += 1;
    if (claim) this.#claims.set(vgpuId, claim);
    else this.#claims.delete(vgpuId);
    for (const listener of this.#onChange) listener();
  }

  #find(matches: (claim: Claim) => boolean): Claim | undefined {
    for (const claim of this.#claims.values()) if (matches(claim)) return claim;
    return undefined;
  }

  #livingDomain(matches: (domain: DomainClaim["domain"]) => boolean): DomainClaim | undefined {
    for (const claim of this.#claims.values())
      if (claim.kind === "domain" && claim.state !== "gone" && matches(claim.domain)) return claim;
    return undefined;
  }
}

/** A stopped domain that released its slice takes no room until it is to run again; every other living claim does. */
export function holdsRoom({ state, goal, domain }: Claim): boolean {
  const released = state === "stopped" && goal === "stopped" && domain.onStop === "release";
  return state !== "gone" && !released;
}

function unavailable(message: string, { claimId }: Claim, cause: unknown): AgentError {
  return new AgentError("LEDGER_UNAVAILABLE", `${message}: ${messageOf(cause)}`, {
    details: { claim_id: claimId },
    cause,
  });
}
