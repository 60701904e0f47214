// The agent's own adapter and the simulated libvirt of a Xen host, which answers as libxl's driver does (libvirt 9.0.0, src/libxl).
// A real one needs a Xen below it: the bed has that.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { LibvirtHost } from "../../agent/host/libvirt.ts";
import { HostdClient } from "../../agent/host/hostd-client.ts";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { StatsOptions, UndefineDomain } from "../../agent/node-libvirt/constants.ts";
import { subscribe } from "../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { parseDomainId, type DomainId } from "../../agent/core/ids.ts";
import { until } from "../e2e/harness/until.ts";
import { SimulatedHost } from "../fakes/simulated-host.ts";

/** Tests run from the root of the repository. */
const GOLDEN = "test/golden/domain-xml-xen";
const UUID = "3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c22";
const ID = ((): DomainId => {
  const id = parseDomainId(UUID);
  assert.ok(id);
  return id;
})();

function guest(devices: string, type = "hvm"): string {
  return `<domain type='xen'><name>guest</name><uuid>${UUID}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os><type arch='x86_64'>${type}</type></os><devices>${devices}</devices></domain>`;
}

const COUNTED = `<disk type='block' device='disk'><driver name='phy' type='raw'/><source dev='/dev/vg/a'/><target dev='xvda' bus='xen'/></disk>
  <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/b'/><target dev='xvdb' bus='xen'/></disk>
  <interface type='bridge'><source bridge='br0'/><model type='netfront'/></interface>
  <interface type='bridge'><source bridge='br0'/></interface>`;

