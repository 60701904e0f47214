// Why what virtual functions use of engines is not counted, told by an agent that had hostd ask perf; what a tree alone tells the
// recorded hosts show.
import assert from "node:assert/strict";
import type { Condition } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import type { EngineCounting } from "../../../agent/diagnosis/engine-counting.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { parsePciAddress } from "../../../agent/core/ids.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

/** `counting` undefined: there is no agent. */
async function found(
  counting: EngineCounting | undefined,
  name = "flex-linux-7.1",
): Promise<Pick<Condition["finding"], "status" | "says"> & Pick<Condition, "evidence">> {
  const host = recordedHosts().find((each) => each.name === name);
  assert.ok(host);
  await using tree = await host.expand();
  const files = new RootedFiles(tree.root);
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd: undefined, rooms: undefined, settings: undefined };
  const subject = await hostSubject(files, {
    ...{ ...others, libvirt: () => Promise.resolve(libvirt) },
    ...(counting && { engineCounting: counting }),
  });
  const { conditions } = await diagnose(files, subject);
  const condition = conditions.find(({ code }) => code === "SRIOV_USE_UNCOUNTED");
  assert.ok(condition);
  const { status, says } = condition.finding;
  return { status, says, evidence: condition.evidence };
}

/** With kernel.perf_event_paranoid at 3, and a perf. */
const PARANOID_HOST = "flex-limit-in-configfs";

describe("the condition of functions whose use is not counted", () => {
  const gpu = parsePciAddress("0000:4d:00.0");
  assert.ok(gpu);
  const shown = async (counting?: EngineCounting, name?: string): Promise<readonly string[]> => {
    const { status, says } = await found(counting, name);
    return [status, says];
  };

  it("is well where hostd told that it counts, whatever kernel.perf_event_paranoid is", async () => {
    const counting = new Map([[gpu, "counted"]] as const);
    assert.deepEqual(await shown(counting), ["pass", "counted"]);
    assert.deepEqual(await shown(counting, PARANOID_HOST), ["pass", "counted"]);
  });

  it("claims no counting where hostd has told nothing of the GPU, or there is no agent", async () => {
    for (const counting of [undefined, new Map()])
      assert.deepEqual(await shown(counting), ["pass", "untried"]);
  });

  it("leaves open whether this kernel refuses above 2 until hostd has tried", async () => {
    for (const counting of [undefined, new Map()])
      assert.deepEqual(await shown(counting, PARANOID_HOST), ["unknown", "paranoid-untried"]);
  });

  it("fails without a perf, tried or not", async () => {
    assert.deepEqual(await shown(undefined, "flex-on-fresh-amd"), ["fail", "no-perf"]);
  });

  it("fails with what perf said to hostd", async () => {
    const limited = "Access to performance monitoring and observability operations is limited.";
    for (const [because, said, name, says] of [
      ["no-permission", limited, undefined, "no-permission"],
      ["no-permission", limited, PARANOID_HOST, "paranoid"],
      ["failed", "event syntax error", undefined, "failed"],
      // Of a PMU that perf does not know, whatever the setting.
      ["failed", "event syntax error", PARANOID_HOST, "failed"],
      // Ubuntu's /usr/bin/perf is there without the perf of the kernel.
      ["no-perf", "WARNING: perf not found for kernel 7.1.8-amd64", undefined, "no-perf"],
    ] as const) {
      const condition = await found(new Map([[gpu, { because, said }]]), name);
      assert.deepEqual([condition.status, condition.says], ["fail", says]);
      assert.deepEqual(
        condition.evidence.filter(({ path }) => path === "perf, asked by vgpud-hostd"),
        [{ path: "perf, asked by vgpud-hostd", value: said }],
      );
    }
  });
});
