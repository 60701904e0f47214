// A GPU cut into virtual functions (mode sriov), from the change of the mode to what is left at the end.
import assert from "node:assert/strict";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import {
  GpuServiceService as Gpus,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { Mode, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { VfProfile } from "../../proto/gen/vgpud/v1/placement.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { FLEX_HOST, SECOND_GPU, type Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const SOMEBODY = "11111111-2222-4333-8444-555555555555";

describe("a GPU cut into virtual functions, over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start(FLEX_HOST);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const setMode = async (mode: Mode): Promise<Gpu> =>
    present(
      (await world.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu: SECOND_GPU, mode }))).gpu,
    );
  const cut = async (count: number, given: Partial<SetVirtualFunctionsRequest> = {}): Promise<Gpu> => {
    const request = SetVirtualFunctionsRequest.fromPartial({ gpu: SECOND_GPU, count, ...given });
    return present((await world.rpc.call(Gpus.setVirtualFunctions, request)).gpu);
  };
  const gpu = async (): Promise<Gpu> => present((await world.rpc.call(Gpus.getGpu, { gpu: SECOND_GPU })).gpu);
  const vf = ({ vgpu }: Draft): void => {
    vgpu.want = { $case: "mode", value: Mode.SRIOV };
  };
  const vgpus = async (): Promise<Vgpu[]> =>
    (await world.rpc.call(Vgpus.listVgpus, { pageSize: 0, pageToken: "" })).vgpus;
  const drivers = async (): Promise<string[]> =>
    ((await gpu()).virtualFunctions?.functions ?? []).map(({ driver }) => driver);
  const destroy = async (uuid: string): Promise<void> => {
    const domain = { ref: { $case: "uuid" as const, value: uuid } };
    await world.rpc.call(Domains.destroyDomain, DestroyDomainRequest.fromPartial({ domain }));
  };
  const cutIn = async (count: number): Promise<void> => {
    await setMode(Mode.SRIOV);
    await cut(count);
  };

  it("gives each to one domain, takes them back when those are destroyed, and is whole again in the end", async () => {
    assert.equal((await refusal(cut(7))).reason, "MODE_UNSUPPORTED");
    await setMode(Mode.SRIOV);
    const none = await refusal(world.create("early", vf));
    assert.deepEqual([none.code, none.reason], ["RESOURCE_EXHAUSTED", "FUNCTIONS_EXHAUSTED"]);

    const { virtualFunctions, conditions } = await cut(7);
    assert.ok(!conditions.some(({ reason }) => reason === "SRIOV_AUTOPROBE"));
    assert.deepEqual([virtualFunctions?.enabled, virtualFunctions?.autoprobe], [7, false]);

    const one = await world.create("one", vf);
    const two = await world.create("two", vf);
    const taken = (await vgpus()).map(({ domainName, present, inUse, backendRef }) => {
      const ref = backendRef?.ref;
      return [domainName, present, inUse, ref?.$case === "virtualFunction" ? ref.value.number : undefined];
    });
    assert.deepEqual(taken.sort(), [
      ["one", true, true, 1],
      ["two", true, true, 2],
    ]);
    assert.deepEqual(await drivers(), ["vfio-pci", "vfio-pci", "", "", "", "", ""]);
    const held = await refusal(cut(0));
    assert.deepEqual([held.code, held.reason], ["FAILED_PRECONDITION", "VGPU_IN_USE"]);
    assert.match(held.message, /domain one \(claim claim-one\), domain two \(claim claim-two\)/);
    assert.equal((await refusal(setMode(Mode.GVT_S))).reason, "VGPU_IN_USE");

    await destroy(present(one.domain).uuid);
    await destroy(present(two.domain).uuid);
    assert.deepEqual([await vgpus(), await drivers()], [[], ["", "", "", "", "", "", ""]]);
    assert.equal((await cut(0)).virtualFunctions?.enabled, 0);
    assert.equal((await setMode(Mode.UNSPECIFIED)).mode, Mode.UNSPECIFIED);
  });

  it("refuses more than the device has, and no number, and changes nothing", async () => {
    await cutIn(1);
    await world.create("one", vf);
    const many = await refusal(cut(8));
    assert.deepEqual([many.code, many.reason], ["INVALID_ARGUMENT", "FIELD_INVALID"]);
    assert.match(many.message, /count is 8.*at most 7/);
    const request = SetVirtualFunctionsRequest.fromPartial({ gpu: SECOND_GPU });
    assert.equal((await refusal(world.rpc.call(Gpus.setVirtualFunctions, request))).reason, "FIELD_REQUIRED");
    assert.deepEqual(await drivers(), ["vfio-pci"]);
  });

  it("sets each to what it is to have, shows it, and tells what the driver made otherwise", async () => {
    await setMode(Mode.SRIOV);
    const profile = VfProfile.fromPartial({
      execQuantum: { seconds: 200n, nanos: 0 },
      preemptTimeout: { seconds: 0n, nanos: 640_000 },
      schedPriority: "high",
      vramQuotaMib: 1024n,
    });
    const request = SetVirtualFunctionsRequest.fromPartial({ gpu: SECOND_GPU, count: 2, profile });
    const answer = await world.rpc.call(Gpus.setVirtualFunctions, request);
    assert.deepEqual(answer.warnings, [
      "exec quantum: asked for 200000 ms, the driver has 100000 ms",
      "priority: the driver does not let it be set",
    ]);
    const shown = answer.gpu?.virtualFunctions?.functions.map(({ execQuantum, preemptTimeout, quota }) => [
      execQuantum?.seconds,
      preemptTimeout?.nanos,
      quota?.vramMib,
    ]);
    assert.deepEqual(shown, [
      [100n, 640_000, 1024n],
      [100n, 640_000, 1024n],
    ]);
    const { domain } = await world.create("one", vf);
    const { vgpuId, vfProfile } = present((await vgpus())[0]);
    assert.deepEqual(vfProfile, {
      ...{ execQuantum: { seconds: 100n, nanos: 0 }, preemptTimeout: { seconds: 0n, nanos: 640_000 } },
      ...{ schedPriority: "low", vramQuotaMib: 1024n, ggttQuotaMib: undefined },
    });
    const { stdout } = await vgpuctl(world.socket, ["vgpus", vgpuId]);
    assert.match(
      stdout,
      /^exec quantum ms: +100000\npreempt timeout us: +640\npriority: +low\nVRAM MiB: +1024$/m,
    );
    await destroy(present(domain).uuid);
    const wrong = VfProfile.fromPartial({ execQuantum: { seconds: 0n, nanos: 1 }, schedPriority: "urgent" });
    const refused = await refusal(cut(2, { profile: wrong }));
    assert.deepEqual(refused.fields, ["profile.exec_quantum", "profile.sched_priority"]);
    assert.match(refused.message, /must be one of low, normal, high, is/);
    const greedy = VfProfile.fromPartial({ vramQuotaMib: 1_000_000n });
    assert.equal((await refusal(cut(3, { profile: greedy }))).reason, "KERNEL_REFUSED");
    await until("it has its functions again", async () => (await gpu()).virtualFunctions?.enabled === 2);
  });

  it("only checks when asked to", async () => {
    await setMode(Mode.SRIOV);
    assert.equal((await cut(3, { validateOnly: true })).virtualFunctions?.enabled, 0);
  });

  it("hands one over to a domain that somebody else manages, and has it back when that is off", async () => {
    await cutIn(2);
    const made = await world.rpc.call(
      Vgpus.createVgpu,
      CreateVgpuRequest.fromPartial({
        claimId: "for-others",
        vgpu: { want: { $case: "mode", value: Mode.SRIOV } },
      }),
    );
    const { vgpuId } = present(made.vgpu);
    const snippet = async (form: string): Promise<string> =>
      (await vgpuctl(world.socket, ["snippet", form, "claim:for-others"])).stdout;
    // Of a host of KVM.
    assert.equal(await snippet("xl"), "");
    assert.equal(await snippet("qemu"), "-device vfio-pci,host=0000:03:00.1\n");
    const bare = foreignXml({ name: "theirs", uuid: SOMEBODY });
    const theirs = bare.replace("</devices>", `${await snippet("libvirt")}</devices>`);
    await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(await libvirt.defineDomain(theirs));
    });
    await until("it is seen", async () => (await vgpus())[0]?.domainName === "theirs");
    assert.equal((await vgpus())[0]?.inUse, true);
    const deleting = world.rpc.call(
      Vgpus.deleteVgpu,
      DeleteVgpuRequest.fromPartial({ vgpu: { ref: { $case: "vgpuId", value: vgpuId } } }),
    );
    await until("its holder is named", async () =>
      ((await vgpus())[0]?.failure?.message ?? "").includes("theirs"),
    );
    await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
      const domain = present(await libvirt.lookupDomainByName("theirs"));
      await libvirt.destroyDomain(domain);
      await libvirt.undefineDomain(domain);
    });
    await deleting;
    assert.deepEqual([await vgpus(), await drivers()], [[], ["", ""]]);
  });

  it("gives none that a domain of others runs with, nor lets itself be cut anew while one does", async () => {
    await cutIn(2);
    const theirs = { name: "theirs", uuid: SOMEBODY, pciFunction: 1 };
    await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(await libvirt.defineDomain(foreignXml(theirs)));
    });
    await until("it is seen", async () => (await gpu()).virtualFunctions?.usedForeign === 1);
    await world.create("ours", vf);
    const ref = (await vgpus()).find(({ ownership }) => ownership === Ownership.OWN)?.backendRef?.ref;
    assert.equal(ref?.$case === "virtualFunction" && ref.value.number, 2);
    const held = await refusal(cut(0));
    assert.match(held.message, /domain theirs/);
  });
});

