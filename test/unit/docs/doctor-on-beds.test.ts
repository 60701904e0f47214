// The page that shows doctor on the test beds must show the conditions that there are.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { table } from "../../../agent/diagnosis/table.ts";
import {
  conditionsIn,
  doctoredBeds,
  doctorOnBedsPage,
  verdictsIn,
  type DoctoredBed,
} from "../../../scripts/doctor-on-beds-page.ts";

const recordOf = (bed: DoctoredBed): Promise<string> =>
  readFile(new URL(`../../../../test/golden/doctor-on-beds/${bed}.txt`, import.meta.url), "utf8");

describe("what is recorded of doctor on the test beds", () => {
  for (const bed of Object.keys(doctoredBeds) as DoctoredBed[])
    it(`names of ${bed} each condition that there is, and no other (else: record it anew, see CONTRIBUTING.md)`, async () => {
      const shown = conditionsIn(await recordOf(bed));
      const [gpu, ...others] = new Set(shown.map((condition) => condition.gpu).filter((each) => each !== ""));
      assert.deepEqual([gpu, others], ["0000:00:02.0", []]);
      assert.deepEqual(
        shown.map((condition) => [condition.reason, condition.gpu]).sort(),
        table.map(({ code, of }) => [code, of === "gpu" ? gpu : ""]).sort(),
      );
    });
});

describe("the page of doctor on the test beds", () => {
  const printed = `GPU           MODE   POSSIBLE
0000:00:02.0  gvt-g  yes

ERROR    INSIDE_GUEST
  this is a virtual machine
  seen: OK NOT_A_CONDITION

OK       GPU_WITHOUT_DRIVER  0000:00:02.0
  driver i915

-        KERNEL_LOCKDOWN
`;

  it("shows of each bed what was printed", () => {
    const page = doctorOnBedsPage({ kvm: printed, xen: "of Xen" });
    assert.ok(page.includes(`$ vgpuctl doctor --all\n${printed}\`\`\``));
    assert.match(page, /## Xen:[^\n]*\n\n```console\n\$ vgpuctl doctor --all\nof Xen\n```/);
  });

  it("is read for conditions and verdicts, whatever else they say", () => {
    assert.deepEqual(conditionsIn(printed), [
      { standing: "ERROR", reason: "INSIDE_GUEST", gpu: "" },
      { standing: "OK", reason: "GPU_WITHOUT_DRIVER", gpu: "0000:00:02.0" },
      { standing: "-", reason: "KERNEL_LOCKDOWN", gpu: "" },
    ]);
    assert.deepEqual(verdictsIn(printed), ["GPU MODE POSSIBLE", "0000:00:02.0 gvt-g yes"]);
  });
});
