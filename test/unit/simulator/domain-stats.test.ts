import assert from "node:assert/strict";
import { DomainStats, ListDomains } from "../../../agent/node-libvirt/constants.ts";
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";

const XML = `<domain type='kvm'><name>plain</name><memory unit='MiB'>64</memory><vcpu>2</vcpu><devices>
  <disk type='file'><source file='/var/lib/libvirt/images/a.img'/><target dev='vda'/></disk>
  <interface type='bridge'><source bridge='br0'/><target dev='tap7'/></interface>
</devices></domain>`;

async function plainDomain(host: SimulatedHost): Promise<Libvirt> {
  const libvirt = new Libvirt(
    await Connection.open({ socket: host.libvirtSocket, uri: "qemu:///system", keepAlive: false }),
  );
  await libvirt.defineDomain(XML);
  return libvirt;
}

describe("the figures of simulated domains", () => {
  it("are those of the groups that were asked for, of the domains that were asked for", async () => {
    await using host = await SimulatedHost.start("{}");
    const libvirt = await plainDomain(host);
    assert.deepEqual(await libvirt.allDomainStats(0, { flags: ListDomains.active }), []);
    const [record] = await libvirt.allDomainStats(DomainStats.balloon);
    assert.deepEqual([...(record?.params.keys() ?? [])], ["balloon.maximum"]);
    const gone = { name: "gone", uuid: "9f4c1f1e-0000-4000-8000-000000000009", id: undefined };
    assert.deepEqual(await libvirt.allDomainStats(0, { domains: [gone] }), []);
    const plain = await libvirt.lookupDomainByName("plain");
    assert.ok(plain);
    assert.equal((await libvirt.allDomainStats(0, { domains: [gone, plain] })).length, 1);
  });

  it("count up while the guest runs, for its disks and interfaces by name", async () => {
    await using host = await SimulatedHost.start("{}");
    const libvirt = await plainDomain(host);
    const domain = await libvirt.lookupDomainByName("plain");
    assert.ok(domain);
    await libvirt.startDomain(domain);
    const counts = ["cpu.time", "block.0.rd.bytes", "block.0.wr.reqs", "net.0.rx.bytes", "net.0.tx.pkts"];
    const look = async (): Promise<readonly unknown[]> => {
      const [record] = await libvirt.allDomainStats(0, { flags: ListDomains.active });
      assert.equal(record?.params.get("block.0.name"), "vda");
      assert.equal(record.params.get("net.0.name"), "tap7");
      return counts.map((name) => record.params.get(name));
    };
    const before = await look();
    await host.control({ command: "advance", ms: 10_000 });
    for (const [index, value] of (await look()).entries()) {
      const earlier = before[index];
      assert.ok(typeof value === "bigint" && typeof earlier === "bigint" && value > earlier, counts[index]);
    }
  });
});
