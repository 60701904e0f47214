// What hostd reads of QEMUs that render on a GPU, and of whom it reads nothing.
import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { performOperation } from "../../../agent/hostd/perform.ts";
import type { Result } from "../../../agent/hostd/protocol/messages.ts";
import { parseResult } from "../../../agent/hostd/protocol/parse.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { Bench } from "./bench.ts";

const GPU = "0000:00:02.0";
const NODE = "/dev/dri/renderD128";
const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const OTHER = "7d1f0a44-5b8e-4a0c-9f0b-000000000002";
const desk = { domain: "desk", uuid: UUID, opens: NODE };

/** As Linux 6.12's i915 writes it. */
function info(client: number, { pdev = GPU, render = 7_000 } = {}): string {
  return [
    ...["pos:\t0", "flags:\t02100002", "mnt_id:\t24", "ino:\t431"],
    ...["drm-driver:\ti915", `drm-client-id:\t${client}`, `drm-pdev:\t${pdev}`],
    ...["drm-total-system0:\t2048 KiB", "drm-shared-system0:\t0", "drm-active-system0:\t0"],
    ...["drm-resident-system0:\t1024 KiB", "drm-purgeable-system0:\t0"],
    ...[`drm-engine-render:\t${render} ns`, "drm-engine-video:\t3 ns", "drm-engine-capacity-video:\t2"],
    "",
  ].join("\n");
}

const figures = (render: number): string =>
  [
    "drm-resident-system0:\t1024 KiB",
    `drm-engine-render:\t${render} ns`,
    "drm-engine-video:\t3 ns",
    "drm-engine-capacity-video:\t2",
  ].join("\n");

async function treeWithGpu(options: Parameters<PciFunctions["add"]>[1] = {}): Promise<GvtTree> {
  const tree = await GvtTree.make();
  const functions = new PciFunctions(tree.root);
  await functions.add(GPU, { driver: "i915", ...options });
  await functions.addDrmNodes(GPU, ["card0", "renderD128"]);
  return tree;
}

function read({ root }: GvtTree): Result {
  return performOperation(root, { kind: "render-clients", gpu: GPU });
}

const nobody: Result = { kind: "render-clients", processes: [], left: 0 };

describe("hostd, asked who renders on a GPU,", () => {
  it("tells of each of libvirt's QEMUs what the driver counts, once for each open of the GPU", async () => {
    await using tree = await treeWithGpu();
    await tree.addRenderer(4711, { ...desk, info: [info(12), info(12, { render: 8_000 }), info(13)] });
    await tree.addRenderer(4712, { domain: "lab 2", uuid: OTHER, opens: "/dev/dri/card0", info: [info(14)] });
    assert.deepEqual(read(tree), {
      kind: "render-clients",
      processes: [
        {
          ...{ pid: 4711, domain: UUID },
          clients: [
            { id: 12, figures: figures(8_000) },
            { id: 13, figures: figures(7_000) },
          ],
        },
        { pid: 4712, domain: OTHER, clients: [{ id: 14, figures: figures(7_000) }] },
      ],
      left: 0,
    });
  });

  it("answers so over its socket", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.renderClients(GPU), { kind: "absent" });
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915" });
    await functions.addDrmNodes(GPU, ["renderD128"]);
    await bench.tree.addRenderer(4711, { ...desk, info: [info(12)] });
    const answer = await bench.client.renderClients(GPU);
    assert.equal(answer.kind === "render-clients" ? answer.processes[0]?.domain : answer.kind, UUID);
  });

  it("looks at no process that libvirt did not write down, whatever it calls itself", async () => {
    await using tree = await treeWithGpu();
    await tree.addRenderer(4711, { ...desk, info: [info(12)] });
    await rm(path.join(tree.root, "run/libvirt/qemu/desk.pid"));
    assert.deepEqual(read(tree), nobody);
    await writeFile(path.join(tree.root, "4711"), "4711");
    await symlink(path.join(tree.root, "4711"), path.join(tree.root, "run/libvirt/qemu/desk.pid"));
    assert.deepEqual(read(tree), nobody);
  });

  it("looks at no process that has the number of a QEMU which has ended, though it is one of another domain", async () => {
    await using tree = await treeWithGpu();
    await tree.addRenderer(4711, { ...desk, info: [info(12)] });
    const pids = path.join(tree.root, "run/libvirt/qemu");
    await rename(path.join(pids, "desk.pid"), path.join(pids, "lab.pid"));
    assert.deepEqual(read(tree), nobody);
  });

  it("passes over libvirt itself and its helpers, which are no domain's QEMU, and those that have ended", async () => {
    await using tree = await treeWithGpu();
    await tree.addRenderer(4711, { ...desk, info: [info(12)] });
    await tree.addProcess(900, { command: "libvirtd", opens: NODE });
    const pids = { "driver.pid": "900", "lab.pid": "4799", "broken.pid": "-1", "empty.pid": "" };
    for (const [file, pid] of Object.entries(pids))
      await writeFile(path.join(tree.root, "run/libvirt/qemu", file), pid);
    const answer = read(tree);
    assert.deepEqual(answer.kind === "render-clients" && answer.processes.map(({ pid }) => pid), [4711]);
  });

  it("tells nothing of another GPU, of other files, and of a driver that counts nothing", async () => {
    await using tree = await treeWithGpu();
    await tree.addRenderer(4711, { ...desk, info: [info(12, { pdev: "0000:03:00.0" }), "pos:\t0\n"] });
    await tree.addRenderer(4712, {
      domain: "lab",
      uuid: OTHER,
      opens: "/dev/dri/renderD129",
      info: [info(1)],
    });
    assert.deepEqual(read(tree), nobody);
  });

  it("refuses another maker's GPU, and one without a driver has nobody", async () => {
    await using strange = await treeWithGpu({ vendor: "0x1002" });
    assert.equal(read(strange).kind, "refused");
    await using bare = await GvtTree.make();
    await new PciFunctions(bare.root).add(GPU);
    assert.deepEqual(read(bare), nobody);
  });

  it("says how many there are that an answer has no room for, and tells none by halves", async () => {
    await using tree = await treeWithGpu();
    const long = Array.from({ length: 9 }, (_, n) => info(n, { render: 10 ** 14 }));
    await mkdir(path.join(tree.root, "run/libvirt/qemu"), { recursive: true });
    for (let n = 0; n < 130; n += 1)
      await tree.addRenderer(5000 + n, { ...desk, domain: `desk-${n}`, info: long });
    const answer = read(tree);
    assert.ok(answer.kind === "render-clients");
    assert.ok(answer.left > 0);
    assert.equal(answer.processes.length + answer.left, 130);
    assert.ok(answer.processes.every(({ clients }) => clients.length === 9));
    assert.deepEqual(parseResult(JSON.parse(JSON.stringify(answer))), answer);
  });
});
