// vGPUs that somebody else made with mdevctl and virsh are taken over while they run, and given up again.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { AdoptVgpuRequest, VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { CLAIM_MARK_NAMESPACE } from "../../agent/core/claim-mark.ts";
import { GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { asSomebodyElse } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const VGPU = "4c9c1f1e-aaaa-4000-8000-000000000001";
const DOMAIN = "6c9c1f1e-bbbb-4000-8000-000000000001";

describe("a domain with a vGPU that others made", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    await world.host.control({ command: "create-mdev", gpu: GPU, type: type(4), uuid: VGPU });
    await world.defineForeign({ name: "theirs", uuid: DOMAIN, mdev: VGPU });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const adopt = (given: Parameters<typeof AdoptVgpuRequest.fromPartial>[0] = {}) =>
    world.rpc.call(
      Vgpus.adoptVgpu,
      AdoptVgpuRequest.fromPartial({ vgpuId: VGPU, claimId: "claim-theirs", withDomain: true, ...given }),
    );
  const release = () =>
    world.rpc.call(Vgpus.releaseVgpu, {
      vgpu: { ref: { $case: "claimId", value: "claim-theirs" } },
      requestId: "",
    });
  const mark = () =>
    asSomebodyElse(world.host.libvirtSocket, async (libvirt) =>
      libvirt.metadata(present(await libvirt.lookupDomainByName("theirs")), CLAIM_MARK_NAMESPACE),
    );

  it("is own with it while it runs, survives a lost ledger, and is managed from then on", async () => {
    const before = await world.truth();
    const { vgpu, domain } = await adopt();
    assert.deepEqual(
      [vgpu?.ownership, vgpu?.claimId, vgpu?.claimState, vgpu?.inUse],
      [Ownership.OWN, "claim-theirs", ClaimState.ACTIVE, true],
    );
    assert.deepEqual(
      [domain?.name, domain?.ownership, domain?.state],
      ["theirs", Ownership.OWN, DomainState.RUNNING],
    );
    assert.deepEqual(await world.truth(), before);
    assert.match((await mark()) ?? "", /id="claim-theirs"/);
    assert.deepEqual(await adopt(), { vgpu, domain });
    await world.forgetTombstones(); // the whole ledger
    const rebuilt = await until("it is rebuilt", async () => {
      const shown = await world.named("theirs");
      return shown.ownership === Ownership.OWN && shown;
    });
    assert.deepEqual([rebuilt.claimId, rebuilt.claimState], ["claim-theirs", ClaimState.ACTIVE]);
    await world.stop("theirs");
    // Its room is kept, and what goes is made again under its name.
    await world.host.control({ command: "remove-mdev", uuid: VGPU });
    await world.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" });
    assert.deepEqual(
      (await world.truth()).mdevs.map(({ uuid }) => uuid),
      [VGPU],
    );
    assert.equal((await world.start("theirs")).domain?.claimState, ClaimState.ACTIVE);
    await world.destroy("theirs", { gracePeriod: { seconds: 0n, nanos: 0 } });
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs, domains], [[], []]);
  });

  it("is given up as it was, with nothing of ours left in it", async () => {
    const before = await world.truth();
    await adopt();
    const { vgpu } = await release();
    assert.deepEqual([vgpu?.ownership, vgpu?.claimId, vgpu?.domainName], [Ownership.FOREIGN, "", "theirs"]);
    assert.equal(await mark(), undefined);
    assert.deepEqual(await world.truth(), before);
    await world.kill();
    await world.startAgain();
    assert.equal((await world.named("theirs")).ownership, Ownership.FOREIGN);
    assert.equal((await refusal(world.destroy("theirs"))).reason, "DOMAIN_FOREIGN");
  });

  it("is refused where it is not there, is another claim's, or not asked for right", async () => {
    assert.equal((await refusal(adopt({ vgpuId: VGPU.replace("1e", "2e") }))).reason, "VGPU_NOT_FOUND");
    const wrong = await refusal(adopt({ vgpuId: "no", claimId: "" }));
    assert.deepEqual(wrong.fields, ["vgpu_id", "claim_id"]);
    assert.deepEqual(await adopt({ validateOnly: true }), { vgpu: undefined, domain: undefined });
    await adopt({ withDomain: false });
    assert.equal((await refusal(adopt())).reason, "CLAIM_REUSED");
    const taken = await refusal(adopt({ claimId: "other" }));
    assert.deepEqual([taken.code, taken.reason], ["FAILED_PRECONDITION", "CLAIM_STATE"]);
    assert.equal((await world.named("theirs")).ownership, Ownership.FOREIGN);
  });
});
