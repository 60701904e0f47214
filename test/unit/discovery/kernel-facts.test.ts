// GPUs that change while they are read: shown as before or as after, whatever the look was reading when it began.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { MdevBus } from "../../../agent/backends/kvmgt/mdev-bus.ts";
import { KernelReader, type KernelFacts } from "../../../agent/discovery/kernel-facts.ts";
import type { HostFiles } from "../../../agent/discovery/host-files.ts";
import type { Entries } from "../../../agent/simulator/entries.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { ChangingFiles, steps } from "../../fakes/changing-files.ts";

const TYPE = "i915-GVTg_V5_8";
const SLICE = foreignVgpuId(1);
const [FIRST, SECOND] = [pciAddress(0), pciAddress(3)];
const gpus = [FIRST, SECOND];

/** The files of a host with a second GPU, or without it, and with what else is said of it. */
function treeOf(second: string, options: Parameters<typeof kernelOf>[1] = {}): Entries {
  return hostEntries(kernelOf(second, options), () => 0);
}

function kernelOf(second: string, { slice = false, sliceOn = SECOND, kvmgt = true } = {}): SimulatedKernel {
  const described = [
    `{ address: "${FIRST}" }`,
    ...(second === "" ? [] : [`{ address: "${SECOND}", ${second} }`]),
  ];
  const kernel = new SimulatedKernel(
    parseHost(`{ gpus: [${described.join(", ")}], kvmgt: ${kvmgt} }`, "test"),
    () => "b",
  );
  if (slice) assert.equal(kernel.create(sliceOn, TYPE, SLICE), undefined);
  return kernel;
}

/** With virtual functions of the second GPU. */
async function cutTreeOf(second: string, count: number): Promise<Entries> {
  const kernel = kernelOf(second);
  assert.equal(await kernel.functions.setVfs(SECOND, count), undefined);
  return hostEntries(kernel, () => 0);
}

/** The first GPU is there at every second reading only. */
class Flickering extends ChangingFiles {
  #readings = 0;

  override read(file: string): Promise<string | undefined> {
    if (!file.endsWith(`${FIRST}/class`)) return super.read(file);
    this.#readings += 1;
    return this.#readings % 2 === 0 ? Promise.resolve(undefined) : super.read(file);
  }
}

/** The files of whatever there is when they are asked for. */
function filesOf(tree: () => Entries): HostFiles {
  return {
    read: (file) => new ChangingFiles(tree()).read(file),
    list: (file) => new ChangingFiles(tree()).list(file),
    linkName: (file) => new ChangingFiles(tree()).linkName(file),
    linkParentName: (file) => new ChangingFiles(tree()).linkParentName(file),
  };
}

function read(reader: KernelReader, files: ChangingFiles): Promise<KernelFacts> {
  return reader.read({ files, slices: new MdevBus(files) });
}

const flex = "device: '56c0', driver: xe, total_vfs: 7";
const cut = await cutTreeOf(flex, 3);
const bound = treeOf("driver: i915");
const unbound = treeOf("driver: none");

/** Bound, and not at work yet: without nodes while the driver probes the GPU, then without types until kvmgt has it. */
const withoutTypes = treeOf("driver: i915", { kvmgt: false });
const probing = new Map([...withoutTypes].filter(([name]) => !name.includes(`${SECOND}/drm/`)));

/** From the first state to the last; those between are whole states, too, which the kernel goes through. */
const changes: Readonly<Record<string, readonly [Entries, ...Entries[]]>> = {
  "kvmgt is unloaded": [treeOf("driver: i915", { slice: true }), treeOf("driver: i915", { kvmgt: false })],
  "kvmgt is loaded": [treeOf("driver: i915", { kvmgt: false }), bound],
  "the driver is unbound": [treeOf("driver: i915", { slice: true }), unbound],
  "the driver is bound": [unbound, probing, withoutTypes, bound],
  "the driver is swapped": [bound, unbound, treeOf("driver: vfio-pci")],
  "the GPU is removed": [treeOf("driver: i915", { slice: true }), unbound, treeOf("")],
  "the GPU appears": [treeOf(""), unbound, probing, withoutTypes, bound],
  "virtual functions are made": [treeOf(flex), cut],
  "virtual functions are removed": [cut, treeOf(flex)],
  "a slice is made": [bound, treeOf("driver: i915", { slice: true })],
};

