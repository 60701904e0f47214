// What others do to a claim's domain and vGPU: seen, said with what helps, and never silently wrong.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { HostServiceService as Hosts, StepState } from "../../proto/gen/vgpud/v1/host_service.ts";
import { refusal } from "./harness/rpc.ts";
import { asSomebodyElse } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const OTHER = "6c9c1f1e-bbbb-4000-8000-000000000001";

describe("behind its back", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const seen = (claimState: ClaimState): Promise<Domain> =>
    until(`the claim is ${claimState}`, async () => {
      const domain = await world.named("desk-1");
      return domain.claimState === claimState && domain;
    });
  const redefined = (change: (xml: string) => string): Promise<void> =>
    asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      const domain = present(await libvirt.lookupDomainByName("desk-1"));
      await libvirt.defineDomain(change(await libvirt.domainXml(domain)));
    });
  const reconcile = (dryRun: boolean) => world.rpc.call(Hosts.reconcile, { dryRun, claimId: "" });

  it("a vGPU goes from under a running domain: the claim has failed and says how to get another", async () => {
    await world.create("desk-1");
    await world.setFaults({ kind: "VGPU_VANISHES", times: 1 });
    const { state, failure } = await seen(ClaimState.FAILED);
    assert.equal(state, DomainState.RUNNING);
    assert.equal(failure?.reason, "DOMAIN_WITHOUT_VGPU");
    assert.match(failure.message, /stop the domain and start it/);
    assert.match(await world.scrape(), /^vgpud_claims\{state="failed"\} 1$/m);
    await world.clearFaults();
    await world.stop("desk-1");
    const started = await world.start("desk-1");
    assert.equal(started.domain?.claimState, ClaimState.ACTIVE);
    assert.equal((await world.truth()).mdevs.length, 1);
  });

  it("kvmgt goes from under a running domain: it can be stopped meanwhile, and is started when kvmgt is back", async () => {
    await world.create("desk-1");
    await world.setFaults({ kind: "VGPU_VANISHES", times: 1 });
    await seen(ClaimState.FAILED);
    await world.setFaults({ kind: "KVMGT_UNLOADED" });
    const { domain } = await world.stop("desk-1");
    assert.deepEqual([domain?.state, domain?.claimState], [DomainState.SHUT_OFF, ClaimState.STOPPED]);
    const error = await refusal(world.start("desk-1"));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "KERNEL_REFUSED"]);
    await world.clearFaults();
    await until("its vGPU is made again", async () => (await world.truth()).mdevs.length === 1);
    assert.equal((await world.start("desk-1")).domain?.claimState, ClaimState.ACTIVE);
  });

  it("a domain is defined anew without its vGPU: it is not started as if it had one", async () => {
    await world.create("desk-1");
    await world.stop("desk-1");
    let device = "";
    await redefined((xml) =>
      xml.replace(/<hostdev[^]*?<\/hostdev>/, (found) => {
        device = found;
        return "";
      }),
    );
    assert.equal((await seen(ClaimState.FAILED)).failure?.reason, "DOMAIN_WITHOUT_VGPU");
    const error = await refusal(world.start("desk-1"));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "DOMAIN_WITHOUT_VGPU"]);
    await redefined((xml) => xml.replace("</devices>", `${device}</devices>`));
    await seen(ClaimState.STOPPED);
    assert.equal((await world.start("desk-1")).domain?.claimState, ClaimState.ACTIVE);
  });

  it("another domain runs with the vGPU of a stopped one: the claim names it until it lets go", async () => {
    const { domain } = await world.create("desk-1");
    await world.stop("desk-1");
    await world.defineForeign({ name: "taker", uuid: OTHER, mdev: domain?.vgpuIds[0] ?? "" });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByName("taker")));
    });
    const { failure } = await seen(ClaimState.FAILED);
    assert.equal(failure?.reason, "VGPU_IN_USE");
    assert.match(failure.message, new RegExp(`domain taker \\(${OTHER}\\)`));
    await world.host.control({ command: "guest", domain: "taker", does: "poweroff" });
    await seen(ClaimState.STOPPED);
  });

  it("the host is reconciled on demand: shown first, then told", async () => {
    await world.create("desk-1");
    assert.deepEqual((await reconcile(true)).steps, []);
    await world.kill();
    await world.host.control({ command: "guest", domain: "desk-1", does: "poweroff" });
    await world.setFaults({ kind: "LIBVIRT_HANGS" });
    await world.startAgain();
    await world.clearFaults();
    await world.sawLibvirt();
    const { steps } = await reconcile(false);
    assert.ok(steps.every(({ state, claimId }) => state === StepState.DONE && claimId === "claim-desk-1"));
    assert.deepEqual((await reconcile(true)).steps, []);
    assert.equal((await world.named("desk-1")).claimState, ClaimState.STOPPED);
    const error = await refusal(world.rpc.call(Hosts.reconcile, { dryRun: true, claimId: "no-such" }));
    assert.deepEqual([error.code, error.reason], ["NOT_FOUND", "VGPU_NOT_FOUND"]);
  });
});
