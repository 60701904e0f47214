// What becomes of slices of XenGT when guests reboot, the kernel refuses and vgpud is killed, and those that device models make
// beside vgpud's: more of xen/xengt.test.ts.
import assert from "node:assert/strict";
import { defined, refusalOf } from "../../agent-client.ts";
import { domainRequest, eventually } from "../../agent-in-bed.ts";
import { LifeLog } from "../../life-log.ts";
import * as domains from "../domains.ts";
import { bed } from "../suite-bed.ts";
import * as vgt from "../vgt.ts";
import { BY_AGENT, BY_MODEL, domidOf, knowsItsHost, slices, xengtAgent } from "../xengt-agent.ts";

describe("vgpud and XenGT of a real dom0, when something goes on without it", () => {
  const life = new LifeLog("xengt-others-life");
  const host = xengtAgent(life, BY_AGENT, ["db", "resets", "model", "refused"]);

  it("starts a guest again that reboots, with a slice for its new number", async () => {
    const { agent } = host();
    await agent.client.createDomain(domainRequest("resets", "8"));
    const before = await domidOf("resets");
    const again = await eventually(
      async () => {
        // Its firmware, which finds nothing to start, resets the machine at these keys once it is there.
        await bed.run(`timeout 30 xl qemu-monitor-command ${before} 'sendkey ctrl-alt-delete'`);
        return await agent.client.getClaim("claim-resets");
      },
      ({ xenDomid, claimState, state }) =>
        xenDomid !== before && claimState === "CLAIM_STATE_ACTIVE" && state === "DOMAIN_STATE_RUNNING",
      180_000,
    );
    assert.equal(await domidOf("resets"), again.xenDomid);
    assert.deepEqual(await slices(), [String(again.xenDomid)]);
    await host().tell("the guest that was started again", "xl list");
    await agent.client.destroyDomain("resets");
  });

  it("undoes a create that the kernel refuses, and leaves neither domain nor slice", async () => {
    const { agent } = host();
    await vgt.setKnob(bed, "refuse_after", 0);
    try {
      const refusal = await refusalOf(agent.client.createDomain(domainRequest("db", "4")));
      assert.equal(refusal.reason, "KERNEL_REFUSED");
      assert.match(refusal.message, /making a i915-GVTg_V5_4 for domain db .*EINVAL/);
    } finally {
      await vgt.setKnob(bed, "refuse_after", -1);
    }
    assert.deepEqual(await slices(), []);
    assert.equal((await bed.run("virsh -q -c xen:///system domstate db")).code, 1);
  });

  it("killed, sweeps the slice of a domain that xl has destroyed meanwhile when it is started again", async () => {
    const { agent } = host();
    await agent.client.createDomain(domainRequest("db", "4"));
    await agent.end("SIGKILL");
    await bed.check("xl destroy db");
    assert.equal((await slices()).length, 1);
    await agent.start();
    await eventually(slices, (left) => left.length === 0);
    await agent.client.destroyDomain("db");
  });

  describe("and slices are the device models' to make", () => {
    before(async () => {
      const { agent } = host();
      await agent.end("SIGTERM");
      await agent.configure(BY_MODEL);
      await agent.start();
      await knowsItsHost(agent);
      await agent.client.createDomain(domainRequest("model", "4"));
    });

    it("has one made by the device model of its own domain", async () => {
      const domid = await domidOf("model");
      assert.deepEqual(await slices(), [String(domid)]);
      await host().tell("the device model's own words", "grep vGT /var/log/xen/qemu-dm-model.log");
      assert.match(life.last, new RegExp(`vGT: ${domid},128,512,4,1,0`));
    });

    // Of which type it is nobody can see here: the words that said so are not among those of Debian's QEMU, which the bed's device
    // model becomes.
    it("shows one of somebody else's domain as foreign, which counts as used, and destroys it for nobody", async () => {
      const { agent } = host();
      const xengt = ["-vga", "xengt", "-vgt_low_gm_sz", "64", "-vgt_high_gm_sz", "384", "-vgt_fence_sz", "4"];
      const domid = await domains.create(bed, { name: "theirs", kind: "hvm", xengt });
      const { ownership, backendRef } = await eventually(
        async () => (await agent.client.listVgpus()).find(({ domainName }) => domainName === "theirs"),
        (vgpu) => vgpu !== undefined,
      ).then(defined);
      assert.equal(ownership, "OWNERSHIP_FOREIGN");
      assert.equal((await agent.client.gpu()).budget?.usedForeign?.instances, 1);
      assert.deepEqual(backendRef?.ref, { $case: "xenDomid", value: domid });
      assert.equal((await refusalOf(agent.client.destroyDomain("theirs"))).reason, "DOMAIN_FOREIGN");
      assert.ok((await slices()).includes(String(domid)));
      await domains.remove(bed, "theirs");
      await eventually(slices, (left) => !left.includes(String(domid)));
    });

    it("tells why a device model could not make one, and ends what it did", async () => {
      const { agent } = host();
      await vgt.setKnob(bed, "refuse_after", 1);
      try {
        const refusal = await refusalOf(agent.client.createDomain(domainRequest("refused", "4")));
        assert.equal(refusal.reason, "LIBVIRT_REFUSED");
        assert.match(refusal.message, /its device model said last: .*create_vgt_instance failed: errno=22/);
      } finally {
        await vgt.setKnob(bed, "refuse_after", -1);
      }
      await agent.client.destroyDomain("model");
      assert.deepEqual(await slices(), []);
      await host().tell("all lines that were written", "dmesg | grep 'xengt: line'");
    });
  });
});
