// hostd asks xenstore through a file, written and read in turns: here a terminal with a xenstored behind it.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HostdClient } from "../../agent/host/hostd-client.ts";
import { guestNodes } from "../fakes/fake-xenstore.ts";
import { StartedProcess } from "../fakes/process.ts";
import { addXengt } from "../fakes/xengt-tree.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const hostdProgram = fileURLToPath(import.meta.resolve("../../agent/hostd/main.js"));
/** Tests run from the root of the repository. */
const XENSTORED = "test/contract/xenstored.py";
const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const GPU = "0000:00:02.0";

interface XenHost {
  readonly root: string;
  readonly client: HostdClient;
}

/** Runs with a hostd over a tree of its own, and a xenstored at `bus` that has these nodes. */
async function onXen(
  bus: string,
  nodes: Readonly<Record<string, string>>,
  run: (xen: XenHost) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(path.join(tmpdir(), "xen-"));
  const [file, socket] = [path.join(root, bus), path.join(root, "hostd.sock")];
  const client = new HostdClient({ socketPath: socket, deadlineMs: 30_000 });
  try {
    await writeFile(path.join(root, "nodes.json"), JSON.stringify(nodes));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "");
    await using store = await StartedProcess.start(["python3", XENSTORED, path.join(root, "nodes.json")]);
    const terminal = store.ready.slice("ready ".length);
    const mounted = ["unshare", "--mount", "sh", "-c", `mount --bind ${terminal} ${file} && exec "$@"`, "sh"];
    const hostd = [process.execPath, hostdProgram, "--socket", socket, "--root", root];
    await using started = await StartedProcess.start([...mounted, ...hostd]);
    assert.equal(started.ready, "ready");
    await run({ root, client });
  } finally {
    client.close();
    await rm(root, { recursive: true });
  }
}

function unlessRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "a file is put in place by mount(8)";
}

describe("hostd and a xenstored behind a file", function () {
  this.timeout(60_000);

  for (const file of ["proc/xen/xenbus", "dev/xen/xenbus"])
    it(`finds the guests that it has, by /${file}`, async function () {
      unlessImpossible(this, unlessRoot());
      const nodes = {
        "/local/domain/0/name": "Domain-0",
        ...guestNodes(7, { uuid: UUID, name: "desk", type: "pv", pci: [GPU] }),
      };
      await onXen(file, nodes, async ({ client }) => {
        const guest = { domid: 7, uuid: UUID, name: "desk", type: "pv", pciDevices: [GPU] };
        const told = { kind: "xen-domains", domains: [guest] };
        // And again: each time the file is opened anew.
        assert.deepEqual(await client.xenDomains(), told);
        assert.deepEqual(await client.xenDomains(), told);
      });
    });

  it("tells the slice of XenGT that a guest's device model was started with", async function () {
    unlessImpossible(this, unlessRoot());
    const nodes = guestNodes(7, { uuid: UUID, name: "desk", type: "hvm", devicePid: 4711 });
    await onXen("proc/xen/xenbus", nodes, async ({ root, client }) => {
      const words = ["qemu-system-i386", "-xen-domid", "7", "-vga", "xengt", "-vgt_low_gm_sz", "128", ""];
      await mkdir(path.join(root, "proc/4711"));
      await writeFile(path.join(root, "proc/4711/cmdline"), words.join("\0"));
      const vgt = { lowGmMib: 128, highGmMib: 448, fences: 4 };
      const guest = { domid: 7, uuid: UUID, name: "desk", type: "hvm", pciDevices: [], vgt };
      assert.deepEqual(await client.xenDomains(), { kind: "xen-domains", domains: [guest] });
    });
  });

  it("removes the slice of a guest that is gone, and leaves that of one that is there", async function () {
    unlessImpossible(this, unlessRoot());
    await onXen("dev/xen/xenbus", guestNodes(7, { uuid: UUID }), async ({ root, client }) => {
      const control = await addXengt({ root }, [7, 8]);
      assert.deepEqual(await client.removeVgtInstance(7), { kind: "held", holders: [] });
      assert.equal(await readFile(control, "utf8"), "");
      assert.deepEqual(await client.removeVgtInstance(8), { kind: "done" });
      assert.equal(await readFile(control, "utf8"), "-8");
    });
  });
});
