// kvmgt and drivers that come and go on a real kernel under a running vgpud: heard by udev, seen whole, gone from the scrape; part
// of "vgpud on a real kernel and libvirt".
import assert from "node:assert/strict";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { eventually, type AgentInBed } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";
import * as gpu from "./gpu.ts";

const driver = "/sys/bus/pci/drivers/i915";
const types = ["i915-GVTg_V5_2", "i915-GVTg_V5_4", "i915-GVTg_V5_8"];
/** Far below the resync of 60 s: what is seen within it was heard of. */
const HEARD_MS = 20_000;

interface Changing {
  readonly bed: () => Bed;
  readonly agent: () => AgentInBed;
}

/** Cases of a `describe`: there is nothing on the host. They leave the GPU as it was. */
export function changes({ bed, agent }: Changing): void {
  /** Resolves when the GPU is seen so; it comes by an event. */
  async function seen(isSo: (shown: Gpu) => boolean): Promise<void> {
    await eventually(() => agent().client.gpu(), isSo, HEARD_MS);
  }

  async function series(name: string): Promise<readonly string[]> {
    return [...(await agent().metrics()).keys()].filter((key) => key.startsWith(`${name}{`));
  }

  async function events(action: string, subsystem = "pci"): Promise<number> {
    const key = `vgpud_uevents_total{subsystem="${subsystem}",action="${action}"}`;
    return (await agent().metrics()).get(key) ?? 0;
  }

  /** The conditions in the way of slices, as doctor finds them now; that this bed is a guest is one of them. */
  async function failed(): Promise<ReadonlySet<string>> {
    const { stdout } = await vgpuctl(agent().socket, ["doctor", "--mode", "gvt-g", "-o", "name"]);
    return new Set(stdout.trim().split("\n"));
  }

  const offered = ({ types: shown }: Gpu): readonly string[] => shown.map(({ name }) => name).sort();
  const isWhole = (shown: Gpu): boolean =>
    shown.driver === "i915" && shown.drmCard !== "" && offered(shown).join() === types.join();

  it("kvmgt is unloaded: the types are gone, and their series", async () => {
    await seen(isWhole);
    assert.equal((await series("vgpud_vgpu_type_allocatable")).length, types.length);
    const before = await events("change");
    await bed().check("modprobe -r kvmgt");
    await seen((shown) => shown.types.length === 0);
    const shown = await agent().client.gpu();
    // The bed's stand-in is GVT-g and driver in one module.
    assert.deepEqual([shown.driver, shown.drmCard], ["", ""]);
    assert.ok((await events("change")) > before);
    assert.ok((await events("remove", "module")) > 0);
    assert.deepEqual(await series("vgpud_vgpu_type_allocatable"), []);
    assert.equal(
      (await agent().metrics()).get(`vgpud_gpu_vgpu_supported{pci_address="${gpu.gpuAddress}"}`),
      0,
    );
    assert.ok((await failed()).has("KVMGT_NOT_LOADED"));
  });

  it("kvmgt is loaded: all types are there at once", async () => {
    const before = await events("change");
    await bed().check("modprobe kvmgt");
    await seen(isWhole);
    assert.ok((await events("change")) > before);
    assert.equal((await series("vgpud_vgpu_type_allocatable")).length, types.length);
    assert.ok(!(await failed()).has("KVMGT_NOT_LOADED"));
  });

  it("the GPU is unbound from i915: it has neither nodes nor types", async () => {
    const before = await events("unbind");
    await bed().check(`echo ${gpu.gpuAddress} > ${driver}/unbind`);
    await seen((shown) => shown.driver === "" && shown.drmCard === "" && shown.types.length === 0);
    assert.ok((await events("unbind")) > before);
  });

  it("the GPU is bound again: it is whole again", async () => {
    const before = await events("bind");
    await bed().check(`echo ${gpu.gpuAddress} > ${driver}/bind`);
    await seen(isWhole);
    assert.ok((await events("bind")) > before);
    assert.deepEqual(await gpu.available(bed()), { 8: 6, 4: 3, 2: 1 });
  });

  it("is never seen half, while kvmgt comes and goes and vgpud looks all the time", async () => {
    const shapes = new Set<string>();
    let over = false;
    const watch = async (): Promise<void> => {
      while (!over) {
        const shown = await agent().client.gpu();
        shapes.add([shown.driver, shown.drmCard === "" ? "" : "card", ...offered(shown)].join(" "));
      }
    };
    const watching = watch();
    for (let turn = 0; turn < 10; turn += 1) await bed().check("modprobe -r kvmgt && modprobe kvmgt");
    await seen(isWhole);
    over = true;
    await watching;
    const known = new Set([`i915 card ${types.join(" ")}`, " "]);
    assert.deepEqual(
      [...shapes].filter((shape) => !known.has(shape)),
      [],
    );
  });
}
