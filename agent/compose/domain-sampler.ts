// The readings of what domains use: how often, how far back, and what an operator hears of those that fail.
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import type { LibvirtHost } from "../host/libvirt.ts";
import { DomainSampler } from "../observation/domain-sampler.ts";
import type { DomainStatsHistory } from "../observation/domain-stats.ts";
import type { Recorder } from "../observation/recorder.ts";
import { failingLog } from "./failing-log.ts";

/** Half a minute would lose the shape of a load; less would wake an idle host for nothing. */
const INTERVAL_MS = 15_000;
/** A reading takes libvirt milliseconds; what takes longer hangs. */
const DEADLINE_MS = 5_000;

/** Scrapes take readings too: those that come soon after another are not kept. */
export const HISTORY = { spanMs: 600_000, spacingMs: INTERVAL_MS - 5_000 };

export function composeSampler(parts: {
  readonly libvirt: LibvirtHost;
  readonly domainHistory: DomainStatsHistory;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly cut: AbortSignal;
}): DomainSampler {
  const { libvirt, domainHistory, recorder, log, cut } = parts;
  const tell = failingLog(log, "libvirt does not say what domains use");
  return new DomainSampler({
    ...{ source: libvirt, history: domainHistory, clock, stop: cut },
    ...{ intervalMs: INTERVAL_MS, deadlineMs: DEADLINE_MS },
    onReading: ({ seconds, error }) => {
      const failed = error !== undefined;
      // That libvirt is away is logged and shown where it is connected; nothing was asked then.
      if (failed && !libvirt.status.connected) return;
      recorder.domainReading({ seconds, failed });
      tell(error);
    },
  });
}
