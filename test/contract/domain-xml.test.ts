// A real libvirtd is the judge of the XML that vgpud builds: every golden document is validated and defined.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { offeredDevices } from "../../agent/discovery/domain-capabilities.ts";
import { qemuOpengl } from "../../agent/discovery/qemu-opengl.ts";
import { readDomainXml } from "../../agent/discovery/domain-xml.ts";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { DefineDomain, DomainXml, UndefineDomain } from "../../agent/node-libvirt/constants.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

/** Tests run from the root of the repository. */
const GOLDEN = "test/golden/domain-xml";
/** Of domains for Xen, whose driver runs under Xen only: libvirt's test driver reads and checks the same documents. */
const XEN_GOLDEN = "test/golden/domain-xml-xen";

/** libvirt orders disks by their names. */
function read(xml: string): unknown {
  const { files, ...rest } = readDomainXml(xml);
  return { ...rest, files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

describe("the XML that vgpud builds, to a real libvirtd", function () {
  this.timeout(60_000);
  let libvirtd: RealLibvirtd | undefined;
  let connection: Connection | undefined;
  let libvirt: Libvirt;

  before(async function () {
    unlessImpossible(this, whyNoLibvirtd());
    libvirtd = await RealLibvirtd.start();
    connection = await Connection.open({ socket: libvirtd.socket, uri: "qemu:///system" });
    libvirt = new Libvirt(connection);
  });
  after(async () => {
    await connection?.close();
    await libvirtd?.stop();
  });

  /** On a machine without KVM the same documents are those of an emulated guest. */
  async function golden(name: string): Promise<string> {
    const xml = await readFile(path.join(GOLDEN, name), "utf8");
    return (await libvirt.capabilities()).includes("<domain type='kvm'")
      ? xml
      : xml.replace('type="kvm"', 'type="qemu"');
  }

  it("is valid and can be defined, every golden document", async () => {
    const refused: string[] = [];
    for (const name of await readdir(GOLDEN)) {
      try {
        const domain = await libvirt.defineDomain(await golden(name), { flags: DefineDomain.validate });
        await libvirt.undefineDomain(domain, { flags: UndefineDomain.nvram });
      } catch (error) {
        refused.push(`${name}: ${String(error)}`);
      }
    }
    assert.deepEqual(refused, []);
  });

  it("keeps mark, slice, labels and what was asked for", async () => {
    const xml = await golden("full.xml");
    const domain = await libvirt.defineDomain(xml, { flags: DefineDomain.validate });
    const kept = await libvirt.domainXml(domain, { flags: DomainXml.inactive });
    await libvirt.undefineDomain(domain, { flags: UndefineDomain.nvram });
    assert.deepEqual(read(kept), read(xml));
    for (const said of [
      /<qemu:property name='xres' type='unsigned' value='1280'\/>/,
      /<hostdev [^>]*display='on' ramfb='on'>/,
      /<gl rendernode='\/dev\/dri\/by-path\/pci-0000:00:02.0-render'\/>/,
      /<maxphysaddr mode='emulate' bits='40'\/>/,
    ])
      assert.match(kept, said);
  });

  it("is valid for Xen, too, and read as it was meant, every golden document", async () => {
    const connected = await Connection.open({ socket: libvirtd?.socket ?? "", uri: "test:///default" });
    const tester = new Libvirt(connected);
    try {
      for (const name of await readdir(XEN_GOLDEN)) {
        const xml = await readFile(path.join(XEN_GOLDEN, name), "utf8");
        const domain = await tester.defineDomain(xml, { flags: DefineDomain.validate });
        const kept = await tester.domainXml(domain, { flags: DomainXml.inactive });
        await tester.undefineDomain(domain);
        assert.deepEqual(read(kept), read(xml), name);
        const machine = /machine=.(xen\w+)/;
        assert.equal(machine.exec(kept)?.[1], machine.exec(xml)?.[1], name);
        const broken = xml.replace("<os", "<oss/><os");
        await assert.rejects(tester.defineDomain(broken, { flags: DefineDomain.validate }), /schema/, name);
      }
    } finally {
      await connected.close();
    }
  });

  /** QEMU's command line for it. */
  async function commandLine(name: string): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "seat-"));
    const file = path.join(folder, name);
    await writeFile(file, await golden(name));
    const uri = `qemu+unix:///system?socket=${libvirtd?.socket ?? ""}`;
    const words = ["-c", uri, "domxml-to-native", "qemu-argv", "--xml", file];
    const { stdout } = await promisify(execFile)("virsh", words);
    await rm(folder, { recursive: true });
    return stdout;
  }

  it("tells a seat's virtio-gpu the size that its EDID is to prefer", async () => {
    const device = /'?\{"driver":"virtio-vga-gl"[^}]*\}/.exec(await commandLine("seat-with-size.xml"))?.[0];
    assert.match(device ?? "", /"xres":1920,"yres":1080/);
  });

  it("makes of a seat a QEMU whose virtio-gpu renders on the GPU's node", async () => {
    const stdout = await commandLine("seat.xml");
    assert.match(stdout, /-display egl-headless,rendernode=\/dev\/dri\/by-path\/pci-0000:00:02\.0-render/);
    assert.match(stdout, /virtio-vga-gl/);
    assert.doesNotMatch(stdout, /vfio/);
  });

  it("makes of a seat what libvirt offers and refuses, where QEMU is without its modules for OpenGL", async () => {
    const folder = "/usr/lib/x86_64-linux-gnu/qemu";
    const without = await RealLibvirtd.start({
      before: [
        `mkdir modules; cp -a ${folder}/. modules/`,
        "rm -f modules/hw-display-*-gl.so modules/ui-egl-headless.so modules/ui-opengl.so",
        `mount --bind modules ${folder}`,
      ],
    });
    try {
      const connected = await Connection.open({ socket: without.socket, uri: "qemu:///system" });
      try {
        const bare = new Libvirt(connected);
        const offered = offeredDevices(await bare.domainCapabilities());
        assert.ok(offered?.graphics.includes("egl-headless") && offered.videos.includes("virtio"));
        const rest = (await readdir(folder)).filter((name) => !name.endsWith("-gl.so"));
        const seen = await qemuOpengl(
          (asked) => Promise.resolve(`/${asked}` === folder ? rest : []),
          offered,
        );
        assert.deepEqual([seen.has, "by" in seen && seen.by], [false, "module"]);
        await assert.rejects(bare.defineDomain(await golden("seat.xml")), /3d acceleration is not supported/);
      } finally {
        await connected.close();
      }
    } finally {
      await without.stop();
    }
  });
});
