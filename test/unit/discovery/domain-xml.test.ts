// What is read of domains, most of which others wrote.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readDomainXml } from "../../../agent/discovery/domain-xml.ts";
import { sliceShare } from "../../fakes/claims.ts";

const VGPU = "76677075-0000-8000-8000-000000000001";
const DOMAIN = "d0000000-0000-4000-8000-000000000001";
const NOTHING = {
  vcpus: undefined,
  memoryMib: undefined,
  vgpuIds: [],
  pciDevices: [],
  renderNodes: [],
  consoles: [],
  mark: undefined,
  files: [],
};

function marked(element: string): string {
  return `<domain><metadata>${element}</metadata></domain>`;
}

function mark(prefix: string, given: Readonly<Record<string, string>> = {}): string {
  const name = prefix === "" ? "claim" : `${prefix}:claim`;
  const xmlns = prefix === "" ? "xmlns" : `xmlns:${prefix}`;
  const attributes = {
    ...{ [xmlns]: "urn:vgpud:claim:1", id: "web-1", vgpu: VGPU, domain: DOMAIN, gpu: "0000:00:02.0" },
    ...{ type: "i915-GVTg_V5_4", low_gm_mib: "128", high_gm_mib: "512", fences: "4", on_stop: "hold" },
    request_digest: "abc",
    ...given,
  };
  return `<${name} ${Object.entries(attributes)
    .map(([key, value]) => `${key}='${value}'`)
    .join(" ")}/>`;
}

describe("reading a domain", () => {
  it("that libvirt printed finds what it is made of", () => {
    const xml = `<?xml version='1.0'?>
      <domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
        <name>web</name><memory unit='KiB'>2097152</memory><vcpu placement='static' current='1'>4</vcpu>
        <devices>
          <hostdev mode='subsystem' type='pci' managed='yes'><source>
            <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source></hostdev>
          <hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='off'>
            <source><address uuid='${VGPU.toUpperCase()}'/></source><alias name='hostdev1'/>
          </hostdev>
        </devices>
      </domain>`;
    const pciDevices = ["0000:01:00.0"];
    assert.deepEqual(readDomainXml(xml), {
      ...NOTHING,
      vcpus: 4,
      memoryMib: 2048,
      vgpuIds: [VGPU],
      pciDevices,
    });
  });

  it("knows its files, what it may write, and the chain below them that a running one shows", () => {
    const xml = `<domain><devices>
      <disk type='file' device='disk'><source file='/a'/><backingStore><source file='/b'/><backingStore>
        <source file='/c'/><backingStore/></backingStore></backingStore></disk>
      <disk type='block'><source dev='/dev/sdb'/><readonly/></disk>
      <disk type='file' device='cdrom'/><disk type='network'><source protocol='nbd' name='x'/></disk>
      <serial type='pty'><log file='/log'/></serial><console type='pty'><log file='/log'/></console>
    </devices></domain>`;
    assert.deepEqual(
      readDomainXml(xml).files.map(({ path, writable }) => `${path} ${writable ? "rw" : "r"}`),
      ["/a rw", "/b r", "/c r", "/dev/sdb r", "/log rw"],
    );
  });

  it("knows the units of memory, and KiB where none is given", () => {
    const memory = (xml: string): number | undefined => readDomainXml(`<domain>${xml}</domain>`).memoryMib;
    assert.equal(memory("<memory>1048576</memory>"), 1024);
    assert.equal(memory("<memory unit='MiB'>512</memory>"), 512);
    assert.equal(memory("<memory unit='G'>2</memory>"), 2048);
    assert.equal(memory("<memory unit='furlong'>2</memory>"), undefined);
    assert.equal(memory("<memory>-1</memory>"), undefined);
  });

  it("tells guests of Xen that are not HVM, by libvirt's names of now and before", () => {
    const told = (type: string, os: string): unknown =>
      readDomainXml(`<domain type='${type}'><os>${os}</os></domain>`).paravirtual;
    for (const name of ["xen", "linux"])
      assert.equal(told("xen", `<type arch='x86_64'>${name}</type>`), "pv");
    assert.equal(told("xen", "<type>xenpvh</type>"), "pvh");
    assert.equal(told("xen", "<type>hvm</type>"), undefined);
    assert.equal(told("xen", ""), undefined);
    assert.equal(told("kvm", "<type>hvm</type>"), undefined);
  });

  it("finds every mediated device and leaves out what is none", () => {
    const device = (uuid: string): string =>
      `<hostdev type='mdev'><source><address uuid='${uuid}'/></source></hostdev>`;
    const devices = `${device(VGPU)}${device(DOMAIN)}${device("../../etc")}<hostdev type='mdev'/><hostdev/>`;
    assert.deepEqual(readDomainXml(`<domain><devices>${devices}</devices></domain>`).vgpuIds, [VGPU, DOMAIN]);
  });

  it("finds the PCI functions that it is given, in the numbers of libvirt's and of whoever wrote it", () => {
    const given = (source: string): readonly string[] =>
      readDomainXml(
        `<domain><devices><hostdev type='pci'><source>${source}</source></hostdev></devices></domain>`,
      ).pciDevices;
    const printed = "<address domain='0x0000' bus='0x4d' slot='0x1f' function='0x7'/>";
    assert.deepEqual(given(printed), ["0000:4d:1f.7"]);
    assert.deepEqual(given("<address domain='0' bus='77' slot='2' function='1'/>"), ["0000:4d:02.1"]);
    for (const odd of ["", "x", "-1", "1.5", "256"])
      assert.deepEqual(given(`<address domain='0' bus='${odd}' slot='2' function='1'/>`), []);
    const usb = "<hostdev type='usb'><source><address bus='1' device='2'/></source></hostdev>";
    assert.deepEqual(readDomainXml(`<domain><devices>${usb}</devices></domain>`).pciDevices, []);
  });

  it("finds where it renders, each node once, and none where it does not", () => {
    const node = "rendernode='/dev/dri/renderD128'";
    const devices = [
      `<graphics type='egl-headless'><gl ${node}/></graphics>`,
      `<graphics type='spice'><gl enable='yes' ${node}/></graphics>`,
      "<graphics type='spice'><gl enable='no' rendernode='/dev/dri/renderD129'/></graphics>",
      "<graphics type='vnc' port='-1'/><graphics type='egl-headless'/>",
    ];
    const xml = `<domain><devices>${devices.join("")}</devices></domain>`;
    assert.deepEqual(readDomainXml(xml).renderNodes, ["/dev/dri/renderD128"]);
  });

  it("never fails, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.deepEqual(readDomainXml(text), NOTHING);
      }),
    );
    const documents = [
      "<domain",
      "<domain><a></b></domain>",
      "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain><name>&a;</name></domain>",
      "<domain><metadata><constructor/></metadata></domain>",
      "<domain><metadata><x:__proto__ xmlns:x='urn:x'/></metadata></domain>",
      `${"<a>".repeat(5_000)}${"</a>".repeat(5_000)}`,
      "<network><name>default</name></network>",
      "<domain/><domain/>",
    ];
    for (const document of documents)
      assert.deepEqual(readDomainXml(document), NOTHING, document.slice(0, 60));
  });
});

