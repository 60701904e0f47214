// What of a caller's own XML gets through to libvirt.
import assert from "node:assert/strict";
import fc from "fast-check";
import { AgentError } from "../../../agent/core/errors.ts";
import { allowed } from "../../../agent/lifecycle/raw-xml/allowed.ts";
import { renderRawDomain } from "../../../agent/lifecycle/raw-xml/build.ts";
import { rawFiles, rawReferences, withRawReferences } from "../../../agent/lifecycle/raw-xml/files.ts";
import { parseXml } from "../../../agent/lifecycle/raw-xml/parse.ts";
import { readRawDomain, type ReadDomain } from "../../../agent/lifecycle/raw-xml/read.ts";
import type { XmlElement } from "../../../agent/lifecycle/raw-xml/xml-element.ts";
import { domainId } from "../../fakes/ids.ts";

const FIELD = "domain.raw_xml";
const identity = { id: domainId(1), name: "web" };
const OS = "<os><type arch='x86_64' machine='q35'>hvm</type></os>";
const DISK =
  "<disk type='file'><driver type='raw'/><source file='/a'/><target dev='vda' bus='virtio'/></disk>";

const domain = (inside: string, devices = ""): string =>
  `<domain type='kvm'><name>web</name><memory unit='MiB'>512</memory>${OS}${inside}<devices>${devices}</devices></domain>`;
const read = (text: string): ReadDomain => readRawDomain(text, FIELD);

function errorOf(text: string): AgentError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error(`let through: ${text}`);
}

