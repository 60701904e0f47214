// SimulatorService: the simulated host played with through the API, its refusals, and that a real host does not have it.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import {
  FaultKind,
  SimulatorServiceService as Simulator,
} from "../../proto/gen/vgpud/v1/simulator_service.ts";
import { GPU } from "./harness/requests.ts";
import { refusal, Rpc } from "./harness/rpc.ts";
import { SimulatedAgent, type FaultFields } from "./harness/simulated-agent.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

const kind = (name: Exclude<keyof typeof FaultKind, "UNRECOGNIZED">): Pick<FaultFields & object, "kind"> => ({
  kind: FaultKind[name],
});
const seconds = (value: number): FaultFields => ({ delay: { seconds: BigInt(value), nanos: 0 } });

describe("SimulatorService", () => {
  let agent: SimulatedAgent;
  before(async () => {
    agent = await SimulatedAgent.start("nuc-kaby-lake");
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await agent.clearFaults();
  });

  it("shows the description of the host and the faults that are set, by name", async () => {
    await agent.setFault({ name: "late", ...kind("CREATE_LATE"), ...seconds(2) });
    await agent.setFault({ name: "full", ...kind("CREATE_FAILS"), gpu: GPU, times: 3 });
    const { hostYaml, faults } = await agent.simulation();
    assert.match(hostYaml, /device: "5926"/);
    assert.deepEqual(
      faults.map(({ name, errno, times, delay }) => [name, errno, times, delay?.seconds]),
      [
        ["full", "ENOSPC", 3, undefined],
        ["late", "", 0, 2n],
      ],
    );
  });

  it("replaces a fault of the same name, counts down, and passes over names that are not set", async () => {
    await agent.setFault({ name: "one", ...kind("LIBVIRT_GONE") });
    await agent.setFault({ name: "one", ...kind("CREATE_FAILS"), errno: "EIO", times: 2 });
    await agent.sawLibvirt();
    await refusal(agent.create("first"));
    assert.deepEqual(
      (await agent.simulation()).faults.map(({ name, times }) => [name, times]),
      [["one", 1]],
    );
    await refusal(agent.create("second"));
    assert.deepEqual((await agent.simulation()).faults, []);
    assert.deepEqual(await agent.clearFaults("one", "never"), []);
  });

  it("ends a state by itself after its delay", async () => {
    // The diagnosis goes its own pace.
    const undiagnosed = async (): Promise<unknown> =>
      (await agent.gpus()).map((gpu) => ({ ...gpu, modes: [], conditions: [] }));
    const before = await undiagnosed();
    assert.equal((await agent.gpus()).length, 1);
    await agent.setFault({ name: "gone", ...kind("GPU_VANISHES"), ...seconds(600) });
    assert.deepEqual(await agent.gpus(), []);
    await agent.advance(599_000);
    assert.equal((await agent.simulation()).faults.length, 1);
    await agent.advance(1_000);
    assert.deepEqual((await agent.simulation()).faults, []);
    // Answers after a fresh look.
    await agent.clearFaults();
    assert.deepEqual(await undiagnosed(), before);
  });

  const refusals: [string, FaultFields, string, readonly string[]][] = [
    ["without a name", kind("CREATE_FAILS"), "FIELD_REQUIRED", ["fault.name"]],
    ["with a name of another form", { name: "-", ...kind("CREATE_FAILS") }, "FIELD_INVALID", ["fault.name"]],
    ["without a kind", { name: "x" }, "FIELD_REQUIRED", ["fault.kind"]],
    ["that is late by nothing", { name: "x", ...kind("CREATE_LATE") }, "FIELD_REQUIRED", ["fault.delay"]],
    [
      "with a delay of days",
      { name: "x", ...kind("CREATE_LATE"), ...seconds(90_000) },
      "FIELD_INVALID",
      ["fault.delay"],
    ],
    [
      "with fields of other kinds",
      { name: "x", ...kind("LIBVIRT_GONE"), errno: "EIO", times: 1 },
      "FIELD_INVALID",
      ["fault.errno", "fault.times"],
    ],
    [
      "with an errno that there is not",
      { name: "x", ...kind("CREATE_FAILS"), errno: "EWHAT" },
      "FIELD_INVALID",
      ["fault.errno"],
    ],
    [
      "on a GPU that there is not",
      { name: "x", ...kind("GPU_VANISHES"), gpu: "0000:09:00.0" },
      "GPU_NOT_FOUND",
      ["fault.gpu"],
    ],
    [
      "on a file that there is not",
      { name: "x", ...kind("FILE_FAILS"), target: "../etc/passwd" },
      "FIELD_INVALID",
      ["fault.target"],
    ],
    [
      "of a method that there is not",
      { name: "x", ...kind("LIBVIRT_ERROR"), target: "virDomainCreate" },
      "FIELD_INVALID",
      ["fault.target"],
    ],
  ];
  for (const [what, fault, reason, fields] of refusals)
    it(`refuses a fault ${what}, with the field named, and sets nothing`, async () => {
      const error = await refusal(agent.setFault(fault));
      assert.deepEqual([error.reason, error.fields], [reason, fields]);
      assert.equal(error.code, reason === "GPU_NOT_FOUND" ? "NOT_FOUND" : "INVALID_ARGUMENT");
      assert.deepEqual((await agent.simulation()).faults, []);
    });

  it("refuses a description with the place of everything that is wrong, and keeps the host", async () => {
    const error = await refusal(agent.loadHost("cpus: many\ngpus:\n  - { address: 0000:00:02.0, ram: 3 }\n"));
    assert.deepEqual(
      [error.code, error.reason, error.fields],
      ["INVALID_ARGUMENT", "FIELD_INVALID", ["host_yaml", "host_yaml"]],
    );
    assert.deepEqual(error.descriptions.map((text) => /^\d+:\d+ \S+:/.exec(text)?.[0]).sort(), [
      "1:7 cpus:",
      "3:35 gpus[0].ram:",
    ]);
    const [gpu] = await agent.gpus();
    assert.equal(gpu?.deviceId, "5926");
  });

  it("serves GetSimulation on the socket for reading, and no change", async () => {
    const reader = new Rpc(agent.readSocket);
    assert.deepEqual(await reader.call(Simulator.getSimulation, {}), await agent.simulation());
    const changes = [
      refusal(reader.call(Simulator.clearFaults, { names: [] })),
      refusal(reader.call(Simulator.setFault, { fault: undefined })),
      refusal(reader.call(Simulator.loadHost, { hostYaml: "", keepFaults: false })),
    ];
    for (const { reason } of await Promise.all(changes)) assert.equal(reason, "SOCKET_READ_ONLY");
    reader[Symbol.dispose]();
  });

  it("is found by reflection", async () => {
    assert.ok((await servicesOf(agent.rpc)).includes("vgpud.v1.SimulatorService"));
  });
});

