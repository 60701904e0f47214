// GPUs and slices as the kernel shows them, each GPU as it is before or after a change and never in the middle of one. Pure,
// but for what is kept.
// The kernel changes a GPU in many steps, and a look reads it in many. So what shows otherwise than at the last look is read
// again until it shows the same twice; the usual look, which finds nothing new, costs nothing more. A driver that is bound or
// unbound may stand still in the middle, as when its thread waits for a processor, for longer than any pause: a GPU that has
// another driver, other nodes or other types than before is read again when nobody is at that. A module that adds to a bound
// driver holds no lock: for it there is a pause. Nor does a slice that is being made, which its GPU shows before the bus does.
import { isDeepStrictEqual } from "node:util";
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { Gpu, KernelVgpu } from "../inventory/model.ts";
import type { HostFiles } from "./host-files.ts";
import {
  bindingIsOver,
  bindingOf,
  driverOf,
  findGpus,
  readGpu,
  type FoundGpu,
  type Offers,
  type PciGpu,
} from "./pci-gpus.ts";
import { readScreens } from "./screens.ts";
import { readSriov } from "./virtual-functions.ts";

/** What a backend finds in the kernel. */
export interface SliceSource {
  /** What this GPU can be cut into. */
  describe(gpu: PciGpu): Promise<Offers>;
  /** All slices that exist, on every GPU. */
  slices(): Promise<readonly KernelVgpu[]>;
}

export interface KernelFacts {
  readonly gpus: ReadonlyMap<PciAddress, Gpu>;
  readonly vgpus: ReadonlyMap<VgpuId, KernelVgpu>;
}

/** What one look saw. */
interface Seen extends KernelFacts {
  /** By GPU: another text after each binding to a driver. */
  readonly bindings: ReadonlyMap<PciAddress, string | undefined>;
}

interface Sources {
  readonly files: HostFiles;
  readonly slices: SliceSource;
}

/** A change that takes longer is shown when it is over; its events bring the next look. */
const MAX_READINGS = 6;

export class KernelReader {
  readonly #pause: () => Promise<void>;
  #last: Seen = { gpus: new Map(), vgpus: new Map(), bindings: new Map() };

  /** `pause` resolves when a driver has had time to go on; none for who looks at what does not change. */
  constructor(pause: () => Promise<void> = () => Promise.resolve()) {
    this.#pause = pause;
  }

