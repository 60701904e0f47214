// vgpud on a real kernel beside a libvirt that fails, and over losses of its own: what it finds again and still serves meanwhile.
import assert from "node:assert/strict";
import { defined, refusalOf } from "../agent-client.ts";
import { AgentInBed, claims, domainRequest, eventually, makeDisk, until } from "../agent-in-bed.ts";
import { assertNothingLeft } from "../faults.ts";
import * as gpu from "../gpu.ts";
import { leftOvers } from "../host-state.ts";
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

  /** Where a create is when the agent dies; `reached` is a condition in the guest. */
  const moments = [
    {
      moment: "while the kernel makes the slice",
      prepare: () => gpu.setKnob(bed, "create_delay_ms", "12000"),
      reached: "grep -qs create_store /proc/[0-9]*/stack",
      // The kernel shows the device before its driver has it.
      there: { slices: 1, domains: 0 },
    },
    {
      moment: "while libvirt starts QEMU",
      prepare: () => gpu.setKnob(bed, "create_delay_ms", "0"),
      reached: "pgrep -f [g]uest=NAME",
      there: { slices: 1, domains: 1 },
    },
  ];

  describe("an agent that is killed during a create and started again", () => {
    afterEach(() => gpu.setKnob(bed, "create_delay_ms", "0"));

    for (const [index, { moment, prepare, reached, there }] of moments.entries())
      it(`finishes it when it died ${moment}, and nothing is made twice`, async () => {
        const name = `crash-${index}`;
        await makeDisk(bed, name);
        await prepare();
        const request = domainRequest(name, "4");
        const lost = assert.rejects(agent.client.createDomain(request));
        await until(bed, `${reached.replace("NAME", name)} >/dev/null`);
        await agent.end("SIGKILL");
        await lost;
        const { slices, domains } = await leftOvers(bed);
        assert.deepEqual({ slices: slices.length, domains: domains.length }, there);
        await agent.start();
        const { domain } = await agent.client.createDomain(request);
        assert.equal(domain?.claimState, "CLAIM_STATE_ACTIVE");
        assert.equal(domain.state, "DOMAIN_STATE_RUNNING");
        const after = await leftOvers(bed);
        assert.deepEqual(after, { slices: domain.vgpuIds, domains: [name], processes: [name] });
        assert.equal((await agent.client.destroyDomain(name)).claimState, "CLAIM_STATE_GONE");
        await assertNothingLeft(bed);
      });
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
