// What domains use of GPUs that they render on (mode gvt-s), added up from what the drivers count of each open. Pure.
import type { DomainId, PciAddress } from "../core/ids.ts";
import {
  engineClasses,
  type ClientFigures,
  type EngineClass,
  type EngineTime,
} from "../discovery/drm-fdinfo.ts";
import { isAlive, type Gpu, type Inventory } from "../inventory/model.ts";
import { rendersOn } from "../inventory/standing.ts";

/** A QEMU that has a GPU's DRM node open. */
export interface RenderProcess {
  readonly pid: number;
  readonly domain: DomainId;
  /** By the driver's number of the open, which no other gets while the GPU has its driver. */
  readonly clients: ReadonlyMap<number, ClientFigures>;
}

/** Who can read them; of a kernel, what hostd is asked for. */
export interface RenderProcessSource {
  /** All that render on the GPU. Rejects when they cannot be read, or not all of them. */
  readonly processes: (gpu: PciAddress, signal: AbortSignal) => Promise<readonly RenderProcess[]>;
}

export interface DomainGpuUse {
  readonly domain: DomainId;
  readonly gpu: PciAddress;
  /** When it was counted, milliseconds since the epoch; may step. */
  readonly at: number;
  /** Seconds that engines of the class worked for it; only grow while it runs. */
  readonly engineSeconds: ReadonlyMap<EngineClass, number>;
  /** Bytes in place, by region. */
  readonly residentBytes: ReadonlyMap<string, number>;
}

/** GPUs that a running domain renders on, whoever made it; undefined while it is not known which domains there are. */
export function renderedOn({ gpus, domains }: Inventory): readonly Gpu[] | undefined {
  if (!domains.known) return undefined;
  const nodes = [...domains.value.values()]
    .filter(({ state }) => isAlive(state))
    .flatMap(({ renderNodes }) => renderNodes);
  return [...gpus.values()].filter((gpu) => nodes.some((node) => rendersOn(gpu, node)));
}

/** Of one process, from the reading in which it was first seen. */
interface Account {
  readonly pid: number;
  readonly domain: DomainId;
  readonly seconds: ReadonlyMap<EngineClass, number>;
  /** The most that was ever told of each open: what is told next may be a little less. */
  readonly clients: ReadonlyMap<number, ClientFigures["engines"]>;
  readonly atMs: number;
}

/**
 * Keeps the sums of one GPU: an open that is closed takes its figures with it, and what its domain has used must not become less.
 * A process that is gone is forgotten, so that a domain that is started again begins anew.
 */
export class GpuUseAccounts {
  #accounts: readonly Account[] = [];

  /** A reading of all processes: `atMs` by a clock that never steps back, `at` as in what is told of it. */
  add(
    processes: readonly RenderProcess[],
    { gpu, at, atMs }: { readonly gpu: PciAddress; readonly at: number; readonly atMs: number },
  ): readonly DomainGpuUse[] {
    // A domain has one, and must not have two series of one name.
    const one = [...new Map(processes.map((process) => [process.domain, process])).values()];
    this.#accounts = one.map((process) => {
      const { pid, domain } = process;
      const before = this.#accounts.find((known) => known.pid === pid && known.domain === domain);
      return continued(before, process, atMs);
    });
    return one.map(({ domain, clients }, index) => ({
      ...{ domain, gpu, at },
      engineSeconds: this.#accounts[index]?.seconds ?? new Map(),
      residentBytes: sums([...clients.values()].flatMap(({ residentBytes }) => [...residentBytes])),
    }));
  }
}

function continued(
  before: Account | undefined,
  { pid, domain, clients }: RenderProcess,
  atMs: number,
): Account {
  const elapsed = before && (atMs - before.atMs) / 1000;
  const added: [EngineClass, number][] = [];
  const highest = new Map<number, ClientFigures["engines"]>();
  for (const [id, { engines }] of clients) {
    const known = before?.clients.get(id) ?? {};
    const kept: Partial<Record<EngineClass, EngineTime>> = {};
    for (const engine of engineClasses) {
      const now = engines[engine];
      if (now === undefined) continue;
      const last = known[engine];
      added.push([engine, secondsSince(last, now, elapsed)]);
      kept[engine] = { ...now, busy: Math.max(now.busy, last?.busy ?? 0) };
    }
    highest.set(id, kept);
  }
  return { pid, domain, atMs, clients: highest, seconds: sums([...(before?.seconds ?? []), ...added]) };
}

/**
 * Nanoseconds count from the open on. Of cycles it is not said how long one is: only their share of those that passed since the
 * reading before can be told, and nothing of an open that is seen for the first time.
 */
function secondsSince(last: EngineTime | undefined, now: EngineTime, elapsed: number | undefined): number {
  const worked = Math.max(0, now.busy - (last?.busy ?? 0));
  if (now.unit === "nanoseconds") return worked / 1e9;
  if (last?.unit !== "cycles" || elapsed === undefined || now.total <= last.total) return 0;
  return (worked / (now.total - last.total)) * elapsed;
}

function sums<Key>(amounts: readonly (readonly [Key, number])[]): ReadonlyMap<Key, number> {
  const all = new Map<Key, number>();
  for (const [key, amount] of amounts) all.set(key, (all.get(key) ?? 0) + amount);
  return all;
}
