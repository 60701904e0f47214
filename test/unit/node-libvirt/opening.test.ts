import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { procedures } from "../../../agent/node-libvirt/remote.gen.ts";
import { scriptedDaemon, servedDaemon } from "../../fakes/libvirt-daemon.ts";
import { StartedProcess } from "../../fakes/process.ts";
import { lost, open } from "./opened.ts";

describe("opening a connection", () => {
  it("needs no more than a daemon without authentication", async () => {
    await using daemon = await servedDaemon({ connectGetType: () => ({ type: "TEST" }) });
    const connection = await open(daemon.socket);
    assert.deepEqual(await connection.call(procedures.connectGetType, undefined), { type: "TEST" });
    await connection.close();
  });

  it("asks polkit when the daemon wants it", async () => {
    let asked = 0;
    await using daemon = await servedDaemon({
      authList: () => ({ types: [2] }),
      authPolkit: () => {
        asked += 1;
        return { complete: 1 };
      },
    });
    const connection = await open(daemon.socket);
    assert.equal(asked, 1);
    await connection.close();
  });

  it("passes on polkit's refusal as the daemon's error", async () => {
    await using daemon = await servedDaemon({
      authList: () => ({ types: [2] }),
      authPolkit: () => {
        throw new LibvirtError({ code: 94, domain: 7, level: 2, message: "no polkit agent" });
      },
    });
    await assert.rejects(open(daemon.socket), { name: "LibvirtError", code: 94, procedure: "auth_polkit" });
  });

  for (const [types, named] of [
    [[1], /asks for SASL/],
    [[7], /asks for method 7/],
    [[], /asks for method none at all/],
  ] as const) {
    it(`fails closed when authentication is ${JSON.stringify(types)}`, async () => {
      await using daemon = await servedDaemon({ authList: () => ({ types }) });
      await assert.rejects(open(daemon.socket), (error: unknown) => {
        lost("auth-refused", "not-sent")(error);
        assert.match(String(error), named);
        return true;
      });
    });
  }

  it("refuses a daemon without event callbacks", async () => {
    await using daemon = await servedDaemon({ connectSupportsFeature: () => ({ supported: 0 }) });
    await assert.rejects(open(daemon.socket), lost("unsupported-daemon", "not-sent"));
  });

  it("gives up when the daemon accepts and says nothing", async () => {
    await using daemon = await scriptedDaemon(() => undefined);
    await assert.rejects(open(daemon.socket, { openTimeoutMs: 50 }), (error: unknown) => {
      lost("open-failed", "not-sent")(error);
      assert.match(String(error), /: connected, and nothing was answered in 50 ms$/);
      return true;
    });
  });

  it("says which question a daemon leaves open that answers others", async () => {
    await using daemon = await servedDaemon({ connectOpen: () => new Promise(() => undefined) });
    await assert.rejects(
      open(daemon.socket, { openTimeoutMs: 50 }),
      /: the daemon answers, but not connect_open in 50 ms$/,
    );
  });

  it("does not say that a daemon takes connections which is stopped", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "vgpud-stopped-"));
    const socket = path.join(folder, "sock");
    const serve = `require("net").createServer().listen({ path: "${socket}", backlog: 1 }, () => console.log("ready"))`;
    await using daemon = await StartedProcess.start([process.execPath, "-e", serve]);
    daemon.child.kill("SIGSTOP");
    const waiting = [connect(socket), connect(socket)];
    await Promise.all(waiting.map((each) => once(each, "connect")));
    await assert.rejects(open(socket), (error: unknown) => {
      lost("connect-failed", "not-sent")(error);
      assert.match(String(error), /: as many connections wait there as may, and the daemon takes none$/);
      return true;
    });
    for (const each of waiting) each.destroy();
    await daemon.end("SIGKILL");
    await rm(folder, { recursive: true });
  });

  it("gives up when its signal aborts", async () => {
    await using daemon = await scriptedDaemon(() => undefined);
    const signal = AbortSignal.abort(new Error("stopping"));
    await assert.rejects(open(daemon.socket, { signal }), /stopping/);
  });

  it("says which socket was not there", async () => {
    await assert.rejects(open("/nonexistent/libvirt-sock"), /cannot connect to \/nonexistent\/libvirt-sock/);
  });

  it("asks for a read-only connection when told", async () => {
    const flags: number[] = [];
    await using daemon = await servedDaemon({ connectOpen: (args) => void flags.push(args.flags) });
    await (await open(daemon.socket, { readonly: true })).close();
    await (await open(daemon.socket)).close();
    assert.deepEqual(flags, [1, 0]);
  });
});
