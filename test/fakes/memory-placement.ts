// A Placement in memory: hosts with a GPU each, what is booked of them, and refusals as the real one has them.
import type { SchedulePlacement } from "../../agent/cli/schedule/placement-port.ts";
import { PlacementError } from "../../agent/placement/errors.ts";
import { CALLERS_TRAITS } from "../../agent/schedulers/placement/names.ts";
import type {
  Allocation,
  AtGeneration,
  Candidate,
  Claim,
  Inventories,
  Provider,
  Resources,
  TraitsBorne,
  Usage,
} from "../../agent/placement/model.ts";

const ROOT = "10000000-0000-4000-8000-";
const GPU = "20000000-0000-4000-8000-";

/** What it is asked next goes wrong so, before or after it is done. */
export interface Mishap {
  readonly of: "claim" | "release" | "allocation" | "candidates" | "tree" | "bearing";
  readonly when: "before" | "after";
  readonly error: Error;
}

export class MemoryPlacement implements SchedulePlacement {
  /** Claims and releases, as they came. */
  readonly changes: string[] = [];
  readonly queries: string[] = [];
  readonly claims = new Map<string, Claim>();
  readonly mishaps: Mishap[] = [];
  /** Of GPUs' providers, by UUID. */
  readonly traits = new Map<string, readonly string[]>();
  /** Before 1.38 consumers have no type: whatever they were given, none is told. */
  isOld = false;
  /** Before each answer where a provider is. */
  beforeTree = (): Promise<void> => Promise.resolve();
  readonly #providers: Provider[] = [];
  readonly #totals = new Map<string, Resources>();

  /** The UUID of its GPU's provider. Candidates are in the order of hosts. */
  addHost(host: string, totals: Resources): string {
    const number = String(this.#totals.size + 1).padStart(12, "0");
    const [root, gpu] = [`${ROOT}${number}`, `${GPU}${number}`];
    const generation = 1;
    this.#providers.push(
      { uuid: root, name: host, generation, parent: undefined, root },
      { uuid: gpu, name: `${host}_vgpud_0000_00_02_0`, generation, parent: root, root },
    );
    this.#totals.set(gpu, totals);
    return gpu;
  }

  knowsConsumerTypes(): Promise<boolean> {
    return Promise.resolve(!this.isOld);
  }

