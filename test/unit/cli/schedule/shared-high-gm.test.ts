// Hosts whose kernel lets slices share high GM, as that of XenGT of 2015 does: they have none of it in Placement.
import assert from "node:assert/strict";
import { TOTALS } from "../scheduling.ts";
import { CLAIM, full, Hosts, makes } from "./hosts.ts";

const SHARING = { CUSTOM_INTEL_VGPU: 7, CUSTOM_VGT_LOW_GM_MB: 896, CUSTOM_VGT_FENCE: 28 };
const BOOKED = { CUSTOM_INTEL_VGPU: 1, CUSTOM_VGT_LOW_GM_MB: 128, CUSTOM_VGT_FENCE: 4 };

describe("a host on which slices share high GM", () => {
  const bookedOf = (hosts: Hosts, host: string) =>
    hosts.api.claims.get(CLAIM)?.allocations.get(hosts.gpus[host] ?? "");

  it("is booked without it, and asked for all that the flavor says", async () => {
    const hosts = new Hosts({ shares: makes }, { shares: SHARING });
    const { ended } = await hosts.schedule();
    assert.equal(ended.kind, "made");
    assert.deepEqual(bookedOf(hosts, "shares"), BOOKED);
    const value = { vgtLowGmSz: 128, vgtHighGmSz: 512, vgtFenceSz: 4 };
    assert.deepEqual(hosts.asked[0]?.request.vgpu?.want, { $case: "sizes", value });
  });

  it("comes after those that count it, and none of these is booked without", async () => {
    const short = { ...TOTALS, CUSTOM_VGT_HIGH_GM_MB: 384 };
    const hosts = new Hosts({ short: makes, shares: makes, refuses: full }, { short, shares: SHARING });
    const { ended, lost } = await hosts.schedule();
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "shares");
    assert.deepEqual(
      [lost, hosts.asked].map((all) => all.length),
      [1, 2],
    );
    const counting = new Hosts({ short: makes }, { short });
    const none = await counting.schedule();
    assert.deepEqual([none.ended.kind, none.lost, counting.api.changes], ["no-host", [], []]);
  });

  it("is not asked for by a flavor that forbids Xen, or is for another hypervisor", async () => {
    const [xen, kvm] = ["CUSTOM_INTEL_VGPU_HYPERVISOR_XEN", "CUSTOM_INTEL_VGPU_HYPERVISOR_KVM"];
    for (const traits of [
      { required: [], forbidden: [xen] },
      { required: ["CUSTOM_RACK_7", kvm], forbidden: [] },
    ]) {
      const hosts = new Hosts({ shares: makes }, { shares: SHARING });
      const { ended } = await hosts.schedule({ traits });
      assert.deepEqual([ended.kind, hosts.api.queries.length], ["no-host", 1]);
    }
    const hosts = new Hosts({ shares: makes }, { shares: SHARING });
    const { ended } = await hosts.schedule({ traits: { required: [xen], forbidden: [kvm] } });
    assert.equal(ended.kind, "made");
  });

  it("has a domain of it booked again so whose booking was lost", async () => {
    const hosts = new Hosts({ shares: makes }, { shares: SHARING });
    hosts.having.add("shares");
    const { ended } = await hosts.schedule({ again: true });
    assert.equal(ended.kind, "made");
    assert.deepEqual(bookedOf(hosts, "shares"), BOOKED);
  });
});
