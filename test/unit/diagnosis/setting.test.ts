// What is said of a GPU that the kernel does not have as it was set.
import assert from "node:assert/strict";
import { RootedFiles } from "../../../agent/host/files.ts";
import { languages } from "../../../agent/core/language.ts";
import type { Condition } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import type { SettingStanding, Settings } from "../../../agent/diagnosis/setting.ts";
import { messageOf, remedyOf, severityOf } from "../../../agent/diagnosis/words.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

const GPU = "0000:00:02.0" as PciAddress;

/** The condition on a host whose GPU stands so. */
async function found(
  settings: Settings | undefined,
  { code = "GPU_SETTING_DIFFERS", on = "comet-lake-linux-6.1" } = {},
): Promise<Condition> {
  const host = recordedHosts().find(({ name }) => name === on);
  assert.ok(host);
  await using tree = await host.expand();
  const files = new RootedFiles(tree.root);
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd: undefined, rooms: undefined, settings };
  const subject = await hostSubject(files, { ...others, libvirt: () => Promise.resolve(libvirt) });
  const { conditions } = await diagnose(files, subject);
  const condition = conditions.find((each) => each.code === code);
  assert.ok(condition);
  return condition;
}

function standing(given: SettingStanding["standing"], mode: SettingStanding["mode"] = "sriov"): Settings {
  return new Map([[GPU, { mode, recorded: "sriov, VF 4", has: "xe, VF 2", standing: given }]]);
}

describe("the condition of a GPU that a driver keeps for guests", () => {
  const on = { code: "GPU_WITHOUT_DRIVER", on: "comet-lake-on-vfio-pci" };

  it("is worth knowing where it was given away so, which is taken back by set-mode", async () => {
    const condition = await found(standing({ kind: "as-set" }, "gvt-d"), on);
    assert.deepEqual([condition.finding.says, severityOf(condition)], ["as-set", "info"]);
    assert.match(remedyOf(condition, "en"), /vgpuctl set-mode 0000:00:02\.0 auto$/);
    const byHand = await found(new Map(), on);
    assert.deepEqual([byHand.finding.says, severityOf(byHand)], ["given-away", "error"]);
  });

  it("is that it waits for the boot where it was given back, and its setting tells nothing beside that", async () => {
    const settings = standing({ kind: "parked" });
    assert.equal((await found(settings, on)).finding.says, "parked");
    assert.equal((await found(settings, { on: on.on })).finding.status, "not-applicable");
  });
});

describe("the condition of a GPU that is not as it was set", () => {
  it("means nothing where no agent keeps a record, or nobody set the GPU", async () => {
    for (const [settings, says] of [
      [undefined, "no-record"],
      [new Map(), "not-set"],
    ] as const) {
      const { finding } = await found(settings);
      assert.deepEqual([finding.status, finding.says], ["not-applicable", says]);
    }
  });

  it("passes where all is as it was set, and while it is being made so", async () => {
    for (const kind of ["as-set", "on-its-way"] as const)
      assert.equal((await found(standing({ kind }))).finding.status, "pass");
  });

  it("passes where the driver makes something else of what was set, and tells that", async () => {
    const condition = await found(standing({ kind: "as-made", what: "WHAT" }));
    assert.equal(condition.finding.status, "pass");
    for (const language of languages) {
      const message = messageOf(condition, language);
      for (const part of ["sriov, VF 4", "WHAT"]) assert.ok(message.includes(part), message);
    }
  });

  it("says what was set, what the kernel has, what is in the way and what to do, in every language", async () => {
    for (const by of ["guest-driver", "driver", "users", "libvirt", "hostd", "failed"] as const) {
      const condition = await found(standing({ kind: "kept", by, what: "WHAT" }));
      assert.equal(condition.finding.status, "fail");
      for (const language of languages) {
        const message = messageOf(condition, language);
        for (const part of ["sriov, VF 4", "xe, VF 2", "WHAT"]) assert.ok(message.includes(part), message);
        assert.notEqual(remedyOf(condition, language), "");
      }
    }
  });
});
