// Domains that render on a GPU's own node (mode gvt-s), from the change of the mode to what is left at the end.
import assert from "node:assert/strict";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { Graphics, VgpuDisplay } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { GpuServiceService as Gpus, SetGpuModeRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import type { Draft } from "./harness/requests.ts";
import { GPU } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { SimulatedAgent } from "./harness/simulated-agent.ts";
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

  it("has what it uses of the GPU counted, whoever made it, from one scrape to the next", async () => {
    await setMode(Mode.GVT_S);
    await world.create("desk", seat);
    const [desk] = (await world.domains()).filter(({ name }) => name === "desk");
    const labels = `domain_uuid="${present(desk).uuid}",pci_address="${GPU}"`;
    const used = async (): Promise<number> => {
      const series = `\nvgpud_domain_gpu_engine_seconds_total{${labels},engine="render"} `;
      return Number((await world.scrape()).split(series)[1]?.split("\n")[0] ?? NaN);
    };
    const before = await until("it is counted", async () => (await used()) || undefined);
    await until("it grows", async () => (await used()) > before);
    assert.match(await world.scrape(), /^vgpud_scrape_collector_success\{collector="domain_gpu"\} 1$/m);
    assert.match(
      await world.scrape(),
      new RegExp(`^vgpud_domain_gpu_memory_resident_bytes\\{${labels},region="system0"\\} [1-9]`, "m"),
    );
    const all = { pageSize: 0, pageToken: "", withUsage: true };
    const listed = (await world.rpc.call(Domains.listDomains, all)).domains;
    const [usage] = present(listed.find(({ name }) => name === "desk")?.usage).gpus;
    assert.deepEqual([usage?.gpu, usage?.memory.map(({ region }) => region)], [GPU, ["system0"]]);
    const { seconds, nanos } = present(usage?.engines.find(({ engine }) => engine === "render")?.busyTime);
    assert.ok(Number(seconds) + nanos / 1e9 > before);
    const asked = { domain: { ref: { $case: "name", value: "desk" } } } as const;
    const one = await world.rpc.call(Domains.getDomain, { ...asked, withUsage: true });
    assert.deepEqual(
      present(one.domain?.usage).gpus.map((of) => [of.gpu, of.engines.length > 0]),
      [[GPU, true]],
    );
    const unasked = await world.rpc.call(Domains.getDomain, { ...asked, withUsage: false });
    assert.equal(unasked.domain?.usage, undefined);
    const { stdout } = await vgpuctl(world.socket, ["domains", "desk"]);
    assert.match(stdout, new RegExp(`^uses ${GPU}: +render [0-9.]+ s, .*[1-9][0-9]* MiB in system0$`, "m"));
    await world.setFaults({ kind: "HOSTD_GONE" });
    await until("hostd is missed", async () =>
      /^vgpud_scrape_collector_success\{collector="domain_gpu"\} 0$/m.test(await world.scrape()),
    );
    assert.ok(Number.isNaN(await used()));
    await world.clearFaults();
    await until("it is counted again", async () => (await used()) > before);
    await world.destroy("desk", { gracePeriod: { seconds: 0n, nanos: 0 } });
    await until("nothing is left of it", async () => Number.isNaN(await used()));
    assert.match(await world.scrape(), /^vgpud_scrape_collector_success\{collector="domain_gpu"\} 1$/m);
  });

  it("is counted of xe in shares of its cycles, and of no GPU that guests have to themselves", async () => {
    await using other = await World.start("gpus: [{ address: 0000:03:00.0, device: '56c0', driver: xe }]");
    const mode = SetGpuModeRequest.fromPartial({ gpu: "0000:03:00.0", mode: Mode.GVT_S });
    await other.rpc.call(Gpus.setGpuMode, mode);
    await other.create("desk", seat);
    const RENDER =
      /^vgpud_domain_gpu_engine_seconds_total\{.*pci_address="0000:03:00.0",engine="render"\} ([0-9.e-]+)$/m;
    await until("it is counted", async () => Number(RENDER.exec(await other.scrape())?.[1] ?? 0) > 0);
    await world.create("slice");
    assert.doesNotMatch(await world.scrape(), /^vgpud_domain_gpu_/m);
  });

  it("is refused before libvirt hears of it where QEMU cannot render, as the diagnosis says", async () => {
    await using other = await World.start("qemu_opengl: false");
    const mode = SetGpuModeRequest.fromPartial({ gpu: GPU, mode: Mode.GVT_S });
    const unfit = await refusal(other.rpc.call(Gpus.setGpuMode, mode));
    assert.equal(unfit.reason, "MODE_UNSUPPORTED");
    assert.match(
      unfit.message,
      /QEMU_WITHOUT_OPENGL: .* does not offer guests <graphics type='egl-headless'>/,
    );
    const { stdout } = await vgpuctl(other.socket, ["doctor", "--mode", "gvt-s"]);
    assert.match(stdout, /apt install qemu-system-gui/);
  });

  it("is refused, and nothing is left of it, where QEMU has lost what it renders with", async () => {
    await using agent = await SimulatedAgent.start();
    const mode = SetGpuModeRequest.fromPartial({ gpu: GPU, mode: Mode.GVT_S });
    await agent.rpc.call(Gpus.setGpuMode, mode);
    await agent.loadHost("qemu_opengl: false");
    const refused = await until("libvirt has said what it offers", async () => {
      const error = await refusal(agent.create("desk", seat));
      return error.reason === "LIBVIRT_UNAVAILABLE" ? undefined : error;
    });
    assert.equal(refused.reason, "QEMU_WITHOUT_OPENGL", refused.message);
    assert.match(refused.message, /libvirt does not offer <graphics type='egl-headless'>/);
    assert.deepEqual(await agent.vgpus(), []);
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

  it("prefers the size that is asked for, which is told of it afterwards", async () => {
    await setMode(Mode.GVT_S);
    const { domain } = await world.create("lab", (draft) => {
      seat(draft);
      draft.spec.graphics = Graphics.fromPartial({ vnc: {} });
      draft.spec.vgpuDisplay = VgpuDisplay.fromPartial({ width: 1920, height: 1080 });
    });
    assert.match(await definitionOf("lab"), /<resolution x=["']1920["'] y=["']1080["']\/>/);
    const { width, height } = present(domain?.spec?.vgpuDisplay);
    assert.deepEqual([width, height], [1920, 1080]);
  });
});
