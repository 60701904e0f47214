import assert from "node:assert/strict";
import { readHostFacts } from "../../../agent/discovery/host-facts.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree, type Tree } from "../../fakes/host-tree.ts";

describe("the hypervisor of a host", () => {
  const zeros = "00000000-0000-0000-0000-000000000000";
  const cases: readonly (readonly [string, string, Tree])[] = [
    ["is Xen in dom0", "xen", { "sys/hypervisor/type": "xen", "proc/xen/capabilities": "control_d" }],
    [
      "is Xen in dom0 also for a unit whose /proc shows no capabilities",
      "xen",
      { "sys/hypervisor": { type: "xen", uuid: zeros } },
    ],
    [
      "is somebody else's in a guest of Xen",
      "xen-guest",
      { "sys/hypervisor": { type: "xen", uuid: "5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11" } },
    ],
    ["is KVM where its device is", "kvm", { "sys/class/misc/kvm/dev": "10:232" }],
    [
      "is none where kvm was loaded and no processor's module",
      "none",
      { "sys/module/kvm/initstate": "live" },
    ],
    ["is none elsewhere", "none", {}],
  ];
  for (const [title, expected, tree] of cases)
    it(title, async () => {
      await using host = await hostTree(tree);
      const { hypervisor } = await readHostFacts(new RootedFiles(host.root));
      assert.equal(hypervisor, expected);
    });
});
