// One resource provider of vgpud's: what Placement was last seen to have of it, and the requests that make that what it ought to be.
import { quantities, type Quantity } from "../../capacity/quantities.ts";
import { DRAINED } from "../../core/placement-names.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { AtGeneration, Inventories, PlacementApi, Provider, Resources } from "../../placement/model.ts";
import type { OnCarriedOut } from "../carried-out.ts";
import { difference, keepingHeld, type FoundProvider } from "./difference.ts";
import { CALLERS_TRAITS, isCustom, quantitiesIn, type Classes } from "./names.ts";
import type { Bookings, WantedProvider } from "./wanted.ts";

export interface KeptBy {
  readonly api: Pick<
    PlacementApi,
    | ("inventories" | "traits" | "aggregates" | "usages" | "known" | "ensure")
    | ("setInventories" | "setTraits" | "setAggregates")
  >;
  readonly classes: Classes;
  /** Whether inventories of that class are vgpud's, be it by a former configuration: those of others stay. */
  readonly isOwnClass: (name: string) => boolean;
  readonly aggregates: readonly string[];
  /** Custom classes and traits that Placement is known to know. */
  readonly introduced: Set<string>;
  readonly onCarriedOut?: OnCarriedOut | undefined;
}

/** What is known of a provider from the start. */
export interface About {
  /** It was just made, and so has nothing. */
  readonly isNew?: boolean;
  /** Throws where what was read of it must not be changed. */
  readonly guard?: (found: FoundProvider) => void;
}

/** Why it is drained. */
const GONE = "this host has its GPU no more, and something is booked there";
/** How often one change is tried again when somebody else was faster. */
const TRIES = 3;

export class KeptProvider {
  readonly uuid: string;
  readonly name: string;
  readonly #by: KeptBy;
  readonly #guard: About["guard"];
  #generation: number;
  #found: FoundProvider | undefined;
  /** How often more of it became known: what was asked before that is older, and is not to take its place. */
  #news = 0;
  /** By consumer, of whatever class. */
  #booked: ReadonlyMap<string, Resources> | undefined;
  /** Consumers that it had no bookings of when these were last read. */
  #missed: ReadonlySet<string> = new Set();

  /** Nothing is read of it before it is asked for, and nothing of one that was just made: it has nothing. */
  constructor({ uuid, name, generation }: Provider, by: KeptBy, { isNew = false, guard }: About = {}) {
    this.uuid = uuid;
    this.name = name;
    this.#generation = generation;
    this.#by = by;
    this.#guard = guard;
    if (!isNew) return;
    this.#found = { inventories: {}, traits: [], aggregates: [] };
    this.#booked = new Map();
  }