describe("LoadHost", () => {
  let agent: SimulatedAgent;
  before(async () => {
    agent = await SimulatedAgent.start();
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
  });
  const boot = async (): Promise<string | undefined> =>
    (await agent.rpc.call(Hosts.getHost, {})).host?.bootId;

  it("without a description boots the same host: guests are off, and a claim's slice is made again", async () => {
    const bootId = await boot();
    const { domain } = await agent.create("stays");
    await agent.loadHost();
    assert.notEqual(await boot(), bootId);
    const vgpu = await until("its slice is there again", async () =>
      (await agent.vgpus()).find(({ present }) => present),
    );
    assert.deepEqual(vgpu.vgpuId, domain?.vgpuIds[0]);
    await until(
      "it is seen as off",
      async () => (await agent.domains())[0]?.claimState === ClaimState.STOPPED,
    );
    await until("libvirt is back", () => agent.destroy("stays").catch(() => undefined));
  });

  it("boots other hardware, with its own faults and without those that were set", async () => {
    await agent.setFault({ name: "old", ...kind("REMOVE_BLOCKS") });
    await agent.loadHost(
      "{ hostname: other, kernel: 6.1.0, gpus: [{ address: 0000:03:00.0, device: '1912', aperture_mib: 512 }], " +
        "faults: [{ kind: GM_FRAGMENTED }] }",
    );
    const { host } = await agent.rpc.call(Hosts.getHost, {});
    assert.deepEqual([host?.hostname, host?.kernelRelease], ["other", "6.1.0"]);
    assert.deepEqual(
      (await agent.gpus()).map(({ pciAddress, deviceId }) => [pciAddress, deviceId]),
      [["0000:03:00.0", "1912"]],
    );
    assert.deepEqual(
      (await agent.simulation()).faults.map(({ name }) => name),
      ["gm-fragmented"],
    );
  });

  it("keeps the faults that are set when it is told to", async () => {
    await agent.setFault({ name: "old", ...kind("REMOVE_BLOCKS") });
    await agent.loadHost("", true);
    assert.deepEqual(
      (await agent.simulation()).faults.map(({ name }) => name),
      ["gm-fragmented", "old"],
    );
    await agent.loadHost();
    assert.deepEqual((await agent.simulation()).faults, []);
  });
});

describe("a vgpud on a host that is not simulated", () => {
  it("does not have SimulatorService", async () => {
    await using world = await World.start();
    const error = await refusal(world.rpc.call(Simulator.getSimulation, {}));
    assert.deepEqual([error.code, error.info], ["UNIMPLEMENTED", undefined]);
    assert.ok(!(await servicesOf(world.rpc)).includes("vgpud.v1.SimulatorService"));
  });
});

/** What reflection lists, as text. */
async function servicesOf(rpc: Rpc): Promise<string> {
  // ServerReflectionRequest.list_services is field 7.
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  return (await rpc.converse(path, Buffer.from([0x3a, 0]))).toString("latin1");
}
