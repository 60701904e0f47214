// The XML that libvirt's driver for Xen is given: reviewed as a whole in golden files, rewritten with UPDATE_GOLDEN=1.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readDomainXml } from "../../../agent/discovery/domain-xml.ts";
import { domainXml, type Hypervisor } from "../../../agent/lifecycle/domain-xml.ts";
import { markOf } from "../../../agent/lifecycle/domain-xml-mark.ts";
import type { DomainSpec } from "../../../agent/lifecycle/domain-spec.ts";
import type { Inventory } from "../../../agent/inventory/model.ts";
import { onGpu } from "../../../agent/lifecycle/spec-on-gpu.ts";
import { claim, claimedDomain, domainSpec, sliceShare } from "../../fakes/claims.ts";
import { xenExampleSpecs } from "../../fakes/domain-specs.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";

/** Tests run from the root of the repository. */
const GOLDEN = "test/golden/domain-xml-xen";
const XEN = { domainType: "xen", guestTypes: new Set(["hvm", "pvh", "pv"]) } as const satisfies Hypervisor;

function written(spec: DomainSpec, on: Hypervisor = XEN): string {
  return domainXml({ ...claim(1), domain: claimedDomain(spec) }, spec, on);
}

async function isAsReviewed(name: string, document: string): Promise<void> {
  const xml = `${document}\n`;
  const file = path.join(GOLDEN, `${name}.xml`);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, xml);
  assert.equal(xml, await readFile(file, "utf8"), `${file} differs; UPDATE_GOLDEN=1 rewrites it`);
}

describe("the XML of a domain for Xen", () => {
  it("names the device model that makes its slice, and what it is to make", async () => {
    const deviceModel = "/usr/lib/xen/bin/qemu-system-i386";
    const spec = domainSpec(1, { xenGuestType: "hvm" });
    await isAsReviewed("hvm-with-device-model", written(spec, { ...XEN, deviceModel }));
    const function_ = claim(1, { share: { mode: "gvt-d" }, domain: claimedDomain(spec) });
    assert.doesNotMatch(domainXml(function_, spec, { ...XEN, deviceModel }), /emulator|vgt/);
  });

  for (const [name, spec] of xenExampleSpecs)
    it(`is what was reviewed, with the mark: ${name}`, async () => {
      const xml = written(spec);
      await isAsReviewed(name, xml);
      assert.deepEqual(readDomainXml(xml).mark, markOf({ ...claim(1), domain: claimedDomain(spec) }));
    });

  it("gives a PCI function to the guest as it is bound", () => {
    const spec = domainSpec(1, { xenGuestType: "hvm" });
    const owner = claim(1, { share: { mode: "gvt-d" }, domain: claimedDomain(spec) });
    assert.deepEqual(readDomainXml(domainXml(owner, spec, XEN)).pciDevices, [owner.gpu]);
  });

  it("names each drive once, so that no two are the same emulated one", () => {
    for (const [name, spec] of xenExampleSpecs) {
      const letters = [...written(spec).matchAll(/<target dev="(?:xvd|hd)([a-z])"/g)].map(
        ([, letter]) => letter,
      );
      assert.equal(new Set(letters).size, letters.length, name);
      assert.equal(letters.length, spec.disks.length + (spec.seedIso === undefined ? 0 : 1), name);
    }
  });

  it("is none for a kind of guest that the host does not have, nor for one of the other hypervisor", () => {
    const hvm = domainSpec(1, { xenGuestType: "hvm" });
    const onlyPv: Hypervisor = { domainType: "xen", guestTypes: new Set(["pv"]) };
    for (const [spec, on, why] of [
      [hvm, onlyPv, /is a hvm guest of Xen, and libvirt offers guests of Xen of the kinds pv here/],
      [hvm, { domainType: "kvm" }, /offers guests of KVM here/],
      [domainSpec(1), XEN, /is a guest of KVM, and libvirt offers guests of Xen/],
    ] as const)
      assert.throws(() => written(spec, on), { reason: "LIBVIRT_REFUSED", message: why });
  });
});

describe("a domain for Xen on the GPU that it gets", () => {
  const gpu = pciAddress();
  const seen = (): Promise<Inventory> => new FakeNode(512).lookout.fresh();

  it("is refused a seat, which is a virtio-gpu, and a mediated device", async () => {
    const on = await seen();
    for (const [share, why] of [
      [{ mode: "gvt-s" }, /virtio-gpu/],
      [sliceShare("4"), /mediated devices/],
    ] as const) {
      assert.throws(
        () =>
          onGpu(
            domainSpec(1, { xenGuestType: "hvm" }),
            { gpu, share },
            { inventory: on, byDeviceModel: false },
          ),
        {
          reason: "FIELD_NOT_SUPPORTED_HERE",
          field: "vgpu",
          message: why,
        },
      );
      assert.ok(onGpu(domainSpec(1), { gpu, share }, { inventory: on, byDeviceModel: false }));
    }
  });

  it("is refused a processor's graphics as an HVM guest, for which libvirt lacks a word, and any function as a PVH guest", async () => {
    const on = { inventory: await seen(), byDeviceModel: false };
    const at = { gpu, share: { mode: "gvt-d" } } as const;
    const function_ = { gpu, share: { mode: "sriov", number: 1, address: pciAddress(1) } } as const;
    for (const [xenGuestType, of, why] of [
      ["hvm", at, /GPU 0000:00:02\.0.* only with gfx_passthru.* use PV/],
      ["pvh", at, /PVH/],
      ["pvh", function_, /PVH/],
    ] as const)
      assert.throws(() => onGpu(domainSpec(1, { xenGuestType }), of, on), {
        reason: "FIELD_NOT_SUPPORTED_HERE",
        field: "domain.xen_guest_type",
        message: why,
      });
    assert.ok(onGpu(domainSpec(1, { xenGuestType: "pv" }), at, on));
    assert.ok(onGpu(domainSpec(1, { xenGuestType: "hvm" }), function_, on));
    assert.ok(onGpu(domainSpec(1), at, on));
  });

  it("is refused to be a PVH guest, which has no device of the host's", async () => {
    const found = await seen();
    const gpus = new Map([...found.gpus].map(([address, each]) => [address, { ...each, mdevParent: false }]));
    const at = { gpu, share: sliceShare("4") };
    const on = { ...found, gpus };
    assert.throws(
      () => onGpu(domainSpec(1, { xenGuestType: "pvh" }), at, { inventory: on, byDeviceModel: false }),
      {
        reason: "FIELD_NOT_SUPPORTED_HERE",
        field: "domain.xen_guest_type",
      },
    );
    assert.ok(onGpu(domainSpec(1, { xenGuestType: "hvm" }), at, { inventory: on, byDeviceModel: false }));
  });
});
