// What XenGT of 2015 has left, which somebody else reads: asked once a look where nobody answers, and known for as long as it holds.
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { VgtLeft } from "../../../agent/backends/xengt/vgt-files.ts";
import { VgtLeftMemory, VgtLeftNow } from "../../../agent/backends/xengt/vgt-left.ts";
import { NotingFiles } from "../../../agent/discovery/noting-files.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import type { Unread } from "../../../agent/inventory/model.ts";
import { VGT_RESOURCES } from "../../../agent/inventory/xengt.ts";
import { hostTree } from "../../fakes/host-tree.ts";

/** A kernel with a slice for domain 3, of which hostd says what is left, or not. */
class Host implements AsyncDisposable {
  answer: () => Promise<VgtLeft> = () => Promise.resolve(LEFT);
  asked = 0;
  readonly #memory = new VgtLeftMemory(() => {
    this.asked += 1;
    return this.answer();
  });
  readonly #tree: Awaited<ReturnType<typeof hostTree>>;

  private constructor(tree: Awaited<ReturnType<typeof hostTree>>) {
    this.#tree = tree;
  }

  static async start(): Promise<Host> {
    return new Host(await hostTree({ "sys/kernel/vgt": { vm0: { vgt_id: "0" }, vm3: { vgt_id: "1" } } }));
  }

  slice(domid: number): string {
    return path.join(this.#tree.root, "sys/kernel/vgt", `vm${domid}`);
  }

  /** What a look is told that reads a GPU so often. */
  async look(
    readings = 1,
  ): Promise<{ readonly told: (VgtLeft | undefined)[]; readonly unread: readonly Unread[] }> {
    const files = new NotingFiles(new RootedFiles(this.#tree.root));
    const now = new VgtLeftNow(this.#memory, files);
    const told = [];
    for (let reading = 0; reading < readings; reading += 1) told.push(await now.left());
    return { told, unread: files.unread };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tree[Symbol.asyncDispose]();
  }
}

const LEFT = { lowFreeMib: 256, fencesFree: 20 };
const LESS = { lowFreeMib: 128, fencesFree: 16 };
const busy = (): Promise<never> => Promise.reject(new Error("no answer for 10000 ms"));
const NOTED = [{ path: VGT_RESOURCES, why: "no answer for 10000 ms" }];

describe("what XenGT has left", () => {
  it("is asked for with each reading that is answered", async () => {
    await using host = await Host.start();
    assert.deepEqual(await host.look(2), { told: [LEFT, LEFT], unread: [] });
    assert.equal(host.asked, 2);
  });

  it("is what it was while nobody answers, who is asked once in a look, which notes why", async () => {
    await using host = await Host.start();
    await host.look();
    host.answer = busy;
    host.asked = 0;
    assert.deepEqual(await host.look(6), { told: Array(6).fill(LEFT), unread: NOTED });
    assert.equal(host.asked, 1);
    host.answer = () => Promise.resolve(LESS);
    assert.deepEqual(await host.look(), { told: [LESS], unread: [] });
  });

  it("shows alike in all readings of a look in which answers come and do not", async () => {
    await using host = await Host.start();
    host.answer = () => (host.asked % 2 === 1 ? Promise.resolve(LEFT) : busy());
    assert.deepEqual(await host.look(6), { told: Array(6).fill(LEFT), unread: NOTED });
    assert.equal(host.asked, 2);
  });

  it("is not known when nobody has said it, nor when slices have come or gone since", async () => {
    await using host = await Host.start();
    host.answer = busy;
    assert.deepEqual(await host.look(), { told: [undefined], unread: NOTED });
    host.answer = () => Promise.resolve(LEFT);
    await host.look();
    host.answer = busy;
    await mkdir(host.slice(4));
    assert.deepEqual((await host.look()).told, [undefined]);
    await rm(host.slice(4), { recursive: true });
    assert.deepEqual((await host.look()).told, [LEFT], "the slices are those again of which it was said");
  });

  it("is not remembered when a slice came while it was read", async () => {
    await using host = await Host.start();
    host.answer = async () => {
      await mkdir(host.slice(5));
      return LEFT;
    };
    assert.deepEqual((await host.look()).told, [LEFT]);
    host.answer = busy;
    assert.deepEqual((await host.look()).told, [undefined]);
  });
});
