// What a viewer is called with, for each way to listen.
import assert from "node:assert/strict";
import { ConsoleListen } from "../../../proto/gen/vgpud/v1/domain.ts";
import { toWireConsole } from "../../../agent/api/convert/console.ts";
import type { Console } from "../../../agent/inventory/model.ts";

function uriOf(kind: Console["kind"], address: string | undefined, ports: object): string {
  const none = { port: undefined, tlsPort: undefined, websocketPort: undefined };
  return toWireConsole({ kind, at: { on: "address", address, ...none, ...ports } }).uri;
}

describe("the URI of a console", () => {
  it("names address and port, and what listens everywhere by the loopback address", () => {
    assert.equal(uriOf("vnc", "127.0.0.1", { port: 5901 }), "vnc://127.0.0.1:5901");
    assert.equal(uriOf("vnc", "desk.example", { port: 5901 }), "vnc://desk.example:5901");
    assert.equal(uriOf("vnc", "0.0.0.0", { port: 5901 }), "vnc://127.0.0.1:5901");
    assert.equal(uriOf("vnc", "::", { port: 5901 }), "vnc://[::1]:5901");
    assert.equal(uriOf("vnc", "fe80::1%br0", { port: 5901 }), "vnc://[fe80::1%25br0]:5901");
  });

  it("has the port for TLS beside the plain one, or alone", () => {
    assert.equal(uriOf("spice", "::1", { port: 5900, tlsPort: 5901 }), "spice://[::1]:5900?tls-port=5901");
    assert.equal(uriOf("spice", "10.0.0.1", { tlsPort: 5901 }), "spice://10.0.0.1?tls-port=5901");
  });

  it("is empty while address or port is not known, and where nothing listens", () => {
    assert.equal(uriOf("vnc", "127.0.0.1", {}), "");
    assert.equal(uriOf("vnc", undefined, { port: 5901 }), "");
    assert.equal(uriOf("vnc", "127.0.0.1", { websocketPort: 5700 }), "");
    const nowhere = toWireConsole({ kind: "spice", at: { on: "nowhere" } });
    assert.deepEqual([nowhere.uri, nowhere.listen], ["", ConsoleListen.NOWHERE]);
    const unknown = toWireConsole({ kind: "vnc", at: { on: "socket", path: undefined } });
    assert.deepEqual([unknown.uri, unknown.listen], ["", ConsoleListen.UNIX_SOCKET]);
  });

  it("leads to a UNIX socket, whatever its name", () => {
    const at = { on: "socket", path: "/run/desk 1/vnc.sock" } as const;
    const { uri, unixSocket } = toWireConsole({ kind: "vnc", at });
    assert.deepEqual([uri, unixSocket], ["vnc+unix:///run/desk%201/vnc.sock", at.path]);
  });
});
