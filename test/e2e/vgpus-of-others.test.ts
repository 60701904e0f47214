// What others have of GPUs in the modes beside gvt-g is listed vGPU by vGPU, on KVM and under Xen, and left to them.
import assert from "node:assert/strict";
import { Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { Backend, Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import {
  AdoptVgpuRequest,
  DeleteVgpuRequest,
  ReleaseVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { ResourceKind } from "../../proto/gen/vgpud/v1/watch_service.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { cut, setMode } from "./conformance/modes.ts";
import { FLEX_HOST, GPU, SECOND_GPU, type Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { foreignXml, type ForeignDomain } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { Watching } from "./harness/watching.ts";
import { present, World } from "./harness/world.ts";

const THEIRS = "11111111-2222-4333-8444-555555555555";
const OTHERS = "11111111-2222-4333-8444-666666666666";
const LIST = { pageSize: 0, pageToken: "" };

const refOf = (vgpuId: string) => ({ ref: { $case: "vgpuId", value: vgpuId } }) as const;

describe("what others have of a GPU, over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start(FLEX_HOST);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const cutIn = async (count: number): Promise<void> => {
    await setMode(world, SECOND_GPU, Mode.SRIOV);
    await cut(world, SECOND_GPU, count);
  };
  const theirs = async (): Promise<Vgpu[]> =>
    (await world.rpc.call(Vgpus.listVgpus, LIST)).vgpus.filter(
      ({ ownership }) => ownership === Ownership.FOREIGN,
    );
  const one = (): Promise<Vgpu> => until("it is listed", async () => (await theirs())[0]);
  const start = (domain: ForeignDomain): Promise<void> =>
    world.asSomebodyElse(async (libvirt) => {
      await libvirt.startDomain(await libvirt.defineDomain(foreignXml(domain)));
    });
  const end = (name: string): Promise<void> =>
    world.asSomebodyElse(async (libvirt) => {
      const domain = present(await libvirt.lookupDomainByName(name));
      await libvirt.destroyDomain(domain);
      await libvirt.undefineDomain(domain);
    });
  const none = (): Promise<unknown> => until("none is left", async () => (await theirs()).length === 0);
  const series = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await world.scrape())?.[1]);

  it("is a vGPU for each virtual function, with its domain, and the same whoever has it", async () => {
    await cutIn(2);
    await start({ name: "theirs", uuid: THEIRS, pciFunction: 1 });
    const vgpu = await until("it runs", async () => (await theirs()).find(({ inUse }) => inUse === true));
    assert.deepEqual(
      [vgpu.gpu, vgpu.mode, vgpu.backend, vgpu.type, vgpu.present, vgpu.driver, vgpu.claimId],
      [SECOND_GPU, Mode.SRIOV, Backend.SRIOV, "vf", true, "vfio-pci", ""],
    );
    assert.deepEqual([vgpu.domainUuid, vgpu.domainName], [THEIRS, "theirs"]);
    const value = { pciAddress: "0000:03:00.1", number: 1 };
    assert.deepEqual(vgpu.backendRef?.ref, { $case: "virtualFunction", value });
    const got = await world.rpc.call(Vgpus.getVgpu, { vgpu: refOf(vgpu.vgpuId) });
    assert.deepEqual(got.vgpu, vgpu);
    const [domain] = await world.domains();
    assert.deepEqual(domain?.vgpuIds, [vgpu.vgpuId]);
    const { stdout } = await vgpuctl(world.socket, ["vgpus"]);
    assert.match(stdout, new RegExp(`^${vgpu.vgpuId} .* vf .* foreign .* yes +yes +theirs$`, "m"));
    assert.equal(await series("vgpud_vgpu_foreign"), 1);
    assert.match(
      await world.scrape(),
      new RegExp(`^vgpud_vgpu_info\\{vgpu_id="${vgpu.vgpuId}",.*backend="sriov",ownership="foreign"`, "m"),
    );
    await end("theirs");
    await none();
    await start({ name: "others", uuid: OTHERS, pciFunction: 1 });
    const again = await one();
    assert.deepEqual([again.vgpuId, again.domainName], [vgpu.vgpuId, "others"]);
  });

  it("is a vGPU for a GPU as a whole, also while its domain is off", async () => {
    await world.asSomebodyElse(async (libvirt) => {
      await libvirt.defineDomain(foreignXml({ name: "theirs", uuid: THEIRS, pciFunction: 0 }));
    });
    const vgpu = await one();
    assert.deepEqual(
      [vgpu.mode, vgpu.backend, vgpu.type, vgpu.inUse, vgpu.present, vgpu.driver, vgpu.backendRef],
      [Mode.GVT_D, Backend.PASSTHROUGH, "gpu", false, false, "xe", undefined],
    );
    await world.asSomebodyElse(async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
    const running = await until("it runs", async () => (await theirs()).find(({ present: has }) => has));
    assert.deepEqual(
      [running.vgpuId, running.inUse, running.driver, running.backendRef?.ref],
      [vgpu.vgpuId, true, "vfio-pci", { $case: "pciAddress", value: SECOND_GPU }],
    );
  });

  it("is a vGPU for each running domain that renders on one", async () => {
    const renderNode = `/dev/dri/by-path/pci-${SECOND_GPU}-render`;
    await start({ name: "theirs", uuid: THEIRS, renderNode });
    await start({ name: "others", uuid: OTHERS, renderNode });
    const seats = await until("both are listed", async () => {
      const listed = await theirs();
      return listed.length === 2 ? listed : undefined;
    });
    assert.deepEqual(
      seats.map(({ mode, type, inUse }) => [mode, type, inUse]),
      Array(2).fill([Mode.GVT_S, "seat", true]),
    );
    assert.deepEqual(seats.map(({ domainName }) => domainName).sort(), ["others", "theirs"]);
    assert.equal(new Set(seats.map(({ vgpuId }) => vgpuId)).size, 2);
    await end("others");
    assert.equal(
      (await until("one is left", async () => ((await theirs()).length === 1 ? theirs() : undefined)))[0]
        ?.domainName,
      "theirs",
    );
  });

  it("is neither deleted nor adopted nor given up, and is there after each", async () => {
    await cutIn(1);
    await start({ name: "theirs", uuid: THEIRS, pciFunction: 1 });
    const { vgpuId } = await one();
    const adopt = AdoptVgpuRequest.fromPartial({ vgpuId, claimId: "mine", withDomain: true });
    const adopted = await refusal(world.rpc.call(Vgpus.adoptVgpu, adopt));
    assert.deepEqual([adopted.code, adopted.reason], ["FAILED_PRECONDITION", "MODE_UNSUPPORTED"]);
    assert.match(adopted.message, /domain theirs .* has it: only slices of mode gvt-g can be taken over/);
    const vgpu = refOf(vgpuId);
    for (const call of [
      world.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu })),
      world.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu, allowMissing: true })),
      world.rpc.call(Vgpus.releaseVgpu, ReleaseVgpuRequest.fromPartial({ vgpu })),
    ])
      assert.equal((await refusal(call)).reason, "CLAIM_STATE");
    assert.equal((await one()).inUse, true);
  });

  it("is what was vgpud's, once that has given it up", async () => {
    await cutIn(1);
    const vf = ({ vgpu }: Draft): void => {
      vgpu.want = { $case: "mode", value: Mode.SRIOV };
    };
    const { domain } = await world.create("desk", vf);
    const vgpu = refOf(present(domain?.vgpuIds[0]));
    const given = await world.rpc.call(Vgpus.releaseVgpu, ReleaseVgpuRequest.fromPartial({ vgpu }));
    assert.deepEqual([given.vgpu?.ownership, given.vgpu?.domainName], [Ownership.FOREIGN, "desk"]);
    assert.deepEqual(await theirs(), [given.vgpu]);
  });

  it("is not told to have gone while libvirt is away, and a list says what it lacks then", async () => {
    await cutIn(1);
    await start({ name: "theirs", uuid: THEIRS, pciFunction: 1 });
    await start({ name: "others", uuid: OTHERS, renderNode: `/dev/dri/by-path/pci-${SECOND_GPU}-render` });
    await until("both are listed", async () => (await theirs()).length === 2);
    using watching = await new Watching(world.socket, { kinds: [ResourceKind.VGPU] }).synced();
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    const away = await until("libvirt is missed", async () => {
      const list = await world.rpc.call(Vgpus.listVgpus, LIST);
      return list.incomplete && list;
    });
    assert.equal(away.incomplete?.reason, "LIBVIRT_UNAVAILABLE");
    assert.deepEqual(
      away.vgpus.map(({ type, driver, inUse, domainName }) => [type, driver, inUse, domainName]),
      [["vf", "vfio-pci", undefined, ""]],
    );
    const { stderr } = await vgpuctl(world.socket, ["vgpus"]);
    assert.match(stderr, /^warning: without those that only domains of others tell of: /m);
    await watching.until(() => watching.told.filter((line) => line.startsWith("MODIFIED vgpu")).length === 2);
    await world.clearFaults();
    await until("both are listed again", async () => (await theirs()).length === 2);
    assert.ok(!watching.told.some((line) => line.startsWith("DELETED")), watching.told.join("\n"));
    await end("others");
    await watching.until(() => watching.told.some((line) => line.startsWith("DELETED")));
  });
});

