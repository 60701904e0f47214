// GPUs and virtual functions given to guests of Xen, by pciback: which keeps what it had, whoever gives it back, unless it is told.
import assert from "node:assert/strict";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { IgdOptions, XenGuestType } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { GpuServiceService as Gpus, SetGpuModeRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, WholeGpuHolder, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { cut, setMode } from "./conformance/modes.ts";
import { GPU, SECOND_GPU, fullDraft, type Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const THEIRS = "7d1f0a44-5b8e-4a0c-9f0b-000000000007";
const XEN = "xen:///system";
const HOST = `
kernel: 7.1.4
hypervisor: xen
gpus:
  - { address: "${GPU}", device: "46a6", aperture_mib: 512 }
  - { address: "${SECOND_GPU}", device: "56c0", aperture_mib: 4096, driver: xe, boot_vga: false, total_vfs: 7 }
`;

describe("GPUs and virtual functions of a Xen host, over the wire", function () {
  this.timeout(60_000);
  let world: World | undefined;
  afterEach(async () => {
    await world?.[Symbol.asyncDispose]();
    world = undefined;
  });

  const begin = async (yaml = HOST): Promise<World> => {
    world = await World.start(yaml, {}, { libvirtUri: XEN });
    return world;
  };
  const shown = async (on: World, address = SECOND_GPU): Promise<Gpu> =>
    present((await on.rpc.call(Gpus.getGpu, { gpu: address })).gpu);
  const drivers = async (on: World): Promise<string[]> =>
    ((await shown(on)).virtualFunctions?.functions ?? []).map(({ driver }) => driver);
  /** Without a disk, which several can have only read-only, and an HVM guest not so. */
  const asking =
    (mode: Mode, more: (draft: Draft) => void = () => undefined) =>
    (draft: Draft): void => {
      draft.spec.disks = [];
      draft.spec.boot = booting(draft.spec.name);
      draft.vgpu.want = { $case: "mode", value: mode };
      draft.vgpu.gpu = SECOND_GPU;
      more(draft);
    };
  const booting = (name: string): Draft["spec"]["boot"] => fullDraft(present(world).images, name).spec.boot;
  const destroy = async (on: World, uuid: string): Promise<void> => {
    const domain = { ref: { $case: "uuid" as const, value: uuid } };
    const gracePeriod = { seconds: 0n, nanos: 0 };
    await on.rpc.call(Domains.destroyDomain, DestroyDomainRequest.fromPartial({ domain, gracePeriod }));
  };

  it("give a whole one to a guest at a time, and in the end to the driver that it had", async () => {
    const on = await begin();
    await setMode(on, SECOND_GPU, Mode.GVT_D);
    assert.equal((await shown(on)).driver, "pciback");
    const { domain } = await on.create("desk", asking(Mode.GVT_D));
    const xml = await on.asSomebodyElse(async (libvirt) =>
      libvirt.domainXml(present(await libvirt.lookupDomainByName("desk"))),
    );
    assert.match(xml, /<hostdev mode=["']subsystem["'] type=["']pci["'] managed=["']no["']/);
    assert.deepEqual((await shown(on)).whole?.heldBy, [WholeGpuHolder.CLAIM, WholeGpuHolder.DOMAIN]);
    assert.equal((await refusal(setMode(on, SECOND_GPU, Mode.UNSPECIFIED))).reason, "VGPU_IN_USE");
    assert.equal((await refusal(on.create("late", asking(Mode.GVT_D)))).code, "RESOURCE_EXHAUSTED");

    await destroy(on, present(domain).uuid);
    assert.deepEqual([(await shown(on)).driver, (await shown(on)).whole?.free], ["pciback", 1]);
    await setMode(on, SECOND_GPU, Mode.UNSPECIFIED);
    assert.equal((await shown(on)).driver, "xe");
  });

  it("give a virtual one to each of several guests, and have it without a driver when those are destroyed", async () => {
    const on = await begin();
    await setMode(on, SECOND_GPU, Mode.SRIOV);
    await cut(on, SECOND_GPU, 3);
    const one = await on.create("one", asking(Mode.SRIOV));
    const two = await on.create("two", asking(Mode.SRIOV));
    assert.deepEqual(await drivers(on), ["pciback", "pciback", ""]);
    assert.equal((await refusal(cut(on, SECOND_GPU, 0))).reason, "VGPU_IN_USE");
    for (const { domain } of [one, two]) await destroy(on, present(domain).uuid);
    assert.deepEqual(await drivers(on), ["", "", ""]);
    await cut(on, SECOND_GPU, 0);
    await setMode(on, SECOND_GPU, Mode.UNSPECIFIED);
    assert.deepEqual([await drivers(on), (await shown(on)).driver], [[], "xe"]);
  });

  it("are guests' still when vgpud comes again, and after a boot", async () => {
    const on = await begin();
    await setMode(on, SECOND_GPU, Mode.SRIOV);
    await cut(on, SECOND_GPU, 2);
    const { domain } = await on.create("desk", asking(Mode.SRIOV));
    await on.kill();
    await on.startAgain();
    assert.deepEqual(await drivers(on), ["pciback", ""]);
    assert.equal((await refusal(cut(on, SECOND_GPU, 0))).reason, "VGPU_IN_USE");
    await on.kill();
    await on.boot();
    await on.startAgain();
    await until("the guest's function is there again", async () => (await drivers(on))[0] === "pciback");
    assert.deepEqual(await drivers(on), ["pciback", ""]);
    await destroy(on, present(domain).uuid);
    assert.deepEqual(await drivers(on), ["", ""]);
  });

  it("are taken from the host again by the first create after a boot when they are given away whole", async () => {
    const on = await begin();
    await setMode(on, SECOND_GPU, Mode.GVT_D);
    await on.kill();
    await on.boot();
    await on.startAgain();
    assert.equal((await shown(on)).driver, "xe");
    await on.create("desk", asking(Mode.GVT_D));
    assert.equal((await shown(on)).driver, "pciback");
  });

  it("are refused by name to those guests that cannot have them", async () => {
    const on = await begin();
    await setMode(on, SECOND_GPU, Mode.GVT_D);
    const pvh = asking(Mode.GVT_D, (draft) => {
      draft.spec.xenGuestType = XenGuestType.PVH;
    });
    const toPvh = await refusal(on.create("pvh", pvh));
    assert.deepEqual([toPvh.reason, toPvh.fields], ["FIELD_NOT_SUPPORTED_HERE", ["domain.xen_guest_type"]]);
    const igd = await refusal(
      on.create(
        "igd",
        asking(Mode.GVT_D, ({ spec }) => (spec.igd = IgdOptions.fromPartial({}))),
      ),
    );
    assert.deepEqual([igd.reason, igd.fields], ["FIELD_NOT_SUPPORTED_HERE", ["domain.igd"]]);
    assert.match(igd.message, /gfx_passthru/);
    assert.equal((await shown(on)).whole?.free, 1);
  });

  it("are a PV guest's alone when they are a processor's graphics, for which libvirt lacks a word", async () => {
    const on = await begin();
    await setMode(on, GPU, Mode.GVT_D);
    const graphics = asking(Mode.GVT_D, ({ vgpu }) => (vgpu.gpu = GPU));
    const toHvm = await refusal(on.create("hvm", graphics));
    assert.deepEqual([toHvm.reason, toHvm.fields], ["FIELD_NOT_SUPPORTED_HERE", ["domain.xen_guest_type"]]);
    assert.match(toHvm.message, /gfx_passthru, which libvirt's driver for Xen cannot say; use PV/);
    const pv = asking(Mode.GVT_D, (draft) => {
      draft.vgpu.gpu = GPU;
      draft.spec.xenGuestType = XenGuestType.PV;
    });
    await on.create("pv", pv);
    assert.equal((await shown(on, GPU)).whole?.usedOwn, 1);
  });

  it("are chosen for a guest that can have them, whichever comes first", async () => {
    const on = await begin();
    for (const gpu of [GPU, SECOND_GPU]) await setMode(on, gpu, Mode.GVT_D);
    const anyGpu = asking(Mode.GVT_D, ({ vgpu }) => (vgpu.gpu = ""));
    const request = { claimId: "held", ttl: { seconds: 60n, nanos: 0 } };
    const held = await on.rpc.call(
      Reservations.createReservation,
      CreateReservationRequest.fromPartial({
        ...request,
        vgpu: { want: { $case: "mode", value: Mode.GVT_D }, gpu: "" },
      }),
    );
    // Whose guest it will be nobody knows.
    assert.deepEqual([held.decision?.gpu, held.decision?.warnings], [SECOND_GPU, []]);
    await on.rpc.call(Reservations.releaseReservation, { claimId: "held" });
    const { decision } = await on.create("hvm", anyGpu);
    assert.equal(decision?.gpu, SECOND_GPU);
    assert.equal(present(decision.candidates[0]).reason, "FIELD_NOT_SUPPORTED_HERE");
    // Where the other is taken that is why; one of them comes back, the other does not become one that can be had.
    const full = await refusal(on.create("late", anyGpu));
    assert.deepEqual([full.code, full.reason], ["RESOURCE_EXHAUSTED", "GPU_EXHAUSTED"]);
    const left = await on.rpc.call(
      Reservations.createReservation,
      CreateReservationRequest.fromPartial({
        ...request,
        claimId: "left",
        vgpu: { want: { $case: "mode", value: Mode.GVT_D }, gpu: "" },
      }),
    );
    assert.match(present(left.decision).warnings.join(), /no HVM guest that libvirt makes can have/);
  });

  it("stay the host's where Xen's driver is not loaded, which is said", async () => {
    const on = await begin(`${HOST}pciback: false\n`);
    const { reason, message } = await refusal(setMode(on, SECOND_GPU, Mode.GVT_D));
    assert.equal(reason, "MODE_UNSUPPORTED");
    assert.match(message, /XEN_PCIBACK_MISSING: xen-pciback is not loaded/);
    assert.equal((await shown(on)).driver, "xe");
  });

  it("stay with pciback when others could not be started with them", async () => {
    const on = await begin();
    const theirs = foreignXml({ name: "theirs", uuid: THEIRS, pciFunction: 0 }, XEN);
    const pvh = theirs.replace(">hvm<", ">xenpvh<");
    await on.asSomebodyElse(async (libvirt) => {
      const domain = await libvirt.defineDomain(pvh);
      await assert.rejects(libvirt.startDomain(domain), /libxenlight failed to create new domain 'theirs'/);
      await libvirt.undefineDomain(domain);
    });
    await until("pciback has it", async () => (await shown(on)).driver === "pciback");
    await setMode(on, SECOND_GPU, Mode.GVT_D);
    const back = SetGpuModeRequest.fromPartial({ gpu: SECOND_GPU, mode: Mode.UNSPECIFIED });
    const { gpu, warnings } = await on.rpc.call(Gpus.setGpuMode, back);
    assert.equal(gpu?.driver, "pciback");
    assert.match(warnings.join(), /which driver of the host's it had is not known/);
  });

  it("stay with pciback when others have had them by libvirt", async () => {
    const on = await begin();
    const theirs = foreignXml({ name: "theirs", uuid: THEIRS, pciFunction: 0 }, XEN);
    await on.asSomebodyElse(async (libvirt) => {
      const domain = await libvirt.defineDomain(theirs);
      await libvirt.startDomain(domain);
    });
    await until("their guest is seen", async () => (await shown(on)).whole?.usedForeign === 1);
    assert.equal((await refusal(setMode(on, SECOND_GPU, Mode.GVT_D))).reason, "VGPU_IN_USE");
    await on.asSomebodyElse(async (libvirt) => {
      const domain = present(await libvirt.lookupDomainByName("theirs"));
      await libvirt.destroyDomain(domain);
      await libvirt.undefineDomain(domain);
    });
    await until("nobody has it", async () => {
      const { driver, whole } = await shown(on);
      const [holder, ...others] = whole?.heldBy ?? [];
      return driver === "pciback" && holder === WholeGpuHolder.DRIVER && others.length === 0;
    });
    assert.equal((await refusal(on.create("early", asking(Mode.GVT_D)))).code, "RESOURCE_EXHAUSTED");
    await setMode(on, SECOND_GPU, Mode.GVT_D);
    await on.create("desk", asking(Mode.GVT_D));
    assert.deepEqual((await shown(on)).whole?.heldBy, [WholeGpuHolder.CLAIM, WholeGpuHolder.DOMAIN]);
  });

  it("are not taken from a guest of xl's that has one", async () => {
    const guest = `{ name: theirs, uuid: ${THEIRS}, pci: ["${SECOND_GPU}"] }`;
    const on = await begin(`${HOST.replace("driver: xe", "driver: pciback")}xl_guests: [${guest}]\n`);
    const taken = await refusal(setMode(on, SECOND_GPU, Mode.GVT_D));
    assert.equal(taken.reason, "VGPU_IN_USE");
    assert.match(taken.message, /theirs/);
    await on.host.control({ command: "xl-destroy", name: "theirs" });
    await setMode(on, SECOND_GPU, Mode.GVT_D);
    await on.create("desk", asking(Mode.GVT_D));
    assert.equal((await shown(on)).whole?.usedOwn, 1);
  });
});
