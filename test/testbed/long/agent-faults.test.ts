// vgpud on a real kernel beside a libvirt that fails, and over losses of its own: what it finds again and still serves meanwhile.
import assert from "node:assert/strict";
import { defined, refusalOf } from "../agent-client.ts";
import { AgentInBed, claims, domainRequest, eventually, makeDisk } from "../agent-in-bed.ts";
import { assertNothingLeft } from "../faults.ts";
import { killedDuringACreate } from "../killed.ts";
import { bed } from "../suite-bed.ts";

describe("vgpud beside a libvirt that fails", () => {
  let agent: AgentInBed;

  before(async () => {
    await bed.reset();
    agent = await AgentInBed.install(bed);
    await makeDisk(bed, "web");
  });

  after(() => {
    agent.close();
  });

  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    console.error(await agent.log());
    await bed.reset();
    agent = await AgentInBed.install(bed);
    await makeDisk(bed, "web");
  });

  describe("a lost ledger", () => {
    it("is rebuilt from the marks of domains, and a destroy works as before", async () => {
      const before = defined((await agent.client.createDomain(domainRequest("web", "2"))).domain);
      await agent.end("SIGTERM");
      await bed.check(`rm -rf ${claims}`);
      await agent.start();
      const claim = await eventually(
        () => agent.client.listDomains(),
        ({ domains }) => domains[0]?.claimId === "claim-web",
      );
      assert.equal(claim.domains[0]?.ownership, "OWNERSHIP_OWN");
      assert.equal(claim.domains[0].claimState, "CLAIM_STATE_ACTIVE");
      assert.deepEqual(claim.domains[0].vgpuIds, before.vgpuIds);
      assert.equal((await agent.metrics()).get("vgpud_claims_rebuilt_total"), 1);
      assert.equal((await agent.client.destroyDomain("web")).claimState, "CLAIM_STATE_GONE");
      await assertNothingLeft(bed);
    });
  });

  describe("an agent that is killed during a create and started again", () => {
    killedDuringACreate("while the kernel makes the slice", { bed: () => bed, agent: () => agent });
  });

  describe("libvirt", () => {
    beforeEach(() => makeDisk(bed, "late"));

    /** What can be read without libvirt is read; what needs it is refused for now. */
    async function assertReadsServed(): Promise<void> {
      const { incomplete } = await eventually(
        () => agent.client.listDomains(),
        (list) => list.incomplete !== undefined,
      );
      assert.equal(incomplete?.reason, "LIBVIRT_UNAVAILABLE");
      assert.equal(defined((await agent.client.gpu()).types[0]).kernelAvailable, 6);
      assert.deepEqual(await agent.client.listVgpus(), []);
      await eventually(
        () => agent.metrics(),
        (metrics) => metrics.get('vgpud_hypervisor_up{hypervisor="kvm"}') === 0,
      );
    }

    async function assertCreateUnavailable(): Promise<void> {
      const refusal = await refusalOf(agent.client.createDomain(domainRequest("late", "8")));
      assert.equal(refusal.code, "UNAVAILABLE");
      assert.match(refusal.reason, /^LIBVIRT_(UNAVAILABLE|TIMEOUT)$/);
      assert.ok(defined(refusal.retrySeconds) > 0);
      assert.equal(await bed.check("ls /sys/bus/mdev/devices"), "");
    }

    it("stopped in its tracks makes creates UNAVAILABLE with a time to retry, and reads go on", async () => {
      await bed.check("kill -STOP $(pidof libvirtd)");
      await assertCreateUnavailable();
      await assertReadsServed();
      await bed.check("kill -CONT $(pidof libvirtd)");
    });

    it("killed does the same, and started again is used without a restart of the agent", async () => {
      await bed.check("kill -9 $(pidof libvirtd); while pidof libvirtd; do sleep 0.1; done");
      await assertCreateUnavailable();
      await assertReadsServed();
      await bed.check("rm -f /run/libvirtd.pid; libvirtd -d");
      await eventually(
        () => agent.metrics(),
        (metrics) => metrics.get('vgpud_hypervisor_up{hypervisor="kvm"}') === 1,
      );
      const { domain } = await agent.client.createDomain(domainRequest("late", "8"));
      assert.equal(domain?.state, "DOMAIN_STATE_RUNNING");
    });
  });
});