/** One step before each read, in two orders in which the kernel might go about it, or the whole change at once. */
const paces: readonly {
  readonly stride: number;
  readonly order: (names: readonly string[]) => readonly string[];
}[] = [
  { stride: 1, order: (names) => names },
  { stride: 1, order: (names) => names.toReversed() },
  { stride: Infinity, order: (names) => names },
];

describe("a GPU that changes while it is read", () => {
  for (const [what, states] of Object.entries(changes))
    it(`is shown as it is before or after ${what}`, async () => {
      const [before] = states;
      const after = states.at(-1) ?? before;
      const wholes = await Promise.all(states.map(whole));
      const seen = new Set<number>();
      for (const { stride, order } of paces)
        for (let begin = 1; begin <= (await usualReads(before)) + 1; begin += 1) {
          const reader = new KernelReader();
          await read(reader, new ChangingFiles(before));
          const change = { steps: steps(before, after, order), begin, stride };
          const facts = await read(reader, new ChangingFiles(before, change));
          for (const gpu of gpus) {
            const shown = wholes.findIndex((state) =>
              isDeepStrictEqual(state.gpus.get(gpu), facts.gpus.get(gpu)),
            );
            assert.notEqual(shown, -1, `begun at read ${begin}: ${JSON.stringify(facts.gpus.get(gpu))}`);
            if (gpu === SECOND) seen.add(shown);
          }
          assert.deepEqual(
            [...facts.vgpus.keys()].filter((id) => id !== SLICE),
            [],
          );
        }
      assert.ok(seen.has(0) && seen.has(states.length - 1));
    });

  it("is shown with the slices it had before, and in its place, while it never shows the same twice", async () => {
    const reader = new KernelReader();
    const before = treeOf("driver: i915", { slice: true, sliceOn: FIRST });
    const shown = await read(reader, new ChangingFiles(before));
    const facts = await read(reader, new Flickering(bound));
    assert.deepEqual([...facts.gpus.keys()], gpus);
    assert.deepEqual([facts.gpus.get(FIRST), [...facts.vgpus.keys()]], [shown.gpus.get(FIRST), [SLICE]]);
  });

  it("is shown with a slice that is being made when the bus has it, and one that never comes there as it is", async () => {
    const made = treeOf("driver: i915", { slice: true });
    for (const pausesUntilMade of [1, 4, Infinity]) {
      let tree = bound;
      let pauses = 0;
      const reader = new KernelReader(() => {
        pauses += 1;
        if (pauses >= pausesUntilMade) tree = made;
        return Promise.resolve();
      });
      const files = filesOf(() => tree);
      const look = (): Promise<KernelFacts> => reader.read({ files, slices: new MdevBus(files) });
      await look();
      tree = onlyItsGpuShows(made);
      const expected = pausesUntilMade === Infinity ? ["", true] : [TYPE, false];
      const shown = [...(await look()).vgpus.values()].map(({ type, isLeaving }) => [type, isLeaving]);
      assert.deepEqual(shown, [expected]);
      const waited = pauses;
      await look();
      assert.equal(pauses, waited, "what was shown once keeps nobody waiting");
    }
  });

  it("keeps the type of a slice that only its GPU still shows, since what it takes is not given back", async () => {
    const reader = new KernelReader();
    const before = treeOf("driver: i915", { slice: true });
    const leaving = onlyItsGpuShows(before);
    const unseen = await whole(leaving);
    await read(reader, new ChangingFiles(before));
    const seen = await read(reader, new ChangingFiles(leaving));
    assert.deepEqual(
      [unseen, seen].map(({ vgpus }) => [...vgpus.values()].map(({ type, isLeaving }) => [type, isLeaving])),
      [[["", true]], [[TYPE, true]]],
    );
  });

  it("is not taken as it is while its driver pauses, but a slice that is made keeps nobody waiting", async () => {
    let tree = bound;
    let pauses = 0;
    const reader = new KernelReader(() => {
      pauses += 1;
      tree = bound;
      return Promise.resolve();
    });
    const files = filesOf(() => tree);
    const look = (): Promise<KernelFacts> => reader.read({ files, slices: new MdevBus(files) });
    const before = await look();
    assert.equal(pauses, 0, "all that is seen first is new");
    tree = withoutTypes;
    assert.deepEqual(await look(), before);
    assert.equal(pauses, 1);
    tree = treeOf("driver: i915", { slice: true });
    assert.equal((await look()).vgpus.size, 1);
    assert.equal(pauses, 1);
  });

  it("is not taken as it is while a driver is being bound, however long that stands still", async () => {
    let tree = unbound;
    const files: HostFiles = {
      ...filesOf(() => tree),
      read: (file) => {
        // The kernel answers when the lock that a probe holds is free.
        if (file.endsWith(`${SECOND}/driver_override`)) tree = bound;
        return new ChangingFiles(tree).read(file);
      },
    };
    // At the start, after it had no driver, and after one that was away between two looks.
    for (const before of [undefined, unbound, bound])
      for (const middle of [probing, withoutTypes]) {
        const reader = new KernelReader();
        if (before) await read(reader, new ChangingFiles(before));
        tree = middle;
        const seen = await reader.read({ files, slices: new MdevBus(files) });
        assert.deepEqual(seen.gpus, (await whole(bound)).gpus);
      }
  });

  it("is not put together of two bindings of one driver that was away in between", async () => {
    let binding = 1;
    const stages = [bound, probing, bound];
    let tree = bound;
    const files: HostFiles = {
      ...filesOf(() => tree),
      list: (file) => {
        // Away and half back, once, in the middle of each reading that has not seen the end of it.
        if (file.endsWith("mdev_supported_types") && file.includes(SECOND)) tree = stages.shift() ?? bound;
        if (tree === probing) binding = 2;
        return new ChangingFiles(tree).list(file);
      },
      linkStamp: () => Promise.resolve(String(binding)),
    };
    const reader = new KernelReader();
    for (let look = 0; look < 3; look += 1) {
      const seen = await reader.read({ files, slices: new MdevBus(files) });
      assert.deepEqual(seen.gpus, (await whole(bound)).gpus);
    }
  });

  it("is not believed when it shows the same half by two bindings", async () => {
    let [binding, readings] = [1, 0];
    const files: HostFiles = {
      ...filesOf(() => (readings < 4 ? probing : bound)),
      linkStamp: (file) => {
        if (file.includes(SECOND)) readings += 1;
        // Each reading asks twice, before and behind what it reads; the third binding stays.
        binding = Math.min(3, Math.ceil(readings / 2));
        return Promise.resolve(String(binding));
      },
    };
    const reader = new KernelReader();
    await read(reader, new ChangingFiles(unbound));
    const seen = await reader.read({ files, slices: new MdevBus(files) });
    assert.deepEqual(seen.gpus, (await whole(bound)).gpus);
  });

  it("costs a second reading of its own, and one that does not change costs none", async () => {
    const reader = new KernelReader();
    const first = new ChangingFiles(bound);
    await read(reader, first);
    const usual = await usualReads(bound);
    assert.ok(first.reads > usual);
    const changed = new ChangingFiles(unbound);
    await read(reader, changed);
    assert.ok(changed.reads < usual + usual / 2, `${changed.reads} reads, usually ${usual}`);
  });
});

/** What is left of a slice on the way from the bus, and what is there of one on the way to it. */
function onlyItsGpuShows(tree: Entries): Entries {
  const forgotten = [`sys/bus/mdev/devices/${SLICE}`, `${SLICE}/mdev_type`, `devices/${SLICE}`];
  return new Map([...tree].filter(([name]) => !forgotten.some((end) => name.endsWith(end))));
}

function whole(tree: Entries): Promise<KernelFacts> {
  return read(new KernelReader(), new ChangingFiles(tree));
}

/** Of a look that finds nothing new. */
async function usualReads(tree: Entries): Promise<number> {
  const reader = new KernelReader();
  await read(reader, new ChangingFiles(tree));
  const files = new ChangingFiles(tree);
  await read(reader, files);
  return files.reads;
}
