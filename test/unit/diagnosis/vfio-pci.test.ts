// What a running agent makes of a host without vfio-pci; what a tree alone tells the recorded hosts show.
import assert from "node:assert/strict";
import { RootedFiles } from "../../../agent/host/files.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { hostSubject } from "../../../agent/diagnosis/host-subject.ts";
import type { HostdReading } from "../../../agent/diagnosis/hostd-reading.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

async function found(hostd: HostdReading | undefined): Promise<readonly [string, string] | undefined> {
  const host = recordedHosts().find(({ name }) => name === "comet-lake-linux-6.1");
  assert.ok(host);
  await using tree = await host.expand();
  const files = new RootedFiles(tree.root);
  const libvirt = { asked: false, why: "nobody asks it" } as const;
  const others = { kernelLog: [], hostd, rooms: undefined, settings: undefined };
  const subject = await hostSubject(files, { ...others, libvirt: () => Promise.resolve(libvirt) });
  const { conditions } = await diagnose(files, subject);
  const condition = conditions.find(({ code }) => code === "VFIO_PCI_MISSING");
  return condition && [condition.finding.status, condition.finding.says];
}

describe("the condition of a host without vfio-pci", () => {
  it("fails once vgpud runs, whose units were to load it", async () => {
    assert.deepEqual(await found(undefined), ["pass", "loadable"]);
    assert.deepEqual(await found({ kind: "not-needed" }), ["fail", "not-loaded"]);
  });
});
