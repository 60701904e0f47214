// The way of a domain with a slice, from its creation to the moment when nothing of it is left.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ClaimState, OnStop, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { Backend, Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { OperationKind, OperationState } from "../../proto/gen/vgpud/v1/operation.ts";
import { unlessImpossible } from "../contract/unless-impossible.ts";
import { fullDraft, GPU, type } from "./harness/requests.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

describe("a domain with a slice", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  it("is shown by every way of looking as soon as its creation is answered", async () => {
    const { request } = fullDraft(world.images, "desk-1");
    const { domain, decision, operation } = await world.createAs(request);
    const { uuid, vgpuIds } = present(domain);
    const [vgpuId = ""] = vgpuIds;
    assert.deepEqual(
      [domain?.state, domain?.ownership, domain?.claimState, domain?.claimId, domain?.operation],
      [DomainState.RUNNING, Ownership.OWN, ClaimState.ACTIVE, "claim-desk-1", operation],
    );
    assert.deepEqual([domain?.vcpus, domain?.memoryMib, domain?.onStop], [2, 512, OnStop.HOLD]);
    assert.deepEqual(
      [decision?.gpu, decision?.backend, decision?.type, decision?.sizes?.lowGmMib],
      [GPU, Backend.KVMGT, type(4), 128],
    );
    assert.deepEqual(
      decision?.candidates.map(({ gpu, chosen }) => [gpu, chosen]),
      [[GPU, true]],
    );
    assert.deepEqual(await world.domain({ $case: "uuid", value: uuid.toUpperCase() }), domain);
    assert.deepEqual(await world.claimed("desk-1"), domain);
    // Lists leave out what may be long.
    assert.deepEqual(await world.domains(), [{ ...present(domain), spec: undefined }]);

    const [vgpu, ...noMore] = await world.vgpus();
    assert.deepEqual(noMore, []);
    assert.deepEqual(
      [vgpu?.vgpuId, vgpu?.type, vgpu?.mode, vgpu?.present, vgpu?.inUse, vgpu?.domainUuid, vgpu?.domainName],
      [vgpuId, type(4), Mode.GVT_G, true, true, uuid, "desk-1"],
    );
    assert.deepEqual(vgpu?.backendRef?.ref, { $case: "mdevUuid", value: vgpuId });
    const [gpu] = await world.gpus();
    assert.deepEqual([gpu?.budget?.used?.lowGmMib, gpu?.budget?.free?.instances], [128, 6]);

    const metrics = await world.scrape();
    assert.match(metrics, new RegExp(`^vgpud_vgpu_info{[^}]*vgpu_id="${vgpuId}"[^}]*} 1$`, "m"));
    assert.match(metrics, new RegExp(`^vgpud_domain_info{[^}]*domain_uuid="${uuid}"[^}]*} 1$`, "m"));

    const { mdevs, domains } = await world.truth();
    assert.deepEqual(
      mdevs.map((mdev) => [mdev.uuid, mdev.gpu, mdev.type, mdev.holder?.command]),
      [[vgpuId, GPU, type(4), "qemu-system-x86"]],
    );
    assert.deepEqual(domains, [{ name: "desk-1", uuid, state: "running", mdevs: [vgpuId] }]);
  });

  it("is shown by real virsh, with its mark", async function () {
    const virsh = promisify(execFile);
    const uri = `qemu+unix:///system?socket=${world.host.libvirtSocket}`;
    const missing = await virsh("virsh", ["--version"]).then(
      () => undefined,
      () => "virsh (Debian: libvirt-clients) is not installed",
    );
    unlessImpossible(this, missing);
    const { domain } = await world.createAs(fullDraft(world.images, "desk-1").request);
    assert.match((await virsh("virsh", ["-c", uri, "list"])).stdout, / desk-1 +running/);
    const { stdout } = await virsh("virsh", ["-c", uri, "dumpxml", "desk-1"]);
    assert.match(stdout, new RegExp(`<address uuid=['"]${domain?.vgpuIds[0] ?? "none"}['"]/>`));
    assert.match(stdout, /<vgpud:claim [^>]*id=['"]claim-desk-1['"]/);
  });

  it("keeps its slice over a stop and a start", async () => {
    const { domain } = await world.create("desk-1");
    const stopped = await world.stop("desk-1");
    assert.deepEqual(
      [stopped.domain?.state, stopped.domain?.claimState, stopped.domain?.vgpuIds],
      [DomainState.SHUT_OFF, ClaimState.STOPPED, domain?.vgpuIds],
    );
    assert.equal((await world.gpus())[0]?.budget?.used?.instances, 1);
    assert.equal((await world.vgpus())[0]?.inUse, false);
    assert.deepEqual((await world.stop("desk-1")).domain, stopped.domain);
    const started = await world.start("desk-1");
    assert.deepEqual(
      [started.domain?.state, started.domain?.claimState, started.domain?.vgpuIds],
      [DomainState.RUNNING, ClaimState.ACTIVE, domain?.vgpuIds],
    );
    assert.deepEqual((await world.start("desk-1")).domain, started.domain);
  });

  it("gives its slice back over a stop when it was made so, and gets it again at the start", async () => {
    await world.create("desk-1", ({ spec }) => {
      spec.onStop = OnStop.RELEASE;
    });
    await world.stop("desk-1");
    assert.deepEqual((await world.truth()).mdevs, []);
    assert.equal((await world.gpus())[0]?.budget?.used?.instances, 0);
    await world.create("desk-2", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: type(1) };
    });
    const { domain } = await world.start("desk-1");
    assert.equal(domain?.claimState, ClaimState.ACTIVE);
    assert.equal((await world.truth()).mdevs.length, 2);
  });

  it("leaves nothing behind but a tombstone when it is destroyed", async () => {
    const before = await world.truth();
    const created = await world.create("desk-1");
    const { domain, operation } = await world.destroy("desk-1");
    assert.deepEqual([domain?.claimState, domain?.vgpuIds, domain?.stillHolds], [ClaimState.GONE, [], []]);
    assert.deepEqual(await world.truth(), before);
    assert.deepEqual([await world.domains(), await world.vgpus()], [[], []]);
    assert.deepEqual(await world.claimStates(), ["gone"]);
    assert.equal((await world.claimed("desk-1")).claimState, ClaimState.GONE);
    const again = await world.domain({ $case: "uuid", value: created.domain?.uuid ?? "" });
    assert.equal(again.claimState, ClaimState.GONE);
    const ended = await world.operation(operation);
    assert.deepEqual(
      [ended.kind, ended.state, ended.claimState],
      [OperationKind.DESTROY_DOMAIN, OperationState.SUCCEEDED, ClaimState.GONE],
    );
    const repeated = await world.destroy("desk-1");
    assert.deepEqual([repeated.domain?.claimState, repeated.operation], [ClaimState.GONE, operation]);
  });

  it("is stopped when its guest shuts down, and active again when somebody starts it", async () => {
    await world.create("desk-1");
    await world.host.control({ command: "guest", domain: "desk-1", does: "poweroff" });
    await until("it is stopped", async () => (await world.named("desk-1")).claimState === ClaimState.STOPPED);
    assert.equal((await world.truth()).mdevs.length, 1);
    await world.start("desk-1");
    await world.host.control({ command: "guest", domain: "desk-1", does: "crash" });
    await until("it is stopped", async () => (await world.named("desk-1")).claimState === ClaimState.STOPPED);
    assert.equal((await world.start("desk-1")).domain?.state, DomainState.RUNNING);
  });

  for (const onStop of [OnStop.HOLD, OnStop.RELEASE])
    it(`is started although nobody has noticed yet that its guest shut down (${onStop})`, async () => {
      await world.create("desk-1", ({ spec }) => {
        spec.onStop = onStop;
      });
      await world.host.control({ command: "guest", domain: "desk-1", does: "poweroff" });
      const { domain } = await world.start("desk-1");
      assert.deepEqual([domain?.state, domain?.claimState], [DomainState.RUNNING, ClaimState.ACTIVE]);
      const { domains, mdevs } = await world.truth();
      assert.deepEqual([domains.map(({ state }) => state), mdevs.length], [["running"], 1]);
    });

  it("is forced off at its deadline when the guest ignores the power button", async () => {
    await world.setFaults({ kind: "GUEST_IGNORES_SHUTDOWN" });
    await world.create("desk-1");
    const { domain } = await world.stop("desk-1", { gracePeriod: { seconds: 0n, nanos: 300_000_000 } });
    assert.equal(domain?.state, DomainState.SHUT_OFF);
    await world.start("desk-1");
    const destroyed = await world.destroy("desk-1", { gracePeriod: { seconds: 0n, nanos: 0 } });
    assert.equal(destroyed.domain?.claimState, ClaimState.GONE);
  });

  it("is never forced off when the caller forbids it, until a later one does not", async () => {
    await world.setFaults({ kind: "GUEST_IGNORES_SHUTDOWN" });
    await world.create("desk-1");
    const patient = world.stop("desk-1", { noForce: true });
    const running = await until("the stop runs", async () => {
      const { operation } = await world.named("desk-1");
      const shown = await world.operation(operation);
      return shown.kind === OperationKind.STOP_DOMAIN && shown;
    });
    assert.equal(running.state, OperationState.RUNNING);
    assert.equal((await world.named("desk-1")).state, DomainState.RUNNING);
    await world.stop("desk-1", { gracePeriod: { seconds: 0n, nanos: 0 } });
    assert.equal((await patient).domain?.state, DomainState.SHUT_OFF);
  });

  it("gets its held slice again after the host booted", async () => {
    const { domain } = await world.create("desk-1");
    await world.host.control({ command: "reboot" });
    // A reboot ends the agent, too.
    await world.kill();
    await world.startAgain();
    await until("its slice is there again", async () => {
      const { mdevs } = await world.truth();
      return mdevs[0]?.uuid === domain?.vgpuIds[0];
    });
    assert.equal((await world.start("desk-1")).domain?.state, DomainState.RUNNING);
  });
});