describe("raw XML", () => {
  it("that names nothing of the host is read for its name and sizes", () => {
    const { name, uuid, vcpus, memoryMib } = read(domain("<vcpu>4</vcpu>", DISK));
    assert.deepEqual([name, uuid, vcpus, memoryMib], ["web", "", 4, 512]);
    assert.equal(read(domain("").replace("unit='MiB'>512", ">1025")).memoryMib, 2);
  });

  const refused: readonly (readonly [path: string, inside: string, devices?: string])[] = [
    ["/domain/devices/hostdev[1]", "", "<hostdev mode='subsystem' type='pci'/>"],
    ["/domain/devices/hostdev[2]", "", "<hostdev/><hostdev/>"],
    ["/domain/devices/emulator[1]", "", "<emulator>/bin/sh</emulator>"],
    ["/domain/devices/filesystem[1]", "", "<filesystem type='mount'/>"],
    ["/domain/devices/shmem[1]", "", "<shmem name='x'/>"],
    ["/domain/seclabel", "<seclabel type='none'/>"],
    ["/domain/launchSecurity", "<launchSecurity type='sev'/>"],
    ["/domain/metadata", "<metadata><v:claim xmlns:v='urn:vgpud:claim:1' id='x'/></metadata>"],
    [
      "/domain/qemu:commandline",
      "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'/>",
    ],
    ["/domain/memoryBacking/source", "<memoryBacking><source type='file'/></memoryBacking>"],
    ["/domain/memoryBacking/access", "<memoryBacking><access mode='shared'/></memoryBacking>"],
    ["/domain/on_crash", "<on_crash>coredump-destroy</on_crash>"],
    ["/domain/on_poweroff", "<on_poweroff>preserve</on_poweroff>"],
    ["/domain/devices/disk[1]/backingStore", "", DISK.replace("<target", "<backingStore/><target")],
    ["/domain/devices/disk[1]/@type", "", DISK.replace("type='file'", "type='network'")],
    ["/domain/devices/disk[1]", "", DISK.replace("file='/a'", "file='/a' dev='/b'")],
    ["/domain/devices/disk[1]", "", DISK.replace("type='file'", "type='block'")],
    ["/domain/devices/disk[1]", "", DISK.replace("<driver type='raw'/>", "")],
    [
      "/domain/devices/disk[1]/driver/@type",
      "",
      DISK.replace("<driver type='raw'/>", "<driver name='qemu'/>"),
    ],
    [
      "/domain/devices/disk[1]/source/@startupPolicy",
      "",
      DISK.replace("file=", "startupPolicy='optional' file="),
    ],
    ["/domain/devices/disk[1]/source[2]", "", DISK.replace("<target", "<source file='/b'/><target")],
    [
      "/domain/devices/disk[1]/source/reservations",
      "",
      DISK.replace("<source file='/a'/>", "<source file='/a'><reservations managed='yes'/></source>"),
    ],
    ["/domain/devices/interface[1]/@type", "", "<interface type='direct'><source dev='eth0'/></interface>"],
    [
      "/domain/devices/interface[1]/script",
      "",
      "<interface type='bridge'><source bridge='br0'/><script path='/x'/></interface>",
    ],
    ["/domain/devices/interface[1]", "", "<interface type='bridge'><source network='default'/></interface>"],
    ["/domain/devices/serial[1]/@type", "", "<serial type='unix'><source mode='bind' path='/x'/></serial>"],
    ["/domain/devices/console[1]/@type", "", "<console type='file'/>"],
    [
      "/domain/devices/channel[1]/source/@path",
      "",
      "<channel type='unix'><source mode='bind' path='/x'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
    ],
    ["/domain/devices/graphics[1]/@socket", "", "<graphics type='vnc' socket='/x'/>"],
    ["/domain/devices/graphics[1]/@listen", "", "<graphics type='vnc' listen='/x'/>"],
    [
      "/domain/devices/graphics[1]/listen/@type",
      "",
      "<graphics type='vnc'><listen type='socket'/></graphics>",
    ],
    [
      "/domain/devices/graphics[1]/gl",
      "",
      "<graphics type='egl-headless'><gl rendernode='/dev/sda'/></graphics>",
    ],
    [
      "/domain/devices/rng[1]/backend",
      "",
      "<rng model='virtio'><backend model='random'>/dev/sda</backend></rng>",
    ],
    ["/domain/devices/rng[1]/backend/@model", "", "<rng model='virtio'><backend model='egd'/></rng>"],
    ["/domain/devices/tpm[1]/backend/@type", "", "<tpm model='tpm-tis'><backend type='passthrough'/></tpm>"],
    ["/domain/devices/input[1]/@type", "", "<input type='evdev'/>"],
    ["/domain/devices/watchdog[1]/@action", "", "<watchdog model='i6300esb' action='dump'/>"],
    ["/domain/devices/hostdev[1]", "", DISK + "<hostdev/>"],
    ["/domain/cpu/constructor", "<cpu><feature name='x'/><feature name='y'/><toString/></cpu>"],
  ];
  for (const [path, inside, devices] of refused.slice(0, -1))
    it(`is refused with its path: ${path}`, () => {
      const { reason, violations } = errorOf(domain(inside, devices));
      assert.equal(reason, "XML_NOT_ALLOWED");
      assert.ok(
        violations.some(({ field, message }) => field === FIELD && message.startsWith(`${path} `)),
        violations.map(({ message }) => message).join("\n"),
      );
    });

  it("is refused for firmware files, host paths in `os` and two of what there is one", () => {
    for (const [os, path] of [
      ["<os><type arch='x86_64'>hvm</type><loader>/x</loader></os>", "/domain/os/loader"],
      ["<os><type arch='x86_64'>hvm</type><nvram>/x</nvram></os>", "/domain/os/nvram"],
      [`${OS}${OS}`, "/domain/os[2]"],
    ] as const) {
      const { violations } = errorOf(domain("").replace(OS, os));
      assert.ok(
        violations.some(({ message }) => message.startsWith(`${path} `)),
        path,
      );
    }
  });

  it("hears of everything that is refused at once", () => {
    const { violations } = errorOf(domain("<seclabel/>", "<hostdev/><emulator/><filesystem/>"));
    assert.equal(violations.length, 4);
  });

  it("is no document: entities, DOCTYPE, CDATA, broken, deep, long, or of another root", () => {
    const documents: readonly string[] = [
      ...["", "x", "<domain", "<domain><a></b></domain>", "<network/>", "<domain/><domain/>", "<domain/>"],
      `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>${domain("")}`,
      domain("<title>&nbsp;</title>"),
      domain("<title><![CDATA[x]]></title>"),
      domain("<title><?php x?></title>"),
      domain(`${"<a>".repeat(5_000)}${"</a>".repeat(5_000)}`),
      domain(`<title>${"x".repeat(2 * 1024 * 1024)}</title>`),
      domain("text<vcpu>1</vcpu>"),
      domain("<currentMemory>1</currentMemory>"),
      domain("<vcpu id='1' id='2'>1</vcpu>"),
    ];
    for (const text of documents) {
      const { reason, field } = errorOf(text);
      assert.deepEqual([reason, field], ["FIELD_INVALID", FIELD], text.slice(0, 80));
    }
  });

  it("has its references found and replaced, wherever they stand", () => {
    const xml = domain(
      "",
      `${DISK}${DISK.replace("'/a'", "'/b'").replace("vda", "vdb").replace("</disk>", "<readonly/></disk>")}
       <interface type='network'><source network='default'/></interface>
       <serial type='pty'><log file='/log'/></serial>`,
    ).replace("</os>", "<kernel>/k</kernel></os>");
    const { raw } = read(xml);
    assert.deepEqual(
      rawReferences(raw).map(({ kind, value, path }) => [kind, value, path]),
      [
        ["boot-file", "/k", "/domain/os/kernel"],
        ["disk-file", "/a", "/domain/devices/disk[1]/source/@file"],
        ["disk-file", "/b", "/domain/devices/disk[2]/source/@file"],
        ["network", "default", "/domain/devices/interface[1]/source/@network"],
        ["log-file", "/log", "/domain/devices/serial[1]/log/@file"],
      ],
    );
    const changed = withRawReferences(raw, new Map([["/domain/devices/disk[1]/source/@file", "/real"]]));
    assert.deepEqual(
      rawFiles(changed).map(({ path, writable }) => `${path} ${writable ? "rw" : "r"}`),
      ["/k r", "/real rw", "/b r", "/log rw"],
    );
  });

  it("that passes holds only what is on the list, and means the same after it is written", () => {
    fc.assert(
      fc.property(mutated(), (text) => {
        let passed: ReadDomain;
        try {
          passed = read(text);
        } catch (error) {
          assert.ok(error instanceof AgentError && error.kind === "invalid-argument", String(error));
          return;
        }
        const root = { name: "domain", attributes: {}, text: "", children: passed.raw.children };
        assertListed(root, "domain");
        const written = renderRawDomain({ ...identity, name: passed.name }, passed.raw);
        const again = parseXml(written).children.filter(({ name }) => name !== "name" && name !== "uuid");
        assert.deepEqual(again, passed.raw.children);
      }),
      { numRuns: 3_000 },
    );
  });
});

