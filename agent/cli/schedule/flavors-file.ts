// The file of flavors: `NAME: { vcpus, memory, vgt_low_gm_sz, … }`. Everything that is wrong in it is told at once, by its place. Pure.
import { isMap, isScalar, type Pair } from "yaml";
import type { Mode } from "../../core/modes.ts";
import { brief, PlacedYaml, type PlacedFault } from "../../yaml/placed-yaml.ts";
import { pieces, type Flavor, type FlavorVgpu } from "./flavor.ts";
import { RESOURCES, saidBy, TRAIT, type Quantity, type Said } from "./flavor-keys.ts";
import { largestType, roundedUp, sizesText } from "./rounding.ts";

export interface Flavors {
  /** Those that are right, in the order of the file. */
  readonly flavors: readonly Flavor[];
  readonly faults: readonly PlacedFault[];
}

/** `name` is how the text is called in messages: its file. */
export function parseFlavors(text: string, name: string): Flavors {
  const yaml = new PlacedYaml(text, name);
  if (!yaml.isReadable) return { flavors: [], faults: yaml.faults };
  const { contents } = yaml;
  if (!isMap(contents) || contents.items.length === 0) {
    const what =
      "the file takes a mapping of flavors, as m1.gvt: { vcpus: 2, memory: 2G, vgt_low_gm_sz: 64 }";
    return { flavors: [], faults: [{ where: yaml.place(contents), what }] };
  }
  const read = contents.items.map((pair) => new FlavorReading(yaml, pair).flavor());
  const twice = new Set(
    repeatedIn(contents.items).map(({ key }) => (isScalar(key) ? String(key.value) : "?")),
  );
  return {
    flavors: read.flatMap(({ flavor }) => (flavor === undefined || twice.has(flavor.name) ? [] : [flavor])),
    faults: [...yaml.faults, ...read.flatMap(({ faults }) => faults)],
  };
}

/** Those whose key stands before them already, which is told of the text itself. */
function repeatedIn(pairs: readonly Pair[]): readonly Pair[] {
  const seen = new Set<unknown>();
  return pairs.filter(({ key }) => {
    if (!isScalar(key)) return false;
    const isRepeated = seen.has(key.value);
    seen.add(key.value);
    return isRepeated;
  });
}

interface Entry {
  readonly key: string;
  readonly where: string;
  readonly value: unknown;
}

/** One flavor. */
class FlavorReading {
  readonly #yaml: PlacedYaml;
  readonly #pair: Pair;
  readonly #name: string;
  readonly #faults: PlacedFault[] = [];
  readonly #amounts = new Map<Quantity, { readonly value: number; readonly key: string }>();
  readonly #traits = new Map<string, "required" | "forbidden">();
  #namesHighGm = false;
  #mode: Mode | undefined;
  /** What it means is not known then. */
  #isAmbiguous = false;

  constructor(yaml: PlacedYaml, pair: Pair) {
    this.#yaml = yaml;
    this.#pair = pair;
    this.#name = isScalar(pair.key) ? String(pair.key.value) : "?";
  }

