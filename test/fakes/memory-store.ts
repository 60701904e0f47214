// A ledger store that forgets nothing while the test runs, and fails, waits or dies when told to.
import type { VgpuId } from "../../agent/core/ids.ts";
import type { Claim } from "../../agent/lifecycle/claim.ts";
import type { LedgerStore } from "../../agent/lifecycle/ledger.ts";

/** What happens around one write or erase. Whoever does nothing lets it happen. */
export type StoreGate = (record: Claim | "erase" | "probe") => Promise<void>;

const open: StoreGate = () => Promise.resolve();

export class MemoryStore implements LedgerStore {
  readonly #records = new Map<VgpuId, Claim>();
  /** Runs before a record changes; a rejection keeps it as it was, a promise that hangs is a disk that hangs. */
  before: StoreGate = open;
  /** Runs after a record changed, before anybody is told. */
  after: StoreGate = open;

  async write(claim: Claim): Promise<void> {
    await this.before(claim);
    this.#records.set(claim.vgpuId, claim);
    await this.after(claim);
  }

  async erase(vgpuId: VgpuId): Promise<void> {
    await this.before("erase");
    this.#records.delete(vgpuId);
    await this.after("erase");
  }

  async probe(): Promise<void> {
    await this.before("probe");
  }

  list(): Promise<ReadonlySet<VgpuId>> {
    return Promise.resolve(new Set(this.#records.keys()));
  }

  /** As a folder that was taken away and came back empty. */
  lose(): void {
    this.#records.clear();
  }

  /** What a new agent would read at its start. */
  get records(): Claim[] {
    return [...this.#records.values()];
  }

  /** No write succeeds until `heal` is called. */
  breakDown(why = "no space left on device"): void {
    this.before = () => Promise.reject(new Error(why));
  }

  /** Writes hang until the returned function lets all of them through. */
  hang(): () => void {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.before = () => gate;
    return () => {
      this.heal();
      release();
    };
  }

  heal(): void {
    this.before = open;
    this.after = open;
  }
}
