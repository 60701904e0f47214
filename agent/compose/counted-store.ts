// The ledger's store, with every write timed and counted.
import type { Clock } from "../core/clock.ts";
import type { LedgerStore } from "../lifecycle/ledger.ts";
import type { Recorder } from "../observation/recorder.ts";

export function countedStore(
  store: LedgerStore,
  recorder: Pick<Recorder, "ledgerWrite">,
  clock: Pick<Clock, "now">,
): LedgerStore {
  const timed = async (work: () => Promise<void>): Promise<void> => {
    const begun = clock.now();
    let failed = true;
    try {
      await work();
      failed = false;
    } finally {
      recorder.ledgerWrite({ seconds: (clock.now() - begun) / 1000, failed });
    }
  };
  return {
    write: (claim) => timed(() => store.write(claim)),
    erase: (vgpuId) => timed(() => store.erase(vgpuId)),
    // Of nothing that was asked for.
    probe: () => store.probe(),
    list: () => store.list(),
  };
}
