// A whole GPU and guests of a real Xen when others give it away, and when vgpud is killed while it does: more of
// xen/functions.ts.
import assert from "node:assert/strict";
import type { Vgpu } from "../../../../proto/gen/vgpud/v1/vgpu.ts";
import { refusalOf } from "../../agent-client.ts";
import { AgentInBed, eventually } from "../../agent-in-bed.ts";
import { virsh } from "../domains.ts";
import {
  addSecondGpu,
  driverOf,
  functionsOf,
  knowsSecondGpu,
  request,
  SECOND,
  seesTheGpu,
  type FunctionsAgent,
} from "../functions-agent.ts";
import { bed } from "../suite-bed.ts";
import * as xl from "../xl.ts";

describe("vgpud gives GPUs to guests of a real Xen, beside others and over its own death", () => {
  let agent: AgentInBed;
  const host = (): FunctionsAgent => functionsOf(agent);

  before(async () => {
    await bed.reset();
    await addSecondGpu();
    agent = await AgentInBed.install(bed, { libvirtUri: "xen:///system" });
    await knowsSecondGpu(host());
    await host().done(`set-mode ${SECOND} gvt-d`);
  });

  after(async () => {
    agent.close();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  it("shows it as foreign where xl gave it to a guest, and gives it to nobody else", async () => {
    const { done } = host();
    const domid = await xl.create(bed, "theirs", SECOND);
    const held = (): Promise<readonly Vgpu[]> =>
      agent.client.listVgpus().then((all) => all.filter(({ domainName }) => domainName === "theirs"));
    await done("reconcile");
    const [vgpu] = await eventually(held, ({ length }) => length === 1);
    assert.equal(vgpu?.ownership, "OWNERSHIP_FOREIGN");
    const refusal = await refusalOf(agent.client.createDomain(request("desk", SECOND)));
    assert.equal(refusal.code, "RESOURCE_EXHAUSTED");
    assert.equal((await refusalOf(agent.client.destroyDomain("theirs"))).reason, "DOMAIN_FOREIGN");
    assert.equal(Number(await bed.check("xl domid theirs")), domid);
    await xl.destroy(bed, "theirs");
    await done("reconcile");
    await eventually(held, ({ length }) => length === 0);
  });

  it("goes on giving it to a guest when it is started again after it was killed, and the guest sees it", async () => {
    const cut = agent.client.createDomain(request("desk", SECOND)).catch((error: unknown) => error);
    await eventually(
      () => bed.run("virsh -q -c xen:///system domstate desk"),
      ({ code }) => code === 0,
    );
    await agent.end("SIGKILL");
    await cut;
    await agent.start();
    await eventually(
      () => agent.client.getClaim("claim-desk"),
      ({ claimState, state }) => claimState === "CLAIM_STATE_ACTIVE" && state === "DOMAIN_STATE_RUNNING",
    );
    assert.equal(await virsh(bed, "domstate desk"), "running");
    await seesTheGpu("desk");
  });

  it("has it with pciback when that guest is destroyed", async () => {
    await host().done("destroy desk --grace 0s");
    assert.equal(await driverOf(SECOND), "pciback");
  });
});