describe("libvirt on a simulated Xen host", function () {
  this.timeout(60_000);
  let simulated: SimulatedHost;
  let connection: Connection;
  let libvirt: Libvirt;

  before(async () => {
    // With the device model that vgpud names unless it is told another.
    const models = "device_models: [/usr/lib/xen/bin/qemu-system-i386]";
    simulated = await SimulatedHost.start(`{ hypervisor: xen, xengt: "2017", kvmgt: false, ${models} }`);
    connection = await Connection.open({ socket: simulated.libvirtSocket, uri: "xen:///system" });
    libvirt = new Libvirt(connection);
  });
  after(async () => {
    await connection.close();
    await simulated[Symbol.asyncDispose]();
  });

  async function asAgent<T>(act: (host: LibvirtHost, signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const host = new LibvirtHost({
      ...{ uri: "xen:///system", socket: simulated.libvirtSocket, random: Math.random, wall: Date.now },
      onChange: () => undefined,
      onStatus: () => undefined,
    });
    const running = host.run(stop.signal);
    try {
      await until("libvirt answers", () => Promise.resolve(host.status.connected));
      return await act(host, stop.signal);
    } finally {
      stop.abort();
      await running;
    }
  }

  it("has another driver, kinds of guests of its own, and no QEMU's domains", async () => {
    assert.equal(await libvirt.driverType(), "Xen");
    const hypervisor = await asAgent((host, signal) => host.hypervisor(signal));
    assert.ok(hypervisor.domainType === "xen");
    assert.deepEqual([...hypervisor.guestTypes].sort(), ["hvm", "pv", "pvh"]);
    const other = Connection.open({ socket: simulated.libvirtSocket, uri: "qemu:///system" });
    await assert.rejects(other, { code: 5, message: /no connection driver available for qemu/ });
    const [first] = await libvirt.listDomains();
    assert.deepEqual([first?.name, first?.id], ["Domain-0", 0]);
    assert.deepEqual(await asAgent((host, signal) => host.domains(signal)), []);
  });

  it("takes an event that it never sends, and has no figures of all domains at once", async () => {
    const { unsupported, unsubscribe } = await subscribe(connection, ["device-removed"], () => undefined);
    assert.deepEqual(unsupported, []);
    await unsubscribe();
    await assert.rejects(libvirt.allDomainStats(0, { flags: StatsOptions.noWait }), { code: 3 });
  });

  it("lets the agent make, count and end a guest, each start under another number", async () => {
    await asAgent(async (host, signal) => {
      await host.define(guest(COUNTED), signal);
      await host.start(ID, { paused: false }, signal);
      const first = (await libvirt.lookupDomainByUuid(UUID))?.id ?? 0;
      const [figures] = await host.domainFigures(signal);
      assert.ok(figures);
      assert.deepEqual(
        figures.disks.map(({ device, readBytes }) => [device, readBytes === undefined]),
        [
          ["xvda", false],
          ["xvdb", true],
        ],
      );
      assert.deepEqual(
        figures.interfaces.map(({ device }) => device),
        [`vif${first}.0`, `vif${first}.1-emu`],
      );
      assert.deepEqual([figures.memory.current, figures.memory.resident], [64 * 2 ** 20, undefined]);
      await host.destroy(ID, signal);
      await host.start(ID, { paused: false }, signal);
      assert.ok(((await libvirt.lookupDomainByUuid(UUID))?.id ?? 0) > first);
      await host.shutdown(ID, "any", signal);
      await until("it is off", async () => (await host.domains(signal))[0]?.state === "shut-off");
      await host.undefine(ID, signal);
      assert.deepEqual(await host.domains(signal), []);
    });
  });

  it("starts every domain that vgpud builds for Xen, a mediated device passed over in silence", async () => {
    for (const name of await readdir(GOLDEN)) {
      const domain = await libvirt.defineDomain(await readFile(path.join(GOLDEN, name), "utf8"));
      await libvirt.startDomain(domain);
      await libvirt.destroyDomain(domain);
      await libvirt.undefineDomain(domain);
    }
    const mdev = `<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${UUID}'/></source></hostdev>`;
    const domain = await libvirt.startDomain(await libvirt.defineDomain(guest(mdev)));
    await libvirt.destroyDomain(domain);
    await libvirt.undefineDomain(domain);
  });

  it("refuses what it cannot do in its driver's words", async () => {
    const kvm = guest("").replace("type='xen'", "type='kvm'");
    await assert.rejects(libvirt.defineDomain(kvm), {
      code: 8,
      message: /could not find capabilities for ostype=hvm arch=x86_64 domaintype=kvm/,
    });
    for (const [devices, type, message] of [
      ["<memballoon model='none'/>", "hvm", /balloon device cannot be disabled/],
      ["<video><model type='virtio'/></video>", "hvm", /video type virtio is not supported by libxl/],
      ["<video><model type='none'/></video>", "hvm", /video type none is not supported by libxl/],
      [
        "<interface type='bridge'><source bridge='br0'/><model type='e1000e'/></interface>",
        "xenpvh",
        /only model 'netfront'/,
      ],
    ] as const) {
      const domain = await libvirt.defineDomain(guest(devices, type));
      await assert.rejects(libvirt.startDomain(domain), { code: 67, domain: 41, message });
      const flags = UndefineDomain.nvram;
      await assert.rejects(libvirt.undefineDomain(domain, { flags }), {
        code: 8,
        message: "unsupported flags (0x4) in function libxlDomainUndefineFlags",
      });
      await libvirt.undefineDomain(domain);
    }
    const [host] = await libvirt.listDomains();
    assert.ok(host);
    await assert.rejects(libvirt.destroyDomain(host), { code: 55, message: /Domain-0 does not support/ });
  });

  it("runs guests beside those of xl, of which xenstore alone tells", async () => {
    const xl = { name: "desk", uuid: UUID.replace("3f", "4f"), type: "pv", pci: ["0000:00:02.0"] } as const;
    await simulated.control({ command: "xl-create", guest: { ...xl, pci: [...xl.pci] } });
    const domain = await libvirt.startDomain(await libvirt.defineDomain(guest("", "xenpvh")));
    const hostd = new HostdClient({ socketPath: simulated.hostdSocket });
    try {
      const told = await hostd.xenDomains();
      assert.ok(told.kind === "xen-domains");
      assert.deepEqual(
        told.domains.map(({ name, type, pciDevices }) => [name, type, pciDevices]),
        [
          ["desk", "pv", ["0000:00:02.0"]],
          ["guest", "pvh", []],
        ],
      );
      const listed = await libvirt.listDomains();
      assert.deepEqual(
        listed.map(({ name }) => name),
        ["Domain-0", "guest"],
      );
      await simulated.control({ command: "xl-destroy", name: "desk" });
      await libvirt.destroyDomain(domain);
      assert.deepEqual(await hostd.xenDomains(), { kind: "xen-domains", domains: [] });
    } finally {
      hostd.close();
    }
  });
});
