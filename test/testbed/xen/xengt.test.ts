// vgpud makes slices of XenGT for domains of its own in the dom0 of a real Xen, and leaves none behind.
import assert from "node:assert/strict";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { refusalOf } from "../agent-client.ts";
import { domainRequest, eventually } from "../agent-in-bed.ts";
import * as domains from "./domains.ts";
import { LifeLog } from "../life-log.ts";
import { bed } from "./suite-bed.ts";
import * as vgt from "./vgt.ts";
import { BY_AGENT, domidOf, slices, xengtAgent } from "./xengt-agent.ts";

describe("vgpud and XenGT of a real dom0", () => {
  const life = new LifeLog("xengt-life");
  const host = xengtAgent(life, BY_AGENT, ["web", "db", "big"]);

  const only = async (): Promise<Vgpu> => {
    const [vgpu, ...others] = await host().agent.client.listVgpus();
    assert.ok(vgpu && others.length === 0);
    return vgpu;
  };

  it("offers the types that the aperture has room for", async () => {
    const { agent } = host();
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
    const { agent } = host();
    await agent.client.createDomain(domainRequest("web", "4"));
    const domid = await domidOf("web");
    assert.deepEqual(await slices(), [String(domid)]);
    assert.equal(await domains.virsh(bed, "domstate web"), "running");
    await host().tell("the line that was written", "dmesg | grep 'xengt: line'");
    assert.match(life.last, new RegExp(`"${domid},128,512,4,-1,0"`));
    await host().tell("what the kernel shows", "ls /sys/kernel/vgt");
    const vgpu = await only();
    assert.deepEqual(
      [vgpu.backendRef?.ref, vgpu.ownership, vgpu.inUse, vgpu.domainName],
      [{ $case: "xenDomid", value: domid }, "OWNERSHIP_OWN", true, "web"],
    );
  });

  it("gives back the slice of a domain that is off and keeps its room, and makes another at its start", async () => {
    const { agent } = host();
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
    const { agent } = host();
    await bed.check("xl destroy web");
    await vgt.write(bed, "4711,64,384,4,-1,0");
    await eventually(slices, (left) => left.length === 0);
    const web = await eventually(
      () => agent.client.getClaim("claim-web"),
      ({ claimState }) => claimState === "CLAIM_STATE_STOPPED",
    );
    assert.equal(web.failure, undefined);
  });

  it("refuses what there is no room for before the kernel is asked, which would not say why", async () => {
    const { agent } = host();
    const refusal = await refusalOf(agent.client.createDomain(domainRequest("big", "1")));
    assert.deepEqual([refusal.code, refusal.reason], ["RESOURCE_EXHAUSTED", "APERTURE_EXHAUSTED"]);
  });

  it("killed while the kernel makes a slice, goes on with it when it is started again", async () => {
    const { agent } = host();
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

  it("leaves nothing of destroyed domains", async () => {
    const { agent } = host();
    for (const name of ["web", "db"]) await agent.client.destroyDomain(name);
    assert.deepEqual(await slices(), []);
    assert.deepEqual(await agent.client.listVgpus(), []);
    await host().tell("all lines that were written", "dmesg | grep 'xengt: line'");
  });
});
