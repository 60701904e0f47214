import assert from "node:assert/strict";
import { fail, pass, type Condition, type Finding } from "../../../agent/diagnosis/condition.ts";
import { Diagnostician, type Examined } from "../../../agent/diagnosis/diagnostician.ts";

const host: Examined["host"] = {
  ...{ hypervisor: "kvm", kernel: { major: 6, minor: 12 }, kernelRelease: "6.12.107", gpus: [] },
  libvirt: { asked: false, why: "a test" },
  kernelLog: "not-readable",
  hostd: undefined,
  rooms: undefined,
  settings: undefined,
};

function examined(finding: Finding): Examined {
  const condition: Condition = {
    ...{ code: "IOMMU_OFF", finding, costs: { sriov: "error" }, gpu: undefined },
    ...{ dependsOn: [], evidence: [] },
  };
  return { host, diagnosis: { conditions: [condition], verdicts: [] } };
}

describe("what is kept of the diagnosis", () => {
  it("is one examination for all who ask while another is under way, begun after they asked", async () => {
    let begun = 0;
    const doors: (() => void)[] = [];
    const diagnostician = new Diagnostician({
      wall: () => 1,
      rest: () => Promise.resolve(),
      examine: async () => {
        begun += 1;
        await new Promise<void>((open) => doors.push(open));
        return examined(pass("on"));
      },
    });
    const first = diagnostician.refresh();
    const later = [diagnostician.refresh(), diagnostician.refresh()];
    assert.equal(begun, 1);
    doors[0]?.();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    doors[1]?.();
    const [second, third] = await Promise.all(later);
    assert.equal(begun, 2);
    assert.equal(second, third);
    assert.equal(diagnostician.latest, second);
  });

  it("is not examined again before the host has had its rest", async () => {
    let begun = 0;
    let wake = (): void => undefined;
    const diagnostician = new Diagnostician({
      wall: () => 1,
      rest: () => new Promise((resolve) => (wake = resolve)),
      examine: () => {
        begun += 1;
        return Promise.resolve(examined(pass("on")));
      },
    });
    await diagnostician.refresh();
    const second = diagnostician.refresh();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(begun, 1);
    wake();
    await second;
    assert.equal(begun, 2);
  });

  it("is the last one that worked, when one fails", async () => {
    let works = true;
    const diagnostician = new Diagnostician({
      wall: () => 1,
      rest: () => Promise.resolve(),
      examine: () => (works ? Promise.resolve(examined(pass("on"))) : Promise.reject(new Error("no"))),
    });
    const report = await diagnostician.refresh();
    works = false;
    await assert.rejects(diagnostician.refresh(), /no/);
    assert.equal(diagnostician.latest, report);
    works = true;
    await diagnostician.refresh();
    assert.notEqual(diagnostician.latest, report);
  });

  it("tells since when a condition is as it is, whatever its words", async () => {
    const findings = [pass("on", { groups: 1 }), pass("on", { groups: 2 }), fail("off"), fail("off")];
    let time = 0;
    const diagnostician = new Diagnostician({
      wall: () => (time += 10),
      rest: () => Promise.resolve(),
      examine: () => Promise.resolve(examined(findings.shift() ?? pass("on"))),
    });
    const times: unknown[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { diagnosis } = await diagnostician.refresh();
      times.push(...diagnosis.conditions.map((condition) => diagnostician.since(condition)));
    }
    assert.deepEqual(times, [10, 10, 30, 30]);
  });
});
