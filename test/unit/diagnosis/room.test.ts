// What is wrong with the room on a GPU, by the accounts of the agent: as an examination tells it, and at this moment.
import assert from "node:assert/strict";
import { rememberGvtg } from "../../../agent/backends/kvmgt/memory.ts";
import { languages, type Language } from "../../../agent/core/language.ts";
import { capacityDisagrees, failuresOf, gmFragmented } from "../../../agent/diagnosis/checks/room.ts";
import type { Condition } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import type { Room, Rooms } from "../../../agent/diagnosis/room.ts";
import { texts } from "../../../agent/diagnosis/texts/en.ts";
import { messageOf, remedyOf } from "../../../agent/diagnosis/words.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import { Snapshot } from "../../../agent/inventory/snapshot.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { gpuViews, type GpuView } from "../../../agent/lifecycle/views.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";
import { plainTerms } from "../../fakes/stock.ts";

interface Kernel {
  readonly refuses?: boolean;
  /** Of 2015 and 2016. */
  readonly xengt?: boolean;
}

/** A GPU without slices, of which the kernel shows these counts, smallest type first. */
async function viewOf(
  apertureMib: number,
  counts: readonly number[],
  { refuses = false, xengt = false }: Kernel = {},
): Promise<GpuView> {
  const host = new FakeHost({ gpus: [new FakeGpu(pciAddress(), apertureMib)], wall: () => 0 });
  const looked = await host.look();
  const seen = { ...looked, host: { ...looked.host, hypervisor: xengt ? "xen" : "kvm" } } as const;
  const showing = (gpu: Gpu): Gpu => ({
    ...gpu,
    ...(xengt && { vgt: "2015" }),
    types: gpu.types.map((type, at) => ({ ...type, kernelAvailable: counts[at] ?? type.kernelAvailable })),
  });
  const snapshot = new Snapshot(rememberGvtg);
  snapshot.update({ ...seen, gpus: new Map([...seen.gpus].map(([at, gpu]) => [at, showing(gpu)])) });
  const refusal = { sizes: { lowGmMib: 256, highGmMib: 1024 }, at: 0 };
  if (refuses) snapshot.learn(pciAddress(), { refusal });
  assert.ok(snapshot.current);
  const [view] = gpuViews(snapshot.current, new Ledger(new MemoryStore(), []), plainTerms);
  assert.ok(view);
  return view;
}

function failures(view: GpuView): readonly Condition[] {
  return failuresOf(view, view.gpu.address);
}

function told(condition: Condition | undefined, language: Language = "en"): string {
  return condition ? `${messageOf(condition, language)}; ${remedyOf(condition, language)}` : "";
}

/** The two conditions of a host with one good GPU, whose accounts are these. */
async function examined(rooms: Rooms | undefined): Promise<readonly Condition[]> {
  const host = recordedHosts().find(({ name }) => name === "comet-lake-linux-6.1");
  assert.ok(host);
  await using tree = await host.expand();
  const files = new RootedFiles(tree.root);
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd: undefined, rooms, settings: undefined };
  const ofRoom = [capacityDisagrees.code, gmFragmented.code] as const;
  const { conditions } = await diagnose(
    files,
    await hostSubject(files, { ...others, libvirt: () => Promise.resolve(libvirt) }),
  );
  return conditions.filter(({ code }) => ofRoom.includes(code));
}

const AGREEING = {
  xengt: false,
  disagreements: [],
  overcommitted: [],
  unsized: [],
  fragmented: [],
  largestFree: { lowGmMib: 128, highGmMib: 512 },
};
const DIFFERING = { type: typeName("4"), ours: 2, kernel: 3, wraps: false };
const IN_PIECES = { type: typeName("2"), inSum: 1, kernel: 1, refused: false };

