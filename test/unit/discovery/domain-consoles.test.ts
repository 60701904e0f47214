// Where consoles listen, read from what libvirt 9.0.0 prints of domains that run and of ones that do not.
import assert from "node:assert/strict";
import { KnownDefinitions } from "../../../agent/discovery/known-definitions.ts";
import { readDomainXml } from "../../../agent/discovery/domain-xml.ts";
import type { Console } from "../../../agent/inventory/model.ts";
import { domainId } from "../../fakes/ids.ts";

function document(graphics: string): string {
  return `<domain><devices>${graphics}</devices></domain>`;
}

function read(graphics: string): readonly Console[] {
  return readDomainXml(document(graphics)).consoles;
}

function onAddress(address: string | undefined, ports: object = {}): Console["at"] {
  const none = { port: undefined, tlsPort: undefined, websocketPort: undefined };
  return { on: "address", address, ...none, ...ports };
}

describe("reading the consoles of a domain", () => {
  it("finds address and ports of one that runs", () => {
    const vnc = `<graphics type='vnc' port='5905' autoport='no' websocket='5700' listen='0.0.0.0'>
      <listen type='address' address='0.0.0.0'/></graphics>`;
    const spice = `<graphics type='spice' port='5900' tlsPort='5901' autoport='yes' listen='192.168.122.1'>
      <listen type='network' address='192.168.122.1' network='default'/></graphics>`;
    assert.deepEqual(read(`${vnc}${spice}`), [
      { kind: "vnc", at: onAddress("0.0.0.0", { port: 5905, websocketPort: 5700 }) },
      { kind: "spice", at: onAddress("192.168.122.1", { port: 5900, tlsPort: 5901 }) },
    ]);
  });

  it("does not know what libvirt will choose", () => {
    const off =
      "<graphics type='vnc' port='-1' autoport='yes' websocket='-1'><listen type='address'/></graphics>";
    assert.deepEqual(read(off), [{ kind: "vnc", at: onAddress(undefined) }]);
    for (const odd of ["0", "65536", "x", "5900.5"])
      assert.deepEqual(read(`<graphics type='vnc' port='${odd}' listen='::1'/>`), [
        { kind: "vnc", at: onAddress("::1") },
      ]);
  });

  it("finds UNIX sockets, and tells what listens nowhere", () => {
    const socket = "<graphics type='vnc' socket='/run/a'><listen type='socket' socket='/run/a'/></graphics>";
    const old = "<graphics type='vnc' socket='/run/b'/>";
    const unchosen = "<graphics type='spice'><listen type='socket'/></graphics>";
    const nowhere = "<graphics type='spice'><listen type='none'/><gl enable='yes'/></graphics>";
    assert.deepEqual(read(`${socket}${old}${unchosen}${nowhere}`), [
      { kind: "vnc", at: { on: "socket", path: "/run/a" } },
      { kind: "vnc", at: { on: "socket", path: "/run/b" } },
      { kind: "spice", at: { on: "socket", path: undefined } },
      { kind: "spice", at: { on: "nowhere" } },
    ]);
  });

  it("passes over displays that nobody can connect to", () => {
    const others = ["egl-headless", "sdl", "dbus", "toString"].map((type) => `<graphics type='${type}'/>`);
    assert.deepEqual(read(`${others.join("")}<graphics/>`), []);
  });

  it("keeps no password", () => {
    const consoles = read("<graphics type='vnc' port='5900' listen='::1' passwd='s3cret'/>");
    assert.equal(consoles.length, 1);
    assert.doesNotMatch(JSON.stringify(consoles), /s3cret/);
  });

  it("sees the port of each start, though the rest of the definition stays as it was", () => {
    const known = new KnownDefinitions();
    const ports = ["5900", "-1", "5903"].map((port) => {
      const [vnc] = known.read(
        domainId(1),
        document(`<graphics type='vnc' port='${port}' listen='::1'/>`),
      ).consoles;
      return vnc?.at.on === "address" ? vnc.at.port : undefined;
    });
    assert.deepEqual(ports, [5900, undefined, 5903]);
  });
});