function assertListed({ name, attributes, children }: XmlElement, path: string): void {
  const rule = allowed.get(path);
  assert.ok(rule, `${name} at ${path}`);
  for (const attribute of Object.keys(attributes))
    assert.ok(attribute in (rule.attributes ?? {}), `${path}/@${attribute}`);
  for (const child of children) assertListed(child, `${path}/${child.name}`);
}

/** A good document with pieces of good and bad ones put in at arbitrary places. */
function mutated(): fc.Arbitrary<string> {
  const good = domain(
    "<title>&lt;a&gt; &amp;amp; &#x43;&#xA;</title><vcpu>2</vcpu><cpu mode='host-model'/>",
    `${DISK}<input type='tablet' bus='usb'/>`,
  );
  const pieces = fc.constantFrom(
    ...[
      "<acpi/>",
      "<readonly/>",
      "<hostdev/>",
      "<!-- x -->",
      " x='y'",
      "&amp;",
      "&#38;lt;",
      "&lt;b",
      "\t",
      "'",
      ">",
      "<",
      "]]>",
    ],
    ...[
      "<serial>a</serial>",
      "<x:y xmlns:x='u'/>",
      " xmlns='u'",
      "<features><acpi/></features>",
      "<description>ä 𝄞</description>",
    ],
    ...[
      "<!DOCTYPE a>",
      "<![CDATA[<hostdev/>]]>",
      "<title>\u0085</title>",
      "&#0;",
      "&#xD;",
      "<__proto__/>",
      " __proto__='a'",
    ],
    ...[
      "<pm/>",
      "<clock offset='utc'/>",
      "<description> a&#x20;</description>",
      "<description>&#9;b</description>",
    ],
  );
  const at = fc.nat(good.length);
  const places = [...good.matchAll(/>(?=<)/g)].map(({ index }) => index + 1);
  const anywhere = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...places) },
    { weight: 1, arbitrary: at },
  );
  return fc
    .array(fc.tuple(anywhere, pieces), { maxLength: 3 })
    .map((changes) =>
      [...changes]
        .sort(([a], [b]) => b - a)
        .reduce((text, [index, piece]) => text.slice(0, index) + piece + text.slice(index), good),
    );
}
