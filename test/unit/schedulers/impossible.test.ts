// Which findings of the diagnosis close a GPU to a scheduler: few, and for no longer than they are found.
import assert from "node:assert/strict";
import type { Mode } from "../../../agent/core/modes.ts";
import type { Condition, HostSubject } from "../../../agent/diagnosis/condition.ts";
import type { ModeVerdict } from "../../../agent/diagnosis/diagnose.ts";
import type { Examined } from "../../../agent/diagnosis/diagnostician.ts";
import { table } from "../../../agent/diagnosis/table.ts";
import { texts } from "../../../agent/diagnosis/texts/en.ts";
import { impossibleBy } from "../../../agent/schedulers/impossible.ts";
import { pciAddress } from "../../fakes/ids.ts";

const gpu = pciAddress();
type Hypervisor = HostSubject["hypervisor"];

function condition(code: Condition["code"], says: string, status: "fail" | "unknown" = "fail"): Condition {
  const finding = { status, says, values: {} };
  return { code, finding, costs: {}, dependsOn: [], evidence: [], gpu: undefined };
}

function examined(hypervisor: Hypervisor, ...modes: readonly ModeVerdict[]): Examined {
  const host: HostSubject = {
    ...{ hypervisor, kernel: undefined, kernelRelease: "", gpus: [], kernelLog: [] },
    ...{ libvirt: { asked: false, why: "a test" }, hostd: undefined, rooms: undefined, settings: undefined },
  };
  return { host, diagnosis: { conditions: [], verdicts: [{ gpu, modes }] } };
}

const failing = (mode: Mode, ...because: readonly Condition[]): ModeVerdict => ({
  ...{ mode, because, notKnown: [] },
});

/** Of all that could be found in the way of a mode, what closes a GPU that is in it. */
function closing(mode: Mode, hypervisor: Hypervisor): readonly string[] {
  const vital = table.filter(({ costs }) => costs[mode] === "error");
  const findings = vital.flatMap(({ code }) =>
    Object.keys(texts[code].messages).map((says) => [code, says] as const),
  );
  return findings
    .filter(([code, says]) => {
      return impossibleBy(examined(hypervisor, failing(mode, condition(code, says))))
        .get(gpu)
        ?.has(mode);
    })
    .map((words) => words.join(" "));
}

const DEVICE_MODEL = ["DEVICE_MODEL_MISSING missing", "DEVICE_MODEL_MISSING unpatched"];
const PCIBACK = ["not-built", "denied", "absent", "not-loaded"].map((says) => `XEN_PCIBACK_MISSING ${says}`);
const IOMMU = ["told-off", "off", "off-amd"].map((says) => `IOMMU_OFF ${says}`);
const PLATFORM = ["sriov", "sriov-later", "never", "kvm-only"].map(
  (says) => `GVT_UNSUPPORTED_PLATFORM ${says}`,
);

describe("what is impossible for certain", () => {
  const isAllOf = (mode: Mode, hypervisor: Hypervisor, expected: readonly string[]): void => {
    assert.deepEqual([...closing(mode, hypervisor)].sort(), [...expected].sort(), `${mode} on ${hypervisor}`);
  };

  it("is what a host of Xen can make nothing by, of all that the diagnosis finds there", () => {
    isAllOf("gvt-g", "xen", [...DEVICE_MODEL, ...PLATFORM]);
    isAllOf("sriov", "xen", [...PCIBACK, ...IOMMU]);
    isAllOf("gvt-d", "xen", [...PCIBACK, ...IOMMU, "IOMMU_GROUP_MISSING none"]);
  });

  it("is on KVM nothing that the kernel gives the lie by offering types, as one that GVT-g was brought back to", () => {
    isAllOf("gvt-g", "kvm", [...DEVICE_MODEL, "APERTURE_TOO_LARGE large"]);
    isAllOf("sriov", "kvm", [...PCIBACK, ...IOMMU]);
    isAllOf("gvt-d", "kvm", [...PCIBACK, ...IOMMU, "IOMMU_GROUP_MISSING none"]);
    isAllOf("gvt-s", "kvm", []);
  });

  it("is of the modes that it is in the way of, with all that is, and of no other", () => {
    const unpatched = condition("DEVICE_MODEL_MISSING", "unpatched");
    const platform = condition("GVT_UNSUPPORTED_PLATFORM", "kvm-only");
    const away = condition("LIBVIRT_UNAVAILABLE", "away");
    const modes = [failing("gvt-g", platform, away, unpatched), failing("gvt-d", away), failing("sriov")];
    assert.deepEqual(
      [...impossibleBy(examined("xen", ...modes))],
      [[gpu, new Map([["gvt-g", ["GVT_UNSUPPORTED_PLATFORM", "DEVICE_MODEL_MISSING"]]])]],
    );
    assert.equal(impossibleBy(examined("xen", failing("gvt-d", away))).size, 0);
  });

  it("is nothing that is not known, nor anything before the first examination", () => {
    const notKnown = [condition("DEVICE_MODEL_MISSING", "unreadable", "unknown")];
    assert.equal(impossibleBy(examined("xen", { mode: "gvt-g", because: [], notKnown })).size, 0);
    assert.equal(impossibleBy(undefined).size, 0);
  });
});
