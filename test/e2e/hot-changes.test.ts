// What others do to GPUs, drivers and modules while vgpud runs: seen by the kernel's events, without them at the next resync,
// and never in the middle.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { FaultKind } from "../../proto/gen/vgpud/v1/simulator_service.ts";
import { GPU, type } from "./harness/requests.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { SimulatedAgent } from "./harness/simulated-agent.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

/** What is seen of a GPU: the whole of it at each time. */
function shape(gpu: Gpu | undefined): string {
  if (!gpu) return "gone";
  const types = gpu.types.map(({ name, allocatable }) => `${name.replace(/.*_/, "")}:${allocatable}`);
  return [gpu.driver, gpu.drmCard, gpu.drmRender, gpu.apertureMib, ...types.sort()].join(" ");
}

const whole = "i915 card0 renderD128 1024 1:1 2:2 4:5 8:7";
/** Faults of the simulator, as somebody else's deeds, and what is left of the GPU then. */
const changes = {
  KVMGT_UNLOADED: "i915 card0 renderD128 1024",
  GPU_UNBOUND: "   1024",
  GPU_PASSED_THROUGH: "vfio-pci   1024 gpu:0",
  GPU_VANISHES: "gone",
} as const;
type Change = keyof typeof changes;

const set = (kind: Change) => ({ command: "set-faults", faults: [{ name: "change", kind }] });
const undo = { command: "clear-faults", names: ["change"] };

describe("a change of the host that only the kernel tells of", () => {
  let agent: SimulatedAgent;
  before(async () => {
    agent = await SimulatedAgent.start();
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
  });

  // Nobody waits for the resync here: it comes after 60 s, and `until` gives up earlier.
  const seen = (expected: string): Promise<unknown> =>
    until(`the GPU is seen as ${expected}`, async () => shape((await agent.gpus())[0]) === expected);

  for (const [kind, left] of Object.entries(changes) as [Change, string][])
    it(`is seen by its event, and so is its end: ${kind}`, async () => {
      await seen(whole);
      await agent.behindItsBack(set(kind));
      await seen(left);
      await agent.behindItsBack(undo);
      await seen(whole);
    });

  it("takes the series of what is gone out of the scrape, and brings them back", async () => {
    const series = async (): Promise<number> =>
      (await agent.scrape()).split("\n").filter((line) => line.includes(`pci_address="${GPU}"`)).length;
    // The diagnosis follows within a second or two; the test before this one took the GPU away.
    const isDiagnosed = async (): Promise<boolean> =>
      (await agent.scrape()).includes(`vgpud_gpu_mode_available{pci_address="${GPU}"`);
    await until("the GPU is diagnosed", isDiagnosed);
    const before = await series();
    assert.ok(before > 20);
    await agent.behindItsBack(set("KVMGT_UNLOADED"));
    await until("the types are gone", async () => !(await agent.scrape()).includes("vgpu_type="));
    assert.ok((await series()) > 0);
    await agent.behindItsBack(set("GPU_VANISHES"));
    await until("the GPU is gone", async () => (await series()) === 0);
    await agent.behindItsBack(undo);
    await until("all is back", async () => (await series()) === before);
  });

  it("is counted as the events that udev tells", async () => {
    const text = await agent.scrape();
    for (const [subsystem, action] of [
      ["pci", "change"],
      ["pci", "bind"],
      ["pci", "unbind"],
      ["pci", "add"],
      ["pci", "remove"],
      ["drm", "add"],
      ["drm", "remove"],
      ["module", "remove"],
    ])
      assert.match(
        text,
        new RegExp(`^vgpud_uevents_total{subsystem="${subsystem}",action="${action}"} [1-9]`, "m"),
      );
    assert.match(text, /^vgpud_triggers_total\{source="udev"\} [1-9]/m);
  });

  /** What is seen, by `how`, while `deeds` are done and the host is looked at all the time. */
  async function seenMeanwhile(
    how: (gpu: Gpu | undefined) => string,
    deeds: () => Promise<void>,
  ): Promise<string[]> {
    const shapes = new Set<string>();
    let over = false;
    const watch = async (): Promise<void> => {
      while (!over) shapes.add(how((await agent.gpus())[0]));
    };
    // Each fault that is set makes the agent look; this one strikes nobody.
    const look = async (): Promise<void> => {
      while (!over) await agent.setFault({ name: "look", kind: FaultKind.LIBVIRT_EVENTS_LOST });
    };
    const busy = Promise.all([watch(), look()]);
    await deeds().finally(() => {
      over = true;
    });
    await busy;
    return [...shapes].sort();
  }

  it("is never seen half, whenever the host is looked at", async () => {
    const shapes = await seenMeanwhile(shape, async () => {
      for (let turn = 0; turn < 10; turn += 1)
        for (const [kind, left] of Object.entries(changes) as [Change, string][]) {
          await agent.behindItsBack(set(kind));
          await seen(left);
          if (turn % 2 === 0) await agent.behindItsBack(undo);
        }
      await agent.behindItsBack(undo);
      await seen(whole);
    });
    assert.deepEqual(shapes, [whole, ...Object.values(changes)].sort());
  });

  it("has never more room than is left, while somebody makes a slice and removes it", async () => {
    const uuid = "4c9c1f1e-aaaa-4000-8000-000000000001";
    const withSlice = "i915 card0 renderD128 1024 1:0 2:1 4:3 8:4";
    const told = (gpu: Gpu | undefined): string =>
      `${shape(gpu)}, ${gpu?.budget?.usedForeign?.instances ?? "no"} foreign`;
    const [made, removed] = [`${withSlice}, 1 foreign`, `${whole}, 0 foreign`];
    const settled = (expected: string): Promise<unknown> =>
      until(`the GPU is told as ${expected}`, async () => told((await agent.gpus())[0]) === expected);
    const shapes = await seenMeanwhile(told, async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        await agent.behindItsBack({ command: "create-mdev", gpu: GPU, type: type(2), uuid });
        await settled(made);
        await agent.behindItsBack({ command: "remove-mdev", uuid });
        await settled(removed);
      }
    });
    // Kernel and simulator count and list in several steps: a slice that is not listed may have its room taken in part.
    const listed = shapes.filter((seenShape) => !seenShape.endsWith(", 0 foreign"));
    assert.deepEqual(listed, [made]);
  });
});

