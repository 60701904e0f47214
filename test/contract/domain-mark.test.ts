// The mark that an adoption puts on a domain that runs, and takes off again, to a real libvirtd with a real QEMU.
import assert from "node:assert/strict";
import { LibvirtHost } from "../../agent/host/libvirt.ts";
import { readDomainXml } from "../../agent/discovery/domain-xml.ts";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { DomainXml, StartDomain } from "../../agent/node-libvirt/constants.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import type { ClaimMark } from "../../agent/inventory/model.ts";
import { markOf } from "../../agent/lifecycle/domain-xml-mark.ts";
import { until } from "../e2e/harness/until.ts";
import { claim } from "../fakes/claims.ts";
import { domainId } from "../fakes/ids.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const ID = domainId(1);
/** Somebody's own metadata stands beside the mark. */
const GUEST = `<domain type='qemu'><name>theirs</name><uuid>${ID}</uuid><memory unit='MiB'>32</memory>
  <metadata><their:own xmlns:their='urn:theirs'/></metadata>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`;

describe("the mark of a domain, to a real libvirtd", function () {
  this.timeout(60_000);
  let libvirtd: RealLibvirtd | undefined;
  let connection: Connection | undefined;
  let libvirt: Libvirt;
  let host: LibvirtHost;
  let running: Promise<void> | undefined;
  const stop = new AbortController();

  before(async function () {
    unlessImpossible(this, whyNoLibvirtd());
    libvirtd = await RealLibvirtd.start();
    const { socket } = libvirtd;
    connection = await Connection.open({ socket, uri: "qemu:///system" });
    libvirt = new Libvirt(connection);
    host = new LibvirtHost({
      ...{ uri: "qemu:///system", socket, random: Math.random, wall: Date.now },
      onChange: () => undefined,
      onStatus: () => undefined,
    });
    running = host.run(stop.signal);
    await until("libvirt answers", () => Promise.resolve(host.status.connected));
  });
  after(async () => {
    stop.abort();
    await running;
    await connection?.close();
    await libvirtd?.stop();
  });

  const mark: ClaimMark = { ...markOf(claim(1)), labels: { "team.of": 'a "b" & <c>' }, autostart: true };

  it("is read back as it was written, of a domain that is off and of one that runs, and goes without a trace", async () => {
    const domain = await libvirt.defineDomain(GUEST);
    const documents = async (): Promise<string[]> =>
      await Promise.all([
        libvirt.domainXml(domain),
        libvirt.domainXml(domain, { flags: DomainXml.inactive }),
      ]);
    try {
      for (const runs of [false, true]) {
        if (runs) await libvirt.startDomain(domain, { flags: StartDomain.paused });
        const before = await documents();
        await host.mark(ID, mark, stop.signal);
        for (const xml of await documents()) {
          assert.deepEqual(readDomainXml(xml).mark, mark);
          assert.match(xml, /<their:own /);
        }
        await host.unmark(ID, stop.signal);
        await host.unmark(ID, stop.signal);
        assert.deepEqual(await documents(), before);
      }
    } finally {
      await libvirt.destroyDomain(domain);
      await libvirt.undefineDomain(domain);
    }
  });

  it("is for a domain that is defined", async () => {
    await assert.rejects(host.mark(domainId(9), mark, stop.signal), { reason: "LIBVIRT_REFUSED" });
    await host.unmark(domainId(9), stop.signal);
  });
});
