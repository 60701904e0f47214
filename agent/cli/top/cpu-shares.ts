// How busy domains keep the host's CPUs, from what two looks say of the time they have used.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";

interface Sample {
  readonly cpuSeconds: number;
  readonly atMs: number;
  /** Percent of one CPU; undefined before the second sample. */
  readonly share: number | undefined;
}

export class CpuShares {
  #samples: ReadonlyMap<string, Sample> = new Map();

  /** Percent of one CPU by UUID, for domains that were seen running before. */
  add(domains: readonly Domain[]): ReadonlyMap<string, number> {
    const samples = domains.flatMap((domain) => {
      const sample = sampleOf(domain, this.#samples.get(domain.uuid));
      return sample === undefined ? [] : [[domain.uuid, sample] as const];
    });
    this.#samples = new Map(samples);
    return new Map(
      samples.flatMap(([uuid, { share }]) => (share === undefined ? [] : [[uuid, share] as const])),
    );
  }
}

function sampleOf({ usage }: Domain, before: Sample | undefined): Sample | undefined {
  if (usage?.cpuTime === undefined || usage.sampleTime === undefined) return undefined;
  const cpuSeconds = Number(usage.cpuTime.seconds) + usage.cpuTime.nanos / 1e9;
  const atMs = usage.sampleTime.getTime();
  // The same reading again says nothing new.
  if (before?.atMs === atMs) return before;
  // Less time than before is another run of the domain.
  const known = before !== undefined && atMs > before.atMs && cpuSeconds >= before.cpuSeconds;
  const share = known ? ((cpuSeconds - before.cpuSeconds) / ((atMs - before.atMs) / 1000)) * 100 : undefined;
  return { cpuSeconds, atMs, share };
}