describe("virtual functions that others make and remove", () => {
  const host = "gpus: [{ address: 0000:03:00.0, device: '56c0', driver: xe, total_vfs: 7 }]";

  it("are heard of and never taken for GPUs", async () => {
    await using agent = await SimulatedAgent.start();
    await agent.loadHost(host);
    const heard = async (action: string): Promise<number> =>
      Number(
        new RegExp(`^vgpud_uevents_total{subsystem="pci",action="${action}"} (\\d+)`, "m").exec(
          await agent.scrape(),
        )?.[1],
      );
    const [added, removed] = [await heard("add"), await heard("remove")];
    for (const count of [7, 0, 3, 0])
      await agent.behindItsBack({ command: "set-vfs", gpu: "0000:03:00.0", count });
    await until(
      "all are heard of",
      async () => (await heard("add")) === added + 10 && (await heard("remove")) === removed + 10,
    );
    assert.deepEqual(
      (await agent.gpus()).map(({ pciAddress }) => pciAddress),
      ["0000:03:00.0"],
    );
  });
});

describe("the account of virtual functions that others make and remove", () => {
  const host = "gpus: [{ address: 0000:03:00.0, device: '56c0', driver: xe, total_vfs: 7 }]";
  const desk = { name: "desk", uuid: "5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11", pciFunction: 2 };
  let agent: SimulatedAgent;
  before(async () => {
    agent = await SimulatedAgent.start();
    await agent.loadHost(host);
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
  });

  const setVfs = (count: number): Promise<void> =>
    agent.behindItsBack({ command: "set-vfs", gpu: "0000:03:00.0", count });

  /** How the GPU is shared, and its functions: enabled of all, used by others, free; whether it could be given away whole. */
  const told = async (): Promise<string> => {
    const [gpu] = await agent.gpus();
    const { enabled, total, usedForeign, free, functions = [] } = gpu?.virtualFunctions ?? {};
    const taken = functions
      .filter((each) => each.domainUuid === desk.uuid)
      .map(({ number }) => `vf${number}`);
    return `${gpu?.mode}: ${enabled}/${total}, ${usedForeign} used, ${free} free ${taken.join()}, whole ${gpu?.whole?.free}`;
  };
  // Nobody waits for the resync here: it comes after 60 s, and `until` gives up earlier.
  const seen = (expected: string): Promise<unknown> =>
    until(`the account is ${expected}`, async () => (await told()) === expected);

  it("is the whole GPU's room while there are none", async () => {
    await seen("MODE_UNSPECIFIED: 0/7, 0 used, 7 free , whole 1");
  });

  it("shows them as soon as they are made, and what a domain has of them", async () => {
    await setVfs(3);
    await seen("MODE_SRIOV: 3/7, 0 used, 7 free , whole 0");
    await asSomebodyElse(agent.libvirtSocket, (libvirt) => libvirt.defineDomain(foreignXml(desk)));
    await seen("MODE_SRIOV: 3/7, 1 used, 2 free vf2, whole 0");
    const series = (await agent.scrape()).split("\n").filter((line) => line.startsWith("vgpud_gpu_virtual_"));
    assert.deepEqual(series, [
      'vgpud_gpu_virtual_functions{pci_address="0000:03:00.0",state="own"} 0',
      'vgpud_gpu_virtual_functions{pci_address="0000:03:00.0",state="foreign"} 1',
      'vgpud_gpu_virtual_functions{pci_address="0000:03:00.0",state="idle"} 2',
      'vgpud_gpu_virtual_functions{pci_address="0000:03:00.0",state="off"} 4',
      'vgpud_gpu_virtual_functions_free{pci_address="0000:03:00.0"} 2',
    ]);
  });

  it("gives them back with the domain, and forgets them when they are removed", async () => {
    await asSomebodyElse(agent.libvirtSocket, async (libvirt) => {
      const domain = await libvirt.lookupDomainByName(desk.name);
      assert.ok(domain);
      await libvirt.undefineDomain(domain);
    });
    await seen("MODE_SRIOV: 3/7, 0 used, 7 free , whole 0");
    await setVfs(0);
    await seen("MODE_UNSPECIFIED: 0/7, 0 used, 7 free , whole 1");
  });

  it("does not take what it cannot know for nothing while libvirt is away", async () => {
    await setVfs(2);
    await agent.setFault({ name: "away", kind: FaultKind.LIBVIRT_GONE });
    await seen("MODE_SRIOV: 2/7, undefined used, undefined free , whole 0");
    await agent.behindItsBack({ command: "clear-faults", names: ["away"] });
    await seen("MODE_SRIOV: 2/7, 0 used, 7 free , whole 0");
  });
});

describe("a change of the host that nobody tells of", () => {
  it("is seen at the next resync", async () => {
    // A tree of files has no udev.
    await using world = await World.start();
    await writeFile(path.join(world.host.directory, "vgpud.yaml"), "resync: 5s\n");
    await world.agent.end();
    await world.startAgain();
    for (const [kind, left] of Object.entries(changes) as [Change, string][]) {
      await world.setFaults({ name: "change", kind });
      await until(`${kind} is seen`, async () => shape((await world.gpus())[0]) === left);
    }
  });
});
