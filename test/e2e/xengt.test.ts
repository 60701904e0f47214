// Slices of XenGT, over the wire: made in both ways, with kernels of both times, for domains of vgpud's and of others; and what is
// refused by its name.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { ConditionStatus, type Condition } from "../../proto/gen/vgpud/v1/condition.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { Graphics, Vnc, XenGuestType } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { StartDomain } from "../../agent/node-libvirt/constants.ts";
import { LAST_WORDS } from "./harness/crash/death.ts";
import { bootsKernel } from "./conformance/subjects/on-xen.ts";
import { GPU, type, type Draft } from "./harness/requests.ts";
import { foreignXml } from "./harness/somebody-else.ts";
import { roomConditions } from "./harness/room-conditions.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const DEVICE_MODEL = "/usr/lib/xengt/bin/qemu-system-i386";
const THEIRS = "6c9c1f1e-bbbb-4000-8000-000000000001";
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
const BY_AGENT = "xengt: { instance_creator: agent }";
const BY_MODEL = `xengt: { device_model: ${DEVICE_MODEL} }`;

const hostWith = (kernel: "2015" | "2017", device: string): string => `
hypervisor: xen
xengt: "${kernel}"
${kernel === "2015" ? "enable_gvt: absent" : ""}
kvmgt: false
vfio_pci: false
device_models: [${DEVICE_MODEL}]
gpus: [{ address: "${GPU}", device: "${device}", aperture_mib: 512 }]
`;
const SKYLAKE = hostWith("2017", "1912");
const BROADWELL = hostWith("2015", "1626");

const truthSchema = z.object({
  xengt: z.array(
    z.object({ domid: z.number(), lowMib: z.number(), highMib: z.number(), fences: z.number() }),
  ),
  domains: z.array(z.object({ name: z.string(), state: z.string() })),
});

