// vgpud has XenGT make slices for domains of its own in the dom0 of a real Xen, in both ways, and leaves none behind.
import assert from "node:assert/strict";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { defined, refusalOf } from "../agent-client.ts";
import { AgentInBed, domainRequest, eventually, makeDisk } from "../agent-in-bed.ts";
import * as domains from "./domains.ts";
import { LifeLog } from "../life-log.ts";
import { bed } from "./suite-bed.ts";
import * as vgt from "./vgt.ts";

const BY_AGENT = "xengt: { instance_creator: agent }\n";
const BY_MODEL = "xengt: { device_model: /usr/local/libexec/xengt-device-model }\n";

describe("vgpud and XenGT of a real dom0", () => {
  let agent: AgentInBed;
  const life = new LifeLog("xengt-life");

  before(async () => {
    await bed.reset();
    await bed.check("dmesg --clear");
    agent = await AgentInBed.install(bed, { libvirtUri: "xen:///system", settings: BY_AGENT });
    for (const name of ["web", "db", "big", "resets", "model", "refused"]) await makeDisk(bed, name);
    // Right after the start libvirt's facts are not known.
    await eventually(
      () => agent.client.listDomains().then(() => agent.client.gpu()),
      ({ budget }) => budget !== undefined,
    );
  });

  after(async () => {
    agent.close();
    await life.write(`\n# what vgpud logged\n${await agent.log()}`);
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  async function tell(what: string, command: string): Promise<void> {
    life.tell(`# ${what}\n$ ${command}\n${await bed.check(command)}`);
  }

  const domidOf = async (name: string): Promise<number> => Number(await domains.virsh(bed, `domid ${name}`));
  const slices = async (): Promise<readonly string[]> => Object.keys(await vgt.instances(bed)).sort();
  const only = async (): Promise<Vgpu> => {
    const [vgpu, ...others] = await agent.client.listVgpus();
    assert.ok(vgpu && others.length === 0);
    return vgpu;
  };

  /**
   * Somebody's domain whose device model makes itself a slice, beside one of ours. Of which type it is nobody can see here: the
   * words that said so are not among those of Debian's QEMU, which the bed's device model becomes.
   */
  async function showsOneOfOthers(): Promise<void> {
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
  }

  it("offers the types that the aperture has room for", async () => {
    const { types, backend } = await agent.client.gpu();
    assert.equal(backend, "BACKEND_XENGT");
    assert.deepEqual(
      types.map(({ name, allocatable }) => [name, allocatable]),
      [
        ["i915-GVTg_V5_8", 6],
        ["i915-GVTg_V5_4", 3],
        ["i915-GVTg_V5_2", 1],
        ["i915-GVTg_V5_1", 0],
      ],
    );
  });

  it("makes the slice of a domain itself, before its guest runs", async () => {
    await agent.client.createDomain(domainRequest("web", "4"));
    const domid = await domidOf("web");
    assert.deepEqual(await slices(), [String(domid)]);
    assert.equal(await domains.virsh(bed, "domstate web"), "running");
    await tell("the line that was written", "dmesg | grep 'xengt: line'");
    assert.match(life.last, new RegExp(`"${domid},128,512,4,-1,0"`));
    await tell("what the kernel shows", "ls /sys/kernel/vgt");
    const vgpu = await only();
    assert.deepEqual(
      [vgpu.backendRef?.ref, vgpu.ownership, vgpu.inUse, vgpu.domainName],
      [{ $case: "xenDomid", value: domid }, "OWNERSHIP_OWN", true, "web"],
    );
  });

  it("gives back the slice of a domain that is off and keeps its room, and makes another at its start", async () => {
    const before = await domidOf("web");
    await agent.client.stopDomain("web", 0);
    assert.deepEqual(await slices(), []);
    assert.equal((await agent.client.gpu()).types[1]?.allocatable, 2, "its room is promised");
    await agent.client.startDomain("web");
    const domid = await domidOf("web");
    assert.notEqual(domid, before);
    assert.deepEqual(await slices(), [String(domid)]);
  });

  it("sweeps the slice of a domain that xl has destroyed, and one of a number that was never a domain's", async () => {
    await bed.check("xl destroy web");
    await vgt.write(bed, "4711,64,384,4,-1,0");
    await eventually(slices, (left) => left.length === 0);
    const web = await eventually(
      () => agent.client.getClaim("claim-web"),
      ({ claimState }) => claimState === "CLAIM_STATE_STOPPED",
    );
    assert.equal(web.failure, undefined);
  });

  it("starts a guest again that reboots, with a slice for its new number", async () => {
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
    await tell("the guest that was started again", "xl list");
    await agent.client.destroyDomain("resets");
  });

  it("refuses what there is no room for before the kernel is asked, which would not say why", async () => {
    const refusal = await refusalOf(agent.client.createDomain(domainRequest("big", "1")));
    assert.deepEqual([refusal.code, refusal.reason], ["RESOURCE_EXHAUSTED", "APERTURE_EXHAUSTED"]);
  });

  it("undoes a create that the kernel refuses, and leaves neither domain nor slice", async () => {
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

  it("killed while the kernel makes a slice, goes on with it when it is started again", async () => {
    await vgt.setKnob(bed, "hang", 1);
    const cut = agent.client.createDomain(domainRequest("db", "4")).catch((error: unknown) => error);
    await eventually(
      () => bed.run("virsh -q -c xen:///system domstate db"),
      ({ stdout }) => stdout.trim() === "paused",
    );
    await agent.end("SIGKILL");
    await cut;
    await vgt.setKnob(bed, "hang", 0);
    await agent.start();
    await eventually(
      () => agent.client.getClaim("claim-db"),
      ({ claimState, state }) => claimState === "CLAIM_STATE_ACTIVE" && state === "DOMAIN_STATE_RUNNING",
    );
    assert.deepEqual(await slices(), [String(await domidOf("db"))]);
  });

  it("killed, sweeps the slice of a domain that xl has destroyed meanwhile when it is started again", async () => {
    await agent.end("SIGKILL");
    await bed.check("xl destroy db");
    assert.equal((await slices()).length, 1);
    await agent.start();
    await eventually(slices, (left) => left.length === 0);
  });

  it("leaves nothing of destroyed domains", async () => {
    for (const name of ["web", "db"]) await agent.client.destroyDomain(name);
    assert.deepEqual(await slices(), []);
    assert.deepEqual(await agent.client.listVgpus(), []);
  });

  it("leaves the slice to the device model where it is set up so, and tells why that could not make it", async () => {
    await agent.end("SIGTERM");
    await agent.configure(BY_MODEL);
    await agent.start();
    await eventually(
      () => agent.client.listDomains().then(() => agent.client.gpu()),
      ({ budget }) => budget !== undefined,
    );
    await agent.client.createDomain(domainRequest("model", "4"));
    const domid = await domidOf("model");
    assert.deepEqual(await slices(), [String(domid)]);
    await tell("the device model's own words", "grep vGT /var/log/xen/qemu-dm-model.log");
    assert.match(life.last, new RegExp(`vGT: ${domid},128,512,4,1,0`));
    await showsOneOfOthers();
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
    await tell("all lines that were written", "dmesg | grep 'xengt: line'");
  });
});
