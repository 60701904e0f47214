// vgpud on a real kernel and libvirt that fail: what it undoes, waits for, finds again, and still serves meanwhile.
import assert from "node:assert/strict";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { defined, refusalOf } from "./agent-client.ts";
import { AgentInBed, claims, domainRequest, eventually, makeDisk, until } from "./agent-in-bed.ts";
import * as gpu from "./gpu.ts";
import { leftOvers, ledgerStates, nothing } from "./host-state.ts";
import { bed } from "./suite-bed.ts";

const whole = { 8: 6, 4: 3, 2: 1 };

describe("vgpud beside a kernel and a libvirt that fail", () => {
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

  /** No slice, no domain, no process, all room, and no claim but those that were destroyed. */
  async function assertNothingLeft(): Promise<void> {
    assert.deepEqual(await leftOvers(bed), nothing);
    assert.deepEqual(await gpu.available(bed), whole);
    assert.deepEqual(
      [...new Set(await ledgerStates(bed))].filter((state) => state !== "gone"),
      [],
    );
  }

  describe("a create that the kernel refuses", () => {
    afterEach(async () => {
      await gpu.setKnob(bed, "fail_create", "0");
      await gpu.setKnob(bed, "fragment", "none");
    });

    it("leaves nothing after an input/output error, which is named", async () => {
      await gpu.setKnob(bed, "fail_create", "5");
      const refusal = await refusalOf(agent.client.createDomain(domainRequest("web", "2")));
      assert.equal(refusal.code, "FAILED_PRECONDITION");
      assert.equal(refusal.reason, "KERNEL_REFUSED");
      assert.match(refusal.message, /EIO/);
      await assertNothingLeft();
      assert.equal((await agent.client.listDomains()).domains.length, 0);
    });

    it("is told to be fragmented when the kernel counts room and finds no range", async () => {
      await gpu.setKnob(bed, "fragment", "low 200 112");
      assert.equal((await gpu.available(bed))["2"], 1);
      const refusal = await refusalOf(agent.client.createDomain(domainRequest("web", "2")));
      assert.equal(refusal.code, "RESOURCE_EXHAUSTED");
      assert.equal(refusal.reason, "GM_FRAGMENTED");
      await assertNothingLeft();
    });

    it("may be tried again under the same claim id, and succeeds", async () => {
      const { domain } = await agent.client.createDomain(domainRequest("web", "2"));
      assert.equal(domain?.state, "DOMAIN_STATE_RUNNING");
      assert.deepEqual(await gpu.available(bed), { 8: 2, 4: 1, 2: 0 });
    });
  });

  describe("a lost ledger", () => {
    it("is rebuilt from the marks of domains, and a destroy works as before", async () => {
      const before = await agent.client.getClaim("claim-web");
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
      await assertNothingLeft();
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
        await assertNothingLeft();
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

  describe("a slice that a process holds beyond its domain", () => {
    let device: string;
    let holder: { readonly pid: number; readonly command: string };

    before(async () => {
      await agent.client.stopDomain("late", 0);
      device = `/sys/bus/mdev/devices/${defined((await leftOvers(bed)).slices[0])}`;
      const machine = "qemu-system-x86_64 -M q35 -m 16 -nodefaults -display none -S";
      bed.background(`echo $$ > /tmp/holder; exec ${machine} -device vfio-pci,sysfsdev=${device}`);
      await until(bed, "ls -l /proc/$(cat /tmp/holder)/fd 2>/dev/null | grep -q vfio-device");
      holder = { pid: Number(await bed.check("cat /tmp/holder")), command: "qemu-system-x86" };
    });

    it("makes a destroy answer in time with DELETING and the holder's name, and others are served", async () => {
      const destroyed = agent.client.destroyDomain("late");
      const vgpus = await eventually(
        () => agent.client.listVgpus(),
        ([vgpu]) => vgpu?.claimState === "CLAIM_STATE_DELETING",
      );
      assert.equal(vgpus.length, 1);
      assertHeld(await destroyed, holder);
    });

    it("stays DELETING while a removal by somebody else hangs in the kernel", async () => {
      bed.background(`exec bash -c 'echo $$ > /tmp/remover; echo 1 > ${device}/remove'`);
      await until(bed, "grep -qs vfio_unregister_group_dev /proc/$(cat /tmp/remover)/stack");
      const tried = await triesToRemove();
      // Two more: one may have been under way.
      await eventually(
        () => triesToRemove(),
        (now) => now >= tried + 2,
      );
      assertHeld(await agent.client.getClaim("claim-late"), holder);
      assert.notDeepEqual(await gpu.available(bed), whole);
    });

    it("is gone by itself when the holder ends", async () => {
      await bed.check(`kill ${holder.pid}`);
      await eventually(
        () => agent.client.getClaim("claim-late"),
        ({ claimState }) => claimState === "CLAIM_STATE_GONE",
      );
      await assertNothingLeft();
    });
  });

  async function triesToRemove(): Promise<number> {
    const metrics = await agent.metrics();
    return metrics.get('vgpud_lifecycle_step_failures_total{reason="VGPU_IN_USE"}') ?? 0;
  }
});

function assertHeld(
  { claimState, failure, holders }: Domain,
  holder: { readonly pid: number; readonly command: string },
): void {
  assert.equal(claimState, "CLAIM_STATE_DELETING");
  assert.equal(failure?.reason, "VGPU_IN_USE");
  assert.deepEqual(holders, [holder]);
  assert.match(failure.message, new RegExp(`${holder.command}\\[${holder.pid}\\]`));
}