describe("slices of XenGT, over the wire", function () {
  this.timeout(60_000);
  let world: World | undefined;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "xengt-"));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await world?.[Symbol.asyncDispose]();
    world = undefined;
  });

  async function begin(
    host: string,
    settings: string,
    process: Parameters<typeof World.start>[1] = {},
  ): Promise<World> {
    world = await World.start(host, process, { libvirtUri: "xen:///system", settings });
    return world;
  }

  const create = (on: World, name: string, more: (draft: Draft) => void = () => undefined) =>
    on.create(name, (draft) => {
      bootsKernel(draft, on.images);
      more(draft);
    });
  const truth = async (on: World) => truthSchema.parse(await on.host.control({ command: "snapshot" }));
  /** What the doctor says of the device model, and whether slices are possible by it. */
  const judged = async (on: World): Promise<readonly [Condition | undefined, boolean | undefined]> => {
    const { conditions, verdicts } = await on.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
    const modes = verdicts.find(({ gpu }) => gpu === GPU)?.modes;
    return [
      conditions.find(({ reason }) => reason === "DEVICE_MODEL_MISSING"),
      modes?.find(({ mode }) => mode === Mode.GVT_G)?.available,
    ];
  };
  const sizes = async (on: World) =>
    (await truth(on)).xengt.map(({ lowMib, highMib, fences }) => [lowMib, highMib, fences]);
  const types = async (on: World): Promise<Readonly<Record<string, number>>> => {
    const { gpu } = await on.rpc.call(Gpus.getGpu, { gpu: GPU });
    return Object.fromEntries((gpu?.types ?? []).map(({ name, allocatable }) => [name, allocatable]));
  };

  /** The number of a guest that somebody else runs. */
  const theirDomid = async (on: World): Promise<number> => {
    await on.defineForeign({ name: "theirs", uuid: THEIRS });
    await on.asSomebodyElse(async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
    const domid = async (): Promise<number | undefined> =>
      (await on.domains()).find(({ name }) => name === "theirs")?.xenDomid;
    await until("it is seen", async () => (await domid()) !== undefined);
    return present(await domid());
  };

  it("are made by vgpud itself for a guest that waits, where it is set up so", async () => {
    const on = await begin(SKYLAKE, BY_AGENT);
    const { domain } = await create(on, "desk");
    assert.equal(domain?.state, DomainState.RUNNING);
    assert.deepEqual(await sizes(on), [[128, 512, 4]]);
    assert.deepEqual(
      [domain.xenDomid],
      (await truth(on)).xengt.map(({ domid }) => domid),
    );
    await on.destroy("desk", AT_ONCE);
    assert.deepEqual(await sizes(on), []);
  });

  it("are of any sizes with kernels of 2015, which count what is left, and of XenServer's types", async () => {
    const list = path.join(folder, "whitelist");
    await writeFile(
      list,
      "1626 experimental=0 name='GVT-g on 1626' low_gm_sz=96 high_gm_sz=320 fence_sz=6 framebuffer_sz=128\n",
    );
    const on = await begin(BROADWELL, `xengt: { instance_creator: agent, types: ${list} }`);
    assert.deepEqual(await types(on), { "GVT-g-on-1626": 4 });
    await create(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: "GVT-g-on-1626" };
    });
    assert.deepEqual(await sizes(on), [[96, 320, 6]]);
    assert.deepEqual(await types(on), { "GVT-g-on-1626": 3 });
  });

  it("that somebody makes by hand are less room by the kernel's count of 2015, which is a condition", async () => {
    const on = await begin(BROADWELL, BY_AGENT);
    const conditions = async () => {
      const { gpu } = await on.rpc.call(Gpus.getGpu, { gpu: GPU });
      return roomConditions(gpu).map(({ reason, message }) => `${reason}: ${message}`);
    };
    await create(on, "desk", ({ vgpu }) => {
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

  it("are counted by what kernels of 2015 had left before, while nobody reads it and none comes or goes", async () => {
    const on = await begin(BROADWELL, BY_AGENT);
    await create(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "mode", value: Mode.GVT_G };
    });
    const before = await types(on);
    const counted = async (): Promise<string> => {
      await on.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" }).catch(() => undefined);
      const { conditions } = await on.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
      const count = present(conditions.find(({ reason }) => reason === "VGPU_COUNT_UNREADABLE"));
      return `${count.status}: ${count.message}`;
    };
    assert.match(await counted(), /^CONDITION_STATUS_PASS: the kernel says how many/);
    await on.setFaults({ kind: "HOSTD_GONE" });
    assert.match(
      await counted(),
      /^CONDITION_STATUS_PASS: .*cannot be read now \(.+\); it is what it was before/,
    );
    assert.deepEqual(await types(on), before);
    await on.host.control({ command: "write-vgt", line: "99,64,384,4" });
    assert.match(
      await counted(),
      /^CONDITION_STATUS_FAIL: .*cannot be read \(.+\): no vGPU is made on this GPU/,
    );
    assert.deepEqual([...new Set(Object.values(await types(on)))], [0]);
    await on.clearFaults();
    await until("it is read again", async () =>
      (await counted()).startsWith("CONDITION_STATUS_PASS: the kernel"),
    );
  });

  it("that somebody makes by hand take an unknown amount with kernels of 2017, which is a condition until they go", async () => {
    const on = await begin(SKYLAKE, BY_AGENT);
    const conditions = async () => {
      await on.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" });
      const { gpu } = await on.rpc.call(Gpus.getGpu, { gpu: GPU });
      return roomConditions(gpu).map(({ reason, message }) => `${reason}: ${message}`);
    };
    await create(on, "desk");
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

  it("are told to be as busy as kernels of 2016 say, and nothing is told where they do not", async () => {
    const on = await begin(BROADWELL, BY_AGENT);
    const { domain } = await create(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "mode", value: Mode.GVT_G };
    });
    const id = present(domain?.vgpuIds[0]);
    assert.match(
      await on.scrape(),
      new RegExp(`^vgpud_vgpu_utilization_ratio\\{vgpu_id="${id}"\\} 0.4$`, "m"),
    );
    const xen = { libvirtUri: "xen:///system", settings: BY_AGENT } as const;
    await using later = await World.start(SKYLAKE, {}, xen);
    await create(later, "desk");
    assert.doesNotMatch(await later.scrape(), /^vgpud_vgpu_utilization_ratio\{/m);
    assert.match(await later.scrape(), /^vgpud_scrape_collector_success\{collector="vgpu_use"\} 1$/m);
  });

  it("are made for a domain of others while it is there, one for each, and again when it is started anew", async () => {
    const on = await begin(SKYLAKE, BY_AGENT);
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
    const [before] = (await truth(on)).xengt;
    await theirs(false);
    await until("it is swept", async () => (await sizes(on)).length === 0);
    await theirs(true);
    await until("it is made again", async () => (await sizes(on)).length === 1);
    const [after] = (await truth(on)).xengt;
    assert.notEqual(after?.domid, before?.domid);
    await theirs(false);
    await on.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu }));
    await until("it is gone", async () => (await sizes(on)).length === 0);
  });

  for (const osType of ["linux", "xenpvh"])
    it(`are refused for a domain of others that is no HVM guest (${osType})`, async () => {
      const on = await begin(SKYLAKE, BY_AGENT);
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
      assert.deepEqual(await sizes(on), []);
      assert.deepEqual(await on.vgpus(), []);
    });

  it("are refused for a domain of others that has not all of its memory, from where the GPU would read", async () => {
    const on = await begin(SKYLAKE, BY_AGENT);
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
    assert.deepEqual(await sizes(on), []);
    await on.asSomebodyElse(async (libvirt) => {
      await libvirt.destroyDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
    await ask("<memory unit='KiB'>65536</memory><currentMemory unit='MiB'>64</currentMemory>");
    assert.deepEqual(await sizes(on), [[64, 384, 4]]);
  });

  it("are refused by name where they cannot be, and nothing is left", async () => {
    const on = await begin(SKYLAKE, BY_MODEL);
    const refused = async (change: (draft: Draft) => void): Promise<string> => {
      const error = await refusal(create(on, "desk", change));
      assert.equal(error.code, "FAILED_PRECONDITION");
      assert.deepEqual(await truth(on), { xengt: [], domains: [] });
      return `${error.reason ?? ""}: ${error.message}`;
    };
    for (const kind of [XenGuestType.PV, XenGuestType.PVH])
      assert.match(
        await refused(({ spec }) => {
          spec.xenGuestType = kind;
        }),
        /^FIELD_NOT_SUPPORTED_HERE: .*domain\.xen_guest_type/,
      );
    assert.match(
      await refused(({ spec }) => {
        spec.graphics = Graphics.fromPartial({ vnc: Vnc.fromPartial({ listen: "127.0.0.1" }) });
      }),
      /^FIELD_NOT_SUPPORTED_HERE: .*domain\.graphics\.vnc/,
    );
  });

  it("need the device model that is configured, which is looked for before anything is defined", async () => {
    const on = await begin(SKYLAKE, "xengt: { device_model: /opt/no-such-qemu }");
    const error = await refusal(create(on, "desk"));
    assert.equal(error.reason, "DEVICE_MODEL_MISSING");
    assert.match(error.message, /\/opt\/no-such-qemu/);
    assert.deepEqual(await truth(on), { xengt: [], domains: [] });
    const [condition, possible] = await judged(on);
    assert.deepEqual([condition?.status, possible], [ConditionStatus.FAIL, false]);
  });

  it("are not to be had of a QEMU without Intel's patches, which shows at the first create", async () => {
    const on = await begin(SKYLAKE, "xengt: { device_model: /usr/lib/xen/bin/qemu-system-i386 }");
    assert.deepEqual((await judged(on))[1], true);
    const error = await refusal(create(on, "desk"));
    assert.equal(error.reason, "LIBVIRT_REFUSED");
    assert.match(
      error.message,
      /unknown vga type: xengt; xengt\.device_model .* is to be QEMU with Intel's patches/,
    );
    const [condition, possible] = await judged(on);
    assert.match(condition?.message ?? "", /has not Intel's patches.*unknown vga type/);
    assert.match(condition?.remedy ?? "", /xengt\.device_model/);
    assert.equal(possible, false);
  });

  for (const machine of ["dom0-skylake", "dom0-broadwell"])
    it(`are made on the simulator's ${machine} as the configuration is by default`, async () => {
      const file = new URL(`../../../agent/simulator/machines/${machine}.yaml`, import.meta.url);
      const on = await begin(await readFile(file, "utf8"), "");
      assert.equal((await judged(on))[0]?.status, ConditionStatus.PASS);
      await create(on, "desk", ({ vgpu }) => {
        vgpu.want = { $case: "mode", value: Mode.GVT_G };
      });
      assert.equal((await truth(on)).xengt.length, 1);
    });

  it("fail with their device model's own reason", async () => {
    const on = await begin(SKYLAKE, BY_MODEL);
    await on.setFaults({ kind: "CREATE_FAILS", errno: "EINVAL" });
    const error = await refusal(create(on, "desk"));
    assert.equal(error.reason, "LIBVIRT_REFUSED");
    assert.match(error.message, /its device model said last: .*create_vgt_instance failed: errno=22/);
    // The next start does not come as far as its device model, whose log is of the one before.
    const target = "domainCreate";
    await on.setFaults({ kind: "LIBVIRT_ERROR", target, message: "no hypervisor today" });
    const early = await refusal(create(on, "desk"));
    assert.equal(early.reason, "LIBVIRT_REFUSED");
    assert.match(early.message, /no hypervisor today$/);
    assert.deepEqual(await truth(on), { xengt: [], domains: [] });
  });

  it("that a start cannot make leave the domain off, and why is told", async () => {
    const on = await begin(SKYLAKE, BY_AGENT);
    await create(on, "desk");
    await on.stop("desk", AT_ONCE);
    await on.setFaults({ kind: "CREATE_FAILS", errno: "EINVAL" });
    assert.equal((await refusal(on.start("desk"))).reason, "KERNEL_REFUSED");
    await until("it is off", async () => (await on.named("desk")).claimState === ClaimState.STOPPED);
    assert.deepEqual(await truth(on), { xengt: [], domains: [{ name: "desk", state: "shut-off" }] });
  });

  for (const point of ["before resume-domain", "after resume-domain"] as const)
    it(`outlive an agent that is killed at "${point}"`, async () => {
      const on = await begin(SKYLAKE, BY_AGENT, { mortal: "when armed" });
      await on.agent.arm({ point, passing: 1 });
      await create(on, "desk").catch(() => undefined);
      assert.equal(LAST_WORDS.exec((await on.agent.end("SIGKILL")).stderr)?.[1], point);
      await on.startAgain();
      await until("it runs", async () => (await on.named("desk")).claimState === ClaimState.ACTIVE);
      assert.deepEqual((await truth(on)).domains, [{ name: "desk", state: "running" }]);
      assert.deepEqual(await sizes(on), [[128, 512, 4]]);
    });
});
