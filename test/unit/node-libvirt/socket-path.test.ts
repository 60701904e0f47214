import assert from "node:assert/strict";
import { chown, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { findSocket, socketCandidates } from "../../../agent/node-libvirt/socket-path.ts";
import { LibvirtServer } from "../../../agent/node-libvirt/server.ts";

describe("the daemon's socket", () => {
  let directory: string;
  let servers: LibvirtServer[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lv-"));
    servers = [];
  });
  afterEach(async () => {
    for (const server of servers) await server.close();
    await rm(directory, { recursive: true });
  });

  const listen = async (name: string): Promise<string> => {
    const server = new LibvirtServer({ handlers: {} });
    servers.push(server);
    await server.listen(join(directory, name));
    return join(directory, name);
  };

  it("is looked for at the modular daemon first, then at libvirtd", () => {
    assert.deepEqual(socketCandidates({ driver: "qemu" }), [
      "/run/libvirt/virtqemud-sock",
      "/run/libvirt/libvirt-sock",
    ]);
    assert.deepEqual(socketCandidates({ driver: "xen", readonly: true, directory: "/r" }), [
      "/r/virtxend-sock-ro",
      "/r/libvirt-sock-ro",
    ]);
    assert.deepEqual(socketCandidates({ driver: "xen", path: "/mine" }), ["/mine"]);
  });

  it("is the first that exists", async () => {
    const libvirtd = await listen("libvirt-sock");
    assert.equal(await findSocket({ driver: "qemu", directory }), libvirtd);
    const virtqemud = await listen("virtqemud-sock");
    assert.equal(await findSocket({ driver: "qemu", directory }), virtqemud);
  });

  it("is named with all places when there is none", async () => {
    await assert.rejects(findSocket({ driver: "xen", directory }), (error: unknown) => {
      assert.equal(Reflect.get(Object(error), "reason"), "no-socket");
      assert.match(String(error), /virtxend-sock or .*libvirt-sock/);
      return true;
    });
  });

  it("is refused when it is not a socket, even where a later candidate would do", async () => {
    await listen("libvirt-sock");
    await writeFile(join(directory, "virtqemud-sock"), "");
    await assert.rejects(findSocket({ driver: "qemu", directory }), { reason: "socket-refused" });
  });

  it("is refused when another user owns it, unless that user is trusted; a link does not hide the owner", async function () {
    if (process.getuid?.() !== 0) this.skip(); // giving a file away needs root
    const path = await listen("foreign");
    await chown(path, 4242, 4242);
    await symlink(path, join(directory, "libvirt-sock"));
    await assert.rejects(findSocket({ driver: "qemu", directory }), { reason: "socket-refused" });
    const trusted = await findSocket({ driver: "qemu", directory, trustedUids: [4242] });
    assert.equal(trusted, join(directory, "libvirt-sock"));
  });
});
