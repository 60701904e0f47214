// Domains that render on a GPU's own node (mode gvt-s), from the change of the mode to what is left at the end.
import assert from "node:assert/strict";
import { Graphics, VgpuDisplay } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { GpuServiceService as Gpus, SetGpuModeRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import type { Draft } from "./harness/requests.ts";
import { GPU } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

describe("a domain that renders on the host's GPU, over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start("", {}, { limits: "{ render_seats: 2 }" });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const setMode = async (mode: Mode, given: Partial<SetGpuModeRequest> = {}): Promise<Gpu> =>
    present(
      (await world.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu: GPU, mode, ...given })))
        .gpu,
    );
  const gpu = async (): Promise<Gpu> => present((await world.rpc.call(Gpus.getGpu, { gpu: GPU })).gpu);
  const seat = ({ vgpu }: Draft): void => {
    vgpu.want = { $case: "mode", value: Mode.GVT_S };
  };
  const definitionOf = (name: string): Promise<string> =>
    asSomebodyElse(world.host.libvirtSocket, async (libvirt) =>
      libvirt.domainXml(present(await libvirt.lookupDomainByName(name))),
    );

  it("has a virtio-gpu on the GPU's node, and nothing is in the kernel for it", async () => {
    await setMode(Mode.GVT_S);
    await world.create("desk", seat);
    const xml = await definitionOf("desk");
    assert.match(xml, new RegExp(`rendernode=["']/dev/dri/by-path/pci-${GPU}-render["']`));
    assert.match(xml, /<acceleration accel3d=["']yes["']/);
    assert.doesNotMatch(xml, /<hostdev/);
    const [made] = await world.vgpus();
    assert.equal(made?.backendRef?.ref?.$case, "renderNode");
    assert.deepEqual((await world.truth()).mdevs, []);
  });

  it("leaves a GPU behind that may be given another mode, which a dry run does not", async () => {
    await setMode(Mode.GVT_S);
    await world.create("desk", seat);
    assert.equal((await refusal(setMode(Mode.GVT_G, { validateOnly: true }))).reason, "VGPU_IN_USE");
    await world.destroy("desk", { gracePeriod: { seconds: 0n, nanos: 0 } });
    await setMode(Mode.GVT_G, { validateOnly: true });
    assert.equal((await gpu()).mode, Mode.GVT_S);
    await setMode(Mode.GVT_G);
    await world.create("slice");
  });

  it("may be somebody else's, by what vgpuctl prints for the GPU, and then takes a seat, too", async () => {
    await setMode(Mode.GVT_S);
    const { stdout, stderr } = await vgpuctl(world.socket, ["snippet", "libvirt", GPU]);
    assert.equal(stderr, "");
    const bare = foreignXml({ name: "theirs", uuid: "11111111-2222-4333-8444-555555555555" });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      const xml = bare.replace("</devices>", `${stdout}</devices>`);
      await libvirt.startDomain(await libvirt.defineDomain(xml));
    });
    await until("it is counted", async () => (await gpu()).seats?.usedForeign === 1);
  });

  it("is asked in no mode that the GPU cannot have, nor of a GPU that is not there", async () => {
    assert.equal((await refusal(setMode(Mode.SRIOV))).reason, "MODE_UNSUPPORTED");
    assert.equal((await refusal(setMode(Mode.GVT_S, { gpu: "0000:7f:00.0" }))).reason, "GPU_NOT_FOUND");
  });

  it("is shown on its consoles as it is, and takes none of what goes with a slice's screen", async () => {
    await setMode(Mode.GVT_S);
    const graphics = Graphics.fromPartial({ vnc: { listen: "127.0.0.1" } });
    await world.create("desk", (draft) => {
      seat(draft);
      draft.spec.graphics = graphics;
    });
    assert.match(await definitionOf("desk"), /<graphics type=["']vnc["']/);
    const refused = await refusal(
      world.create("lab", (draft) => {
        seat(draft);
        draft.spec.graphics = graphics;
        draft.spec.vgpuDisplay = VgpuDisplay.fromPartial({ ramfb: true });
      }),
    );
    assert.deepEqual(
      [refused.reason, refused.field],
      ["FIELD_NOT_SUPPORTED_HERE", "domain.vgpu_display.ramfb"],
    );
  });
});
