// Whether the QEMU that is to make slices of XenGT can, as doctor tells it: a running agent alone knows which one that is.
import assert from "node:assert/strict";
import type { HostSubject } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import { messageOf } from "../../../agent/diagnosis/words.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

type Reading = HostSubject["deviceModel"];

/** Its status, what it says, and the same in words. */
async function told(deviceModel: Reading, name = "xen-xengt-2017"): Promise<readonly string[]> {
  const host = recordedHosts().find((each) => each.name === name);
  assert.ok(host);
  await using tree = await host.expand();
  const files = new RootedFiles(tree.root);
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd: undefined, rooms: undefined, settings: undefined, deviceModel };
  const subject = await hostSubject(files, { ...others, libvirt: () => Promise.resolve(libvirt) });
  const { conditions } = await diagnose(files, subject);
  const condition = conditions.find(({ code }) => code === "DEVICE_MODEL_MISSING");
  assert.ok(condition);
  return [condition.finding.status, condition.finding.says, messageOf(condition, "en")];
}

describe("the device model of XenGT", () => {
  /** Any file that the host has. */
  const there = "/proc/cmdline";

  it("is well where it is there and has not said otherwise, and fails where it is not there", async () => {
    const needed = { kind: "needed", cannot: undefined } as const;
    assert.deepEqual((await told({ ...needed, path: there })).slice(0, 2), ["pass", "there"]);
    const [status, says, message] = await told({ ...needed, path: "/usr/lib/nowhere/qemu" });
    assert.deepEqual([status, says], ["fail", "missing"]);
    assert.equal(message, "xengt.device_model is /usr/lib/nowhere/qemu, and there is no such file");
  });

  it("fails when its last start said that it knows no XenGT, in its own words", async () => {
    const cannot = "unknown vga type: xengt";
    const [status, says, message] = await told({ kind: "needed", path: there, cannot });
    assert.deepEqual([status, says], ["fail", "unpatched"]);
    assert.match(message ?? "", /it said: unknown vga type: xengt$/);
  });

  it("is not asked for where vgpud makes slices itself, nor without an agent, nor without Xen", async () => {
    assert.equal((await told({ kind: "not-needed" }))[1], "not-needed");
    assert.equal((await told(undefined))[1], "no-agent");
    assert.equal((await told(undefined, "haswell-kvm"))[1], "not-xen");
  });
});