  /** What of it Placement counts, and so may be booked. */
  async counted(signal: AbortSignal): Promise<ReadonlySet<Quantity>> {
    const { inventories } = await this.#guarded(signal);
    return new Set(quantities.filter((each) => Object.hasOwn(inventories, this.#by.classes[each])));
  }

  /** As last read, whoever put them there. */
  async traits(signal: AbortSignal): Promise<readonly string[]> {
    return (await this.#current(signal)).traits;
  }

  /** Seen again: whatever changes a provider counts its generation up, so that the same one tells that nothing was. */
  seen({ generation }: Pick<Provider, "generation">): void {
    if (generation !== this.#generation) this.#lose();
    this.#generation = generation;
  }

  /** What it has is not known any more, as after a change that failed. */
  forget(): void {
    this.#lose();
    this.#booked = undefined;
  }

  #lose(): void {
    this.#news += 1;
    this.#found = undefined;
  }

  /** By consumer, read anew: what is released counts no generation up. */
  async readBookings(signal: AbortSignal): Promise<Bookings> {
    const { generation, value } = await this.#by.api.usages(this.uuid, signal);
    this.seen({ generation });
    this.#missed = new Set();
    this.#booked = new Map(value.map(({ consumer, resources }) => [consumer, resources]));
    return this.#bookingsIn(this.#booked);
  }

  /** By consumer, as they were last read or heard of; read anew where that does not tell of all of these. */
  async bookingsOf(consumers: readonly string[], signal: AbortSignal): Promise<Bookings> {
    const known = this.#booked;
    const isKnown = (each: string): boolean => known?.has(each) === true || this.#missed.has(each);
    if (known && consumers.every(isKnown)) return this.#bookingsIn(known);
    const read = await this.readBookings(signal);
    this.#missed = new Set(consumers.filter((each) => !read.has(each)));
    return read;
  }

  /** As a caller's allocation tells it. */
  heardOf(consumer: string, resources: Resources): void {
    if (this.#booked) this.#booked = new Map([...this.#booked, [consumer, resources]]);
  }

  /** What is booked in a former class tells that its consumer has booked here, and no amount: the room is in no inventory of today's. */
  #bookingsIn(booked: ReadonlyMap<string, Resources>): Bookings {
    const { classes } = this.#by;
    return new Map(
      [...booked].map(([consumer, resources]) => [consumer, quantitiesIn(resources, classes)] as const),
    );
  }

  /**
   * Sends what is missing, and nothing when it is as wanted. Where somebody was faster, as a rule with a claim, all is read and judged
   * anew. Resolves with what was judged last.
   */
  async become<Judged extends { readonly wanted: WantedProvider }>(
    judge: (bookings: Bookings) => Judged,
    known: Bookings,
    signal: AbortSignal,
  ): Promise<Judged> {
    let judged = judge(known);
    for (let tried = 1; ; tried += 1)
      try {
        await this.#tryToBecome(judged.wanted, signal);
        return judged;
      } catch (error) {
        if (!isConflict(error) || tried === TRIES) throw error;
        this.#lose();
        judged = judge(await this.readBookings(signal));
      }
  }

  /** Gives nothing more out. */
  async shut(signal: AbortSignal): Promise<void> {
    const { inventories } = await this.#guarded(signal);
    const ours = Object.entries(inventories).filter(([name]) => this.#by.isOwnClass(name));
    const shut = Object.fromEntries(ours.map(([name, each]) => [name, { ...each, reserved: each.total }]));
    const wanted: WantedProvider = { inventories: shut, traits: [DRAINED], drained: GONE };
    await this.become(() => ({ wanted }), new Map(), signal);
  }

  async #tryToBecome(wanted: WantedProvider, signal: AbortSignal): Promise<void> {
    const { api, aggregates } = this.#by;
    const found = await this.#guarded(signal);
    const inventories = keepingHeld(wanted.inventories, found.inventories, (name) => this.#isBooked(name));
    const missing = difference({ ...wanted, inventories }, found, this.#by);
    if (missing.aggregates && aggregates.length > 0) {
      await this.#set(api.setAggregates(this.uuid, this.#now(missing.aggregates), signal));
      this.#found = { ...found, ...this.#found, aggregates: missing.aggregates };
    }
    if (missing.inventories) {
      const named = [...Object.keys(missing.inventories), ...Object.values(this.#by.classes)];
      await this.#introduce("resource_classes", named, signal);
      const set = await this.#setInventories(missing.inventories, found, signal);
      this.#found = { ...found, ...this.#found, inventories: set };
    }
    if (missing.traits) {
      await this.#introduce("traits", [...missing.traits, ...CALLERS_TRAITS], signal);
      await this.#set(api.setTraits(this.uuid, this.#now(missing.traits), signal));
      this.#found = { ...found, ...this.#found, traits: missing.traits };
      this.#tell(wanted, found);
    }
  }

  #tell({ drained: why }: WantedProvider, { traits: before }: FoundProvider): void {
    const what = this.name;
    if (before.includes(DRAINED) === (why !== undefined)) return;
    this.#by.onCarriedOut?.(
      why === undefined ? { what, order: "undrain", ended: undefined } : { what, order: "drain", why },
    );
  }

  /** Of vgpud's own classes: those of others stay whatever is booked. */
  #isBooked(resourceClass: string): boolean {
    if (!this.#by.isOwnClass(resourceClass)) return false;
    return [...(this.#booked?.values() ?? [])].some((resources) => (resources[resourceClass] ?? 0) > 0);
  }

  async #setInventories(
    wanted: Inventories,
    { inventories: before }: FoundProvider,
    signal: AbortSignal,
  ): Promise<Inventories> {
    const { api } = this.#by;
    try {
      await this.#set(api.setInventories(this.uuid, this.#now(wanted), signal));
      return wanted;
    } catch (error) {
      if (!(error instanceof PlacementError && error.kind === "in-use")) throw error;
      // Booked since the books were read.
      const kept = keepingHeld(wanted, before, () => true);
      await this.#set(api.setInventories(this.uuid, this.#now(kept), signal));
      return kept;
    }
  }

  async #guarded(signal: AbortSignal): Promise<FoundProvider> {
    if (this.#found) return this.#found;
    const found = await this.#current(signal);
    this.#guard?.(found);
    return found;
  }

  /** Read until it is what is known then: a create and a round may ask beside each other, and the round writes meanwhile. */
  async #current(signal: AbortSignal): Promise<FoundProvider> {
    while (!this.#found) await this.#read(signal);
    return this.#found;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { api } = this.#by;
    const since = this.#news;
    const inventories = await api.inventories(this.uuid, signal);
    const traits = await api.traits(this.uuid, signal);
    const aggregates = await api.aggregates(this.uuid, signal);
    if (this.#news !== since) return;
    this.#news += 1;
    // Of what was changed in between a write with the first generation is refused.
    this.#generation = inventories.generation;
    this.#found = { inventories: inventories.value, traits: traits.value, aggregates: aggregates.value };
  }

  /** A request for candidates is refused that names what Placement does not know, be it to have none of it. */
  async #introduce(
    kind: "resource_classes" | "traits",
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { api, introduced } = this.#by;
    const news = [...new Set(names)].filter((name) => isCustom(name) && !introduced.has(name));
    if (news.length === 0) return;
    const known = await api.known(kind, news, signal);
    for (const name of news) {
      if (!known.has(name)) await api.ensure(kind, name, signal);
      introduced.add(name);
    }
  }

  #now<Value>(value: Value): AtGeneration<Value> {
    return { generation: this.#generation, value };
  }

  async #set(sent: Promise<number>): Promise<void> {
    this.#generation = await sent;
    this.#news += 1;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof PlacementError && error.kind === "conflict";
}
