// The claims of this host, in memory by every key that is asked for and on disk before anybody is told (law 1).
import { AgentError, messageOf } from "../core/errors.ts";
import type { ClaimId, DomainId, VgpuId } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import { hasSlice, type Claim, type DomainClaim, type RememberedRequest, type SliceClaim } from "./claim.ts";
import { ClaimIndex, requestsOf } from "./claim-index.ts";

/** Keeps claims over a crash. Implemented in host/ledger-files.ts. */
export interface LedgerStore {
  /** Resolves when the record would survive a power cut. After a rejection it has this record, or what it had before. */
  write(claim: Claim): Promise<void>;
  erase(vgpuId: VgpuId): Promise<void>;
  /** Resolves when a record could be written now. Leaves nothing. */
  probe(): Promise<void>;
  /** The claims that it has a record of. */
  list(): Promise<ReadonlySet<VgpuId>>;
}

export class Ledger {
  readonly #store: LedgerStore;
  readonly #onTrouble: (trouble: string | undefined) => void;
  readonly #claims = new ClaimIndex();
  /** The claims that may be acted on: as the store has them, or what only gives back and goes ahead of it. */
  readonly #accepted = new Map<VgpuId, Claim>();
  /** Of these the store may have another record than the accepted one, since it failed while it was told of one. */
  readonly #inDoubt = new Set<VgpuId>();
  /** Writes of one claim reach the disk in the order they were made. */
  readonly #writes = new KeyedLock<VgpuId>();
  readonly #onChange = new Set<() => void>();
  readonly #onRelief = new Set<() => void>();
  readonly #settling = new KeyedLock<"doubts">();
  #trouble: string | undefined;
  #version = 0;

  /** `onTrouble` hears why the store takes no records, and when it does again. */
  constructor(
    store: LedgerStore,
    claims: readonly Claim[],
    onTrouble: (trouble: string | undefined) => void = () => undefined,
  ) {
    this.#store = store;
    this.#onTrouble = onTrouble;
    for (const claim of claims) {
      this.#claims.set(claim.vgpuId, claim);
      this.#accepted.set(claim.vgpuId, claim);
    }
  }

  /** Another one whenever a record has changed, or `trouble`. */
  get version(): number {
    return this.#version;
  }

  /** Tells of each new version. */
  onChange(listener: () => void): void {
    this.#onChange.add(listener);
  }

  /** Tells when the store took a record in spite of a trouble: it may be worth healing. */
  onRelief(listener: () => void): void {
    this.#onRelief.add(listener);
  }