  /** Throws when it cannot be read which objects there are. */
  async read(sources: Sources): Promise<KernelFacts> {
    let seen = this.#typed(await readAll(sources));
    let doubtful = differing(this.#last, seen);
    for (let readings = 1; readings < MAX_READINGS; readings += 1) {
      const unsettled = new Set([...doubtful, ...this.#arriving(seen)]);
      if (unsettled.size === 0) break;
      await this.#rest(sources.files, unsettled, seen);
      const again = this.#typed(await readAgain(sources, seen, unsettled));
      doubtful = differing(seen, again);
      seen = again;
    }
    this.#last = withoutDoubt(seen, { doubtful, before: this.#last });
    const { gpus, vgpus } = this.#last;
    return { gpus, vgpus };
  }

  /** Resolves when who is at work on one of these GPUs, a driver as a rule, or makes a slice there has had the time for it. */
  async #rest(files: HostFiles, doubtful: ReadonlySet<PciAddress>, now: Seen): Promise<void> {
    const reshaped = [...doubtful].filter((address) => !isAlike(this.#last, now, address));
    // Every start finds all of them new, and at rest as a rule.
    const isAtWork = reshaped.some((address) => this.#last.gpus.has(address)) || this.#arriving(now).size > 0;
    if (isAtWork) await this.#pause();
    await Promise.all(reshaped.map((address) => bindingIsOver(files, address)));
  }

  /**
   * GPUs with a slice that is on no bus and was there at no look before. It may be leaving since before the first look; as a
   * rule it is being made, and neither its type nor what it takes shows yet (kernel drivers/base/core.c, device_add).
   */
  #arriving({ vgpus }: Seen): ReadonlySet<PciAddress> {
    const arriving = [...vgpus.values()].filter(
      ({ id, isLeaving }) => isLeaving && !this.#last.vgpus.has(id),
    );
    return new Set(arriving.map(({ gpu }) => gpu));
  }

  /** What a slice takes it takes until it is gone: one whose type the kernel does not tell any more is of its last one. */
  #typed({ vgpus, ...seen }: Seen): Seen {
    const slices = [...vgpus.values()].map((slice) => {
      const last = this.#last.vgpus.get(slice.id);
      return slice.isLeaving && last?.gpu === slice.gpu ? { ...slice, type: last.type } : slice;
    });
    return { ...seen, vgpus: byId(slices) };
  }
}

async function readAll(sources: Sources): Promise<Seen> {
  const [found, slices] = await Promise.all([findGpus(sources.files), sources.slices.slices()]);
  return seenOf(await Promise.all(found.map((gpu) => described(sources, gpu))), slices);
}

/** The GPUs in doubt, and all slices: that costs little, and one may have come or gone anywhere. */
async function readAgain(sources: Sources, seen: Seen, doubtful: ReadonlySet<PciAddress>): Promise<Seen> {
  const rest = [...seen.gpus.values()]
    .filter(({ address }) => !doubtful.has(address))
    .map((gpu) => ({ gpu, binding: seen.bindings.get(gpu.address) }));
  const [slices, ...again] = await Promise.all([
    sources.slices.slices(),
    ...[...doubtful].map(async (address) => {
      const gpu = await readGpu(sources.files, address);
      return gpu && described(sources, gpu);
    }),
  ]);
  return seenOf([...rest, ...again.filter((one) => one !== undefined)], slices);
}

interface Described {
  readonly gpu: Gpu;
  readonly binding: string | undefined;
}

function seenOf(described: readonly Described[], slices: readonly KernelVgpu[]): Seen {
  return {
    gpus: byAddress(described.map(({ gpu }) => gpu)),
    bindings: new Map(described.map(({ gpu, binding }) => [gpu.address, binding])),
    vgpus: byId(slices),
  };
}

/**
 * What a driver offers goes with it, and its link goes first (kernel drivers/base/dd.c, __device_release_driver): nodes and
 * types count that were read while it stayed the same, and was not gone and back.
 */
async function described({ files, slices }: Sources, { binding, ...gpu }: FoundGpu): Promise<Described> {
  const nothing = { mdevParent: false, types: [] };
  const [offers, sriov, screens] = await Promise.all([
    gpu.driver === undefined ? nothing : slices.describe(gpu),
    readSriov(files, gpu),
    readScreens(files, gpu),
  ]);
  const [driver, bindingNow] = await Promise.all([
    driverOf(files, gpu.address),
    bindingOf(files, gpu.address),
  ]);
  if (driver === gpu.driver && bindingNow === binding)
    return { gpu: { ...gpu, ...offers, sriov, screens }, binding };
  const without = { ...nothing, screens: [], drmCard: undefined, drmRender: undefined };
  // Like no other reading, so that it is read again.
  return { gpu: { ...gpu, ...without, sriov, driver }, binding: `${binding ?? ""} to ${bindingNow ?? ""}` };
}

/** Whether a GPU has the same driver, nodes and types, by the same binding; how many more of each there may be does not matter. */
function isAlike(one: Seen, other: Seen, address: PciAddress): boolean {
  const [a, b] = [one, other].map(({ gpus, bindings }) => {
    const gpu = gpus.get(address);
    return gpu && [withoutCounts(gpu), bindings.get(address)];
  });
  return isDeepStrictEqual(a, b);
}

/** GPUs that one shows otherwise than the other, with what stands on them. */
function differing(one: Seen, other: Seen): ReadonlySet<PciAddress> {
  const gpus = [...new Set([...one.gpus.keys(), ...other.gpus.keys()])];
  const changed = gpus.filter(
    (gpu) =>
      !isDeepStrictEqual(one.gpus.get(gpu), other.gpus.get(gpu)) ||
      one.bindings.get(gpu) !== other.bindings.get(gpu),
  );
  const ids = [...new Set([...one.vgpus.keys(), ...other.vgpus.keys()])];
  const moved = ids
    .filter((id) => !isDeepStrictEqual(one.vgpus.get(id), other.vgpus.get(id)))
    .flatMap((id) => [one.vgpus.get(id)?.gpu, other.vgpus.get(id)?.gpu])
    .filter((gpu) => gpu !== undefined);
  return new Set([...changed, ...moved]);
}

/**
 * GPUs that never showed the same twice are shown as they were before, with the slices that they had: GPU and counts of one
 * time with slices of another would be neither. One of which only counts changed, as with every slice that anybody makes, is
 * shown as it is.
 */
function withoutDoubt(
  seen: Seen,
  { doubtful, before }: { readonly doubtful: ReadonlySet<PciAddress>; readonly before: Seen },
): Seen {
  const unsettled = [...doubtful].filter((address) => !isAlike(seen, before, address));
  if (unsettled.length === 0) return seen;
  const isSettled = (gpu: PciAddress): boolean => !unsettled.includes(gpu);
  return {
    gpus: byAddress([
      ...[...seen.gpus.values()].filter(({ address }) => isSettled(address)),
      ...[...before.gpus.values()].filter(({ address }) => !isSettled(address)),
    ]),
    bindings: new Map([
      ...[...seen.bindings].filter(([address]) => isSettled(address)),
      ...[...before.bindings].filter(([address]) => !isSettled(address)),
    ]),
    vgpus: byId([
      ...[...before.vgpus.values()].filter(({ gpu }) => !isSettled(gpu)),
      ...[...seen.vgpus.values()].filter(({ gpu }) => isSettled(gpu)),
    ]),
  };
}

function withoutCounts({ types, ...gpu }: Gpu): unknown {
  return {
    ...gpu,
    types: types.map(({ name, sizes, weight, resolution }) => ({ name, sizes, weight, resolution })),
  };
}

/** In the order of the addresses, which is the order that all are shown in. */
function byAddress(gpus: readonly Gpu[]): KernelFacts["gpus"] {
  const sorted = [...gpus].sort((a, b) => (a.address < b.address ? -1 : 1));
  return new Map(sorted.map((gpu) => [gpu.address, gpu]));
}

function byId(slices: readonly KernelVgpu[]): KernelFacts["vgpus"] {
  return new Map(slices.map((slice) => [slice.id, slice]));
}
