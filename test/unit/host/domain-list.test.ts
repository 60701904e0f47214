// The states of domains, asked for in lists: no domain is told as what it is not.
import assert from "node:assert/strict";
import { listDomains, type ListedDomain } from "../../../agent/host/domain-list.ts";
import type { Caller } from "../../../agent/node-libvirt/caller.ts";
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { toWire } from "../../../agent/node-libvirt/domain-ref.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { procedures } from "../../../agent/node-libvirt/remote.gen.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";

const xml = (name: string): string =>
  `<domain type='kvm'><name>${name}</name><memory unit='MiB'>64</memory></domain>`;

const shown = (listed: readonly ListedDomain[]): unknown =>
  listed.map(({ ref: { name }, persistent, state }) => [name, persistent, state]);

describe("the list of domains", () => {
  let host: SimulatedHost;
  let connection: Connection;
  let libvirt: Libvirt;
  before(async () => {
    host = await SimulatedHost.start("");
    const [socket, uri] = [host.libvirtSocket, "qemu:///system"];
    connection = await Connection.open({ socket, uri, keepAlive: false });
    libvirt = new Libvirt(connection);
    await libvirt.startDomain(await libvirt.defineDomain(xml("runs")));
    const paused = await libvirt.startDomain(await libvirt.defineDomain(xml("waits")));
    await connection.call(procedures.domainSuspend, { dom: toWire(paused) }, {});
    await libvirt.defineDomain(xml("is off"));
  });
  after(async () => {
    await connection.close();
    await host[Symbol.asyncDispose]();
  });

  it("has each with its state, for five questions in all", async () => {
    const { calls } = connection.counters;
    assert.deepEqual(shown(await listDomains(libvirt, {})), [
      ["runs", true, "running"],
      ["waits", true, "paused"],
      ["is off", true, "shut-off"],
    ]);
    assert.equal(connection.counters.calls - calls, 5);
  });

  it("leaves open the state of one that goes to another between two answers", async () => {
    const [runs] = await libvirt.listDomains();
    assert.ok(runs);
    let asked = 0;
    const meanwhile: Caller = {
      call: async (procedure, args, options) => {
        asked += 1;
        // Those that run were asked for third; those that are off are asked for last.
        if (asked === 5) await libvirt.destroyDomain(runs);
        return await connection.call(procedure, args, options);
      },
    };
    const listed = await listDomains(new Libvirt(meanwhile), {});
    assert.deepEqual(shown(listed.slice(0, 1)), [["runs", true, undefined]]);
  });
});
