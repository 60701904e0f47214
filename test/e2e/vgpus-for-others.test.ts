// vGPUs for domains that somebody else manages: made, kept over what happens to the host, and never taken from a guest.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { OperationKind, OperationState } from "../../proto/gen/vgpud/v1/operation.ts";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
  type CreateVgpuResponse,
  type DeleteVgpuResponse,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const THEIRS = "6c9c1f1e-bbbb-4000-8000-000000000001";

describe("a vGPU for a domain of others, over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  async function create(
    claimId: string,
    given: Parameters<typeof CreateVgpuRequest.fromPartial>[0] = {},
  ): Promise<CreateVgpuResponse> {
    const vgpu = { want: { $case: "type" as const, value: type(8) }, gpu: GPU };
    return await world.rpc.call(Vgpus.createVgpu, CreateVgpuRequest.fromPartial({ claimId, vgpu, ...given }));
  }

  async function remove(vgpuId: string, allowMissing = false): Promise<DeleteVgpuResponse> {
    const vgpu = { ref: { $case: "vgpuId" as const, value: vgpuId } };
    return await world.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu, allowMissing }));
  }

  const shown = async (value: string): Promise<Vgpu> =>
    present((await world.rpc.call(Vgpus.getVgpu, { vgpu: { ref: { $case: "vgpuId", value } } })).vgpu);
  const made = async (): Promise<string[]> => (await world.truth()).mdevs.map(({ uuid }) => uuid);

  async function startTheirs(vgpuId: string): Promise<void> {
    await world.defineForeign({ name: "nova-1", uuid: THEIRS, mdev: vgpuId });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByName("nova-1")));
    });
    await until("the vGPU is seen in use", async () => (await shown(vgpuId)).inUse === true);
  }

  it("is given to their domain by what vgpuctl prints for it", async () => {
    const { vgpuId } = present((await create("lent")).vgpu);
    const snippet = await vgpuctl(world.socket, ["snippet", "libvirt", "claim:lent"]);
    assert.deepEqual([snippet.stderr, snippet.exitCode], ["", 0]);
    const bare = foreignXml({ name: "nova-1", uuid: THEIRS });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      const xml = bare.replace("</devices>", `${snippet.stdout}</devices>`);
      await libvirt.startDomain(await libvirt.defineDomain(xml));
    });
    await until("the vGPU is seen in use", async () => (await shown(vgpuId)).inUse === true);
    const again = await vgpuctl(world.socket, ["snippet", "qemu", vgpuId]);
    assert.equal(again.stdout, `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${vgpuId}\n`);
    assert.match(again.stderr, /^warning: domain nova-1 has it/);
  });

  it("is made without a domain, and shown with the one that uses it and its labels", async () => {
    const { vgpu, operation, decision } = await create("lent", { domainUuid: THEIRS, labels: { job: "7" } });
    const { vgpuId } = present(vgpu);
    assert.equal(decision?.gpu, GPU);
    assert.deepEqual(await made(), [vgpuId]);
    assert.deepEqual(await world.domains(), []);
    const { kind, state, vgpuId: of } = await world.operation(operation);
    assert.deepEqual([kind, state, of], [OperationKind.CREATE_VGPU, OperationState.SUCCEEDED, vgpuId]);
    assert.deepEqual([vgpu?.domainUuid, vgpu?.domainName, vgpu?.labels], [THEIRS, "", { job: "7" }]);
    await startTheirs(vgpuId);
    const { domainName, ownership, claimId, claimState } = await shown(vgpuId);
    assert.deepEqual(
      [domainName, ownership, claimId, claimState],
      ["nova-1", Ownership.OWN, "lent", ClaimState.ACTIVE],
    );
    assert.equal((await world.named("nova-1")).ownership, Ownership.FOREIGN);
    assert.deepEqual(
      (await create("lent", { domainUuid: THEIRS, labels: { job: "7" } })).vgpu?.vgpuId,
      vgpuId,
    );
    assert.equal((await refusal(create("lent"))).reason, "CLAIM_REUSED");
  });

  it("is never taken from the guest that holds it: DELETING names the holder, and the rest goes by itself", async () => {
    const { vgpuId } = present((await create("lent")).vgpu);
    await startTheirs(vgpuId);
    const { vgpu, operation } = await remove(vgpuId);
    assert.equal(vgpu?.claimState, ClaimState.DELETING);
    assert.equal(vgpu.failure?.reason, "VGPU_IN_USE");
    assert.match(vgpu.holders.map(({ command }) => command).join(), /qemu/);
    assert.deepEqual(await made(), [vgpuId]);
    assert.equal((await world.operation(operation)).state, OperationState.RUNNING);
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      await libvirt.destroyDomain(present(await libvirt.lookupDomainByName("nova-1")));
    });
    await until("it is gone", async () => (await made()).length === 0);
    await until(
      "that is known",
      async () => (await world.operation(operation)).state === OperationState.SUCCEEDED,
    );
    assert.equal((await remove(vgpuId)).vgpu?.claimState, ClaimState.GONE);
    assert.equal((await world.named("nova-1")).ownership, Ownership.FOREIGN);
  });

  it("is there again under its UUID after the host booted, and after somebody removed it", async () => {
    const { vgpuId } = present((await create("lent")).vgpu);
    await world.host.control({ command: "reboot" });
    await until("it is made again", async () => (await made()).includes(vgpuId));
    await world.host.control({ command: "remove-mdev", uuid: vgpuId });
    await until(
      "it is made again",
      async () => (await shown(vgpuId)).present && (await made()).includes(vgpuId),
    );
  });

  it("is made without libvirt, and survives the agent's end and its kill", async () => {
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    const { vgpuId } = present((await create("lent")).vgpu);
    await world.kill();
    await world.startAgain();
    const { claimState, present: there, inUse } = await shown(vgpuId);
    assert.deepEqual([claimState, there, inUse], [ClaimState.ACTIVE, true, undefined]);
    assert.equal((await remove(vgpuId)).vgpu?.claimState, ClaimState.GONE);
    assert.deepEqual(await made(), []);
  });

  it("is finished when the agent was killed while it was being made or removed", async () => {
    await world.setFaults({ kind: "CREATE_LATE", delay_ms: 1_000, times: 1 });
    const first = create("lent").catch(() => undefined);
    await until("it is on its way", async () => (await world.claimStates()).includes("creating"));
    await world.kill();
    await first;
    await world.startAgain();
    const { vgpuId } = present((await create("lent")).vgpu);
    assert.deepEqual(await made(), [vgpuId]);
    await world.setFaults({ kind: "REMOVE_BLOCKS", times: 1, delay_ms: 2_000 });
    const removal = remove(vgpuId).catch(() => undefined);
    await until("it is on its way", async () => (await world.claimStates()).includes("deleting"));
    await world.kill();
    await removal;
    await world.startAgain();
    await until("it is gone", async () => (await world.claimStates()).join() === "gone");
    assert.deepEqual(await made(), []);
  });

  it("is refused as the contract says", async () => {
    const missing = "76677075-0000-8000-8000-000000000000";
    assert.deepEqual((await remove(missing, true)).vgpu, undefined);
    const none = await refusal(remove(missing));
    assert.deepEqual([none.code, none.reason], ["NOT_FOUND", "VGPU_NOT_FOUND"]);
    const { domain } = await world.create("desk");
    const owned = await refusal(remove(present(domain).vgpuIds[0] ?? ""));
    assert.deepEqual([owned.code, owned.reason], ["FAILED_PRECONDITION", "CLAIM_STATE"]);
    assert.match(owned.message, /DestroyDomain/);
    const wrong = await refusal(create("lent", { domainUuid: "x", labels: { "A!": "" } }));
    assert.deepEqual([wrong.reason, wrong.field], ["FIELD_INVALID", "domain_uuid"]);
    const { decision, vgpu, operation } = await create("lent", { validateOnly: true });
    assert.deepEqual([decision?.gpu, vgpu, operation], [GPU, undefined, ""]);
  });
});