describe("the conditions of the room on a GPU", () => {
  it("are none where kernel and vgpud agree and nothing was refused", async () => {
    assert.deepEqual(failures(await viewOf(1024, [])), []);
  });

  it("tell both numbers of every type of which the kernel counts otherwise, in one condition", async () => {
    const [condition, ...others] = failures(await viewOf(1024, [7, 9, 2, 3]));
    assert.deepEqual([condition?.code, others.length], ["CAPACITY_DISAGREES", 0]);
    assert.match(told(condition), /kernel ≠ vgpud: i915-GVTg_V5_4: 9 ≠ 5, i915-GVTg_V5_1: 3 ≠ 1/);
    assert.deepEqual(
      condition?.evidence.map(({ path, value }) => [path.split("/").at(-2) ?? path, value]),
      [
        [typeName("4"), "9"],
        [`vgpud: ${typeName("4")}`, "5"],
        [typeName("1"), "3"],
        [`vgpud: ${typeName("1")}`, "1"],
      ],
    );
  });

  it("tell a count that wraps around, as of an aperture of 4 GiB, from one that is wrong", async () => {
    const [condition] = failures(await viewOf(4096, [7, 7, 3, 1]));
    assert.match(told(condition), /wraps around.*aperture in the firmware to between 256 and 1024 MiB/);
    const [first] = failures(await viewOf(4096, [9, 7, 3, 1]));
    assert.match(told(first), /9 ≠ 0.*wraps around/);
  });

  it("tell where XenGT has less left than the accounts leave, and nothing of what it does not count", async () => {
    const [condition, ...others] = failures(await viewOf(1024, [9, 4, 2, 1], { xengt: true }));
    assert.deepEqual([condition?.code, others.length], ["CAPACITY_DISAGREES", 0]);
    assert.match(told(condition), /kernel ≠ vgpud: i915-GVTg_V5_4: 4 ≠ 5\)/);
    assert.deepEqual(condition?.evidence, [
      { path: `/sys/kernel/vgt/control/available_resource, in ${typeName("4")}`, value: "4" },
      { path: `vgpud: ${typeName("4")}`, value: "5" },
    ]);
    assert.deepEqual(failures(await viewOf(4096, [9, 9, 9, 9], { xengt: true })), []);
  });

  it("say nothing of an address space that the firmware made smaller: the budget is of its size", async () => {
    const view = await viewOf(1024, [1, 1, 0, 0]);
    assert.deepEqual(failures(view), []);
    assert.equal(view.budget?.free.highGmMib, 640);
  });

  it("name the types that fit in sum and were refused", async () => {
    const view = await viewOf(1024, [], { refuses: true });
    const [condition] = failures(view);
    assert.equal(condition?.code, "GM_FRAGMENTED");
    assert.match(told(condition), /2 × i915-GVTg_V5_2, 1 × i915-GVTg_V5_1 .* refused i915-GVTg_V5_2/);
    assert.deepEqual(
      view.types.map(({ allocatable }) => allocatable),
      [7, 5, 0, 0],
    );
    assert.equal(view.largestFree, undefined);
  });
});

describe("an examination of the room on a GPU", () => {
  const cases: Readonly<Record<string, readonly [Rooms | undefined, readonly [string, string]]>> = {
    "is left out without an agent, which keeps the accounts": [undefined, ["no-accounts", "no-accounts"]],
    "is left out where the agent knows of no slices": [new Map(), ["no-slices", "no-slices"]],
    "passes where the counts agree and the pieces are known": [roomOf({}), ["agree", "whole"]],
    "does not know of pieces where it is not known where slices lie": [
      roomOf({ largestFree: undefined }),
      ["agree", "places"],
    ],
    "warns of counts that differ": [roomOf({ disagreements: [DIFFERING] }), ["differ", "whole"]],
    "warns of a count that wraps around": [
      roomOf({ disagreements: [{ ...DIFFERING, wraps: true }] }),
      ["wraps", "whole"],
    ],
    "warns of what was given away beyond what there is": [
      roomOf({ overcommitted: [{ part: "lowGmMib", by: 128 }], disagreements: [DIFFERING] }),
      ["overcommitted", "whole"],
    ],
    "warns of vGPUs of others of which nothing tells how much they take": [
      roomOf({ unsized: [foreignVgpuId(1)] }),
      ["unsized", "whole"],
    ],
    "warns of pieces that are too small": [roomOf({ fragmented: [IN_PIECES] }), ["agree", "pieces"]],
    "warns of what the kernel has refused": [
      roomOf({ fragmented: [{ ...IN_PIECES, refused: true }] }),
      ["agree", "refused"],
    ],
  };

  for (const [title, [rooms, said]] of Object.entries(cases))
    it(title, async () => {
      const conditions = await examined(rooms);
      assert.deepEqual(
        conditions.map(({ finding }) => finding.says),
        said,
      );
    });

  it("says everything that it has words for, in every language, with no place left open", async () => {
    const all = (await Promise.all(Object.values(cases).map(([rooms]) => examined(rooms)))).flat();
    for (const { code } of [capacityDisagrees, gmFragmented]) {
      const says = new Set(all.filter((one) => one.code === code).map(({ finding }) => finding.says));
      assert.deepEqual([...says].sort(), Object.keys(texts[code].messages).sort());
    }
    for (const language of languages)
      for (const condition of all) {
        const { finding } = condition;
        assert.doesNotMatch(told(condition, language), /\{\w*\}/);
        assert.equal(remedyOf(condition, language) !== "", finding.status === "fail", finding.says);
      }
  });

  it("costs no mode its availability: what is too much for one vGPU is room for another", () => {
    for (const { costs } of [capacityDisagrees, gmFragmented])
      assert.deepEqual(costs, { "gvt-g": "warning" });
  });
});

function roomOf(room: Partial<Room>): Rooms {
  return new Map([[pciAddress(), { ...AGREEING, ...room }]]);
}
