// A domain that is started paused and then let run: the same of a real QEMU, of the simulated one and, as its driver tells it, of Xen's.
import assert from "node:assert/strict";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { StartDomain } from "../../agent/node-libvirt/constants.ts";
import { toWire, type DomainRef } from "../../agent/node-libvirt/domain-ref.ts";
import { subscribe } from "../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { procedures } from "../../agent/node-libvirt/remote.gen.ts";
import { until } from "../e2e/harness/until.ts";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const UUID = "3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c23";
/** Software emulation and no disk: it runs wherever QEMU is installed. */
const QEMU = `<domain type='qemu'><name>guest</name><uuid>${UUID}</uuid><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`;
const XEN = `<domain type='xen'><name>guest</name><uuid>${UUID}</uuid><memory unit='MiB'>32</memory>
  <os><type arch='x86_64'>hvm</type></os><devices/></domain>`;

interface Daemon extends AsyncDisposable {
  readonly socket: string;
}

async function simulated(yaml: string): Promise<Daemon> {
  const host = await SimulatedHost.start(yaml);
  return { socket: host.libvirtSocket, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

async function real(): Promise<Daemon> {
  const daemon = await RealLibvirtd.start();
  return { socket: daemon.socket, [Symbol.asyncDispose]: () => daemon.stop() };
}

const drivers = [
  {
    name: "a real QEMU",
    start: real,
    missing: whyNoLibvirtd(),
    ...{ uri: "qemu:///system", xml: QEMU, begins: ["started", "suspended"], resumesTwice: false },
  },
  {
    name: "a simulated QEMU",
    start: () => simulated(""),
    missing: undefined,
    ...{ uri: "qemu:///system", xml: QEMU, begins: ["started", "suspended"], resumesTwice: false },
  },
  {
    name: "a simulated Xen",
    start: () => simulated("hypervisor: xen"),
    missing: undefined,
    ...{ uri: "xen:///system", xml: XEN, begins: ["started"], resumesTwice: true },
  },
] as const;

describe("a domain that is started paused", function () {
  this.timeout(120_000);

  for (const { name, start, missing, uri, xml, begins, resumesTwice } of drivers)
    it(`waits until it is resumed, on ${name}`, async function () {
      unlessImpossible(this, missing);
      await using daemon = await start();
      const connection = await Connection.open({ socket: daemon.socket, uri });
      const libvirt = new Libvirt(connection);
      const told: string[] = [];
      const hears = async (...expected: readonly string[]): Promise<void> => {
        await until(`${expected.join()} is told`, () => Promise.resolve(told.length >= expected.length));
        assert.deepEqual(told.splice(0), expected);
      };
      const domain = await libvirt.defineDomain(xml);
      await subscribe(connection, ["domain-lifecycle"], (event) => {
        // A QEMU that is killed may have the time to say that it goes down, or not.
        if (event.kind === "domain-lifecycle" && event.change !== "shutdown") told.push(event.change);
      });
      const paused = await libvirt.startDomain(domain, { flags: StartDomain.paused });
      assert.ok(paused.id !== undefined && paused.id > 0);
      assert.deepEqual(await libvirt.domainState(paused), { state: "paused", reason: "user" });
      await hears(...begins);
      // It is there all the same: under its number, and not to be started again.
      assert.deepEqual((await libvirt.lookupDomainByUuid(UUID))?.id, paused.id);
      await assert.rejects(libvirt.startDomain(domain), { code: 55, message: /already running/ });

      await resume(connection, paused);
      assert.deepEqual(await libvirt.domainState(paused), { state: "running", reason: "unpaused" });
      await hears("resumed");
      // One that runs is left alone, and nothing is told; QEMU's driver says that it does.
      if (resumesTwice) await resume(connection, paused);
      else await assert.rejects(resume(connection, paused), { code: 55, message: /already running/ });
      await connection.call(procedures.domainSuspend, { dom: toWire(paused) }, {});
      assert.deepEqual(await libvirt.domainState(paused), { state: "paused", reason: "user" });
      await connection.call(procedures.domainSuspend, { dom: toWire(paused) }, {});
      await libvirt.destroyDomain(paused);
      assert.deepEqual(await libvirt.domainState(domain), { state: "shut-off", reason: "destroyed" });
      await hears("suspended", "stopped");
      await assert.rejects(resume(connection, domain), { code: 55, message: /domain is not running/ });
      await connection.close();
    });

  it("is none of libvirt's test driver, which resumes and suspends as the others do", async function () {
    unlessImpossible(this, whyNoLibvirtd());
    await using daemon = await real();
    const connection = await Connection.open({ socket: daemon.socket, uri: "test:///default" });
    const libvirt = new Libvirt(connection);
    const [domain] = await libvirt.listDomains();
    assert.ok(domain);
    await connection.call(procedures.domainSuspend, { dom: toWire(domain) }, {});
    assert.deepEqual(await libvirt.domainState(domain), { state: "paused", reason: "user" });
    await resume(connection, domain);
    assert.deepEqual(await libvirt.domainState(domain), { state: "running", reason: "unpaused" });
    await libvirt.destroyDomain(domain);
    await assert.rejects(libvirt.startDomain(domain, { flags: StartDomain.paused }), {
      message: /unsupported flags \(0x1\)/,
    });
    await connection.close();
  });
});

async function resume(connection: Connection, domain: DomainRef): Promise<void> {
  await connection.call(procedures.domainResume, { dom: toWire(domain) }, {});
}
