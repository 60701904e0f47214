// OpenStack Placement as the scheduler in front of this host: one resource provider for each GPU, below that of the host.
import type { Booking } from "../../capacity/quantities.ts";
import type { Clock } from "../../core/clock.ts";
import type { ClaimId, PciAddress } from "../../core/ids.ts";
import { providerName, traitOf } from "../../core/placement-names.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import type { OnCarriedOut } from "../carried-out.ts";
import { FirstSeen } from "../first-seen.ts";
import {
  nothingFound,
  SchedulerError,
  type Findings,
  type Published,
  type PublishedTwice,
  type Scheduler,
  type Untold,
  type VanishedGpu,
} from "../scheduler.ts";
import type { GpuSupply, HostSupply } from "../supply.ts";
import { unverified } from "../unbooked.ts";
import { bookedOn, refuseOthersNames } from "./booked-on.ts";
import { disagreementsOf, withUnread, type Book, type Disagreements } from "./books.ts";
import { createdProvider } from "./creation.ts";
import { refuseMarked } from "./mark.ts";
import { GivingBack } from "./giving-back.ts";
import { gpuUuids, type Classes } from "./names.ts";
import { NovaGpus, type NovaGpu } from "./nova-gpus.ts";
import { KeptProvider, type About, type KeptBy } from "./provider.ts";
import { askFor, Refusals, type Ask } from "./refusals.ts";
import { noteClass, type RootRecord } from "./root-record.ts";
import { treeOf, type RootSettings } from "./tree.ts";
import { wantedProvider, type Bookings, type WantedProvider } from "./wanted.ts";

export interface PlacementSchedulerOptions extends Pick<RootSettings, "root" | "mark"> {
  readonly api: PlacementApi;
  /** How the host is called there; undefined while that is not known. */
  readonly host: () => string | undefined;
  readonly record: RootRecord;
  readonly classes: Classes;
  /** UUIDs that the providers are put into. */
  readonly aggregates: readonly string[];
  /** How long what vgpud's own tools have booked may be without a domain before it is given back, milliseconds. */
  readonly graceMs: number;
  /** Whether a claim of that name lives now. */
  readonly isLiving: (claim: string) => boolean;
  /** Ends what nobody waits for any more. */
  readonly stop: AbortSignal;
  readonly clock: Pick<Clock, "now">;
  readonly onCarriedOut?: OnCarriedOut;
}

/** The host's providers as Placement was last seen to have them. */
interface Known {
  /** Undefined where it is somebody else's. */
  readonly ownRoot: KeptProvider | undefined;
  readonly root: string;
  readonly gpus: Map<PciAddress, KeptProvider>;
  /** Of providers that are not where they ought to be, and cannot be put there: nothing else of them is changed. */
  readonly misplaced: Refusals<PciAddress>;
  readonly ofNova: readonly NovaGpu[];
}

export class PlacementScheduler implements Scheduler {
  readonly name = "placement";
  readonly manner = { isTold: true, booksBy: "allocation", mayOversend: false } as const;
  readonly #options: PlacementSchedulerOptions;
  readonly #by: KeptBy;
  readonly #novaGpus: NovaGpus;
  /** Undefined before the first reading, and after a failure: what Placement has then is not known. */
  #known: Known | undefined;
  /** One at a time, whoever waits for it. */
  #reading: Promise<Known> | undefined;
  readonly #refusals = new Refusals<PciAddress>();
  readonly #givingBack: GivingBack;
  /** When the books were compared last. */
  #found: Disagreements | undefined;
  readonly #firstSeen: FirstSeen;
  /** When bookings were last verified for a create, which may still be on its way into the ledger. */
  readonly #verified = new Map<string, number>();

