// What is said of the modes in which vgpud makes vGPUs, whichever a release makes.
import assert from "node:assert/strict";
import { modes } from "../../../agent/core/modes.ts";
import { languages } from "../../../agent/core/language.ts";
import { isServed, judgeServed, modeNotServed } from "../../../agent/diagnosis/checks/served.ts";
import { messageOf, remedyOf } from "../../../agent/diagnosis/words.ts";

/** Message and remedy of what was found, in every language. */
function said(...found: Parameters<typeof judgeServed>): readonly string[] {
  const finding = judgeServed(...found);
  const { code, costs, dependsOn } = modeNotServed;
  const condition = { code, costs, dependsOn, finding, evidence: [], gpu: undefined };
  const texts = languages.flatMap((each) => [messageOf(condition, each), remedyOf(condition, each)]);
  assert.ok(texts.every((text) => !/\{\w*\}/.test(text)));
  assert.ok(texts.every((text, index) => index % 2 === 1 || text !== ""));
  return [finding.status, ...texts];
}

describe("the condition of what vgpud makes", () => {
  it("passes where every mode that the hypervisor has is made, of which gvt-s is none on Xen", () => {
    const [status, message, remedy] = said("xen", ["gvt-g", "gvt-d", "sriov"]);
    assert.deepEqual([status, remedy], ["pass", ""]);
    assert.match(message ?? "", /: gvt-g, gvt-d, sriov$/);
    assert.equal(said("kvm", modes)[0], "pass");
  });

  it("names those that are made and those that are not where only some are", () => {
    const [status, message, remedy] = said("xen", ["gvt-g"]);
    assert.equal(status, "fail");
    assert.match(message ?? "", /in gvt-g; gvt-d, sriov is diagnosed only$/);
    assert.match(remedy ?? "", /^use one of gvt-g,/);
  });

  it("says where none is made what else there is to do", () => {
    const [status, message, remedy] = said("xen", []);
    assert.equal(status, "fail");
    assert.match(message ?? "", /makes no vGPUs/);
    assert.match(remedy ?? "", /by hand/);
  });

  it("does not concern a guest of Xen, where nothing is made", () => {
    assert.equal(said("xen-guest", [])[0], "not-applicable");
    assert.deepEqual(
      modes.filter((mode) => isServed(mode, "xen-guest")),
      [],
    );
  });

  it("finds all modes made on KVM, and where QEMU emulates the processor", () => {
    for (const hypervisor of ["kvm", "none"] as const)
      assert.ok(modes.every((mode) => isServed(mode, hypervisor)));
  });
});
