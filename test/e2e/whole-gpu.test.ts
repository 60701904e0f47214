// A GPU given away whole (mode gvt-d): taken from the host's driver, had by one domain at a time, and given back where that is safe.
import assert from "node:assert/strict";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import {
  GpuServiceService as Gpus,
  SetGpuModeRequest,
  type SetGpuModeResponse,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, WholeGpuHolder, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { GPU, type Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { asSomebodyElse } from "./harness/somebody-else.ts";
import { present, World } from "./harness/world.ts";

const FLEX = "0000:03:00.0";
const HOST = `
kernel: 7.1.4
gpus:
  - { address: ${GPU}, device: "3e92", aperture_mib: 512 }
  - { address: ${FLEX}, device: "56c0", aperture_mib: 4096, driver: xe, boot_vga: false }
`;

describe("a GPU given away whole, over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start(HOST);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const setMode = (gpu: string, mode: Mode): Promise<SetGpuModeResponse> =>
    world.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu, mode }));
  const shown = async (address: string): Promise<Gpu> =>
    present((await world.rpc.call(Gpus.getGpu, { gpu: address })).gpu);
  const whole = ({ vgpu }: Draft): void => {
    vgpu.want = { $case: "mode", value: Mode.GVT_D };
  };
  const destroy = async (uuid: string): Promise<void> => {
    const domain = { ref: { $case: "uuid" as const, value: uuid } };
    await world.rpc.call(Domains.destroyDomain, DestroyDomainRequest.fromPartial({ domain }));
  };

  it("is one domain's at a time, and a discrete one goes back to its driver in the end", async () => {
    const given = present((await setMode(FLEX, Mode.GVT_D)).gpu);
    assert.deepEqual([given.driver, given.whole?.free], ["vfio-pci", 1]);
    const { domain } = await world.create("desk", whole);
    const xml = await asSomebodyElse(world.libvirtSocket, async (libvirt) =>
      libvirt.domainXml(present(await libvirt.lookupDomainByName("desk"))),
    );
    assert.match(xml, /<hostdev mode=["']subsystem["'] type=["']pci["'] managed=["']no["']/);
    assert.deepEqual((await shown(FLEX)).whole?.heldBy, [WholeGpuHolder.CLAIM, WholeGpuHolder.DOMAIN]);

    await destroy(present(domain).uuid);
    const direct = await refusal(setMode(FLEX, Mode.GVT_S));
    assert.equal(direct.reason, "MODE_UNSUPPORTED");
    assert.match(direct.message, /mode auto/);
    const back = await setMode(FLEX, Mode.UNSPECIFIED);
    assert.deepEqual([back.gpu?.driver, back.gpu?.mode, back.warnings], ["xe", Mode.UNSPECIFIED, []]);
  });

  it("is not given back before the next boot when it is a processor's", async () => {
    await setMode(GPU, Mode.GVT_D);
    const { gpu, warnings } = await setMode(GPU, Mode.UNSPECIFIED);
    assert.equal(gpu?.driver, "vfio-pci");
    assert.match(warnings.join(), /stays with vfio-pci until the next boot/);
    const parked = await refusal(world.create("late", whole));
    assert.deepEqual(
      [parked.reason, (await shown(GPU)).whole?.heldBy],
      ["GPU_EXHAUSTED", [WholeGpuHolder.BOOT]],
    );
    assert.deepEqual(
      [(await shown(GPU)).whole?.usedForeign, (await refusal(setMode(GPU, Mode.GVT_S))).message],
      [
        0,
        `FAILED_PRECONDITION: GPU ${GPU} cannot be given mode gvt-s: it was given back, and vfio-pci keeps it until the next boot; boot the host`,
      ],
    );
    await world.kill();
    await world.boot();
    await world.startAgain();
    assert.deepEqual([(await shown(GPU)).driver, (await shown(GPU)).mode], ["i915", Mode.GVT_G]);
  });

  it("is given away with a warning when the host's display is on it", async () => {
    const request = SetGpuModeRequest.fromPartial({ gpu: GPU, mode: Mode.GVT_D });
    const trial = await world.rpc.call(Gpus.setGpuMode, { ...request, validateOnly: true });
    const { warnings } = await world.rpc.call(Gpus.setGpuMode, request);
    assert.match(
      warnings.join(),
      /^HOST_DISPLAY_ON_GPU: the firmware's display is on this GPU: .* another way in/,
    );
    assert.deepEqual(trial.warnings, warnings);
    assert.deepEqual((await setMode(FLEX, Mode.GVT_D)).warnings, []);
  });

  it("is taken from the host again by the first create after a boot", async () => {
    await setMode(FLEX, Mode.GVT_D);
    await world.kill();
    await world.boot();
    await world.startAgain();
    assert.equal((await shown(FLEX)).driver, "xe");
    await world.create("desk", whole);
    assert.equal((await shown(FLEX)).driver, "vfio-pci");
  });

  it("stays the host's while slices stand on it or it shows something", async () => {
    await world.create("slice");
    assert.equal((await refusal(setMode(GPU, Mode.GVT_D))).reason, "VGPU_IN_USE");
    assert.equal((await shown(GPU)).driver, "i915");
  });
});
