// Records what client and a real libvirtd say to each other, one sample a procedure, for the golden bytes.
// usage: node dist/test/contract/capture-golden.js > test/golden/node-libvirt/libvirtd-9.0.0.json   (as root)
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Connection } from "../../agent/node-libvirt/connection.ts";
import { UndefineDomain } from "../../agent/node-libvirt/constants.ts";
import { subscribe } from "../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { Framing, MessageType, decodeHeader } from "../../agent/node-libvirt/message.ts";
import { REMOTE_PROGRAM, procedures, remoteEvents } from "../../agent/node-libvirt/remote.gen.ts";
import { XdrDecoder } from "../../agent/node-libvirt/xdr.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";

// Replies of hundreds of kilobytes show nothing more than short ones. The hostname is not asked for: it is the machine's.
const MAX_SAMPLE_BYTES = 4096;

const KINDS = [
  "domain-lifecycle",
  "domain-reboot",
  "device-added",
  "device-removed",
  "device-removal-failed",
] as const;
const UUID = "3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c21";
const GUEST = `<domain type='qemu'><name>guest</name><uuid>${UUID}</uuid><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><controller type='usb' index='0' model='qemu-xhci'/></devices></domain>`;
const TABLET = "<input type='tablet' bus='usb'><alias name='ua-tablet'/></input>";

const names = new Map(
  [...Object.values(procedures), ...Object.values(remoteEvents)].map(({ number, name }) => [number, name]),
);

/** Keeps the first sample of each procedure and direction; errors apart. */
class Recorder {
  readonly samples = new Map<string, string>();

  listener(): (chunk: Buffer) => void {
    const framing = new Framing();
    return (chunk) => {
      for (const message of framing.push(chunk)) this.#keep(message);
    };
  }

  #keep(message: Buffer): void {
    const { program, procedure, type, status } = decodeHeader(new XdrDecoder(message));
    if (program !== REMOTE_PROGRAM || message.length > MAX_SAMPLE_BYTES) return;
    const direction = type === MessageType.call ? "call" : type === MessageType.reply ? "reply" : "event";
    const key = `${names.get(procedure) ?? procedure} ${status === 0 ? direction : "error"}`;
    if (!this.samples.has(key)) this.samples.set(key, message.toString("hex"));
  }
}

async function withProxy(
  target: string,
  recorder: Recorder,
  work: (socket: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lv-"));
  const server = createServer((client) => {
    const daemon = connect({ path: target });
    client.on("data", recorder.listener()).pipe(daemon);
    daemon.on("data", recorder.listener()).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen({ path: join(folder, "sock") }, resolve));
  await work(join(folder, "sock"));
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
}

async function testDriver(socket: string): Promise<void> {
  const connection = await Connection.open({ socket, uri: "test:///default" });
  const libvirt = new Libvirt(connection);
  const { unsubscribe } = await subscribe(
    connection,
    ["node-device-lifecycle", "node-device-update"],
    () => undefined,
  );
  await libvirt.driverType();
  await libvirt.uri();
  await libvirt.libraryVersion();
  await libvirt.capabilities();
  await libvirt.nodeDevices.list();
  await libvirt.nodeDevices.xml("computer");
  await libvirt.nodeDevices.xml("none_such");
  // Nothing can be created in the default test host: of these two the errors are recorded.
  await libvirt.nodeDevices.create("<device/>").catch(() => undefined);
  await libvirt.nodeDevices.destroy("none_such").catch(() => undefined);
  const [domain] = await libvirt.listDomains();
  if (!domain) throw new Error("the test driver has no domain");
  const dom = {
    name: domain.name,
    uuid: Uint8Array.from(Buffer.from(domain.uuid.replaceAll("-", ""), "hex")),
    id: 1,
  };
  await connection.call(procedures.domainGetInfo, { dom });
  await connection.call(procedures.domainGetVcpus, { dom, maxinfo: 2, maplen: 1 });
  await unsubscribe();
  await connection.close();
}

async function qemuDriver(socket: string): Promise<void> {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  const libvirt = new Libvirt(connection);
  const { unsubscribe } = await subscribe(connection, KINDS, () => undefined);
  await libvirt.hypervisorVersion();
  const guest = await libvirt.startDomain(await libvirt.defineDomain(GUEST));
  await libvirt.lookupDomainByName("guest");
  await libvirt.lookupDomainByUuid(UUID);
  await libvirt.lookupDomainByUuid("00000000-0000-0000-0000-000000000001");
  await libvirt.domainXml(guest);
  await libvirt.domainState(guest);
  await libvirt.allDomainStats(0);
  await libvirt.setMetadata(guest, { uri: "urn:example", key: "e", xml: "<mark/>" });
  await libvirt.metadata(guest, "urn:example");
  await libvirt.metadata(guest, "urn:none");
  await libvirt.hasManagedSave(guest);
  await libvirt.removeManagedSave(guest).catch(() => undefined);
  await libvirt.snapshotNames(guest);
  await libvirt.checkpointNames(guest);
  await libvirt.startDomain(guest).catch(() => undefined);
  await libvirt.attachDevice(guest, TABLET, { flags: 1 });
  await libvirt.detachDevice(guest, TABLET, { flags: 1 }).catch(() => undefined);
  await libvirt.shutdownDomain(guest);
  await libvirt.destroyDomain(guest);
  await libvirt.undefineDomain(guest, { flags: UndefineDomain.nvram });
  await unsubscribe();
  await connection.close();
}

const why = whyNoLibvirtd();
if (why !== undefined) throw new Error(why);
const libvirtd = await RealLibvirtd.start();
const recorder = new Recorder();
try {
  await withProxy(libvirtd.socket, recorder, testDriver);
  await withProxy(libvirtd.socket, recorder, qemuDriver);
} finally {
  await libvirtd.stop();
}
const samples = Object.fromEntries([...recorder.samples].sort(([a], [b]) => a.localeCompare(b)));
process.stdout.write(
  `${JSON.stringify({ daemon: "libvirtd 9.0.0 (Debian 9.0.0-4+deb12u2)", samples }, undefined, 1)}\n`,
);