describe("virtual functions of i915's port, over the wire", function () {
  this.timeout(60_000);

  it("have what the driver gives them again once those with shares of their own were unmade", async () => {
    const gpu = "0000:00:02.0";
    await using world = await World.start(`
enable_gvt: absent
kvmgt: false
gpus:
  - { address: "${gpu}", device: "4680", total_vfs: 7, iov: prelim_iov }
`);
    const request = SetGpuModeRequest.fromPartial({ gpu, mode: Mode.SRIOV });
    await world.rpc.call(Gpus.setGpuMode, request);
    const ggtt = async (count: number, profile?: VfProfile): Promise<unknown> => {
      const cut = SetVirtualFunctionsRequest.fromPartial({ gpu, count, ...(profile && { profile }) });
      const answer = await world.rpc.call(Gpus.setVirtualFunctions, cut);
      assert.deepEqual(answer.warnings, []);
      return answer.gpu?.virtualFunctions?.functions.map(({ quota }) => quota?.ggttMib);
    };
    assert.deepEqual(await ggtt(2), [1989n, 1989n]);
    const half = VfProfile.fromPartial({ ggttQuotaMib: 256n });
    const shared = SetVirtualFunctionsRequest.fromPartial({ gpu, count: 4, profile: half });
    const answer = await world.rpc.call(Gpus.setVirtualFunctions, shared);
    // What they need beside they are given alike, as the driver would have given it.
    assert.deepEqual(
      answer.gpu?.virtualFunctions?.functions.map(({ quota }) => [
        quota?.ggttMib,
        quota?.contexts,
        quota?.doorbells,
      ]),
      Array.from({ length: 4 }, () => [256n, 15_360, 60]),
    );
    assert.deepEqual(await ggtt(3, VfProfile.fromPartial({ ggttQuotaMib: 512n })), [512n, 512n, 512n]);
    const greedy = SetVirtualFunctionsRequest.fromPartial({
      ...{ gpu, count: 3, validateOnly: true },
      profile: VfProfile.fromPartial({ ggttQuotaMib: 4096n }),
    });
    const refused = await refusal(world.rpc.call(Gpus.setVirtualFunctions, greedy));
    assert.deepEqual([refused.reason, refused.fields], ["FIELD_INVALID", ["profile.ggtt_quota_mib"]]);
    assert.deepEqual(await ggtt(0), []);
    assert.deepEqual(await ggtt(2), [1989n, 1989n]);
  });
});
