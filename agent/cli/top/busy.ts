// How busy domains keep the host's CPUs and the engines of its GPUs, from what two looks say of the time they have used.
import type { Domain, DomainUsage } from "../../../proto/gen/vgpud/v1/domain.ts";

/** Percent; undefined while a domain is off, where nobody counts it, and before the second look. */
export interface Busy {
  /** Of one CPU, of which a domain may use several. */
  readonly cpu: number | undefined;
  /** Of its busiest class of engines of a GPU: engines of several classes work side by side. */
  readonly gpu: number | undefined;
}

export class BusyDomains {
  readonly #cpus = new Shares();
  readonly #engines = new Shares();

  /** By UUID, of a look at all of them. */
  add(domains: readonly Domain[]): ReadonlyMap<string, Busy> {
    const cpus = this.#cpus.add(domains.map(({ uuid, usage }) => [uuid, cpuCounted(usage)]));
    const engines = this.#engines.add(domains.flatMap(enginesCounted));
    return new Map(
      domains.map((domain) => {
        const shares = enginesCounted(domain).flatMap(([engine]) => engines.get(engine) ?? []);
        const gpu = shares.length === 0 ? undefined : Math.max(...shares);
        return [domain.uuid, { cpu: cpus.get(domain.uuid), gpu }];
      }),
    );
  }
}

/** What something had worked in all at a time. */
interface Counted {
  readonly seconds: number;
  readonly atMs: number;
}

interface Sample extends Counted {
  /** Percent; undefined before the second reading. */
  readonly share: number | undefined;
}

/** Percent of the time between two readings that things worked, by their keys. */
class Shares {
  #samples: ReadonlyMap<string, Sample> = new Map();

  add(all: readonly (readonly [key: string, counted: Counted | undefined])[]): ReadonlyMap<string, number> {
    this.#samples = new Map(
      all.flatMap(([key, counted]) =>
        counted === undefined ? [] : [[key, sampleOf(counted, this.#samples.get(key))] as const],
      ),
    );
    return new Map(
      [...this.#samples].flatMap(([key, { share }]) => (share === undefined ? [] : [[key, share] as const])),
    );
  }
}

function sampleOf({ seconds, atMs }: Counted, before: Sample | undefined): Sample {
  // The same reading again says nothing new.
  if (before?.atMs === atMs) return before;
  // Less time than before is another run of the domain.
  const known = before !== undefined && atMs > before.atMs && seconds >= before.seconds;
  const share = known ? ((seconds - before.seconds) / ((atMs - before.atMs) / 1000)) * 100 : undefined;
  return { seconds, atMs, share };
}

function cpuCounted(usage: DomainUsage | undefined): Counted | undefined {
  return counted(usage?.cpuTime, usage?.sampleTime);
}

function enginesCounted({ uuid, usage }: Domain): readonly (readonly [string, Counted | undefined])[] {
  return (usage?.gpus ?? []).flatMap(({ gpu, engines, sampleTime }) =>
    engines.map(
      ({ engine, busyTime }) => [`${uuid} ${gpu} ${engine}`, counted(busyTime, sampleTime)] as const,
    ),
  );
}

function counted(time: DomainUsage["cpuTime"], at: Date | undefined): Counted | undefined {
  if (time === undefined || at === undefined) return undefined;
  return { seconds: Number(time.seconds) + time.nanos / 1e9, atMs: at.getTime() };
}
