// What domains did between two readings, out of what the hypervisor had counted by then. Pure.
import type { DomainId } from "../../core/ids.ts";
import type { DomainStatsHistory, TotalsReading } from "../domain-stats.ts";
import type { Activity, History, Reading } from "./model.ts";

type Totals = NonNullable<ReturnType<TotalsReading["totals"]>>;

/** The last minutes; `now` is in milliseconds since the epoch. */
export function lastMinutes(history: DomainStatsHistory, now: number): History {
  const { spanMs } = history;
  const kept = history.since(now - spanMs);
  return { spanMs, readings: kept.map((reading, index) => readingOf(reading, kept[index - 1])) };
}

function readingOf(reading: TotalsReading, before: TotalsReading | undefined): Reading {
  const seconds = before && (reading.takenMs - before.takenMs) / 1000;
  const domains = new Map<DomainId, Activity>();
  for (const id of reading.ids) {
    const totals = reading.totals(id);
    if (totals) domains.set(id, activityOf(totals, before?.totals(id), seconds));
  }
  return { at: reading.at, domains };
}

function activityOf(after: Totals, before: Totals | undefined, seconds: number | undefined): Activity {
  const perSecond = (key: keyof Totals): number | undefined => {
    const [from, to] = [before?.[key], after[key]];
    if (seconds === undefined || from === undefined || to === undefined) return undefined;
    // A domain that was started anew counts from 0 again: what it did in between is not known.
    return to < from ? undefined : (to - from) / seconds;
  };
  return {
    cores: perSecond("cpuSeconds"),
    memoryBytes: after.residentBytes ?? after.memoryBytes,
    diskReadPerSecond: perSecond("diskReadBytes"),
    diskWritePerSecond: perSecond("diskWriteBytes"),
    receivedPerSecond: perSecond("receivedBytes"),
    sentPerSecond: perSecond("sentBytes"),
  };
}
