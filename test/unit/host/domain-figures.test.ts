import assert from "node:assert/strict";
import { domainFigures } from "../../../agent/host/domain-figures.ts";
import type { TypedValue } from "../../../agent/node-libvirt/typed-params.ts";
import { numberedDomain } from "../../fakes/domain-figures.ts";

const id = numberedDomain(1);
const read = (params: Readonly<Record<string, TypedValue>>): ReturnType<typeof domainFigures> =>
  domainFigures(id, new Map(Object.entries(params)));

describe("libvirt's figures of a domain", () => {
  it("become seconds and bytes", () => {
    const { cpuSeconds, memory } = read({
      "cpu.time": 1_500_000_000n,
      "balloon.current": 524_288n,
      "balloon.maximum": 1_048_576n,
      "balloon.rss": 42n,
    });
    assert.equal(cpuSeconds, 1.5);
    assert.deepEqual(memory, { maximum: 2 ** 30, current: 2 ** 29, resident: 42 * 1024 });
  });

  it("tell every disk and interface apart, and keep what they do not say unknown", () => {
    const { disks, interfaces } = read({
      "block.count": 2,
      "block.0.name": "vda",
      "block.0.rd.bytes": 4096n,
      "block.0.rd.reqs": 1n,
      "block.0.wr.bytes": 0n,
      "block.0.wr.reqs": 0n,
      "block.1.name": "sda",
      "net.count": 1,
      "net.0.name": "vnet3",
      "net.0.rx.bytes": 60n,
      "net.0.rx.errs": 2n,
      "net.0.tx.pkts": 7n,
      "net.0.tx.drop": 1n,
    });
    assert.deepEqual(disks, [
      { device: "vda", readBytes: 4096, readRequests: 1, writeBytes: 0, writeRequests: 0 },
      {
        device: "sda",
        readBytes: undefined,
        readRequests: undefined,
        writeBytes: undefined,
        writeRequests: undefined,
      },
    ]);
    assert.deepEqual(interfaces, [
      {
        device: "vnet3",
        received: { bytes: 60, packets: undefined, errors: 2, drops: undefined },
        sent: { bytes: undefined, packets: 7, errors: undefined, drops: 1 },
      },
    ]);
  });

  it("leave out a device without a name, and all of a driver that counts nothing", () => {
    assert.deepEqual(read({ "net.count": 1 }).interfaces, []);
    assert.deepEqual(read({}), {
      id,
      cpuSeconds: undefined,
      memory: { maximum: undefined, current: undefined, resident: undefined },
      disks: [],
      interfaces: [],
    });
  });
});