  all(): Promise<readonly Provider[]> {
    return Promise.resolve(this.#providers);
  }

  async bearing({ required, forbidden }: TraitsBorne): Promise<readonly Provider[]> {
    return await this.#mishandled("bearing", () =>
      this.#providers.filter(({ uuid }) => {
        const traits = this.traits.get(uuid) ?? [];
        return (
          required.every((each) => traits.includes(each)) && !forbidden.some((each) => traits.includes(each))
        );
      }),
    );
  }

  providerNamed(name: string): Promise<Provider | undefined> {
    return Promise.resolve(this.#providers.find((each) => each.name === name));
  }

  known(_: "resource_classes" | "traits", names: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(names.filter((name) => this.#knownTraits.has(name))));
  }

  async tree(uuid: string): Promise<readonly Provider[]> {
    await this.beforeTree();
    return await this.#mishandled("tree", () => {
      const root = this.#providers.find((each) => each.uuid === uuid)?.root;
      return this.#providers.filter((each) => each.root === root);
    });
  }

  inventories(uuid: string): Promise<AtGeneration<Inventories>> {
    const one = { reserved: 0, minUnit: 1, stepSize: 1, allocationRatio: 1 };
    const totals = Object.entries(this.#totals.get(uuid) ?? {});
    const value = Object.fromEntries(
      totals.map(([name, total]) => [name, { ...one, total, maxUnit: total }]),
    );
    return Promise.resolve({ generation: 1, value });
  }

  usages(uuid: string): Promise<AtGeneration<readonly Usage[]>> {
    const value = [...this.claims].flatMap(([consumer, { allocations }]) => {
      const resources = allocations.get(uuid);
      return resources === undefined ? [] : [{ consumer, resources }];
    });
    return Promise.resolve({ generation: 1, value });
  }

  async allocation(consumer: string): Promise<Allocation> {
    return await this.#mishandled("allocation", () => {
      const claim = this.claims.get(consumer);
      return {
        byProvider: claim?.allocations ?? new Map<string, Resources>(),
        generation: claim && 1,
        projectId: claim?.projectId,
        userId: claim?.userId,
        consumerType: this.isOld ? undefined : claim?.consumerType,
      };
    });
  }

  async candidates(query: string): Promise<readonly Candidate[]> {
    this.queries.push(query);
    return await this.#mishandled("candidates", () => {
      refuseContradiction(query);
      this.#refuseUnknown(query);
      const wanted = resourcesIn(query);
      const limit = Number(new URLSearchParams(query).get("limit") ?? Infinity);
      return [...this.#totals.keys()]
        .filter((gpu) => this.#hasRoom(gpu, wanted))
        .slice(0, limit)
        .map((gpu) => ({
          allocations: new Map([[gpu, wanted]]),
          mappings: new Map([["_GPU", [gpu]]]),
          counted: new Map([[gpu, new Set(Object.keys(this.#totals.get(gpu) ?? {}))]]),
        }));
    });
  }

  async claim(consumer: string, claim: Claim): Promise<void> {
    this.changes.push(`claim ${[...claim.allocations.keys()].join(" ")}`);
    await this.#mishandled("claim", () => {
      if (this.claims.has(consumer))
        throw new PlacementError("conflict", "the consumer has something already");
      for (const [gpu, wanted] of claim.allocations)
        if (!this.#hasRoom(gpu, wanted)) throw new PlacementError("no-capacity", "over capacity");
      this.claims.set(consumer, claim);
    });
  }

  async releaseUnchanged(consumer: string, read: Allocation, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.changes.push("release");
    await this.#mishandled("release", () => {
      if (this.claims.get(consumer)?.allocations !== read.byProvider)
        throw new PlacementError("conflict", "the consumer has changed");
      this.claims.delete(consumer);
    });
  }

  async #mishandled<T>(of: Mishap["of"], work: () => T): Promise<T> {
    await Promise.resolve();
    const at = this.mishaps.findIndex((each) => each.of === of);
    const [mishap] = at < 0 ? [] : this.mishaps.splice(at, 1);
    if (mishap?.when === "before") throw mishap.error;
    const done = work();
    if (mishap !== undefined) throw mishap.error;
    return done;
  }

  get #knownTraits(): ReadonlySet<string> {
    return new Set([...CALLERS_TRAITS, ...[...this.traits.values()].flat()]);
  }

  /** In the words of the real one (placement/util.py). */
  #refuseUnknown(query: string): void {
    const unknown = traitsIn(query).filter((trait) => !this.#knownTraits.has(trait.replace("!", "")));
    if (unknown.length === 0) return;
    throw new PlacementError("refused", `No such trait(s): ${unknown.join(", ")}.`, { status: 400 });
  }

  #hasRoom(gpu: string, wanted: Resources): boolean {
    const totals = this.#totals.get(gpu) ?? {};
    const held = [...this.claims.values()].map(({ allocations }) => allocations.get(gpu) ?? {});
    return Object.entries(wanted).every(([name, amount]) => {
      const used = held.reduce((sum, each) => sum + (each[name] ?? 0), 0);
      return used + amount <= (totals[name] ?? 0);
    });
  }
}

function resourcesIn(query: string): Resources {
  const written = new URLSearchParams(query).get("resources_GPU") ?? "";
  const pairs = written.split(",").map((pair) => pair.split(":"));
  return Object.fromEntries(pairs.map(([name = "", amount]) => [name, Number(amount)]));
}

/** Forbidden ones begin with an exclamation mark. */
function traitsIn(query: string): readonly string[] {
  const written = new URLSearchParams(query).get("required_GPU");
  return written === null ? [] : written.split(",");
}

/** In the words of the real one (placement/lib.py). */
function refuseContradiction(query: string): void {
  const traits = traitsIn(query);
  const both = traits.filter((trait) => traits.includes(`!${trait}`));
  if (both.length === 0) return;
  const message = `Conflicting required and forbidden traits found in the following traits keys: required_GPU: (${both.join(", ")})`;
  throw new PlacementError("refused", message, { status: 400 });
}
