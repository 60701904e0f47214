// hostd asks xenstore through a file, written and read in turns: here a terminal with a xenstored behind it.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HostdClient } from "../../agent/host/hostd-client.ts";
import { guestNodes } from "../fakes/fake-xenstore.ts";
import { StartedProcess } from "../fakes/process.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const hostdProgram = fileURLToPath(import.meta.resolve("../../agent/hostd/main.js"));
/** Tests run from the root of the repository. */
const XENSTORED = "test/contract/xenstored.py";
const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const GPU = "0000:00:02.0";

describe("hostd and a xenstored behind a file", function () {
  this.timeout(60_000);

  for (const file of ["proc/xen/xenbus", "dev/xen/xenbus"])
    it(`finds the guests that it has, by /${file}`, async function () {
      unlessImpossible(this, process.getuid?.() === 0 ? undefined : "a file is put in place by mount(8)");
      const root = await mkdtemp(path.join(tmpdir(), "xen-"));
      const [nodes, bus, socket] = ["nodes.json", file, "hostd.sock"].map((name) => path.join(root, name));
      assert.ok(nodes !== undefined && bus !== undefined && socket !== undefined);
      await writeFile(
        nodes,
        JSON.stringify({
          "/local/domain/0/name": "Domain-0",
          ...guestNodes(7, { uuid: UUID, name: "desk", type: "pv", pci: [GPU] }),
        }),
      );
      await mkdir(path.dirname(bus), { recursive: true });
      await writeFile(bus, "");
      await using store = await StartedProcess.start(["python3", XENSTORED, nodes]);
      const terminal = store.ready.slice("ready ".length);
      const mounted = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        `mount --bind ${terminal} ${bus} && exec "$@"`,
        "sh",
      ];
      const hostd = [process.execPath, hostdProgram, "--socket", socket, "--root", root];
      await using started = await StartedProcess.start([...mounted, ...hostd]);
      assert.equal(started.ready, "ready");
      const client = new HostdClient({ socketPath: socket, deadlineMs: 30_000 });
      try {
        const guest = { domid: 7, uuid: UUID, name: "desk", type: "pv", pciDevices: [GPU] };
        const told = { kind: "xen-domains", domains: [guest] };
        // And again: each time the file is opened anew.
        assert.deepEqual(await client.xenDomains(), told);
        assert.deepEqual(await client.xenDomains(), told);
      } finally {
        client.close();
        await rm(root, { recursive: true });
      }
    });
});
