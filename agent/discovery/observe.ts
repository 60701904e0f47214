// One look at the host: the PCI bus, what each backend finds, and libvirt's domains, put together as facts.
import type { DomainId } from "../core/ids.ts";
import { messageOf } from "../core/errors.ts";
import type { Domain, Inventory, Known, Unknown } from "../inventory/model.ts";
import { readHostFacts } from "./host-facts.ts";
import type { HostFiles } from "./host-files.ts";
import { withXenGuests, type XenGuest, type XenGuestSource } from "./xen-guests.ts";
import { withOwners, type Owners } from "./xen-instances.ts";
import type { KernelReader, SliceSource } from "./kernel-facts.ts";
import { NotingFiles } from "./noting-files.ts";

/** libvirt's domains as facts. Throws while libvirt is away. */
export interface DomainSource {
  domains(signal: AbortSignal): Promise<readonly Domain[]>;
}

export interface Observer {
  readonly files: HostFiles;
  /** Knows what the last look found. */
  readonly kernel: KernelReader;
  /** What a backend finds in these files. */
  readonly slicesIn: (files: HostFiles) => SliceSource;
  readonly domains: DomainSource;
  /** Asked on a Xen host only, whose toolstacks do not tell each other. */
  readonly xenGuests: XenGuestSource;
  /** Whose XenGT's slices are. */
  readonly owners: Omit<Owners, "guests">;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** A view without a revision: the snapshot gives it one. */
export type Observation = Omit<Inventory, "revision">;

/**
 * Throws when it cannot be read which GPUs and slices there are. A single fact that cannot be read is unknown, with the
 * reason, and libvirt's absence is a fact itself (law 5).
 */
export async function observe(observer: Observer, signal: AbortSignal): Promise<Observation> {
  const observedAt = observer.wall();
  const files = new NotingFiles(observer.files);
  const reading = readHostFacts(files);
  const [host, kernel, listed] = await Promise.all([
    reading,
    observer.kernel.read({ files, slices: observer.slicesIn(files) }),
    knownOr("libvirt", () => observer.domains.domains(signal)),
  ]);
  // Last: of what comes and goes in between, this order takes nothing for free that is held, and no slice for one without a domain.
  const guests =
    host.hypervisor === "xen" ? await knownOr("hostd", () => observer.xenGuests.guests(signal)) : NO_GUESTS;
  signal.throwIfAborted();
  const seen = { observedAt, host, ...kernel, domains: together(listed, guests), unread: files.unread };
  return withOwners(seen, { ...observer.owners, guests: guests.known ? guests.value : undefined });
}

const NO_GUESTS = { known: true, value: [] } as const;

/** Both or nothing: a GPU that a guest of `xl` has must not be taken for a free one. */
function together(
  listed: Known<readonly Domain[]>,
  guests: Known<readonly XenGuest[]>,
): Known<ReadonlyMap<DomainId, Domain>> {
  if (!listed.known) return listed;
  if (!guests.known) return guests;
  const domains = withXenGuests(listed.value, guests.value);
  return { known: true, value: new Map(domains.map((domain) => [domain.id, domain])) };
}

async function knownOr<T>(source: Unknown["away"], ask: () => Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await ask() };
  } catch (error) {
    return { known: false, why: messageOf(error), away: source };
  }
}
