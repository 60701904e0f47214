// The client against a real libvirtd: its test driver, its QEMU driver, and the daemon hung, killed and back again.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { Connection, type ConnectionOptions } from "../../agent/node-libvirt/connection.ts";
import {
  DomainXml,
  ErrorLevel,
  ErrorNumber,
  ErrorSource,
  ListDomains,
  UndefineDomain,
} from "../../agent/node-libvirt/constants.ts";
import { type LibvirtEvent, subscribe } from "../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { Link, type LinkState } from "../../agent/node-libvirt/link.ts";
import { procedures } from "../../agent/node-libvirt/remote.gen.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const UUID = "3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c21";
// Software emulation and no disk: it runs wherever QEMU is installed.
const GUEST = `<domain type='qemu'>
  <name>guest</name><uuid>${UUID}</uuid><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
</domain>`;

const changes = (events: readonly LibvirtEvent[]): string[] =>
  events.map((event) => (event.kind === "domain-lifecycle" ? event.change : event.kind));

describe("the client and a real libvirtd", function () {
  this.timeout(60_000);
  let libvirtd: RealLibvirtd | undefined;

  before(async function () {
    unlessImpossible(this, whyNoLibvirtd());
    libvirtd = await RealLibvirtd.start();
  });
  after(async () => {
    await libvirtd?.stop();
  });

  const daemon = (): RealLibvirtd => {
    assert.ok(libvirtd);
    return libvirtd;
  };
  const open = (options: Partial<ConnectionOptions> = {}): Promise<Connection> =>
    Connection.open({ socket: daemon().socket, uri: "test:///default", ...options });

  it("agree on the test driver's domain, its XML, state, stats and metadata", async () => {
    const connection = await open();
    const libvirt = new Libvirt(connection);
    assert.equal(await libvirt.driverType(), "TEST");
    assert.ok((await libvirt.libraryVersion()).major >= 6);
    const [domain] = await libvirt.listDomains({ flags: ListDomains.active });
    assert.ok(domain);
    assert.deepEqual([domain.name, domain.id], ["test", 1]);
    assert.deepEqual(await libvirt.lookupDomainByUuid(domain.uuid), domain);
    assert.equal(await libvirt.lookupDomainByName("none such"), undefined);
    assert.match(await libvirt.domainXml(domain), /<name>test<\/name>/);
    assert.equal((await libvirt.domainState(domain)).state, "running");
    const [stats] = await libvirt.allDomainStats(0);
    assert.equal(stats?.params.get("state.state"), 1);
    const element = { uri: "urn:example", key: "e", xml: "<mark id='1'/>" };
    await libvirt.setMetadata(domain, element);
    assert.match((await libvirt.metadata(domain, element.uri)) ?? "", /id=["']1["']/);
    await libvirt.setMetadata(domain, { ...element, xml: undefined });
    assert.equal(await libvirt.metadata(domain, element.uri), undefined);
    await connection.close();
  });

  it("agree on errors: code, source, level and texts", async () => {
    const connection = await open();
    const libvirt = new Libvirt(connection);
    await assert.rejects(libvirt.defineDomain("<domain/>"), {
      name: "LibvirtError",
      level: 2,
      procedure: "domain_define_xml_flags",
    });
    const [domain] = await libvirt.listDomains();
    assert.ok(domain);
    await assert.rejects(libvirt.startDomain(domain), { domain: ErrorSource.test, level: ErrorLevel.error });
    assert.equal(await libvirt.nodeDevices.xml("none_such"), undefined);
    await connection.close();
    const readonly = await open({ readonly: true });
    await assert.rejects(new Libvirt(readonly).destroyDomain(domain), { code: ErrorNumber.operationDenied });
    await readonly.close();
    await assert.rejects(open({ uri: "nonsense:///" }), { name: "LibvirtError", procedure: "connect_open" });
  });

  it("define, start, watch, destroy and undefine a guest of the QEMU driver", async () => {
    const connection = await open({ uri: "qemu:///system" });
    const watching = await open({ uri: "qemu:///system", readonly: true });
    const libvirt = new Libvirt(connection);
    const events: LibvirtEvent[] = [];
    let told: () => void = () => undefined;
    const undefinedTold = new Promise<void>((resolve) => (told = resolve));
    await subscribe(watching, ["domain-lifecycle", "device-removed", "node-device-lifecycle"], (event) => {
      events.push(event);
      if (changes([event]).includes("undefined")) told();
    });
    const defined = await libvirt.defineDomain(GUEST);
    assert.deepEqual(defined, { name: "guest", uuid: UUID, id: undefined });
    const started = await libvirt.startDomain(defined);
    assert.equal(started.id, 1);
    assert.deepEqual(await libvirt.domainState(started), { state: "running", reason: "booted" });
    await assert.rejects(libvirt.startDomain(started), {
      code: ErrorNumber.operationInvalid,
      domain: ErrorSource.qemu,
    });
    assert.match(await libvirt.domainXml(started, { flags: DomainXml.inactive }), new RegExp(UUID));
    const gone = { name: "gone", uuid: "9f4c1f1e-0000-4000-8000-000000000009", id: 9 };
    const [stats, ...others] = await libvirt.allDomainStats(0, { domains: [gone, started] });
    assert.equal(typeof stats?.params.get("cpu.time"), "bigint");
    assert.deepEqual(others, []);
    await libvirt.destroyDomain(started);
    assert.deepEqual(await libvirt.domainState(started), { state: "shut-off", reason: "destroyed" });
    await assert.rejects(libvirt.destroyDomain(started), { code: ErrorNumber.operationInvalid });
    const { managedSave, snapshotsMetadata, nvram, checkpointsMetadata } = UndefineDomain;
    await libvirt.undefineDomain(started, {
      flags: managedSave | snapshotsMetadata | nvram | checkpointsMetadata,
    });
    assert.equal(await libvirt.lookupDomainByUuid(UUID), undefined);
    await undefinedTold;
    const lifecycle = events.filter(({ kind }) => kind === "domain-lifecycle");
    const expected = ["defined", "resumed", "started", "shutdown", "stopped", "undefined"];
    assert.deepEqual(changes(lifecycle), expected);
    await Promise.all([connection.close(), watching.close()]);
  });

  it("part when the daemon hangs: every call ends, files are read meanwhile", async () => {
    const keepAlive = { intervalMs: 100, count: 3 };
    const connection = await open({ keepAlive });
    daemon().signal("SIGSTOP");
    try {
      const calls = Array.from({ length: 8 }, () =>
        assert.rejects(connection.call(procedures.connectGetType, undefined), { reason: "keepalive" }),
      );
      await readFile("/proc/self/stat");
      await Promise.all(calls);
    } finally {
      daemon().signal("SIGCONT");
    }
  });

  it("stay together when a call passes its deadline while the daemon hangs, and it wakes up", async () => {
    const connection = await open({ keepAlive: false });
    daemon().signal("SIGSTOP");
    const late = connection.call(procedures.connectGetType, undefined, { timeoutMs: 100 });
    await assert.rejects(late, { name: "CallTimeoutError", outcome: "unknown" }).finally(() => {
      daemon().signal("SIGCONT");
    });
    assert.deepEqual(await connection.call(procedures.connectGetType, undefined), { type: "TEST" });
    await connection.close();
  });

  it("meet again after the daemon was killed in the middle of calls: events first, then up", async () => {
    const states: LinkState["state"][] = [];
    const events: LibvirtEvent[] = [];
    let wake: () => void = () => undefined;
    const until = async (fits: () => boolean): Promise<void> => {
      while (!fits()) await new Promise<void>((resolve) => (wake = resolve));
    };
    const link = new Link({
      socket: { driver: "qemu", path: daemon().socket },
      uri: "qemu:///system",
      events: ["domain-lifecycle", "node-device-lifecycle"],
      onEvent: (event) => {
        events.push(event);
        wake();
      },
      onState: ({ state }) => {
        states.push(state);
        wake();
      },
      random: () => 0.5,
      backoff: { firstMs: 20, maxMs: 200 },
    });
    const stop = new AbortController();
    const ended = link.run(stop.signal);
    const libvirt = new Libvirt(link);
    await until(() => states.at(-1) === "up");
    daemon().signal("SIGSTOP");
    const cut = Array.from({ length: 6 }, () =>
      assert.rejects(libvirt.listDomains(), { name: "ConnectionLostError" }),
    );
    await daemon().kill();
    await Promise.all(cut);
    await until(() => states.at(-1) === "down");
    await daemon().boot();
    await until(() => states.at(-1) === "up");
    const guest = await libvirt.defineDomain(GUEST);
    await until(() => changes(events).includes("defined"));
    await libvirt.undefineDomain(guest);
    stop.abort();
    await ended;
  });
});