  flavor(): { readonly flavor: Flavor | undefined; readonly faults: readonly PlacedFault[] } {
    for (const entry of this.#entries()) this.#take(entry, saidBy(entry.key, entry.value));
    // What is wrong is not missing as well.
    const flavor = this.#faults.length === 0 ? this.#whole() : undefined;
    const isRight = this.#faults.length === 0 && !this.#isAmbiguous;
    return { flavor: isRight ? flavor : undefined, faults: this.#faults };
  }

  /** Those of mappings below the two keys that may have some, as if each were written out. */
  #entries(): readonly Entry[] {
    const map = this.#yaml.resolved(this.#pair.value);
    if (!isMap(map)) {
      this.#fault(this.#place(this.#pair), "takes a mapping, with vcpus, memory and what is wanted of a GPU");
      return [];
    }
    return this.#once(map.items).flatMap((pair) => {
      const entry = this.#entry(pair);
      const below = this.#yaml.resolved(pair.value);
      if (!isMap(below) || (entry.key !== RESOURCES && entry.key !== TRAIT)) return [entry];
      return this.#once(below.items).map((each) => {
        const inner = this.#entry(each);
        return { ...inner, key: `${entry.key}:${inner.key}` };
      });
    });
  }

  #once(pairs: readonly Pair[]): readonly Pair[] {
    const repeated = repeatedIn(pairs);
    this.#isAmbiguous ||= repeated.length > 0;
    return pairs.filter((pair) => !repeated.includes(pair));
  }

  #entry(pair: Pair): Entry {
    const key = isScalar(pair.key) ? String(pair.key.value) : "?";
    return { key, where: this.#place(pair), value: this.#yaml.value(this.#yaml.resolved(pair.value)) };
  }

  #take({ key, where, value }: Entry, said: Said): void {
    switch (said.kind) {
      case "amount": {
        const before = this.#amounts.get(said.of);
        if (before && before.value !== said.value)
          this.#fault(where, `${key} says ${said.value}, and ${before.key} ${before.value}`);
        this.#amounts.set(said.of, { value: said.value, key });
        if (said.of === "highGmMib" && key.startsWith(`${RESOURCES}:`)) this.#namesHighGm ||= said.value > 0;
        return;
      }
      case "mode":
        this.#mode = said.mode;
        return;
      case "trait": {
        const before = this.#traits.get(said.trait);
        if (before !== undefined && before !== said.wanted)
          this.#fault(where, `${key} is both ${before} and ${said.wanted}`);
        this.#traits.set(said.trait, said.wanted);
        return;
      }
      case "nothing":
        return;
      case "wrong":
        this.#fault(where, wrongText(brief(key), value, said.why));
    }
  }

  #whole(): Flavor | undefined {
    const vcpus = this.#needed("vcpus", "vcpus");
    const memoryMib = this.#needed("memoryMib", "memory");
    const vgpu = this.#vgpu();
    if (vcpus === undefined || memoryMib === undefined || vgpu === undefined) return undefined;
    const traits = { required: this.#traitsThat("required"), forbidden: this.#traitsThat("forbidden") };
    return { name: this.#name, vcpus, memoryMib, vgpu, traits };
  }

  #traitsThat(are: "required" | "forbidden"): readonly string[] {
    return [...this.#traits].flatMap(([trait, wanted]) => (wanted === are ? [trait] : []));
  }

  #needed(quantity: Quantity, key: string): number | undefined {
    const said = this.#amounts.get(quantity);
    if (said === undefined) this.#fault(this.#place(this.#pair), `${key} is missing`);
    return said?.value;
  }

  #vgpu(): FlavorVgpu | undefined {
    const where = this.#place(this.#pair);
    const wanted = this.#modes();
    const [mode, other] = wanted;
    if (mode === undefined)
      this.#fault(where, "wants nothing of a GPU: say vgt_low_gm_sz and its like, or mode");
    else if (other !== undefined)
      this.#fault(where, `wants a vGPU of ${wanted.join(" and of ")}: a domain has one`);
    else return mode === "gvt-g" ? this.#slice(where) : { mode };
    return undefined;
  }

  /** Those that the keys tell of, each once. */
  #modes(): readonly Mode[] {
    const sized = (["lowGmMib", "highGmMib", "fences"] as const).some((part) => this.#amounts.has(part));
    const byAmounts = (Object.keys(pieces) as Mode[]).filter((mode) => this.#amounts.has(pieces[mode]));
    return [
      ...new Set([...(this.#mode ? [this.#mode] : []), ...(sized ? (["gvt-g"] as const) : []), ...byAmounts]),
    ];
  }

  /** Without sizes the smallest there is. */
  #slice(where: string): FlavorVgpu | undefined {
    const of = (part: Quantity): number => this.#amounts.get(part)?.value ?? 0;
    const asked = { lowGmMib: of("lowGmMib"), highGmMib: of("highGmMib"), fences: of("fences") };
    const sizes = roundedUp(asked);
    if (sizes !== undefined) {
      const nothing = Object.values(asked).every((each) => each === 0);
      return { mode: "gvt-g", sizes, asked: nothing ? sizes : asked, namesHighGm: this.#namesHighGm };
    }
    const most = sizesText(largestType());
    this.#fault(where, `no type holds ${sizesText(asked)}: the largest has ${most}`);
    return undefined;
  }

  #place({ key }: Pair): string {
    return this.#yaml.place(key);
  }

  #fault(where: string, what: string): void {
    this.#faults.push({ where, what: `${brief(this.#name)}: ${what}` });
  }
}

function wrongText(key: string, value: unknown, why: string): string {
  if (!why.startsWith("takes")) return `${key}: ${why}`;
  if (value === null || value === undefined) return `${key} has no value; it ${why}`;
  return `${key}: ${brief(JSON.stringify(value))} is not allowed; it ${why}`;
}