  constructor(options: PlacementSchedulerOptions) {
    this.#options = options;
    const { api, classes, aggregates, record, clock, onCarriedOut } = options;
    this.#firstSeen = new FirstSeen(clock);
    const now: ReadonlySet<string> = new Set(Object.values(classes));
    const isOwnClass = (name: string): boolean =>
      now.has(name) || record.current?.sliceClasses?.includes(name) === true;
    this.#by = { api, classes, isOwnClass, aggregates, introduced: new Set(), onCarriedOut };
    this.#novaGpus = new NovaGpus(api);
    this.#givingBack = new GivingBack({
      ...{ api, clock, onCarriedOut },
      isOverdue: ({ booking, since }) => this.#isOverdue(booking, since),
      onGivenBack: (booking) => {
        this.#firstSeen.forget(booking);
      },
    });
  }

  host(): string | undefined {
    return this.#options.host();
  }

  async publish(supply: HostSupply, signal: AbortSignal): Promise<Published> {
    const { api } = this.#options;
    this.#firstSeen.begin(supply);
    return this.#told(async () => {
      const before = api.done;
      const known = this.#known ?? (await this.#read(signal));
      await this.#publish(known, supply, (provider, claims) => provider.bookingsOf(claims, signal), signal);
      const untold = await this.#untold(known);
      return { answered: api.done > before, untold, isPassing: false };
    });
  }

  async heal(supply: HostSupply, signal: AbortSignal): Promise<Findings> {
    this.#firstSeen.begin(supply);
    return this.#told(async () => {
      const known = await this.#read(signal);
      this.#refusals.clear();
      const books = await this.#publish(known, supply, (provider) => provider.readBookings(signal), signal);
      const vanished = await this.#retire(known, supply, signal);
      const publishedTwice = await this.#publishedTwice(known, supply, signal);
      const { classes } = this.#options;
      const { since: firstSeen } = this.#firstSeen;
      const read = disagreementsOf(books, supply, { classes, firstSeen });
      const found = withUnread(read, this.#found, { books, supply, firstSeen });
      for (const booking of this.#verified.keys())
        if (!found.withoutDomain.some((each) => each.booking === booking)) this.#verified.delete(booking);
      this.#firstSeen.found(found.withoutDomain, supply);
      const gpus = [...known.gpus.values()].map(({ uuid, name }) => [uuid, name] as const);
      const here = new Map([[known.root, this.#host()], ...gpus]);
      const ask = this.#ask(signal);
      const givenBack = await this.#givingBack.of(found.withoutDomain, { here, ask }, signal);
      const withoutDomain = found.withoutDomain
        .filter(({ booking }) => !givenBack.has(booking))
        .map((each) => ({ ...each, isOurs: this.#givingBack.isOurs(each.booking) }));
      this.#found = { ...found, withoutDomain };
      const untold = await this.#untold(known);
      return { ...nothingFound, ...this.#found, vanished, publishedTwice, givenBack: givenBack.size, untold };
    });
  }

  async bookingOf(claimId: ClaimId, signal: AbortSignal): Promise<Booking> {
    refuseOthersNames(claimId);
    try {
      const { gpus } = this.#known ?? (await this.#read(signal));
      const { api, classes } = this.#options;
      const allocation = await api.allocation(claimId, signal);
      const byGpu = await bookedOn(gpus, { claimId, allocation, classes, api }, signal);
      this.#verified.set(claimId, this.#options.clock.now());
      this.#firstSeen.forget(claimId);
      return { on: "gpus", byGpu };
    } catch (error) {
      if (!(error instanceof PlacementError || error instanceof SchedulerError)) throw error;
      throw unverified(claimId, "Placement", error);
    }
  }

  #read(signal: AbortSignal): Promise<Known> {
    // It is not given up with the one who asked first: others may wait for it.
    this.#reading ??= this.#readNow(this.#options.stop).finally(() => {
      this.#reading = undefined;
    });
    return untilAborted(this.#reading, signal);
  }

  async #readNow(signal: AbortSignal): Promise<Known> {
    const { api, record, root, mark, classes } = this.#options;
    const self = { host: this.#host(), mark };
    const before = this.#known;
    const guard: About["guard"] = ({ traits }) => {
      refuseMarked(tree.root.uuid, traits, self);
    };
    const keep = (provider: Provider, { isNew }: { readonly isNew: boolean }): KeptProvider =>
      this.#kept(provider, before?.ownRoot, { isNew, guard });
    const tree = await treeOf({ ...self, root }, { api, record, keep }, signal);
    await noteClass(record, classes.slices);
    const gpus = new Map<PciAddress, KeptProvider>();
    for (const [gpu, provider] of tree.gpus) gpus.set(gpu, this.#kept(provider, before?.gpus.get(gpu)));
    const { ownRoot, misplaced, ofNova } = tree;
    this.#known = { root: tree.root.uuid, ownRoot, gpus, misplaced, ofNova };
    return this.#known;
  }

  #host(): string {
    const host = this.host();
    if (host !== undefined) return host;
    throw new SchedulerError("no-host", "how this host is called is not known yet: it was not looked at");
  }

  /** What is known of a provider stays known while its generation does. */
  #kept(provider: Provider, before: KeptProvider | undefined, about: About = {}): KeptProvider {
    if (before?.uuid !== provider.uuid) return new KeptProvider(provider, this.#by, about);
    before.seen(provider);
    return before;
  }

  #ask(signal: AbortSignal): Ask {
    return askFor(this.#host(), this.#options.api, signal);
  }

  async #publish(
    known: Known,
    supply: HostSupply,
    bookingsOf: (provider: KeptProvider, claims: readonly string[]) => Promise<Bookings>,
    signal: AbortSignal,
  ): Promise<readonly Book[]> {
    await known.ownRoot?.become(() => ({ wanted: this.#rootOf(supply) }), new Map(), signal);
    const books: Book[] = [];
    for (const gpu of supply.gpus) {
      if (known.misplaced.has(gpu.gpu)) continue;
      await this.#refusable(known, { gpu: gpu.gpu, signal }, async () => {
        const provider = known.gpus.get(gpu.gpu) ?? (await this.#create(known, gpu, signal));
        const claims = gpu.held.flatMap(({ claimId }) => claimId ?? []);
        const judged = (bookings: Bookings): Book => {
          const wanted = wantedProvider(gpu, supply, { bookings, classes: this.#options.classes });
          return { gpu, bookings, wanted };
        };
        const bookings = await bookingsOf(provider, claims);
        let book = judged(bookings);
        try {
          book = await provider.become(judged, bookings, signal);
        } finally {
          // What is booked there is known, whether or not the rest is taken.
          books.push(book);
        }
      });
    }
    return books;
  }

  /** What Placement refuses for one GPU keeps nothing from the others. */
  async #refusable(
    known: Known,
    { gpu, signal }: { readonly gpu: PciAddress; readonly signal: AbortSignal },
    work: () => Promise<void>,
  ): Promise<void> {
    if (this.#refusals.has(gpu)) return;
    const isDone = await this.#refusals.attempt(gpu, {
      what: providerName(this.#host(), gpu),
      ask: this.#ask(signal),
      work: async () => {
        await work();
        return true;
      },
    });
    if (isDone) return;
    known.gpus.get(gpu)?.forget();
    this.#by.introduced.clear();
  }

  async #untold({ misplaced }: Known): Promise<readonly Untold[]> {
    const unwritten = await this.#options.record.settle();
    return [
      ...[...misplaced.all, ...this.#refusals.all, ...this.#novaGpus.untold, ...this.#givingBack.untold],
      ...(unwritten ? [{ kind: "unrecorded", what: unwritten.file, message: unwritten.why }] : []),
    ];
  }

  async #create({ root, gpus }: Known, { gpu }: GpuSupply, signal: AbortSignal): Promise<KeptProvider> {
    const { api, record } = this.#options;
    const form = { uuids: gpuUuids(root, gpu), name: providerName(this.#host(), gpu), parent: root };
    const made = await createdProvider(form, api, signal);
    const provider = new KeptProvider(made, this.#by, { isNew: true });
    gpus.set(gpu, provider);
    const known = record.current;
    if (known) record.note({ ...known, made: [...new Set([...known.made, provider.uuid])] });
    return provider;
  }

  /** Providers of GPUs that are not there any more go, unless something is booked there: of those nothing more is given out. */
  async #retire(known: Known, { gpus }: HostSupply, signal: AbortSignal): Promise<readonly VanishedGpu[]> {
    const there = new Set(gpus.map(({ gpu }) => gpu));
    const held: VanishedGpu[] = [];
    for (const [gpu, provider] of known.gpus) {
      if (there.has(gpu) || known.misplaced.has(gpu)) continue;
      await this.#refusable(known, { gpu, signal }, async () => {
        const bookings = await provider.readBookings(signal);
        if (bookings.size === 0) {
          await this.#options.api.deleteProvider(provider.uuid, signal);
          known.gpus.delete(gpu);
        } else {
          held.push({ name: provider.name, bookings: bookings.size });
          await provider.shut(signal);
        }
      });
    }
    return held;
  }

  /** A GPU that is drained here may be Nova's: vgpud gives nothing of it out. */
  async #publishedTwice(
    known: Known,
    { gpus }: HostSupply,
    signal: AbortSignal,
  ): Promise<readonly PublishedTwice[]> {
    const offered = gpus.filter(({ gpu, offers, drained }) => {
      return offers.size > 0 && !drained && known.gpus.has(gpu);
    });
    const givenOut = new Set(offered.map(({ gpu }) => gpu));
    const those = known.ofNova.filter(({ gpu }) => givenOut.has(gpu));
    const found = await this.#novaGpus.givingOut(those, this.#ask(signal), signal);
    return found.map(({ gpu, provider: { name, uuid: id } }) => ({ gpu, by: { name, id } }));
  }

  /** A root of vgpud's own has nothing to be booked: what the host has beside GPUs is somebody else's to publish. */
  #rootOf({ hypervisor }: HostSupply): WantedProvider {
    const { mark } = this.#options;
    return {
      inventories: {},
      traits: [traitOf("hypervisor", hypervisor), ...(mark === undefined ? [] : [mark])],
    };
  }

  #isOverdue(booking: string, since: number): boolean {
    const { clock, graceMs, isLiving } = this.#options;
    const verified = this.#verified.get(booking) ?? -Infinity;
    return clock.now() - Math.max(since, verified) >= graceMs && !isLiving(booking);
  }

  /** What failed as a whole leaves nothing known: the next round reads all of it anew. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#known = undefined;
      this.#by.introduced.clear();
      if (error instanceof PlacementError)
        throw new SchedulerError(error.kind, error.message, { cause: error });
      throw error;
    }
  }
}
