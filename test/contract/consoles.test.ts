// Where consoles listen, told by a real libvirtd of real QEMUs, and by the simulator, which must tell the same.
import assert from "node:assert/strict";
import { readDomainXml } from "../../agent/discovery/domain-xml.ts";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { StartDomain } from "../../agent/node-libvirt/constants.ts";
import type { DomainRef } from "../../agent/node-libvirt/domain-ref.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const chosen =
  "<graphics type='vnc' port='-1' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>";

/** In the order of their starts, all running at the end. */
const guests: readonly string[] = [
  chosen,
  "<graphics type='vnc' port='5920' websocket='-1' passwd='s3cret' listen='127.0.0.1'/>",
  "<graphics type='vnc'/>",
  "<graphics type='spice' autoport='yes' listen='127.0.0.1'/>",
  "<graphics type='vnc'><listen type='socket'/></graphics>",
  "<graphics type='spice'/>",
];

function guest(n: number, graphics: string): string {
  const uuid = `3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c${30 + n}`;
  const os = "<os><type arch='x86_64' machine='q35'>hvm</type></os>";
  return `<domain type='qemu'><name>console${n}</name><uuid>${uuid}</uuid><memory unit='MiB'>16</memory>${os}
    <devices>${graphics}</devices></domain>`;
}

/** What is told of the guests, of the first once it was started anew, and of one that wants a port that is taken. */
async function told(socket: string): Promise<unknown> {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  const libvirt = new Libvirt(connection);
  const domains: DomainRef[] = [];
  const start = async (domain: DomainRef): Promise<void> => {
    await libvirt.startDomain(domain, { flags: StartDomain.paused });
  };
  const consoles = async (domain: DomainRef): Promise<unknown> =>
    readDomainXml(await libvirt.domainXml(domain)).consoles;
  const define = async (graphics: string): Promise<DomainRef> => {
    const domain = await libvirt.defineDomain(guest(domains.length, graphics));
    domains.push(domain);
    return domain;
  };
  try {
    for (const graphics of guests) await start(await define(graphics));
    const running = await Promise.all(domains.map(consoles));
    const [first] = domains;
    assert.ok(first);
    await libvirt.destroyDomain(first);
    const off = await consoles(first);
    await start(await define(chosen));
    await start(first);
    const late = await define("<graphics type='vnc' port='5920' listen='127.0.0.1'/>");
    const refusal = await start(late).catch((error: unknown) => error as { code: number; message: string });
    return { running, off, anew: await consoles(first), refused: [refusal?.code, refusal?.message] };
  } finally {
    for (const domain of domains) {
      await libvirt.destroyDomain(domain).catch(() => undefined);
      await libvirt.undefineDomain(domain);
    }
    await connection.close();
  }
}

describe("where consoles listen", function () {
  this.timeout(60_000);
  const tcp = (port: number | undefined, websocketPort?: number): object => ({
    ...{ on: "address", address: "127.0.0.1", port, tlsPort: undefined, websocketPort },
  });
  const everything = {
    running: [
      [{ kind: "vnc", at: tcp(5900) }],
      [{ kind: "vnc", at: tcp(5920, 5700) }],
      [{ kind: "vnc", at: tcp(5901) }],
      [{ kind: "spice", at: tcp(5902) }],
      [{ kind: "vnc", at: { on: "socket", path: "/var/lib/libvirt/qemu/domain-5-console4/vnc.sock" } }],
      [{ kind: "spice", at: { on: "nowhere" } }],
    ],
    off: [{ kind: "vnc", at: tcp(undefined) }],
    // Another took its port meanwhile.
    anew: [{ kind: "vnc", at: tcp(5903) }],
    refused: [1, "internal error: Failed to reserve port 5920"],
  };

  it("is told by a real libvirtd while they run, anew after each start", async function () {
    unlessImpossible(this, whyNoLibvirtd());
    const libvirtd = await RealLibvirtd.start();
    try {
      assert.deepEqual(await told(libvirtd.socket), everything);
    } finally {
      await libvirtd.stop();
    }
  });

  it("is told alike by the simulated one", async () => {
    await using host = await SimulatedHost.start();
    assert.deepEqual(await told(host.libvirtSocket), everything);
  });
});
