// Which of Nova's providers of GPUs give something out, and how seldom they are asked.
import assert from "node:assert/strict";
import type { PciAddress } from "../../../../agent/core/ids.ts";
import { gpuOfNova, gpuOfProvider } from "../../../../agent/core/placement-names.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import type { AtGeneration, Inventories } from "../../../../agent/placement/model.ts";
import { NovaGpus, type NovaGpu } from "../../../../agent/schedulers/placement/nova-gpus.ts";

const gpu = "0000:00:02.0" as PciAddress;
const { signal } = new AbortController();
const answered = (): Promise<unknown> => Promise.resolve("as ever");

/** One provider of Nova's, which counts its generation up as Placement does, and is asked. */
class OneProvider {
  generation = 1;
  inventories: Inventories = {};
  failure: PlacementError | undefined;
  asked = 0;
  readonly novaGpus = new NovaGpus({
    inventories: (): Promise<AtGeneration<Inventories>> => {
      this.asked += 1;
      const { generation, inventories: value, failure } = this;
      return failure ? Promise.reject(failure) : Promise.resolve({ generation, value });
    },
  });

  has(total: number, reserved: number): void {
    this.generation += 1;
    const units = { minUnit: 1, maxUnit: total, stepSize: 1, allocationRatio: 1 };
    this.inventories = { VGPU: { total, reserved, ...units } };
  }

  async isGivingOut(ask = answered): Promise<boolean> {
    const provider = { uuid: "u", name: "n", generation: this.generation, parent: "r", root: "r" };
    const all: readonly NovaGpu[] = [{ gpu, provider }];
    const found = await this.novaGpus.givingOut(all, ask, signal);
    return found.length > 0;
  }
}

describe("Nova's providers of GPUs", () => {
  let one: OneProvider;
  beforeEach(() => {
    one = new OneProvider();
  });

  it("are known by their names, whatever the host is called, and vgpud's own are none of them", () => {
    for (const [name, address] of [
      ["kvm-1_pci_0000_00_02_0", gpu],
      ["kvm_pci_x_pci_0000_3a_00_1", "0000:3a:00.1"],
      ["kvm-1_0000:00:02.0", gpu],
      ["kvm-1_0000:3A:00.0", "0000:3a:00.0"],
      ["kvm-1_vgpud_0000_00_02_0", undefined],
      ["kvm-1_pci_0000_00_02_0_x", undefined],
      ["kvm-1_pci_0000_00_02_9", undefined],
      ["kvm-1", undefined],
    ] as const)
      assert.equal(gpuOfNova(name), address, name);
    assert.equal(gpuOfProvider("kvm-1_pci_0000_00_02_0"), undefined);
  });

  it("give something out while more is there than is reserved", async () => {
    assert.equal(await one.isGivingOut(), false);
    one.has(2, 0);
    assert.equal(await one.isGivingOut(), true);
    one.has(2, 2);
    assert.equal(await one.isGivingOut(), false);
  });

  it("are asked once for each generation", async () => {
    one.has(2, 0);
    for (let round = 0; round < 5; round += 1) assert.equal(await one.isGivingOut(), true);
    assert.equal(one.asked, 1);
    one.has(2, 1);
    await one.isGivingOut();
    assert.equal(one.asked, 2);
  });

  it("are told as before while one alone cannot be asked, beside that it cannot, and asked again", async () => {
    const failure = new PlacementError("failed", "HTTP 500");
    const message = "whether Nova gives that GPU out, too, cannot be read: HTTP 500";
    const untold = [{ kind: "failed", what: "n", message }];
    /** Whether it gives something out, and what is told of those that cannot be asked. */
    const told = async (): Promise<readonly unknown[]> => [await one.isGivingOut(), one.novaGpus.untold];
    one.failure = failure;
    assert.deepEqual(await told(), [false, untold]);
    assert.deepEqual(await told(), [false, untold], "as long as it never could");
    one.failure = undefined;
    one.has(2, 0);
    assert.deepEqual(await told(), [true, []]);
    one.has(0, 0);
    one.failure = failure;
    assert.deepEqual(await told(), [true, untold]);
    one.failure = undefined;
    assert.deepEqual(await told(), [false, []]);
  });

  it("give nothing out once they are gone, which is no failure, and are asked again should they be there", async () => {
    one.has(2, 0);
    assert.equal(await one.isGivingOut(), true);
    one.has(2, 0);
    one.failure = new PlacementError("not-found", "HTTP 404");
    assert.equal(await one.isGivingOut(), false);
    assert.deepEqual(one.novaGpus.untold, []);
    one.failure = undefined;
    assert.equal(await one.isGivingOut(), true);
  });

  it("fail the round where Placement answers nothing else either", async () => {
    one.failure = new PlacementError("failed", "HTTP 500");
    const ask = (): Promise<never> => Promise.reject(new PlacementError("failed", "HTTP 503"));
    await assert.rejects(one.isGivingOut(ask), { message: "HTTP 503" });
  });
});
