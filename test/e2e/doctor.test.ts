// The diagnosis of simulated hosts, asked of a real agent by vgpuctl and by the contract.
import assert from "node:assert/strict";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { exitCodes } from "../../agent/cli/errors/exit-codes.ts";
import { vgpuctl, type Ran } from "../unit/cli/vgpuctl.ts";
import { Rpc, RpcError } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

const IGD = "0000:00:02.0";
const gvtOff = `enable_gvt: false\ngpus:\n  - { address: "${IGD}", device: "3e92" }\n`;
const rocketLake = `gpus:\n  - { address: "${IGD}", device: "4c8a", aperture_mib: 256 }\n`;

const doctor = (world: World, ...argv: readonly string[]): Promise<Ran> =>
  vgpuctl(world.socket, ["doctor", ...argv]);

/** Once the agent has libvirt's version. */
async function settled(world: World): Promise<void> {
  await world.sawLibvirt();
  await until("libvirt has said what it is", async () => {
    const { libvirt } = await world.shownHost();
    return libvirt?.version !== "";
  });
}

describe("vgpuctl doctor", () => {
  it("finds nothing in the way of slices on a host that makes them", async () => {
    await using world = await World.start();
    await settled(world);
    const { stdout, exitCode } = await doctor(world, "--mode", "gvt-g");
    assert.equal(exitCode, exitCodes.ok, stdout);
    assert.match(stdout, /0000:00:02\.0 {2}gvt-g {2}kvmgt +yes/);
    assert.doesNotMatch(stdout, /^(ERROR|WARNING)/m);
  });

  it("is of one mind with the list of GPUs as soon as libvirt has said what it is", async () => {
    await using world = await World.start();
    await settled(world);
    await until("the list tells that slices can be made", async () => {
      const [gpu] = await world.gpus();
      return gpu?.modes.some(({ mode, available }) => mode === Mode.GVT_G && available) === true;
    });
  });

  it("says of a host that could, why it does not, and so do the list of GPUs and the metrics", async () => {
    await using world = await World.start(gvtOff);
    const { stdout, exitCode } = await doctor(world, "--mode", "gvt-g");
    assert.equal(exitCode, exitCodes.unfit);
    assert.match(stdout, /ERROR {4}GVT_DISABLED\n {2}i915\.enable_gvt is N/);
    await until("the diagnosis is part of what is listed", async () => {
      const [gpu] = await world.gpus();
      return gpu?.modes.some(({ reason }) => reason === "GVT_DISABLED") === true;
    });
    const scrape = await world.scrape();
    assert.match(scrape, /^vgpud_host_check_status\{check="GVT_DISABLED",status="fail"\} 1$/m);
    assert.match(scrape, /^vgpud_gpu_mode_available\{pci_address="0000:00:02\.0",mode="gvt-g"\} 0$/m);
  });

  it("tells a platform without GVT-g what it can do instead, in the language asked for", async () => {
    await using world = await World.start(rocketLake);
    const english = await doctor(world, "--mode", "gvt-g");
    assert.match(english.stdout, /GVT-g does not drive Rocket Lake/);
    const chinese = await doctor(world, "--mode", "gvt-g", "--lang", "zh-Hans");
    assert.match(chinese.stdout, /GVT-g 不支持 Rocket Lake/);
    assert.equal(chinese.exitCode, exitCodes.unfit);
  });

  it("refuses a GPU that the host does not have, by the flag that named it", async () => {
    await using world = await World.start();
    const { stderr, exitCode } = await doctor(world, "--gpu", "0000:09:00.0");
    assert.equal(exitCode, exitCodes.failure);
    assert.match(stderr, /this host has no Intel GPU 0000:09:00\.0 \[GPU_NOT_FOUND\]/);
  });
});

describe("Diagnose", () => {
  it("sees what has changed since the last time, and since when it is so", async () => {
    await using world = await World.start();
    await settled(world);
    using rpc = new Rpc(world.socket);
    const ask = () => rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({ mode: Mode.GVT_G, gpu: IGD }));
    const before = await ask();
    const reachable = before.conditions.find(({ reason }) => reason === "LIBVIRT_UNAVAILABLE");
    assert.equal(reachable?.status, "CONDITION_STATUS_PASS");
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    await until("libvirt is missed", async () => (await world.shownHost()).libvirt?.connected === false);
    const after = await ask();
    const away = after.conditions.find(({ reason }) => reason === "LIBVIRT_UNAVAILABLE");
    assert.equal(away?.status, "CONDITION_STATUS_FAIL");
    assert.ok((away.changeTime ?? 0) > (reachable.changeTime ?? 0));
    const version = after.conditions.find(({ reason }) => reason === "LIBVIRT_TOO_OLD");
    assert.deepEqual(
      [version?.status, version?.dependsOn],
      ["CONDITION_STATUS_NOT_APPLICABLE", ["LIBVIRT_UNAVAILABLE"]],
    );
  });

  it("refuses what is no address, by its field", async () => {
    await using world = await World.start();
    using rpc = new Rpc(world.socket);
    await assert.rejects(
      rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({ gpu: "card0" })),
      (error: unknown) =>
        error instanceof RpcError && error.reason === "FIELD_INVALID" && error.field === "gpu",
    );
  });
});
