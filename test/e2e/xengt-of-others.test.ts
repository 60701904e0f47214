// Slices of XenGT and domains of others, over the wire: those that are made for one, and those that somebody makes by hand.
import assert from "node:assert/strict";
import { StartDomain } from "../../agent/node-libvirt/constants.ts";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { GPU, type } from "./harness/requests.ts";
import { roomConditions } from "./harness/room-conditions.ts";
import { refusal } from "./harness/rpc.ts";
import { foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present } from "./harness/world.ts";
import {
  BROADWELL,
  BY_AGENT,
  SKYLAKE,
  THEIRS,
  createOnXen,
  sizesOn,
  startXengt,
  theirDomid,
  truthOf,
} from "./harness/xengt-host.ts";

describe("slices of XenGT beside domains of others, over the wire", function () {
  this.timeout(60_000);

  it("are made for a domain of others while it is there, one for each, and again when it is started anew", async () => {
    await using on = await startXengt(SKYLAKE, BY_AGENT);
    const ask = (claimId: string, domainUuid = ""): Promise<Vgpu> => {
      const vgpu = { want: { $case: "type" as const, value: type(8) } };
      const request = CreateVgpuRequest.fromPartial({ claimId, vgpu, domainUuid });
      return on.rpc.call(Vgpus.createVgpu, request).then((answer) => present(answer.vgpu));
    };
    const reasonOf = async (asked: Promise<unknown>): Promise<string | undefined> =>
      (await refusal(asked)).reason;
    assert.equal(await reasonOf(ask("unnamed")), "FIELD_REQUIRED");
    assert.equal(await reasonOf(ask("nobody", THEIRS)), "DOMAIN_NOT_FOUND");
    await on.defineForeign({ name: "theirs", uuid: THEIRS });
    assert.equal(await reasonOf(ask("off", THEIRS)), "DOMAIN_NOT_FOUND");
    const theirs = async (start: boolean, paused = false): Promise<void> =>
      on.asSomebodyElse(async (libvirt) => {
        const domain = present(await libvirt.lookupDomainByName("theirs"));
        if (start) await libvirt.startDomain(domain, { flags: paused ? StartDomain.paused : 0 });
        else await libvirt.destroyDomain(domain);
      });
    await theirs(true);
    assert.equal(await reasonOf(ask("late", THEIRS)), "DOMAIN_WITHOUT_VGPU");
    await theirs(false);
    await theirs(true, true);
    const made = await ask("lent", THEIRS);
    assert.deepEqual([made.claimState, made.domainName, made.inUse], [ClaimState.ACTIVE, "theirs", true]);
    assert.equal(await reasonOf(ask("another", THEIRS)), "DOMAIN_HAS_VGPU");
    const vgpu = { ref: { $case: "vgpuId" as const, value: made.vgpuId } };
    const [before] = (await truthOf(on)).xengt;
    await theirs(false);
    await until("it is swept", async () => (await sizesOn(on)).length === 0);
    await theirs(true);
    await until("it is made again", async () => (await sizesOn(on)).length === 1);
    const [after] = (await truthOf(on)).xengt;
    assert.notEqual(after?.domid, before?.domid);
    await theirs(false);
    await on.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu }));
    await until("it is gone", async () => (await sizesOn(on)).length === 0);
  });

  for (const osType of ["linux", "xenpvh"])
    it(`are refused for a domain of others that is no HVM guest (${osType})`, async () => {
      await using on = await startXengt(SKYLAKE, BY_AGENT);
      const xml = foreignXml({ name: "theirs", uuid: THEIRS }, "xen:///system");
      const machine = osType === "linux" ? "xenpv" : osType;
      const boots = xml.replace(
        /<os>.*<\/os>/,
        `<os><type arch='x86_64' machine='${machine}'>${osType}</type><kernel>/boot/guest</kernel></os>`,
      );
      await on.asSomebodyElse(async (libvirt) => {
        await libvirt.startDomain(await libvirt.defineDomain(boots), { flags: StartDomain.paused });
      });
      const vgpu = { want: { $case: "type" as const, value: type(8) } };
      const request = CreateVgpuRequest.fromPartial({ claimId: "lent", vgpu, domainUuid: THEIRS });
      const { code, reason, message } = await refusal(on.rpc.call(Vgpus.createVgpu, request));
      assert.deepEqual([code, reason], ["FAILED_PRECONDITION", "FIELD_NOT_SUPPORTED_HERE"]);
      assert.match(message, /domain theirs \(.*\) is a PVH? guest/);
      assert.deepEqual(await sizesOn(on), []);
      assert.deepEqual(await on.vgpus(), []);
    });

  it("are refused for a domain of others that has not all of its memory, from where the GPU would read", async () => {
    await using on = await startXengt(SKYLAKE, BY_AGENT);
    const whole = foreignXml({ name: "theirs", uuid: THEIRS }, "xen:///system");
    const ask = async (memory: string): Promise<unknown> => {
      const xml = whole.replace(/<memory .*<\/memory>/, memory);
      assert.notEqual(xml, whole);
      await on.asSomebodyElse(async (libvirt) => {
        await libvirt.startDomain(await libvirt.defineDomain(xml), { flags: StartDomain.paused });
      });
      const vgpu = { want: { $case: "type" as const, value: type(8) } };
      const request = CreateVgpuRequest.fromPartial({ claimId: "lent", vgpu, domainUuid: THEIRS });
      return await on.rpc.call(Vgpus.createVgpu, request);
    };
    const { code, reason, message } = await refusal(
      ask("<memory unit='MiB'>64</memory><currentMemory unit='MiB'>32</currentMemory>"),
    );
    assert.deepEqual([code, reason], ["FAILED_PRECONDITION", "DOMAIN_POPULATES_ON_DEMAND"]);
    assert.match(message, /domain theirs .*\(currentMemory as memory\)/);
    assert.deepEqual(await sizesOn(on), []);
    await on.asSomebodyElse(async (libvirt) => {
      await libvirt.destroyDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
    await ask("<memory unit='KiB'>65536</memory><currentMemory unit='MiB'>64</currentMemory>");
    assert.deepEqual(await sizesOn(on), [[64, 384, 4]]);
  });

  it("that somebody makes by hand are less room by the kernel's count of 2015, which is a condition", async () => {
    await using on = await startXengt(BROADWELL, BY_AGENT);
    const conditions = async () => {
      const { gpu } = await on.rpc.call(Gpus.getGpu, { gpu: GPU });
      return roomConditions(gpu).map(({ reason, message }) => `${reason}: ${message}`);
    };
    await createOnXen(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: "i915-GVTg_V4_8" };
    });
    assert.deepEqual(await conditions(), []);
    await on.host.control({ command: "write-vgt", line: `${await theirDomid(on)},128,384,4` });
    await until("it is counted", async () => {
      await on.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" });
      return (await conditions()).length > 0;
    });
    assert.match((await conditions()).join(), /^CAPACITY_DISAGREES: [^,]*\(kernel ≠ vgpud: i915-GVTg_V4_8: /);
  });

  it("that somebody makes by hand take an unknown amount with kernels of 2017, which is a condition until they go", async () => {
    await using on = await startXengt(SKYLAKE, BY_AGENT);
    const conditions = async () => {
      await on.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" });
      const { gpu } = await on.rpc.call(Gpus.getGpu, { gpu: GPU });
      return roomConditions(gpu).map(({ reason, message }) => `${reason}: ${message}`);
    };
    await createOnXen(on, "desk");
    assert.deepEqual(await conditions(), []);
    await on.host.control({ command: "write-vgt", line: `${await theirDomid(on)},64,384,4` });
    await until("it is counted", async () => (await conditions()).length > 0);
    const theirs = present((await on.vgpus()).find(({ domainName }) => domainName === "theirs"));
    const [condition = "", ...others] = await conditions();
    assert.deepEqual(others, []);
    assert.ok(
      condition.startsWith(`CAPACITY_DISAGREES: of vGPUs that others made (${theirs.vgpuId}) `),
      condition,
    );
    await on.asSomebodyElse(async (libvirt) => {
      await libvirt.destroyDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
    await until("it is swept", async () => (await conditions()).length === 0);
  });
});
