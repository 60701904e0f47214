// A whole GPU given to a guest of a real Xen by pciback, and to the driver that it had when vgpud is told: part of "vgpud in the
// dom0 of a real Xen".
import assert from "node:assert/strict";
import { refusalOf } from "../agent-client.ts";
import type { AgentInBed } from "../agent-in-bed.ts";
import { gpuAddress } from "../gpu.ts";
import {
  addSecondGpu,
  driverOf,
  functionsOf,
  knowsSecondGpu,
  request,
  SECOND,
  seesTheGpu,
  type FunctionsAgent,
} from "./functions-agent.ts";
import { bed } from "./suite-bed.ts";

/** Cases of a `describe`: there is no domain. They leave a second GPU. */
export function givesWholeGpus(agent: () => AgentInBed): void {
  const host = (): FunctionsAgent => functionsOf(agent());

  before(async () => {
    await addSecondGpu();
    await knowsSecondGpu(host());
  });

  it("takes it from i915 for guests", async () => {
    const { done } = host();
    await done(`set-mode ${SECOND} gvt-d`);
    assert.equal(await driverOf(SECOND), "pciback");
    assert.equal(await driverOf(gpuAddress), "i915");
  });

  it("gives it to a guest, which sees it", async () => {
    const { domain } = await host().agent.client.createDomain(request("desk", SECOND));
    assert.deepEqual([domain?.claimState, domain?.state], ["CLAIM_STATE_ACTIVE", "DOMAIN_STATE_RUNNING"]);
    await seesTheGpu("desk");
  });

  it("keeps it while the guest has it", async () => {
    const { agent, does } = host();
    const { code, text } = await does(`set-mode ${SECOND} auto`);
    assert.notEqual(code, 0);
    assert.match(text, /VGPU_IN_USE/);
    assert.match(text, /domain desk \(claim claim-desk\)/);
    const late = await refusalOf(agent.client.createDomain(request("late", SECOND)));
    assert.equal(late.code, "RESOURCE_EXHAUSTED");
  });

  it("has it with pciback when the guest is destroyed, and with i915 when it is to share itself again", async () => {
    const { done } = host();
    await done("destroy desk --grace 0s");
    assert.equal(await driverOf(SECOND), "pciback");
    await done(`set-mode ${SECOND} auto`);
    assert.equal(await driverOf(SECOND), "i915");
    assert.equal(await bed.check("cat /sys/bus/pci/drivers/pciback/slots"), "");
  });
}