  /** Why the store has not taken a record, or has lost some; undefined once it was healed. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Every record, tombstones last. */
  all(): Claim[] {
    return [...this.#claims.living(), ...this.#claims.ended()];
  }

  /** The claims that have not ended; tombstones may be many times as many. */
  living(): Claim[] {
    return [...this.#claims.living()];
  }

  /** The tombstones, in no order. */
  ended(): Claim[] {
    return [...this.#claims.ended()];
  }

  get(vgpuId: VgpuId): Claim | undefined {
    return this.#claims.get(vgpuId);
  }

  /**
   * As `get`, when all that was asked of the claim until now is on disk, or goes ahead of it: only then may the host be
   * changed for it (law 1).
   */
  async written(vgpuId: VgpuId): Promise<Claim | undefined> {
    for (;;) {
      await this.#writes.run(vgpuId, () => Promise.resolve());
      const claim = this.#claims.get(vgpuId);
      // Something may have been asked since the wait began; it has to be on disk, too.
      if (claim === this.#accepted.get(vgpuId)) return claim;
    }
  }

  /** Throws LEDGER_UNAVAILABLE when what was asked of the claim goes ahead of the store: a crash would undo it. */
  refuseUnwritten(vgpuId: VgpuId): void {
    const claim = this.#claims.get(vgpuId);
    if (claim && this.#inDoubt.has(vgpuId))
      throw unavailable(`claim ${claim.claimId} is led on and cannot be written down`, claim, this.#trouble);
  }

  byClaimId(claimId: ClaimId): Claim | undefined {
    return this.#claims.byClaimId(claimId);
  }

  /** The reservation of that name, or the claim that was bound from it. */
  byReservation(claimId: ClaimId): Claim | undefined {
    return this.#claims.byReservation(claimId);
  }

  /** The domain's own claim; one for somebody else's domain does not answer for it, nor does a tombstone: the UUID may be used again. */
  byDomainId(domainId: DomainId): DomainClaim | undefined {
    return this.#livingDomain(({ id }) => id === domainId);
  }

  byDomainName(name: string): DomainClaim | undefined {
    return this.#livingDomain((domain) => domain.name === name);
  }

  byOperation(operationId: string): SliceClaim | undefined {
    const claim = this.#claims.byOperation(operationId);
    return claim && hasSlice(claim) ? claim : undefined;
  }

  byRequest(requestId: string): { claim: Claim; request: RememberedRequest } | undefined {
    const claim = this.#claims.byRequest(requestId);
    const request = claim && requestsOf(claim).find((remembered) => remembered.requestId === requestId);
    return request && { claim, request };
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
    const failure = await this.#tell(claim, () => undefined);
    if (failure === undefined) return;
    // A later put may wait for its turn: it counts until it is its turn to fail.
    const { vgpuId } = claim;
    if (this.#claims.get(vgpuId) === claim) this.#set(vgpuId, this.#accepted.get(vgpuId));
    throw unavailable(`claim ${claim.claimId} cannot be written down, so nothing was done`, claim, failure);
  }

  /**
   * As `put`, for what takes no room and promises nobody anything, as that a domain is to go: it holds even where it cannot
   * be written, since a host whose disk fails must be able to give back. It is written once the disk is back; after a crash
   * before that it is as if it had never been asked.
   */
  async putAhead(claim: Claim): Promise<void> {
    await this.#tell(claim, () => this.#accepted.set(claim.vgpuId, claim));
  }

  /** Forgets a claim that left nothing behind, unless something is asked of it meanwhile. */
  async erase(vgpuId: VgpuId): Promise<void> {
    const claim = this.#claims.get(vgpuId);
    if (!claim) return;
    const erased = async (): Promise<void> => {
      await this.#store.erase(vgpuId);
      this.#accepted.delete(vgpuId);
    };
    try {
      await this.#inTurn(vgpuId, erased);
    } catch (error) {
      throw unavailable(`claim ${claim.claimId} is over and cannot be erased`, claim, error);
    }
    if (this.#claims.get(vgpuId) === claim) this.#set(vgpuId, undefined);
  }

  /**
   * Tries the store again after a trouble, which is over when the store has every record again: a folder that was taken away
   * comes back without them. Resolves with how many it had to be told anew; rejects while the trouble lasts.
   */
  async heal(): Promise<number> {
    let lost = 0;
    try {
      await this.#store.probe();
      lost = await this.#tellLost();
      // Last, and again: whatever failed meanwhile is in doubt by now.
      do await this.#settleDoubts();
      while (this.#inDoubt.size > 0);
    } catch (error) {
      this.#setTrouble(messageOf(error));
      throw error;
    }
    this.#setTrouble(undefined);
    return lost;
  }

  async #tellLost(): Promise<number> {
    // Before the store is asked: a claim that is written meanwhile is not lost.
    const accepted = [...this.#accepted.keys()];
    const kept = await this.#store.list();
    let told = 0;
    for (const vgpuId of accepted.filter((id) => !kept.has(id)))
      await this.#inTurn(vgpuId, async () => {
        const claim = this.#accepted.get(vgpuId);
        // Erased meanwhile.
        if (!claim) return;
        await this.#store.write(claim);
        told += 1;
      });
    return told;
  }

  /** Resolves with why the store could not be told, once `otherwise` was done. */
  async #tell(claim: Claim, otherwise: () => void): Promise<unknown> {
    const { vgpuId } = claim;
    this.#set(vgpuId, claim);
    const written = async (): Promise<void> => {
      await this.#store.write(claim);
      this.#accepted.set(vgpuId, claim);
    };
    try {
      await this.#inTurn(vgpuId, written, otherwise);
    } catch (error) {
      return error;
    }
    if (this.#trouble !== undefined) for (const listener of this.#onRelief) listener();
    return undefined;
  }

  /**
   * What the store has, or half heard, is known before the next in line begins: that one settles doubts first, and goes back to
   * what was accepted when it fails itself.
   */
  async #inTurn(
    vgpuId: VgpuId,
    tell: () => Promise<void>,
    otherwise: () => void = () => undefined,
  ): Promise<void> {
    await this.#writes.run(vgpuId, async () => {
      try {
        await this.#settleDoubts();
        await tell();
      } catch (error) {
        otherwise();
        this.#inDoubt.add(vgpuId);
        this.#setTrouble(messageOf(error));
        throw error;
      }
    });
  }

  /**
   * A rename whose folder could not be synced may have reached the disk: what was refused for it would be there again after
   * a restart. So nothing is written before the store has heard anew how those claims stand. A claim in doubt is not being
   * written meanwhile: whoever writes it waits here first.
   */
  async #settleDoubts(): Promise<void> {
    if (this.#inDoubt.size === 0) return;
    await this.#settling.run("doubts", async () => {
      for (const vgpuId of [...this.#inDoubt]) {
        const claim = this.#accepted.get(vgpuId);
        await (claim ? this.#store.write(claim) : this.#store.erase(vgpuId));
        this.#inDoubt.delete(vgpuId);
      }
    });
  }

  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#changed();
    this.#onTrouble(trouble);
  }

  #set(vgpuId: VgpuId, claim: Claim | undefined): void {
    if (claim) this.#claims.set(vgpuId, claim);
    else this.#claims.delete(vgpuId);
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#onChange) listener();
  }

  #livingDomain(matches: (domain: DomainClaim["domain"]) => boolean): DomainClaim | undefined {
    for (const claim of this.#claims.living())
      if (claim.kind === "domain" && matches(claim.domain)) return claim;
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