describe("what others have of a GPU under Xen, over the wire", function () {
  this.timeout(60_000);

  it("is a vGPU of a guest of xl's, and of whoever pciback keeps one for", async () => {
    const guest = `{ name: theirs, uuid: ${THEIRS}, pci: ["${SECOND_GPU}"] }`;
    const host = `
kernel: 7.1.4
hypervisor: xen
gpus:
  - { address: "${GPU}", device: "46a6", aperture_mib: 512 }
  - { address: "${SECOND_GPU}", device: "56c0", aperture_mib: 4096, driver: pciback, boot_vga: false }
xl_guests: [${guest}]
`;
    await using on = await World.start(host, {}, { libvirtUri: "xen:///system" });
    const [vgpu] = await on.vgpus();
    assert.deepEqual(
      [vgpu?.ownership, vgpu?.mode, vgpu?.domainUuid, vgpu?.domainName, vgpu?.inUse, vgpu?.driver],
      [Ownership.FOREIGN, Mode.GVT_D, THEIRS, "theirs", true, "pciback"],
    );
    await on.host.control({ command: "xl-destroy", name: "theirs" });
    // Xen tells nobody: it is seen by the next look, as before whatever is asked for.
    const remove = DeleteVgpuRequest.fromPartial({ vgpu: refOf(present(vgpu).vgpuId) });
    assert.equal((await refusal(on.rpc.call(Vgpus.deleteVgpu, remove))).reason, "CLAIM_STATE");
    const kept = present((await on.vgpus())[0]);
    assert.deepEqual(
      [kept.vgpuId, kept.domainName, kept.present, kept.driver],
      [vgpu?.vgpuId, "", true, "pciback"],
    );
    const { stdout } = await vgpuctl(on.socket, ["vgpus", kept.vgpuId]);
    assert.match(stdout, /^driver: +pciback$/m);
  });
});