describe("reading the mark of a domain", () => {
  const read = (element: string): ReturnType<typeof readDomainXml>["mark"] =>
    readDomainXml(marked(element)).mark;
  const whole = {
    ...{ claimId: "web-1", vgpuId: VGPU, domainId: DOMAIN, gpu: "0000:00:02.0", share: sliceShare("4") },
    ...{ onStop: "hold", requestDigest: "abc" },
    ...{ labels: {}, autostart: false },
  };

  it("knows it by its namespace, under any prefix", () => {
    for (const prefix of ["vgpud", "x", ""]) assert.deepEqual(read(mark(prefix)), whole, prefix);
  });

  it("reads the labels and the autostart in it, however they are written", () => {
    const inside = (text: string): string => mark("v").replace("/>", `>${text}</v:claim>`);
    const label = "<v:label key='team' value='&#xFC;ber &lt;b&gt;'/>";
    assert.deepEqual(read(inside(`${label}<v:autostart/>`)), {
      ...whole,
      ...{ labels: { team: "über <b>" }, autostart: true },
    });
    const two = read(
      inside(`${label}<v:label key='a/b' value=''/><x:label key='c' value='d' xmlns:x='urn:x'/>`),
    );
    assert.deepEqual(two?.labels, { team: "über <b>", "a/b": "" });
  });

  it("takes no claim of another namespace or format for it", () => {
    assert.equal(read(mark("vgpud", { "xmlns:vgpud": "urn:vgpud:claim:2" })), undefined);
    assert.equal(read("<claim id='web-1'/>"), undefined);
  });

  it("finds it among what others keep there", () => {
    const others =
      "<nova:instance xmlns:nova='urn:nova'><nova:claim id='7'/></nova:instance><app:x xmlns:app='urn:a'/>";
    assert.deepEqual(read(`${others}${mark("vgpud")}`), whole);
  });

  it("undoes the escapes of XML, once", () => {
    assert.equal(read(mark("v", { id: "a&lt;b&amp;amp;&quot;c&quot;&apos;" }))?.claimId, `a<b&amp;"c"'`);
  });

  it("leaves out a mark that lacks anything or does not read", () => {
    const broken = [
      { vgpu: "x" },
      { domain: "" },
      { gpu: "card0" },
      { low_gm_mib: "0" },
      { high_gm_mib: "512MB" },
      { fences: "-4" },
      { on_stop: "explode" },
      { id: "" },
    ];
    for (const given of broken) assert.equal(read(mark("v", given)), undefined, JSON.stringify(given));
  });

  it("leaves out two marks that contradict each other", () => {
    assert.equal(read(`${mark("v")}${mark("v", { id: "web-2" })}`), undefined);
  });
});

describe("the memory of a domain", () => {
  it("grows on demand where it is started with less than it may have, in whatever units", () => {
    const grows = (memory: string): boolean | undefined =>
      readDomainXml(`<domain type='xen'>${memory}</domain>`).growsOnDemand;
    for (const [memory, is] of [
      ["<memory unit='MiB'>64</memory><currentMemory unit='MiB'>32</currentMemory>", true],
      ["<memory unit='GiB'>1</memory><currentMemory>524288</currentMemory>", true],
      ["<memory>1048576</memory><currentMemory unit='GiB'>1</currentMemory>", undefined],
      ["<memory unit='MiB'>64</memory>", undefined],
      ["<memory unit='MiB'>64</memory><currentMemory unit='MiB'>x</currentMemory>", undefined],
      ["<currentMemory unit='MiB'>32</currentMemory>", undefined],
    ] as const)
      assert.equal(grows(memory), is, memory);
  });
});
