// The claims of this host, in memory by every key that is asked for and on disk before anybody is told (law 1).
import { AgentError } from "../core/errors.ts";
import type { ClaimId, DomainId, VgpuId } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Holding } from "../capacity/budget.ts";
import type { Claim, RememberedRequest } from "./claim.ts";

/** Keeps claims over a crash. Implemented in host/ledger-files.ts. */
export interface LedgerStore {
  /** Resolves when the record would survive a power cut. */
  write(claim: Claim): Promise<void>;
  erase(vgpuId: VgpuId): Promise<void>;
}

export class Ledger {
  readonly #store: LedgerStore;
  readonly #claims = new Map<VgpuId, Claim>();
  /** Writes of one claim reach the disk in the order they were made. */
  readonly #writes = new KeyedLock<VgpuId>();

  constructor(store: LedgerStore, claims: readonly Claim[]) {
    this.#store = store;
    for (const claim of claims) this.#claims.set(claim.vgpuId, claim);
  }

  /** Every record, tombstones included, by vGPU id. */
  all(): Claim[] {
    return [...this.#claims.values()].sort((a, b) => (a.vgpuId < b.vgpuId ? -1 : 1));
  }

  get(vgpuId: VgpuId): Claim | undefined {
    return this.#claims.get(vgpuId);
  }

  byClaimId(claimId: ClaimId): Claim | undefined {
    return this.#find((claim) => claim.claimId === claimId);
  }

  /** A tombstone does not answer for its domain: the UUID may be used again. */
  byDomainId(domainId: DomainId): Claim | undefined {
    return this.#find((claim) => claim.domain.id === domainId && claim.state !== "gone");
  }

  byDomainName(name: string): Claim | undefined {
    return this.#find((claim) => claim.domain.name === name && claim.state !== "gone");
  }

  byOperation(operationId: string): Claim | undefined {
    return this.#find((claim) => claim.operation.id === operationId);
  }

  byRequest(requestId: string): { claim: Claim; request: RememberedRequest } | undefined {
    for (const claim of this.#claims.values()) {
      const request = claim.requests.find((remembered) => remembered.requestId === requestId);
      if (request) return { claim, request };
    }
    return undefined;
  }

  /** What the claims take, whether the kernel shows it yet or not. A promise given is room taken. */
  holdings(): Holding[] {
    return this.all().filter(holdsRoom);
  }

  /**
   * Makes a claim durable. It counts from the moment of the call, so that two requests cannot be promised the same room;
   * when it cannot be written it is as if it had never been asked.
   */
  async put(claim: Claim): Promise<void> {
    const before = this.#claims.get(claim.vgpuId);
    this.#claims.set(claim.vgpuId, claim);
    try {
      await this.#writes.run(claim.vgpuId, () => this.#store.write(claim));
    } catch (error) {
      if (this.#claims.get(claim.vgpuId) === claim) {
        if (before) this.#claims.set(claim.vgpuId, before);
        else this.#claims.delete(claim.vgpuId);
      }
      throw new AgentError(
        "LEDGER_UNAVAILABLE",
        `claim ${claim.claimId} cannot be written down, so nothing was done`,
        {
          details: { claim_id: claim.claimId },
          cause: error,
        },
      );
    }
  }

  /** Forgets a claim that left nothing behind. */
  async erase(vgpuId: VgpuId): Promise<void> {
    await this.#writes.run(vgpuId, () => this.#store.erase(vgpuId));
    this.#claims.delete(vgpuId);
  }

  #find(matches: (claim: Claim) => boolean): Claim | undefined {
    for (const claim of this.#claims.values()) if (matches(claim)) return claim;
    return undefined;
  }
}

/** A stopped domain that releases its slice takes no room; every other living claim does. */
function holdsRoom({ state, domain }: Claim): boolean {
  return state !== "gone" && !(state === "stopped" && domain.onStop === "release");
}
