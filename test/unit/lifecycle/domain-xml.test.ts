// The XML that libvirt is given: reviewed as a whole in golden files, rewritten with UPDATE_GOLDEN=1.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { childOf, parseXml, textOf } from "../../../agent/core/xml.ts";
import { readDomainXml } from "../../../agent/discovery/domain-xml.ts";
import type { DomainClaim } from "../../../agent/lifecycle/claim.ts";
import { domainXml } from "../../../agent/lifecycle/domain-xml.ts";
import { markOf } from "../../../agent/lifecycle/domain-xml-mark.ts";
import type { DomainSpec } from "../../../agent/lifecycle/domain-spec.ts";
import { parseClaimId } from "../../../agent/core/ids.ts";
import { claim, claimedDomain, domainSpec, sliceShare } from "../../fakes/claims.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { exampleSpecs } from "../../fakes/domain-specs.ts";

/** Tests run from the root of the repository. */
const GOLDEN = "test/golden/domain-xml";

function written(spec: DomainSpec, given: Partial<DomainClaim> = {}): string {
  const owner = claim(1, given);
  return domainXml({ ...owner, domain: claimedDomain(spec) }, spec, { domainType: "kvm" });
}

async function assertGolden(name: string, xml: string): Promise<void> {
  const file = path.join(GOLDEN, `${name}.xml`);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, `${xml}\n`);
  assert.equal(`${xml}\n`, await readFile(file, "utf8"), `${file} differs; UPDATE_GOLDEN=1 rewrites it`);
}

describe("the XML of a domain", () => {
  for (const [name, spec] of exampleSpecs)
    it(`is what was reviewed: ${name}`, () => assertGolden(name, written(spec)));

  it("gives a seat a virtio-gpu on the GPU's node, and no device of the host's", () => {
    const owner = { share: { mode: "gvt-s" } } as const;
    const spec = domainSpec(1, { vnc: { listen: "127.0.0.1", port: undefined } });
    assert.deepEqual(readDomainXml(written(spec, owner)).mark?.share, owner.share);
    return assertGolden("seat", written(spec, owner));
  });

  it("tells a seat the size of its screen, and overrides nothing of QEMU's", () => {
    const spec = domainSpec(1, {
      vnc: { listen: "127.0.0.1", port: undefined },
      display: { ramfb: false, size: { width: 1920, height: 1080 } },
    });
    return assertGolden("seat-with-size", written(spec, { share: { mode: "gvt-s" } }));
  });

  for (const [name, share, address] of [
    ["whole-gpu", { mode: "gvt-d" }, pciAddress()],
    ["virtual-function", { mode: "sriov", number: 2, address: pciAddress(3) }, pciAddress(3)],
  ] as const)
    it(`gives a guest a PCI function that is bound for it already: ${name}`, () => {
      const spec = domainSpec(1, { vnc: { listen: "127.0.0.1", port: undefined } });
      const read = readDomainXml(written(spec, { share }));
      assert.deepEqual([read.mark?.share, read.pciDevices, read.vgpuIds], [share, [address], []]);
      return assertGolden(name, written(spec, { share }));
    });

  it("gives a guest a processor's graphics as QEMU takes them", () => {
    const igd = { opregion: true, lpc: false, legacyMode: true, gms: 2, romPath: "/srv/images/igd.rom" };
    const spec = domainSpec(1, { machine: "pc", igd });
    return assertGolden("whole-igd", written(spec, { share: { mode: "gvt-d" } }));
  });

  it("with names that mean something in XML", () => {
    const share = { ...sliceShare("4"), type: `<type a="b">` };
    const given = { claimId: parseClaimId(`a<b>&"c"'d'`) ?? claim(1).claimId, share };
    return assertGolden("escaped", written(domainSpec(1, { name: `web<1>&"2"'3'` }), given));
  });

  it("bears a mark that is read back as it was written, whatever it names", () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    });
    const ids = printable.map(parseClaimId).filter((id) => id !== undefined);
    const size = fc.integer({ min: 1, max: 4096 });
    const sizes = fc.record({ lowGmMib: size, highGmMib: size, fences: size }, { noNullPrototype: true });
    const words = printable.filter((text) => text === text.trim());
    fc.assert(
      fc.property(ids, words, sizes, fc.constantFrom("hold", "release"), (claimId, type, amounts, onStop) => {
        const base = claim(1);
        const share = { mode: "gvt-g", type, sizes: amounts } as const;
        const owner = { ...base, claimId, share, domain: { ...base.domain, onStop } };
        const xml = domainXml(owner, domainSpec(1), { domainType: "kvm" });
        assert.deepEqual(readDomainXml(xml).mark, markOf(owner));
      }),
    );
  });

  it("says what was asked for, and no name breaks out of its place", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "<", ">", "&", '"', "'", "]]>", "/", "-", "&amp;", "&#x2f;", "&lt;", ";"),
      minLength: 1,
    });
    fc.assert(
      fc.property(text, text, (name, cmdline) => {
        const spec = domainSpec(1, { name, kernelBoot: { kernel: "/k", initrd: undefined, cmdline } });
        const xml = written(spec);
        const domain = parseXml(xml);
        const said = [childOf(domain, "name"), childOf(childOf(domain, "os"), "cmdline")].map(textOf);
        assert.deepEqual(said, [name, cmdline]);
        assert.deepEqual(readDomainXml(xml).vgpuIds, [claim(1).vgpuId]);
        assert.deepEqual([readDomainXml(xml).vcpus, readDomainXml(xml).memoryMib], [2, 512]);
      }),
    );
  });
});
