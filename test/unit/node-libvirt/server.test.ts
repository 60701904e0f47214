import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";

import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { domainState, domainStateNumbers, isActive } from "../../../agent/node-libvirt/domain-state.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { procedures } from "../../../agent/node-libvirt/remote.gen.ts";
import { LibvirtServer } from "../../../agent/node-libvirt/server.ts";
import { nothing } from "../../../agent/node-libvirt/xdr.ts";
import { servedDaemon } from "../../fakes/libvirt-daemon.ts";

const open = (socket: string): Promise<Connection> => Connection.open({ socket, uri: "x:///" });

describe("the server half", () => {
  it("answers a procedure without a handler as libvirt does: not supported by the driver", async () => {
    await using daemon = await servedDaemon({});
    const connection = await open(daemon.socket);
    await assert.rejects(new Libvirt(connection).listDomains(), {
      code: 3,
      message: "this function is not supported by the connection driver: connect_list_all_domains",
    });
    await connection.close();
  });

  it("answers a procedure that the protocol does not have", async () => {
    await using daemon = await servedDaemon({});
    const connection = await open(daemon.socket);
    const future = { number: 9999, name: "future", args: nothing, ret: nothing };
    await assert.rejects(connection.call(future, undefined), {
      code: 39,
      message: "unknown procedure: 9999",
    });
    await connection.close();
  });

  it("answers arguments that cannot be read with an error, and goes on", async () => {
    await using daemon = await servedDaemon({
      connectGetType: () => ({ type: "TEST" }),
      domainLookupByName: () => assert.fail("called without its argument"),
    });
    const connection = await open(daemon.socket);
    const crooked = { ...procedures.domainLookupByName, args: nothing };
    await assert.rejects(connection.call(crooked, undefined), { code: 1, message: /ends 4 bytes early/ });
    const extra = { ...procedures.connectGetType, args: procedures.domainLookupByName.args };
    await assert.rejects(connection.call(extra, { name: "x" }), { code: 1, message: /left over/ });
    assert.equal(await new Libvirt(connection).driverType(), "TEST");
    await connection.close();
  });

  it("tells its owner of a handler's fault, and the client that there was one", async () => {
    const faults: unknown[] = [];
    await using daemon = await servedDaemon({});
    const path = `${daemon.socket}.2`;
    const server = new LibvirtServer({
      handlers: {
        connectGetType: () => {
          throw new TypeError("a bug");
        },
      },
      onFault: (fault) => faults.push(fault),
    });
    await server.listen(path);
    const connection = await open(path);
    await assert.rejects(new Libvirt(connection).driverType(), { code: 1, message: "internal error: a bug" });
    assert.equal(faults.length, 1);
    await connection.close();
    await server.close();
  });

  it("drops a client that breaks the framing, and serves the others", async () => {
    await using daemon = await servedDaemon({ connectGetType: () => ({ type: "TEST" }) });
    const rude = connect({ path: daemon.socket });
    rude.write(Buffer.alloc(64, 0xff));
    await once(rude, "close");
    const connection = await open(daemon.socket);
    assert.equal(await new Libvirt(connection).driverType(), "TEST");
    await connection.close();
  });

  it("says when it cannot listen", async () => {
    await using daemon = await servedDaemon({});
    await assert.rejects(new LibvirtServer({ handlers: {} }).listen(daemon.socket), { code: "EADDRINUSE" });
  });
});

describe("the state of a domain", () => {
  it("has a name and a reason, there and back", () => {
    assert.deepEqual(domainState(5, 2), { state: "shut-off", reason: "destroyed" });
    assert.deepEqual(domainStateNumbers({ state: "shut-off", reason: "destroyed" }), { state: 5, reason: 2 });
  });

  it("newer than the library is no state, a newer reason is unknown", () => {
    assert.deepEqual(domainState(99, 1), { state: "no-state", reason: "unknown" });
    assert.deepEqual(domainState(1, 99), { state: "running", reason: "unknown" });
  });

  it("tells whether devices are held", () => {
    assert.ok(isActive("paused") && isActive("shutting-down") && !isActive("shut-off"));
  });
});
