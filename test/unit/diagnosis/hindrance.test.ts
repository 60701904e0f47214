// What keeps a GPU from a mode that it is about to be given.
import assert from "node:assert/strict";
import type { ModeVerdict } from "../../../agent/diagnosis/diagnose.ts";
import type { Examined } from "../../../agent/diagnosis/diagnostician.ts";
import { hindranceOf } from "../../../agent/diagnosis/hindrance.ts";
import { pciAddress } from "../../fakes/ids.ts";

const GPU = pciAddress();
type Condition = ModeVerdict["because"][number];

function condition(code: Condition["code"], says: string): Condition {
  return { code, finding: { status: "fail", says, values: {} } } as unknown as Condition;
}

function examined(verdict: Partial<Pick<ModeVerdict, "because" | "notKnown">>, hypervisor = "kvm"): Examined {
  const modes = [{ mode: "sriov", because: [], notKnown: [], ...verdict }];
  return { host: { hypervisor }, diagnosis: { verdicts: [{ gpu: GPU, modes }] } } as unknown as Examined;
}

const why = (of: Examined, mode: "sriov" | "gvt-d" = "sriov"): string | undefined => {
  const hindrance = hindranceOf(of, GPU, mode);
  return hindrance && (hindrance.condition ?? hindrance.why);
};

describe("what keeps a GPU from a mode", () => {
  it("is nothing where nothing was found", () => {
    assert.equal(why(examined({})), undefined);
  });

  it("is what fails before what is not known", () => {
    const failed = condition("SRIOV_LIMIT_ZERO", "zero");
    const unknown = condition("IOMMU_OFF", "xen");
    assert.equal(why(examined({ because: [failed], notKnown: [unknown] })), "SRIOV_LIMIT_ZERO");
    assert.equal(why(examined({ notKnown: [unknown] })), "IOMMU_OFF");
  });

  it("is not that QEMU has to emulate the processor, alone or beside something else", () => {
    const emulated = condition("NO_HYPERVISOR", "not-loaded");
    assert.equal(why(examined({ because: [emulated] }, "none")), undefined);
    const failed = condition("IOMMU_OFF", "off");
    assert.equal(why(examined({ because: [emulated, failed] }, "none")), "IOMMU_OFF");
  });

  it("is not what Xen keeps to itself, which it refuses by itself where it must; what is seen to fail is", () => {
    const unknown = condition("IOMMU_OFF", "xen");
    const other = condition("SRIOV_LIMIT_ZERO", "unreadable");
    const emulator = condition("QEMU_MISSING", "not-found-xen");
    assert.equal(why(examined({ notKnown: [unknown, emulator] }, "xen")), undefined);
    assert.equal(why(examined({ notKnown: [unknown, other] }, "xen")), "SRIOV_LIMIT_ZERO");
    assert.equal(why(examined({ because: [unknown] }, "xen")), "IOMMU_OFF");
  });

  it("is what the diagnosis tells where the mode cannot be, before that nothing is made in it", () => {
    const onXen = condition("VIRGL_NOT_ON_XEN", "xen");
    const modes = [{ mode: "gvt-s", because: [onXen], notKnown: [] }];
    const host = { hypervisor: "xen" };
    const of = { host, diagnosis: { verdicts: [{ gpu: GPU, modes }] } } as unknown as Examined;
    assert.equal(hindranceOf(of, GPU, "gvt-s")?.condition, "VIRGL_NOT_ON_XEN");
  });

  it("is that it was not examined, or that this release gives nothing out so", () => {
    assert.equal(why(examined({}), "gvt-d"), "it was not examined");
    assert.equal(why(examined({}, "xen-guest")), "MODE_NOT_SERVED");
  });
});
