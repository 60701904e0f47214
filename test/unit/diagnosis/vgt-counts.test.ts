// Whether it is known what XenGT of 2015 has left, as doctor tells it: by an agent's look, since root alone may read it.
import assert from "node:assert/strict";
import type { Condition, HostSubject } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import { vgtCountsOf } from "../../../agent/diagnosis/vgt-counts.ts";
import { messageOf } from "../../../agent/diagnosis/words.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import type { VgtInterface } from "../../../agent/inventory/model.ts";
import { VGT_RESOURCES } from "../../../agent/inventory/xengt.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

const WHY = "no answer for 10000 ms";

async function found(name: string, vgtCounts?: HostSubject["vgtCounts"]): Promise<Condition | undefined> {
  const host = recordedHosts().find((each) => each.name === name);
  assert.ok(host);
  await using tree = await host.expand();
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd: undefined, rooms: undefined, settings: undefined };
  const subject = await hostSubject(new RootedFiles(tree.root), {
    ...{ ...others, libvirt: () => Promise.resolve(libvirt) },
    ...(vgtCounts && { vgtCounts }),
  });
  const { conditions } = await diagnose(new RootedFiles(tree.root), subject);
  return conditions.find(({ code }) => code === "VGPU_COUNT_UNREADABLE");
}

/** By a look that found so many left of each type, or could not read it. */
function counts(
  vgt: VgtInterface,
  { left, why }: { readonly left: number | undefined; readonly why?: string },
) {
  const gpu = new FakeGpu(pciAddress(), 512).facts();
  const types = gpu.types.map((type) => ({ ...type, kernelAvailable: left }));
  const gpus = new Map([[gpu.address, { ...gpu, vgt, types }]]);
  return vgtCountsOf({ gpus, unread: why === undefined ? [] : [{ path: VGT_RESOURCES, why }] });
}

describe("the count of XenGT of 2015", () => {
  const host = "xen-xengt-2016";
  const said = async (vgtCounts?: HostSubject["vgtCounts"]) => {
    const condition = await found(host, vgtCounts);
    return [condition?.finding.status, condition?.finding.says];
  };

  it("is well when it is read, and fails, with the reason, when it is not", async () => {
    assert.deepEqual(await said(counts("2015", { left: 2 })), ["pass", "counted"]);
    const condition = await found(host, counts("2015", { left: undefined, why: WHY }));
    assert.ok(condition);
    assert.deepEqual([condition.finding.status, condition.finding.says], ["fail", "xengt"]);
    assert.match(messageOf(condition, "en"), /cannot be read \(no answer for 10000 ms\): no vGPU is made/);
    assert.deepEqual(condition.evidence, [{ path: `/${VGT_RESOURCES}`, value: `(${WHY})` }]);
  });

  it("is well, too, while it is what it was before, which is said", async () => {
    assert.deepEqual(await said(counts("2015", { left: 2, why: WHY })), ["pass", "before"]);
  });

  it("means nothing without an agent, and with kernels since 2017, which keep none", async () => {
    assert.deepEqual(await said(), ["not-applicable", "xen"]);
    const later = await found("xen-xengt-2017", counts("2017", { left: undefined }));
    assert.deepEqual([later?.finding.status, later?.finding.says], ["not-applicable", "xen"]);
  });
});
