// What a vGPU is to a domain of others, in each form, and what cannot be had.
import assert from "node:assert/strict";
import { parsePciAddress } from "../../../agent/core/ids.ts";
import type { Display } from "../../../agent/core/vgpu-elements.ts";
import { CliError } from "../../../agent/cli/errors/cli-error.ts";
import { deviceOf, seatOn, type Device, type PciFunction } from "../../../agent/cli/snippet/device.ts";
import { requireScreen } from "../../../agent/cli/snippet/display.ts";
import { libvirtSnippet } from "../../../agent/cli/snippet/libvirt.ts";
import { qemuSnippet } from "../../../agent/cli/snippet/qemu.ts";
import type { WriteSnippet } from "../../../agent/cli/snippet/snippet.ts";
import { xlSnippet } from "../../../agent/cli/snippet/xl.ts";
import { domainXml } from "../../../agent/lifecycle/domain-xml.ts";
import type { Share } from "../../../agent/inventory/share.ts";
import type { DomainSpec } from "../../../agent/lifecycle/domain-spec.ts";
import { Gpu, Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { BackendRef, Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { claim, claimedDomain, domainSpec } from "../../fakes/claims.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import * as facts from "./facts.ts";
import { vgpuctl, type Ran } from "./vgpuctl.ts";

const { gpu, vgpuId: uuid, ...rest } = claim(1);
const slice: Device = { kind: "slice", uuid, gpu };
const seat: Device = { kind: "seat", gpu };
const kept = (driver: string): PciFunction => ({
  ...{ kind: "function", address: address("0000:4d:1f.7"), vgpuId: uuid, driver },
});
const virtualFunction = kept("vfio-pci");
const sized: Display = { ramfb: true, size: { width: 1280, height: 720 } };
const plain: Display = { ramfb: false, size: undefined };
const seatSized: Display = { ramfb: false, size: { width: 1920, height: 1080 } };

function address(text: string): NonNullable<ReturnType<typeof parsePciAddress>> {
  const parsed = parsePciAddress(text);
  assert.ok(parsed);
  return parsed;
}

function text(snippet: { readonly lines: readonly string[] }): string {
  return snippet.lines.join("\n");
}

describe("a snippet for libvirt", () => {
  /** What vgpud would have libvirt define, its lines without what they are indented by. */
  const own = (given: Partial<DomainSpec>, share: Share = rest.share): ReadonlySet<string> => {
    const spec = domainSpec(1, { vnc: { listen: "127.0.0.1", port: undefined }, ...given });
    const owner = { ...claim(1, { share }), domain: claimedDomain(spec) };
    const xml = domainXml(owner, spec, { domainType: "kvm" });
    return new Set(xml.split("\n").map((line) => line.trim()));
  };
  const elements = (device: Device, display?: Display): readonly string[] =>
    libvirtSnippet(device, display)
      .lines.map((line) => line.trim())
      .filter((line) => !line.startsWith("<!--"));

  it("has the elements that a domain of vgpud's own has, with and without a screen", () => {
    const cases: readonly (readonly [Device, Display | undefined, ReadonlySet<string>])[] = [
      [slice, undefined, own({})],
      [slice, plain, own({ display: plain })],
      [slice, sized, own({ display: sized })],
      [seat, undefined, own({}, { mode: "gvt-s" })],
      [seat, seatSized, own({ display: seatSized }, { mode: "gvt-s" })],
      [{ ...virtualFunction, address: gpu }, undefined, own({}, { mode: "gvt-d" })],
    ];
    for (const [device, display, lines] of cases)
      for (const line of elements(device, display)) assert.ok(lines.has(line), line);
  });

  it("is one element where no screen is asked for, as `virsh attach-device` takes it", () => {
    assert.equal(
      text(libvirtSnippet(slice, undefined)),
      `<!-- inside <devices> -->
<hostdev mode="subsystem" type="mdev" managed="no" model="vfio-pci">
  <source>
    <address uuid="${uuid}"/>
  </source>
</hostdev>`,
    );
  });

  it("gives a PCI function by its address", () => {
    assert.equal(
      text(libvirtSnippet(virtualFunction, undefined)),
      `<!-- inside <devices> -->
<hostdev mode="subsystem" type="pci" managed="no">
  <source>
    <address domain="0x0000" bus="0x4d" slot="0x1f" function="0x7"/>
  </source>
</hostdev>`,
    );
  });

  it("says of each part where it goes", () => {
    const places = (device: Device, display?: Display): readonly string[] =>
      libvirtSnippet(device, display).lines.filter((line) => line.startsWith("<!--"));
    assert.deepEqual(places(seat), ["<!-- inside <devices>, in the place of every <video> there -->"]);
    assert.deepEqual(places(slice, sized), [
      "<!-- inside <devices>, beside the <graphics> of VNC or SPICE that shows it -->",
      "<!-- inside <devices>, in the place of every <video> there -->",
      "<!-- inside <domain>, after <devices> -->",
    ]);
    assert.equal(places(slice, plain).length, 2);
  });
});

describe("a snippet of a function that no driver has", () => {
  const none = kept("");
  const notes = (write: WriteSnippet, device: Device): string => write(device, undefined).notes.join("\n");

  it("is what it is with one, and says which has to have it before the domain starts, and how", () => {
    for (const [write, command] of [
      [libvirtSnippet, /^no driver has 0000:4d:1f\.7 now; .*: virsh nodedev-detach pci_0000_4d_1f_7 /],
      [qemuSnippet, / vfio-pci: driverctl --nosave set-override 0000:4d:1f\.7 vfio-pci, or /],
      [xlSnippet, / pciback: xl pci-assignable-add 0000:4d:1f\.7$/],
    ] as const) {
      assert.match(notes(write, none), command);
      const bound = kept(write === xlSnippet ? "pciback" : "vfio-pci");
      assert.deepEqual(write(none, undefined).lines, write(bound, undefined).lines);
      assert.doesNotMatch(notes(write, bound), /no driver/);
    }
  });
});

describe("a snippet for QEMU", () => {
  const node = `/dev/dri/by-path/pci-${gpu}-render`;
  const source = `sysfsdev=/sys/bus/mdev/devices/${uuid}`;

  it("is one line of words", () => {
    const lines = (device: Device, display?: Display): string => text(qemuSnippet(device, display));
    assert.equal(lines(slice), `-device vfio-pci,${source}`);
    assert.equal(lines(virtualFunction), "-device vfio-pci,host=0000:4d:1f.7");
    assert.match(lines(seat, seatSized), / virtio-vga-gl,xres=1920,yres=1080$/);
    assert.equal(lines(seat), `-display egl-headless,rendernode=${node} -vga none -device virtio-vga-gl`);
    assert.equal(
      lines(slice, plain),
      `-display egl-headless,rendernode=${node} -vga none -device vfio-pci,${source},display=on`,
    );
    assert.equal(
      lines(slice, sized),
      `-display egl-headless,rendernode=${node} -vga none -device vfio-pci-nohotplug,${source},display=on,ramfb=on,xres=1280,yres=720`,
    );
  });

  it("is refused for a PCI function that is kept for guests of Xen", () => {
    const { message, ending, look } = refused(qemuSnippet, kept("pciback"));
    assert.match(message, /kept by pciback, for guests of Xen/);
    assert.deepEqual([ending, look], ["unsupported", ["snippet", "xl", uuid]]);
  });

  it("is told what must not stand beside it where it has the screen", () => {
    assert.deepEqual(qemuSnippet(slice, undefined).notes, []);
    for (const shown of [qemuSnippet(slice, plain), qemuSnippet(seat, undefined)])
      assert.match(shown.notes.join("\n"), /no other -display/);
  });
});

/** @throws when it is not */
function refused(write: WriteSnippet, device: Device): CliError {
  try {
    write(device, undefined);
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error("not refused");
}

describe("a snippet for xl", () => {
  it("lists a PCI function that pciback has, or nobody yet", () => {
    for (const driver of ["pciback", ""])
      assert.equal(text(xlSnippet(kept(driver), undefined)), 'pci = [ "0000:4d:1f.7" ]');
  });

  it("is refused for a PCI function that is kept for guests of KVM", () => {
    for (const driver of ["vfio-pci", "xe-vfio-pci"]) {
      const { message, ending, look } = refused(xlSnippet, kept(driver));
      assert.match(message, new RegExp(`kept by ${driver}, for guests of KVM`));
      assert.deepEqual([ending, look], ["unsupported", ["snippet", "libvirt", uuid]]);
    }
  });

  it("is refused for what Xen does not have, with why and what there is", () => {
    const [ofSlice, ofSeat] = [refused(xlSnippet, slice), refused(xlSnippet, seat)];
    assert.match(ofSlice.message, /no mediated device .* VFIO, which is KVM's/);
    assert.deepEqual([ofSlice.ending, ofSlice.look], ["unsupported", ["snippet", "libvirt", uuid]]);
    assert.match(ofSeat.message, /mode gvt-s is KVM's/);
    assert.deepEqual([ofSeat.ending, ofSeat.look], ["unsupported", ["snippet", "libvirt", gpu]]);
  });
});

describe("what a vGPU is to a domain", () => {
  const device = (ref: BackendRef["ref"]): Device =>
    deviceOf(Vgpu.fromPartial({ vgpuId: uuid, gpu, backendRef: { ref }, driver: "vfio-pci" }));

  it("follows from what it is in the kernel", () => {
    const number = { pciAddress: "0000:4d:1f.7", number: 3 };
    assert.deepEqual(device({ $case: "mdevUuid", value: uuid }), slice);
    assert.deepEqual(device({ $case: "virtualFunction", value: number }), virtualFunction);
    assert.deepEqual(device({ $case: "pciAddress", value: "0000:4d:1f.7" }), virtualFunction);
    assert.deepEqual(device({ $case: "renderNode", value: "/dev/dri/renderD128" }), seat);
  });

  it("is nothing for one that is Xen's, that does not exist now, or whose name means nothing here", () => {
    assert.throws(() => device({ $case: "xenDomid", value: 7 }), {
      ending: "unsupported",
      message: /made for Xen's domain 7/,
    });
    assert.throws(() => device(undefined), { ending: "conflict", look: ["vgpus", uuid] });
    for (const value of ["", "../../etc", "x' onload='"])
      assert.throws(() => device({ $case: "mdevUuid", value }), { ending: "failure" }, value);
  });

  it("has a screen that QEMU could show only where it is a slice, and one of some size also where it is a seat", () => {
    const { size } = sized;
    requireScreen(slice, plain);
    requireScreen(seat, seatSized);
    assert.throws(
      () => {
        requireScreen(virtualFunction, plain);
      },
      { ending: "unsupported", message: /PCI function/ },
    );
    for (const display of [plain, { ramfb: true, size }])
      assert.throws(
        () => {
          requireScreen(seat, display);
        },
        { ending: "unsupported", message: /virtio-gpu/ },
      );
  });

  it("is a seat of a GPU in mode gvt-s, of which nothing is made beforehand", () => {
    assert.deepEqual(seatOn(Gpu.fromPartial({ pciAddress: gpu, mode: Mode.GVT_S })), seat);
    assert.throws(() => seatOn(Gpu.fromPartial({ pciAddress: gpu, mode: Mode.GVT_G })), {
      ending: "conflict",
      message: /not in mode gvt-s/,
    });
  });
});

describe("vgpuctl snippet", () => {
  const run = async (...argv: readonly string[]): Promise<Ran> => {
    await using vgpud = await fakeVgpud();
    return await vgpuctl(vgpud.socketPath, ["snippet", ...argv]);
  };
  const id = facts.vgpu.vgpuId;

  it("writes what is pasted to stdout, and to stderr what is to be known beside it", async () => {
    const { stdout, stderr, exitCode } = await run("qemu", id, "--display");
    assert.match(stdout, /^-display \S+ -vga none -device \S+,display=on\n$/);
    assert.match(
      stderr,
      /^beside -vnc .*\nwarning: domain web-1 has it, and two cannot run with one vGPU\n$/,
    );
    assert.equal(exitCode, 0);
  });

  it("takes a GPU's address for a seat on it", async () => {
    const ran = await run("libvirt", facts.gpu.pciAddress);
    assert.match(ran.stderr, /^error: GPU 0000:00:02\.0 is not in mode gvt-s/);
    assert.equal(ran.exitCode, 7);
  });

  it("knows no screen larger than the type's, nor one that is none", async () => {
    const large = await run("libvirt", id, "--size", "1921x1080");
    assert.match(large.stderr, /^error: --size is 1921x1080; a vGPU of type \S+ shows at most 1920x1200\n/);
    assert.equal((await run("libvirt", id, "--size", "1920x1200")).exitCode, 0);
    for (const size of ["63x480", "640", "640x", "640x-1", "0x640", "1e3x640"]) {
      const ran = await run("libvirt", id, `--size=${size}`);
      assert.match(ran.stderr, /^error: --size takes pixels as 1280x720/, size);
      assert.equal(ran.exitCode, 2);
    }
  });

  it("says what a form was perhaps meant to be", async () => {
    const ran = await run("libvrt", id);
    assert.match(
      ran.stderr,
      /^error: FORM is libvirt, qemu, xl, not 'libvrt'\n[^]*hint: did you mean libvirt\?\n/,
    );
    assert.equal(ran.exitCode, 2);
  });

  it("leads on from what xl cannot have to what there is", async () => {
    const ran = await run("xl", id);
    assert.match(ran.stderr, new RegExp(`\\nhint: vgpuctl --socket \\S+ snippet libvirt ${id}\\n$`));
    assert.equal(ran.exitCode, 5);
  });
});
