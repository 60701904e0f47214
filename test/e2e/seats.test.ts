// Domains that render on a GPU's own node (mode gvt-s), from the change of the mode to what is left at the end.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { Graphics, VgpuDisplay } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { GpuServiceService as Gpus, SetGpuModeRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Backend, Mode, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
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
  const vgpus = async (): Promise<Vgpu[]> =>
    (await world.rpc.call(Vgpus.listVgpus, { pageSize: 0, pageToken: "" })).vgpus;
  const definitionOf = (name: string): Promise<string> =>
    asSomebodyElse(world.host.libvirtSocket, async (libvirt) =>
      libvirt.domainXml(present(await libvirt.lookupDomainByName(name))),
    );
  const destroy = async (uuid: string): Promise<void> => {
    const domain = { ref: { $case: "uuid" as const, value: uuid } };
    await world.rpc.call(Domains.destroyDomain, DestroyDomainRequest.fromPartial({ domain }));
  };

  it("is made once its GPU is in the mode, has a virtio-gpu on the GPU's node, and leaves nothing", async () => {
    const refused = await refusal(world.create("early", seat));
    assert.deepEqual([refused.code, refused.reason], ["FAILED_PRECONDITION", "MODE_UNSUPPORTED"]);

    const shared = await setMode(Mode.GVT_S);
    assert.deepEqual([shared.mode, shared.backend, shared.seats?.total], [Mode.GVT_S, Backend.VIRGL, 2]);
    assert.deepEqual(
      shared.types.map(({ name, allocatable, mode }) => [name, allocatable, mode]),
      [["seat", 2, Mode.GVT_S]],
    );

    const { domain, decision } = await world.create("desk", seat);
    assert.deepEqual([decision?.gpu, decision?.type, decision?.backend], [GPU, "seat", Backend.VIRGL]);
    const xml = await definitionOf("desk");
    assert.match(xml, new RegExp(`rendernode=["']/dev/dri/by-path/pci-${GPU}-render["']`));
    assert.match(xml, /<acceleration accel3d=["']yes["']/);
    assert.doesNotMatch(xml, /<hostdev/);
    const [made, ...others] = await vgpus();
    assert.deepEqual(
      [
        made?.type,
        made?.mode,
        made?.present,
        made?.inUse,
        made?.domainName,
        made?.backendRef?.ref?.$case,
        others,
      ],
      ["seat", Mode.GVT_S, true, true, "desk", "renderNode", []],
    );
    assert.deepEqual((await world.truth()).mdevs, []);

    await destroy(present(domain).uuid);
    assert.deepEqual([await vgpus(), (await gpu()).types[0]?.allocatable], [[], 2]);
  });

  it("is refused when the seats of the GPU are taken, and goes on after the agent was killed and the host booted", async () => {
    await setMode(Mode.GVT_S);
    const { domain } = await world.create("desk", seat);
    await world.create("lab", seat);
    const full = await refusal(world.create("late", seat));
    assert.deepEqual([full.code, full.reason], ["RESOURCE_EXHAUSTED", "SEATS_EXHAUSTED"]);

    await world.kill();
    await world.startAgain();
    assert.deepEqual(
      (await vgpus()).map(({ domainName, claimState }) => [domainName, claimState]).sort(),
      [
        ["desk", ClaimState.ACTIVE],
        ["lab", ClaimState.ACTIVE],
      ].sort(),
    );
    assert.equal((await gpu()).mode, Mode.GVT_S);
    await destroy(present(domain).uuid);
    await world.create("late", seat);
  });

  it("keeps its GPU in the mode while it lives, running or not", async () => {
    await setMode(Mode.GVT_S);
    const { domain } = await world.create("desk", seat);
    const kept = await refusal(setMode(Mode.GVT_G));
    assert.deepEqual([kept.code, kept.reason], ["FAILED_PRECONDITION", "VGPU_IN_USE"]);
    assert.match(kept.message, /domain desk \(claim claim-desk\)/);
    const slices = await refusal(world.create("slice"));
    assert.equal(slices.reason, "MODE_UNSUPPORTED");
    await destroy(present(domain).uuid);
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
