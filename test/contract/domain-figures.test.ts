// What domains use, asked of a real QEMU by the adapter that the agent uses; and of the simulator, which must tell alike.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { FiguresReader } from "../../agent/host/figures-reader.ts";
import { LibvirtHost } from "../../agent/host/libvirt.ts";
import type { Caller } from "../../agent/node-libvirt/caller.ts";
import { ErrorLevel, ErrorNumber, ListDomains, StartDomain } from "../../agent/node-libvirt/constants.ts";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { LibvirtError } from "../../agent/node-libvirt/errors.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { procedures } from "../../agent/node-libvirt/remote.gen.ts";
import type { DomainFigures } from "../../agent/observation/domain-stats.ts";
import { until } from "../e2e/harness/until.ts";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const UUID = "3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c22";
const guest = (image: string): string => `<domain type='qemu'><name>figures</name><uuid>${UUID}</uuid>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
  <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>
  <interface type='ethernet'><target dev='vgpudtest0'/><model type='virtio'/></interface></devices></domain>`;

/** What the agent's adapter says of the domains that run there. */
async function allFiguresFrom(socket: string): Promise<readonly DomainFigures[]> {
  const stop = new AbortController();
  const host = new LibvirtHost({
    ...{ uri: "qemu:///system", socket, random: Math.random, wall: Date.now },
    onChange: () => undefined,
    onStatus: () => undefined,
  });
  const running = host.run(stop.signal);
  try {
    await until("libvirt answers", () => Promise.resolve(host.status.connected));
    return await host.domainFigures(stop.signal);
  } finally {
    stop.abort();
    await running;
  }
}

async function figuresFrom(socket: string): Promise<DomainFigures> {
  const [figures, ...others] = await allFiguresFrom(socket);
  assert.ok(figures);
  assert.deepEqual(others, []);
  return figures;
}

/** The same, asked domain by domain: as of a daemon that has no figures of all at once. */
async function figuresOneByOneFrom(socket: string): Promise<DomainFigures> {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  const caller: Caller = {
    call: (procedure, args, options) => {
      if (procedure.number !== procedures.connectGetAllDomainStats.number)
        return connection.call(procedure, args, options);
      const message = `this function is not supported by the connection driver: ${procedure.name}`;
      const refusal = { code: ErrorNumber.noSupport, domain: 0, level: ErrorLevel.error, message };
      return Promise.reject(new LibvirtError(refusal));
    },
  };
  try {
    const [figures] = await new FiguresReader(new Libvirt(caller)).read({});
    assert.ok(figures);
    return figures;
  } finally {
    await connection.close();
  }
}

/** Starts the guest, paused: nothing in it runs, yet everything has a count. */
async function withGuest<T>(socket: string, image: string, act: () => Promise<T>): Promise<T> {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  const libvirt = new Libvirt(connection);
  const domain = await libvirt.startDomain(await libvirt.defineDomain(guest(image)), {
    flags: StartDomain.paused,
  });
  try {
    assert.equal((await libvirt.listDomains({ flags: ListDomains.active })).length, 1);
    return await act();
  } finally {
    await libvirt.destroyDomain(domain);
    await libvirt.undefineDomain(domain);
    await connection.close();
  }
}

/** Which counts there are, whatever their values. */
function shape({ memory, disks, interfaces, ...rest }: DomainFigures): unknown {
  const known = (of: object): string[] =>
    Object.entries(of).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return {
    id: rest.id,
    cpu: rest.cpuSeconds !== undefined,
    memory: known(memory),
    disks: disks.map((disk) => [disk.device, ...known(disk)]),
    interfaces: interfaces.map(({ device, received, sent }) => [device, known(received), known(sent)]),
  };
}

describe("what domains use", function () {
  this.timeout(60_000);
  const traffic = ["bytes", "packets", "errors", "drops"];
  const everything = {
    id: UUID,
    cpu: true,
    memory: ["maximum", "current", "resident"],
    disks: [["vda", "device", "readBytes", "readRequests", "writeBytes", "writeRequests"]],
    interfaces: [["vgpudtest0", traffic, traffic]],
  };

  /** Of the process, and of nothing else, only the figures of all at once tell. */
  const oneByOne = { ...everything, memory: ["maximum", "current"] };

  it("is told whole by a real libvirtd of a real QEMU, and domain by domain all but one thing", async function () {
    unlessImpossible(this, whyNoLibvirtd());
    const libvirtd = await RealLibvirtd.start();
    try {
      const image = path.join(path.dirname(libvirtd.socket), "figures.img");
      await writeFile(image, Buffer.alloc(1 << 20));
      const [figures, alone] = await withGuest(libvirtd.socket, image, async () => [
        await figuresFrom(libvirtd.socket),
        await figuresOneByOneFrom(libvirtd.socket),
      ]);
      assert.deepEqual(shape(figures), everything);
      assert.deepEqual(shape(alone), oneByOne);
      assert.equal(alone.memory.maximum, figures.memory.maximum);
      assert.deepEqual(alone.disks, figures.disks);
      assert.equal(figures.memory.maximum, 32 * 2 ** 20);
      // A QEMU of its own needs some megabytes and some milliseconds, a paused guest's disk none.
      assert.ok((figures.memory.resident ?? 0) > 2 ** 20, `${figures.memory.resident ?? "no"} bytes`);
      assert.ok((figures.cpuSeconds ?? 0) > 0);
      assert.equal(figures.disks[0]?.readBytes, 0);
    } finally {
      await libvirtd.stop();
    }
  });

  it("is told alike by the simulated libvirt", async () => {
    await using host = await SimulatedHost.start();
    const image = "/var/lib/libvirt/images/figures.img";
    const [figures, alone] = await withGuest(host.libvirtSocket, image, async () => [
      await figuresFrom(host.libvirtSocket),
      await figuresOneByOneFrom(host.libvirtSocket),
    ]);
    assert.deepEqual(shape(figures), everything);
    assert.deepEqual(shape(alone), oneByOne);
    assert.equal(figures.memory.maximum, 32 * 2 ** 20);
  });

  for (const running of [0, 1, 2, 3, 7])
    it(`is told once of each of ${running} domains that run, and of none that is off`, async () => {
      await using host = await SimulatedHost.start();
      const connection = await Connection.open({ socket: host.libvirtSocket, uri: "qemu:///system" });
      const libvirt = new Libvirt(connection);
      const started: string[] = [];
      for (let index = 0; index <= running; index += 1) {
        const xml = `<domain type='kvm'><name>many-${index}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu></domain>`;
        const domain = await libvirt.defineDomain(xml);
        if (index === running) continue;
        await libvirt.startDomain(domain);
        started.push(domain.uuid);
      }
      const told = (await allFiguresFrom(host.libvirtSocket)).map(({ id }) => String(id));
      assert.deepEqual(told.sort(), started.sort());
      await connection.close();
    });
});
