// Why what virtual functions use of engines is not counted, told by an agent that had hostd ask perf; what a tree alone tells the
// recorded hosts show.
import assert from "node:assert/strict";
import type { Condition } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import type { UncountedEngines } from "../../../agent/diagnosis/uncounted-engines.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { parsePciAddress } from "../../../agent/core/ids.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

async function found(uncounted?: UncountedEngines): Promise<Condition> {
  const host = recordedHosts().find(({ name }) => name === "flex-linux-7.1");
  assert.ok(host);
  await using tree = await host.expand();
  const files = new RootedFiles(tree.root);
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd: undefined, rooms: undefined, settings: undefined };
  const subject = await hostSubject(files, {
    ...{ ...others, libvirt: () => Promise.resolve(libvirt) },
    ...(uncounted && { uncounted }),
  });
  const { conditions } = await diagnose(files, subject);
  const condition = conditions.find(({ code }) => code === "SRIOV_USE_UNCOUNTED");
  assert.ok(condition);
  return condition;
}

describe("the condition of functions whose use is not counted", () => {
  const gpu = parsePciAddress("0000:4d:00.0");
  assert.ok(gpu);

  it("is well where perf said nothing against it", async () => {
    for (const uncounted of [undefined, new Map()]) {
      const { finding } = await found(uncounted);
      assert.deepEqual([finding.status, finding.says], ["pass", "counted"]);
    }
  });

  it("fails with what perf said to hostd", async () => {
    const said = "Access to performance monitoring and observability operations is limited.";
    for (const [because, says] of [
      ["no-permission", "no-permission"],
      ["failed", "failed"],
      // It may have been installed meanwhile, where the agent sees it and hostd has not tried again.
      ["no-perf", "failed"],
    ] as const) {
      const { finding, evidence } = await found(new Map([[gpu, { because, said }]]));
      assert.deepEqual([finding.status, finding.says], ["fail", says]);
      assert.deepEqual(evidence.at(-1), { path: "perf, asked by vgpud-hostd", value: said });
    }
  });
});
