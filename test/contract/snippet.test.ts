// What `vgpuctl snippet` prints, judged by who is to take it: libvirt's schema, a real libvirtd, and a real QEMU.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { PciAddress, VgpuId } from "../../agent/core/ids.ts";
import type { Display } from "../../agent/core/vgpu-elements.ts";
import { readDomainXml } from "../../agent/discovery/domain-xml.ts";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { DefineDomain, DomainXml } from "../../agent/node-libvirt/constants.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import type { Device } from "../../agent/cli/snippet/device.ts";
import { libvirtSnippet } from "../../agent/cli/snippet/libvirt.ts";
import { qemuSnippet } from "../../agent/cli/snippet/qemu.ts";
import { xlSnippet } from "../../agent/cli/snippet/xl.ts";
import { installed, RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const run = promisify(execFile);
const VGPU = "76677075-0000-8000-8000-000000000001" as VgpuId;
const GPU = "0000:7f:02.0" as PciAddress;
const FUNCTION = "0000:7f:02.1" as PciAddress;
const slice: Device = { kind: "slice", uuid: VGPU, gpu: GPU };
const virtualFunction: Device = { kind: "function", address: FUNCTION, vgpuId: VGPU, driver: "vfio-pci" };

interface Case {
  readonly device: Device;
  readonly display: Display | undefined;
  /** What QEMU says of a host that has no such device, and of a wrong argument not. */
  readonly missing: RegExp;
}

const noDevice = /: no such host device: No such file or directory/;
const cases = {
  "a slice": { device: slice, display: undefined, missing: noDevice },
  "a slice with its screen": { device: slice, display: { ramfb: false, size: undefined }, missing: noDevice },
  "a slice with ramfb and a size": {
    ...{ device: slice, display: { ramfb: true, size: { width: 1280, height: 720 } }, missing: noDevice },
  },
  "a PCI function": {
    ...{ device: virtualFunction, display: undefined, missing: noDevice },
  },
  "a seat": {
    device: { kind: "seat", gpu: GPU },
    display: undefined,
    // OpenGL is a module of QEMU's that may be missing.
    missing: /virtio-gpu-gl-device|opengl|egl|render/i,
  },
} as const satisfies Readonly<Record<string, Case>>;

/** A domain as somebody may have written it, with the snippet's parts where their comments say. */
function domainWith({ device, display }: Case): string {
  const parts = { devices: "", domain: "" };
  let place: keyof typeof parts = "devices";
  for (const line of libvirtSnippet(device, display).lines) {
    const where = /^<!-- inside <(devices|domain)>/.exec(line)?.[1];
    if (where === "devices" || where === "domain") place = where;
    parts[place] += `${line}\n`;
  }
  const vnc = "<graphics type='vnc' port='-1' listen='127.0.0.1'/>";
  return `<domain type='qemu'><name>theirs</name><memory unit='MiB'>32</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os>
    <devices>${vnc}${parts.devices}</devices>${parts.domain}</domain>`;
}

function printed({ device, display }: Case): string {
  return libvirtSnippet(device, display).lines.join("\n");
}

const written = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** The properties of each device on a command line: libvirt writes them as JSON, people write them as pairs. */
function devicesIn(words: readonly string[]): readonly ReadonlyMap<string, string>[] {
  const devices = words.filter((_, n) => words[n - 1] === "-device");
  return devices.map((device) =>
    device.startsWith("{") ? fromJson(device) : new Map(`driver=${device}`.split(",").map(pairOf)),
  );
}

function fromJson(device: string): ReadonlyMap<string, string> {
  const properties = Object.entries(written.parse(JSON.parse(device)));
  return new Map(properties.map(([name, value]) => [name, value === true ? "on" : String(value)]));
}

function pairOf(text: string): readonly [string, string] {
  const [name = "", value = ""] = text.split("=");
  return [name, value];
}

describe("a snippet in a domain of somebody else's", function () {
  this.timeout(60_000);
  let libvirtd: RealLibvirtd | undefined;
  let connection: Connection | undefined;
  let libvirt: Libvirt;
  let folder = "";

  before(async function () {
    unlessImpossible(this, whyNoLibvirtd());
    const judges = ["virt-xml-validate", "xmllint"].filter((program) => !installed(program));
    unlessImpossible(this, judges.length === 0 ? undefined : `${judges.join(", ")} not installed`);
    folder = await mkdtemp(path.join(tmpdir(), "snippet-"));
    libvirtd = await RealLibvirtd.start();
    connection = await Connection.open({ socket: libvirtd.socket, uri: "qemu:///system" });
    libvirt = new Libvirt(connection);
  });
  after(async () => {
    await connection?.close();
    await libvirtd?.stop();
    if (folder !== "") await rm(folder, { recursive: true });
  });

  const file = async (text: string): Promise<string> => {
    const name = path.join(folder, "snippet.xml");
    await writeFile(name, text);
    return name;
  };
  const virsh = async (...words: readonly string[]): Promise<string> => {
    const uri = `qemu+unix:///system?socket=${libvirtd?.socket ?? ""}`;
    return (await run("virsh", ["-c", uri, ...words])).stdout;
  };

  for (const [name, each] of Object.entries(cases))
    it(`is valid, and is taken and kept by libvirt: ${name}`, async () => {
      const xml = domainWith(each);
      await run("virt-xml-validate", [await file(xml), "domain"]);
      const defined = await libvirt.defineDomain(xml, { flags: DefineDomain.validate });
      const kept = await libvirt.domainXml(defined, { flags: DomainXml.inactive });
      await libvirt.undefineDomain(defined);
      const { vgpuIds, pciDevices, renderNodes } = readDomainXml(xml);
      const read = readDomainXml(kept);
      assert.deepEqual([read.vgpuIds, read.pciDevices, read.renderNodes], [vgpuIds, pciDevices, renderNodes]);
      assert.equal(vgpuIds.length + pciDevices.length + (each.device.kind === "seat" ? 1 : 0), 1);
      for (const size of each.display?.size ? ["xres", "yres"] : [])
        assert.match(kept, new RegExp(`name='${size}'`));
    });

  it("is added to a domain that there is by virsh attach-device, as it is printed", async () => {
    const whole = domainWith(cases["a slice"]);
    const defined = await libvirt.defineDomain(whole.replace(/<hostdev[^]*<\/hostdev>/, ""));
    await virsh("attach-device", "theirs", await file(printed(cases["a slice"])), "--config");
    const kept = await libvirt.domainXml(defined, { flags: DomainXml.inactive });
    await libvirt.undefineDomain(defined);
    assert.deepEqual(readDomainXml(kept).vgpuIds, [VGPU]);
  });

  // Of a PCI function libvirt makes arguments only while it starts the domain.
  for (const name of [
    "a slice",
    "a slice with its screen",
    "a slice with ramfb and a size",
    "a seat",
  ] as const)
    it(`has libvirt give QEMU what the one for QEMU says: ${name}`, async () => {
      const xml = await file(domainWith(cases[name]));
      const argv = await virsh("domxml-to-native", "qemu-argv", "--xml", xml);
      const words = [...argv.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
      const { device, display } = cases[name];
      const ours = qemuSnippet(device, display).lines.join(" ").split(" ");
      const [wanted = new Map<string, string>()] = devicesIn(ours);
      const given = devicesIn(words).find((each) => each.get("driver") === wanted.get("driver"));
      for (const [property, value] of wanted)
        assert.equal(given?.get(property), value, `${property} in ${argv}`);
      if (ours.includes("-display"))
        assert.equal(words[words.indexOf("-display") + 1], ours[ours.indexOf("-display") + 1]);
    });
});

describe("a snippet on QEMU's command line", function () {
  this.timeout(60_000);
  const QEMU = "exec qemu-system-x86_64 -S -machine q35,accel=tcg -m 16 -monitor none -serial none -vnc none";

  before(function () {
    const program = "qemu-system-x86_64";
    unlessImpossible(this, installed(program) ? undefined : `${program} is not installed`);
  });

  /** What QEMU ends with, started by a shell. */
  const saidTo = async (snippet: string): Promise<string> => {
    const started = run("sh", ["-c", `${QEMU} ${snippet}`], { timeout: 30_000 });
    return await started.then(
      () => "nothing",
      (error: unknown) => (error as { stderr: string }).stderr,
    );
  };

  for (const [name, { device, display, missing }] of Object.entries(cases))
    it(`is understood, and misses nothing but the device: ${name}`, async () => {
      assert.match(await saidTo(qemuSnippet(device, display).lines.join(" ")), missing);
    });

  it("would be refused otherwise", async () => {
    const wrong = qemuSnippet(slice, { ramfb: true, size: { width: 64, height: 64 } }).lines.join(" ");
    assert.match(await saidTo(wrong.replace("xres=", "xrez=")), /Property '\S+\.xrez' not found/);
    assert.match(await saidTo(wrong.replace("-nohotplug", "")), /Property '\S+\.ramfb' not found/);
  });
});

describe("a snippet in a configuration of xl", () => {
  const READER = "test/contract/xl-config.py";
  const read = (config: string): { readonly stdout: string; readonly status: number | null } =>
    spawnSync("python3", [READER], { input: `name = "theirs"\n${config}\nmemory = 64\n`, encoding: "utf8" });

  before(function () {
    const { status } = spawnSync("python3", [READER, "--has"]);
    unlessImpossible(this, status === 0 ? undefined : "libxlutil (Debian: libxenmisc4.17) is not installed");
  });

  it("gives the function to Xen's own parser", () => {
    const address = "0000:4d:1f.7" as PciAddress;
    const [line = ""] = xlSnippet(
      { kind: "function", address, vgpuId: VGPU, driver: "pciback" },
      undefined,
    ).lines;
    assert.deepEqual([read(line).stdout, read(line).status], [`${address}\n`, 0]);
    assert.equal(read(line.replace("1f.7", "1f.8")).status, 1);
    assert.equal(read(line.replaceAll('"', "")).status, 1);
  });
});
